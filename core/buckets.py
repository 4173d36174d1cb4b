"""Token buckets: so many at once, so many a second after that. In memory, one process."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic

_MOST_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How a client stands with a limit: `left` of `quota` requests each `window_s` seconds, all again in `reset_s`."""

    name: str
    quota: int
    window_s: int
    left: int
    reset_s: int


class Buckets:
    """A bucket per key. A full bucket is the same as none, so idle keys are forgotten."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._levels: dict[str, tuple[float, float]] = {}  # key: tokens left, when

    def take(self, key: str, *, burst: float, per_second: float) -> float:
        """Take one token. Gives 0 when there was one, else the seconds until there will be."""
        now = self._clock()
        left, since = self._levels.get(key, (burst, now))
        left = min(burst, left + (now - since) * per_second)
        if key not in self._levels and len(self._levels) >= _MOST_KEYS:
            self._forget_oldest()
        self._levels.pop(key, None)  # to the end: the order of the dict is the order of use
        self._levels[key] = (left if left < 1 else left - 1, now)
        return 0.0 if left >= 1 else (1 - left) / per_second

    def standing(self, key: str, *, name: str, burst: float, per_second: float) -> Standing:
        """How full the bucket was when it was last taken from."""
        left, _ = self._levels.get(key, (burst, 0.0))
        return Standing(name, int(burst), ceil(burst / per_second), int(left), ceil((burst - left) / per_second))

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._levels)

    def reset(self, key: str) -> None:
        self._levels.pop(key, None)

    def _forget_oldest(self) -> None:
        for key in list(self._levels)[: _MOST_KEYS // 10]:
            del self._levels[key]
