"""How often somebody may try to get in."""

from typing import Final

from core.buckets import Buckets
from core.errors import RateLimited

# Attempts at once and per second after that: of one address from one place, of one place, of one address.
_PAIR: Final = (10, 1 / 30)
_PLACE: Final = (60, 1.0)
_ADDRESS: Final = (100, 1 / 10)


class Attempts:
    """`remote` is the address of the client; `who` an e-mail address or the id of a user."""

    def __init__(self) -> None:
        self._buckets = Buckets()

    def count(self, who: str, remote: str) -> None:
        """Raises `RateLimited` (`too_many_logins`)."""
        for key, (burst, per_second) in (
            (f"pair {remote} {who}", _PAIR),
            (f"place {remote}", _PLACE),
            (f"address {who}", _ADDRESS),
        ):
            if wait := self._buckets.take(key, burst=burst, per_second=per_second):
                raise RateLimited("too_many_logins", "Too many attempts to sign in; wait a little.", after=wait)

    def forgive(self, who: str, remote: str) -> None:
        """It was the right person."""
        self._buckets.reset(f"pair {remote} {who}")
