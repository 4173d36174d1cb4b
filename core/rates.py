"""How many requests a user and a workspace may make. In memory, a process each: guards against floods, not a bill."""

from dataclasses import dataclass
from typing import Final

from core.buckets import Buckets, Standing
from core.caller import Caller
from core.errors import RateLimited

WINDOW_S: Final = 60


@dataclass(frozen=True, slots=True)
class Quotas:
    """Requests a minute."""

    address: int
    user: int
    workspace: int


class Rates:
    """The service of one process."""

    def __init__(self, quotas: Quotas, buckets: Buckets | None = None) -> None:
        self._quotas = quotas
        self._buckets = buckets or Buckets()

    def count_address(self, address: str) -> None:
        """Count a request from a network address. Raises `RateLimited`."""
        self._take("address", address, self._quotas.address)

    def count(self, caller: Caller) -> Standing:
        """Count a request of the caller and of their workspace; gives the one that is nearer to its end.

        Raises `RateLimited`.
        """
        user, workspace = str(caller.user_id), str(caller.workspace_id)
        self._take("user", user, self._quotas.user)
        self._take("workspace", workspace, self._quotas.workspace)
        standings = (
            self._standing("user", user, self._quotas.user),
            self._standing("workspace", workspace, self._quotas.workspace),
        )
        return min(standings, key=lambda each: each.left)

    def _standing(self, name: str, key: str, per_min: int) -> Standing:
        return self._buckets.standing(f"{name} {key}", name=name, burst=per_min, per_second=per_min / WINDOW_S)

    def _take(self, name: str, key: str, per_min: int) -> None:
        wait = self._buckets.take(f"{name} {key}", burst=per_min, per_second=per_min / WINDOW_S)
        if wait:
            raise RateLimited(
                "too_many_requests",
                f"More than {per_min} requests a minute from this {name}; the header Retry-After says when to go on.",
                after=wait,
                standing=self._standing(name, key, per_min),
            )
