"""What happens to runs, as it happens: notices of PostgreSQL, handed to whoever waits or watches.

A notice is `{"run", "workspace", "rule", "seq", "kind": "run" | "step" | "line", "status", "step"?, "provisional"?}`.
It is a hint: readers read the tables again, and look now and then on their own in case one was missed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

import structlog

from blocks.values import Json, JsonObject
from core import jsontext
from core.db import AWAY, Database
from core.errors import Unavailable
from core.listen import Listener
from core.runs import blobs
from core.runs.channels import EVENTS

_log = structlog.get_logger()

TERMINAL: Final = frozenset({"success", "failed", "cancelled", "skipped"})
_LOOK_EVERY_S: Final = 2.0
_MOST_NOTICES: Final = 1000

_END = """
SELECT l.status, l.output, l.error, l.error_code, l.workspace_id, (
    SELECT a.output FROM automation_action_logs a
    WHERE a.log_id = l.id AND a.action_type = 'respond' AND a.status = 'success' ORDER BY a.seq LIMIT 1) AS answer
FROM automation_logs l WHERE l.id = $1
"""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: `status` is success, failed, cancelled or skipped.

    `answer` is what its first respond step said: `{"status", "headers", "body"}`. A run that was asked for its answer
    may go on (then `status` is its present one).
    """

    status: str
    output: Json
    error: str | None
    error_code: str | None
    answer: JsonObject | None = None


class Subscription:
    """Notices since the last look. One that watches slowly loses the oldest: they were hints."""

    def __init__(self) -> None:
        self._notices: list[JsonObject] = []
        self._wake = asyncio.Event()

    def put(self, notice: JsonObject) -> None:
        if len(self._notices) >= _MOST_NOTICES:
            del self._notices[: _MOST_NOTICES // 2]
        self._notices.append(notice)
        self._wake.set()

    def wake(self) -> None:
        """Have the watcher look at the tables, though no notice says why."""
        self._wake.set()

    async def changes(self, timeout_s: float) -> list[JsonObject]:
        """The notices since the last call; empty when `timeout_s` passed or the connection was renewed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        self._wake.clear()
        notices, self._notices = self._notices, []
        return notices


class Feed:
    """Fans notices out by run and by workspace."""

    def __init__(self, db: Database, listener: Listener) -> None:
        self._db = db
        self._listener = listener
        self._runs: dict[str, set[Subscription]] = defaultdict(set)
        self._workspaces: dict[str, set[Subscription]] = defaultdict(set)
        self.closing = False
        listener.on(EVENTS, self._received)
        listener.on_connected(self._wake_all)

    @property
    def connected(self) -> bool:
        return self._listener.connected

    @property
    def watched(self) -> int:
        """How many runs and workspaces somebody waits for or watches."""
        return len(self._runs) + len(self._workspaces)

    def subscribe(self, run_id: UUID) -> AbstractContextManager[Subscription]:
        """`with feed.subscribe(run_id) as subscription:` - notices of this run from now on."""
        return _subscribed(self._runs, str(run_id))

    def subscribe_workspace(self, workspace_id: UUID) -> AbstractContextManager[Subscription]:
        return _subscribed(self._workspaces, str(workspace_id))

    async def wait_end(self, run_id: UUID, timeout_s: float, *, or_answer: bool = False) -> RunEnd | None:
        """Wait until the run is over (or has answered); None when it is not after `timeout_s` seconds.

        Holds no connection meanwhile.
        """
        deadline = monotonic() + timeout_s
        with self.subscribe(run_id) as subscription:
            while True:
                with suppress(*AWAY, Unavailable):
                    end = await self._end(run_id, or_answer)
                    if end is not None:
                        return end
                while True:
                    left = deadline - monotonic()
                    if left <= 0 or self.closing:
                        return None
                    notices = await subscription.changes(min(left, _LOOK_EVERY_S))
                    if not notices or any(
                        _tells_an_end(notice) or (or_answer and notice.get("kind") == "step") for notice in notices
                    ):
                        break

    def close(self) -> None:
        """The process stops: whoever waits or watches is sent home."""
        self.closing = True
        self._wake_all()

    async def _end(self, run_id: UUID, or_answer: bool) -> RunEnd | None:
        async with self._db.connection() as connection:
            row = await connection.fetchrow(_END, run_id)
            if row is None or not (row["status"] in TERMINAL or (or_answer and row["answer"] is not None)):
                return None
            workspace_id = row["workspace_id"]
            output = await blobs.whole(connection, workspace_id, row["output"])
            answer = await blobs.whole(connection, workspace_id, row["answer"])
        said = answer if isinstance(answer, dict) else None
        return RunEnd(row["status"], output, row["error"], row["error_code"], said)

    def _received(self, payload: str) -> None:
        try:
            notices = jsontext.load(payload)
        except ValueError:
            _log.warning("notice_unreadable", channel=EVENTS)
            return
        for notice in notices if isinstance(notices, list) else ():
            if isinstance(notice, dict):
                self._fan_out(notice)

    def _fan_out(self, notice: JsonObject) -> None:
        for table, key in ((self._runs, "run"), (self._workspaces, "workspace")):
            for subscription in table.get(str(notice.get(key)), ()):
                subscription.put(notice)

    def _wake_all(self) -> None:
        for watching in (*self._runs.values(), *self._workspaces.values()):
            for subscription in watching:
                subscription.wake()


def _tells_an_end(notice: JsonObject) -> bool:
    return notice.get("kind") == "run" and notice.get("status") in TERMINAL


@contextmanager
def _subscribed(table: dict[str, set[Subscription]], key: str) -> Iterator[Subscription]:
    subscription = Subscription()
    table[key].add(subscription)
    try:
        yield subscription
    finally:
        table[key].discard(subscription)
        if not table[key]:
            del table[key]
