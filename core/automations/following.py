"""Automations that follow others: the end of a run starts runs of those whose trigger names its automation.

The end of a run and the word of it (a row of the outbox, topic `ended`) are one commit, written by the trigger
`tell_followers` of the table of runs; here the rows are worked off. A run has a depth: what an event from outside
starts has 1, what that run starts has 2. A chain that would get deeper than `DEEPEST` is broken off with a skipped run
that says so, which is how two automations that start each other come to rest.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from blocks.triggers.automation import AutomationConfig
from blocks.values import Json, JsonObject
from core import outbox
from core.automations import subscribers
from core.automations.subscribers import Subscriber
from core.db import AWAY, Connection, Database
from core.listen import Listener
from core.runs.accept import NewRun, accept
from core.runs.channels import OUTBOX
from core.runs.refused import refuse

KIND: Final = "automation"
TOPIC: Final = "ended"
DEEPEST: Final = 3
TICK_S: Final = 5.0  # the net below a missed notice

_ENDED = """
SELECT l.id, l.workspace_id, l.rule_id, l.status, l.output, l.error, l.error_code, l.error_step, l.root_id, l.depth,
       l.started_at, l.completed_at, coalesce(r.name, '') AS rule_name
FROM automation_logs l LEFT JOIN automation_rules r ON r.id = l.rule_id
WHERE l.id = $1 AND l.status IN ('success', 'failed')
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that succeeded or failed."""

    id: UUID
    workspace_id: UUID
    rule_id: UUID
    status: str
    output: Json
    error: str | None
    error_code: str | None
    error_step: str | None
    root_id: UUID
    depth: int
    started_at: datetime | None
    completed_at: datetime | None
    rule_name: str

    @property
    def data(self) -> JsonObject:
        """`trigger.data` of the runs that it starts."""
        return {
            "automation_id": str(self.rule_id),
            "automation": self.rule_name,
            "run_id": str(self.id),
            "status": self.status,
            "output": self.output,
            "error": self.error,
            "error_code": self.error_code,
            "error_step": self.error_step,
            "started_at": None if self.started_at is None else self.started_at.isoformat(),
            "completed_at": None if self.completed_at is None else self.completed_at.isoformat(),
        }


class Following:
    """`run(stop)` until `stop` is set, in every worker: each end is worked off once."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        listener = Listener(self._db.dsn, application=self._db.application)
        listener.on(OUTBOX, self._told)
        listener.on_connected(self._wake.set)
        listening = asyncio.create_task(listener.run(), name="following listener")
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                await self._drain_quietly()
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait((waking, stopping), timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            for task in (listening, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def drain(self) -> int:
        """Work off what stands in the outbox now; gives how many ends that were."""
        count = 0
        while await self._follow_next():
            count += 1
        return count

    async def _follow_next(self) -> bool:
        """One transaction: the runs are accepted and the word of the end is taken away, or neither. False when there
        is none."""
        errand = None
        try:
            async with self._db.transaction() as connection:
                for errand in await outbox.take(connection, TOPIC, most=1):
                    await _follow(connection, errand.key)
                    await outbox.done(connection, errand)
        except AWAY:
            raise
        except Exception as error:
            if errand is None:
                raise
            log.exception("following.failed", run=str(errand.key))
            async with self._db.transaction() as connection:
                await outbox.failed(connection, errand, str(error) or type(error).__name__, undone=True)
        return errand is not None

    def _told(self, topic: str) -> None:
        if topic == TOPIC:
            self._wake.set()

    async def _drain_quietly(self) -> None:
        try:
            await self.drain()
        except AWAY as error:
            log.warning("following.waiting", error=str(error))
        except Exception:
            log.exception("following.failed")


async def _follow(connection: Connection, run_id: UUID) -> None:
    row = await connection.fetchrow(_ENDED, run_id)
    if row is None:
        return
    ended = _Ended(**row)
    for each in await subscribers.of_kind(connection, ended.workspace_id, KIND, follows=ended.rule_id):
        if ended.status in AutomationConfig.model_validate(each.config).on:
            await _start(connection, ended, each)


async def _start(connection: Connection, ended: _Ended, follower: Subscriber) -> None:
    run = next_run(ended.id, ended.root_id, ended.depth, follower.run(ended.workspace_id, KIND, ended.data))
    if run.depth <= DEEPEST:
        await accept(connection, run)
        return
    reason = (
        f"This run would be the {run.depth}th in a chain of automations that start each other, and {DEEPEST} are"
        " allowed: the chain was broken off here."
    )
    run_id = await refuse(connection, run, code="too_deep", reason=reason)
    log.warning(
        "following.too_deep", run=str(run_id), automation=str(run.rule_id), workspace=str(run.workspace_id),
        root=str(run.root_id), depth=run.depth,
    )  # fmt: skip


def next_run(parent: UUID, root: UUID, depth: int, run: NewRun) -> NewRun:
    """`run` as the child of `parent`. The key keeps an end that is worked off twice from starting it twice."""
    return replace(run, root_id=root, parent_id=parent, depth=depth + 1, key=str(parent))
