"""What a trace of Chromium says of frames: how long scripts, styles and layout took in each, and the longest task."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_WORK: Final = frozenset({
    "EventDispatch", "FunctionCall", "EvaluateScript", "FireAnimationFrame", "TimerFire", "RunMicrotasks",
    "UpdateLayoutTree", "Layout", "PrePaint", "Layerize", "Paint", "V8.GC_MC_INCREMENTAL", "MinorGC", "MajorGC",
})  # fmt: skip
_TASKS: Final = frozenset({"RunTask", "ThreadControllerImpl::RunTask"})
Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frames:
    """Milliseconds of work in each frame in which there was any, and of the longest task."""

    work: tuple[float, ...]
    longest_task: float

    def share(self, share: float) -> float:
        return self.work[min(int(len(self.work) * share), len(self.work) - 1)] if self.work else float("nan")


def frames_of(events: Sequence[Event]) -> Frames:
    """Of the main thread of the page: the one with the most work."""
    mains = {
        (each["pid"], each["tid"])
        for each in events
        if each["name"] == "thread_name" and each["args"]["name"] == "CrRendererMain"
    }
    threads = {main: [each for each in events if (each["pid"], each["tid"]) == main] for main in mains}
    main = max(threads.values(), key=lambda thread: sum(each["name"] in _WORK for each in thread))
    begins = sorted(each["ts"] for each in main if each["name"] == "BeginMainThreadFrame")
    work = [0.0] * (len(begins) + 1)
    for begun, ended in _merged(
        (each["ts"], each["ts"] + each.get("dur", 0)) for each in main if each["name"] in _WORK
    ):
        work[bisect_right(begins, begun)] += (ended - begun) / 1000
    tasks = [each.get("dur", 0) / 1000 for each in main if each["name"] in _TASKS]
    return Frames(tuple(sorted(each for each in work if each > 0)), max(tasks, default=float("nan")))


def _merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that lie in others count once."""
    found: list[tuple[float, float]] = []
    for begun, ended in sorted(spans):
        if found and begun <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((begun, ended))
    return found
