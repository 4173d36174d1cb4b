"""Writing what happened: steps, lines and ends of many runs share commits.

While one commit is on its way the next records gather, so that a busy worker pays one `fsync` for many runs and an
idle one waits for nobody. A run that is not held any more (other epoch, other owner) is not written, and its writer
is told so.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from blocks.values import Json, JsonObject
from core import crash, jsontext
from core.db import AGAIN, Connection, Database
from core.runs.channels import EVENTS

log = structlog.get_logger(__name__)

NOTICE_LIMIT = 7900  # bytes: a payload of NOTIFY is shorter than 8000
_RETRY_S = 0.25
_RESULTS = ("success", "failed")


@dataclass(slots=True)
class StepRecord:
    """One row of `automation_action_logs`. Times are aware; `duration_ms` counts all attempts and their pauses."""

    id: UUID
    run_id: UUID
    workspace_id: UUID
    step_id: str
    action_index: int
    action_type: str
    status: str
    epoch: int
    seq: int
    iteration: str = ""
    agent_id: str | None = None
    input: Json = None
    output: Json = None
    duration_ms: int | None = None
    error: str | None = None
    error_code: str | None = None
    attempt: int = 1
    attempts: list[JsonObject] = field(default_factory=list)
    effect: str = "pure"
    wait: JsonObject | None = None  # of a waiting step: {"reason", "until", "details"}
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(slots=True)
class LineRecord:
    """One row of `run_lines`."""

    run_id: UUID
    seq: int
    at: datetime
    level: str
    step_id: str | None
    text: str


@dataclass(slots=True)
class RunRecord:
    """What is written of the run itself.

    `status` is set when this worker is done with it: success, failed, cancelled, or waiting (then `wait` says for
    what, and `wake_at` when it goes on by itself).
    """

    run_id: UUID
    rule_id: UUID
    epoch: int
    seq: int
    status: str | None = None
    completed_at: datetime | None = None
    output: Json = None
    error: str | None = None
    error_code: str | None = None
    error_step: str | None = None
    wait: JsonObject | None = None
    wake_at: datetime | None = None
    worked_ms: int | None = None


@dataclass(slots=True)
class Entry:
    """Everything that one run wants written at one moment: all of it or nothing.

    `calls` are runs of other automations to be taken in with it (`core/runs/calling.py`).
    """

    run: RunRecord
    steps: list[StepRecord] = field(default_factory=list)
    lines: list[LineRecord] = field(default_factory=list)
    events: list[JsonObject] = field(default_factory=list)
    calls: list[JsonObject] = field(default_factory=list)


_RECORD = "SELECT record_runs($1, $2, $3, $4, $5, $6)"


async def record(
    connection: Connection, owner: str, entries: Sequence[Entry], events: Sequence[JsonObject]
) -> set[UUID]:
    """Write the entries of runs that `owner` holds, one of a run, in one commit; gives the runs that were written."""
    held = await connection.fetchval(
        _RECORD,
        owner,
        [entry.run for entry in entries],
        [step for entry in entries for step in entry.steps],
        [line for entry in entries for line in entry.lines],
        notices(events),
        [call for entry in entries for call in entry.calls],
    )
    return set(held)


async def notify(connection: Connection, events: Sequence[JsonObject]) -> None:
    """Tell the live streams alone."""
    for notice in notices(events):
        await connection.execute("SELECT pg_notify($1, $2)", EVENTS, notice)


class Writer:
    """The one writer of a worker. `async with` it; `write` from any task."""

    def __init__(self, db: Database, owner: str) -> None:
        self._db = db
        self._owner = owner
        self._entries: list[tuple[Entry, asyncio.Future[bool]]] = []
        self._hints: list[JsonObject] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Writer":
        self._task = asyncio.create_task(self._loop(), name="writer")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def write(self, entry: Entry) -> "asyncio.Future[bool]":
        """Have the entry committed; the answer is False when the run is not ours any more and nothing was written.

        The commit goes on when nobody waits for it any more; who waits and may be cancelled shields the future.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._entries.append((entry, done))
        self._wake.set()
        return done

    def hint(self, event: JsonObject) -> None:
        """Tell the live streams of something provisional; rides along with the next commit, or goes alone."""
        self._hints.append(event)
        self._wake.set()

    async def _loop(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._entries = _take_distinct(self._entries)
            hints, self._hints = self._hints, []
            if self._entries:
                self._wake.set()
            if batch or hints:
                await self._commit(batch, hints)

    async def _commit(self, batch: list[tuple[Entry, "asyncio.Future[bool]"]], hints: list[JsonObject]) -> None:
        entries = [entry for entry, _ in batch]
        events = [event for entry in entries for event in entry.events] + hints
        while True:
            try:
                async with self._db.calling() as connection:
                    held = await record(connection, self._owner, entries, events)
                break
            except AGAIN as error:
                if not batch:
                    return
                log.warning("record.retry", error=repr(error), runs=len(batch))
                await asyncio.sleep(_RETRY_S)
            except Exception as error:
                if len(batch) > 1:  # one run's odd value must not fail the others
                    for one in batch:
                        await self._commit([one], [])
                    return
                log.exception("record.failed")
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                return
        if crash.is_armed("recorded") and any(step.status in _RESULTS for entry, _ in batch for step in entry.steps):
            crash.point("recorded")
        for entry, done in batch:
            if not done.done():
                done.set_result(entry.run.run_id in held)


def _take_distinct(
    entries: list[tuple[Entry, "asyncio.Future[bool]"]],
) -> tuple[list[tuple[Entry, "asyncio.Future[bool]"]], list[tuple[Entry, "asyncio.Future[bool]"]]]:
    """Split off what can share one statement: a run's second entry waits for its first."""
    seen: set[UUID] = set()
    batch: list[tuple[Entry, asyncio.Future[bool]]] = []
    rest: list[tuple[Entry, asyncio.Future[bool]]] = []
    for item in entries:
        run_id = item[0].run.run_id
        (rest if run_id in seen else batch).append(item)
        seen.add(run_id)
    return batch, rest


def notices(events: Sequence[JsonObject]) -> list[str]:
    """Pack events into as few payloads of NOTIFY as possible."""
    payloads: list[str] = []
    packed: list[str] = []
    size = 2
    for event in events:
        text = jsontext.dump_text(event)
        length = len(text.encode()) + 1
        if length + 2 > NOTICE_LIMIT:
            continue  # a hint that does not fit is no loss: the tables are the truth
        if size + length > NOTICE_LIMIT:
            payloads.append(f"[{','.join(packed)}]")
            packed, size = [], 2
        packed.append(text)
        size += length
    if packed:
        payloads.append(f"[{','.join(packed)}]")
    return payloads
