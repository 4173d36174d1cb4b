"""The engine of a worker: claims runs, keeps their leases, executes them, and lets go of what it lost."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from blocks.action import Action
from core import crash
from core.db import AWAY, Database, connect
from core.runs import queue
from core.runs.channels import CANCEL, RUNS, WAKE
from core.runs.pinned import load_definition
from core.runs.queue import LEASE_S, ClaimedRun, Rotation
from core.tenancy import EVERYONE
from flows.execution import Execution, Tools
from flows.orchestration import LocalOrchestration, execute, prefect_engine
from flows.resuming import begin
from flows.steps import UNREAD, Compiled, UnknownAction, compile_version

log = structlog.get_logger(__name__)

CLAIM_AT_ONCE = 10  # runs: small, so that workers share a burst
POLL_S = 1.0  # the net below a missed notice
HELD_BACK_POLL_S = 0.1  # while a plan's limit holds work back, which may end in another worker
_LOOKS = 5  # claims after one wake that may find nothing in a part of the workspaces
_VERSIONS_KEPT = 2000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this worker is: `host/slot/incarnation`. An incarnation lives as long as its process."""

    host: str
    slot: str
    incarnation: str

    @property
    def owner(self) -> str:
        return f"{self.host}/{self.slot}/{self.incarnation}"


@dataclass(slots=True)
class Engine:
    """Executes the runs of one lane until told to stop."""

    identity: Identity
    db: Database
    tools: Tools
    actions: Mapping[str, Action[Any]]
    concurrency: int
    lane: str = "warm"
    executions: dict[UUID, Execution] = field(default_factory=dict)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _versions: dict[tuple[UUID, int], Compiled] = field(default_factory=dict)
    _claim_unanswered: bool = False
    _rotation: Rotation = field(default_factory=Rotation)

    @property
    def owner(self) -> str:
        return self.identity.owner

    async def run(self, stop: asyncio.Event, *, drain_s: float = 8.0) -> None:
        """Serve until `stop` is set, then finish what ends within `drain_s` seconds and give the rest back."""
        async with prefect_engine() as client:
            loops = [
                asyncio.create_task(loop, name=name)
                for name, loop in {
                    "listen": self._listen(),
                    "claim": self._repeat(lambda: self._claim(client), 0),
                    "renew": self._repeat(self._renew, queue.RENEW_S),
                    "reap": self._repeat(self._reap, queue.REAP_S),
                    "timers": self._repeat(self._requeue_due, queue.TIMER_S),
                }.items()
            ]
            try:
                await stop.wait()
            finally:
                for loop in loops:
                    loop.cancel()
                await asyncio.gather(*loops, return_exceptions=True)
                await self._drain(drain_s)

    async def _repeat(self, work: Callable[[], Awaitable[None]], pause_s: float) -> None:
        """Do `work` for ever; PostgreSQL being away is waited out, anything else is logged and survived."""
        while True:
            try:
                await work()
                await asyncio.sleep(pause_s)
            except AWAY as error:
                log.warning("engine.database_away", error=repr(error))
                await asyncio.sleep(0.5)
            except Exception:
                log.exception("engine.trouble")
                await asyncio.sleep(1)

    # claiming -----------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Hold the slot's lock and listen; a lost connection is made anew and everything looked at again."""
        while True:
            try:
                await self._listen_once()
            except AWAY as error:
                log.warning("engine.listen_lost", error=repr(error))
            except Exception:
                log.exception("engine.listen_trouble")
            await asyncio.sleep(0.3)

    async def _listen_once(self) -> None:
        connection = await connect(self.db.dsn, application=f"vutler worker {self.owner}", workspace=EVERYONE)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(RUNS, self._on_run)
            await connection.add_listener(CANCEL, self._on_cancel)
            await connection.add_listener(WAKE, self._on_wake)
            if await queue.hold_slot(connection, host=self.identity.host, slot=self.identity.slot):
                freed = await queue.free_dead_incarnations(
                    connection, host=self.identity.host, slot=self.identity.slot, owner=self.owner
                )
                if freed:
                    log.info("engine.took_over", runs=freed)
            self._wake.set()
            await lost.wait()
        finally:
            connection.terminate()

    def _on_run(self, _connection: object, _pid: int, _channel: str, lane: object) -> None:
        if lane == self.lane:
            self._wake.set()

    def _on_cancel(self, _connection: object, _pid: int, _channel: str, run_id: object) -> None:
        execution = self.executions.get(UUID(str(run_id)))
        if execution is not None:
            execution.halt("cancel")

    def _on_wake(self, _connection: object, _pid: int, _channel: str, run_id: object) -> None:
        execution = self.executions.get(UUID(str(run_id)))
        if execution is not None:
            execution.bell.ring()

    async def _claim(self, client: LocalOrchestration) -> None:
        """Claim while there is room and work; then sleep until somebody wakes us, or a little while."""
        with contextlib.suppress(TimeoutError):  # not by wait_for: it loses a cancellation that meets a wake-up
            async with asyncio.timeout(HELD_BACK_POLL_S if self._rotation.held_back else POLL_S):
                await self._wake.wait()
        self._wake.clear()
        self._rotation.held_back = False
        looks = 0
        if self._claim_unanswered:
            async with self.db.for_everyone().connection() as connection:
                await queue.free_unknown(connection, owner=self.owner, known=list(self.executions))
        while (room := self.concurrency - len(self.executions)) > 0:
            limit = min(room, CLAIM_AT_ONCE)
            asked_at = time.monotonic()
            self._claim_unanswered = True
            async with self.db.calling() as connection:
                claimed = await queue.claim(
                    connection, owner=self.owner, lane=self.lane, limit=limit, rotation=self._rotation
                )
            self._claim_unanswered = False
            for run in claimed:
                self._start(client, run, asked_at + LEASE_S)
            looks += 1
            if len(claimed) < limit and (self._rotation.whole or looks >= _LOOKS):
                return

    def _start(self, client: LocalOrchestration, run: ClaimedRun, lease_until: float) -> None:
        former = self.executions.get(run.id)
        execution = Execution(run, self._versions.get((run.rule_id, run.version), UNREAD), self.tools, lease_until)
        self.executions[run.id] = execution
        task = asyncio.create_task(self._execute(client, execution, former), name=f"run {run.id}")
        execution.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # executing ----------------------------------------------------------------------------------------------------

    async def _execute(self, client: LocalOrchestration, execution: Execution, former: Execution | None) -> None:
        run = execution.run
        crash.point("claimed")
        try:
            if former is not None:
                await _give_way(former)
            if execution.compiled is UNREAD:
                execution.replace_version(await execution.patiently(lambda: self._load(run)))
            await begin(execution)
            if execution.unfinished():
                await execute(client, execution)
            if execution.unfinished():
                await execution.finish("failed", code="internal_error", error="The run ended without a result.")
        except asyncio.CancelledError:
            if execution.stop.reason is None:
                raise
            await _part(execution)
        except UnknownAction as error:
            await execution.finish("failed", code="unknown_action", error=str(error))
        except Exception as error:
            log.exception("run.broke", run=str(run.id))
            if execution.unfinished():
                await execution.finish("failed", code="internal_error", error=f"{type(error).__name__}: {error}")
        finally:
            room_made = len(self.executions) >= self.concurrency or self._rotation.held_back
            if self.executions.get(run.id) is execution:
                del self.executions[run.id]
            if room_made:
                self._wake.set()

    async def _load(self, run: ClaimedRun) -> Compiled:
        async with self.db.for_workspace(run.workspace_id).connection() as connection:
            definition = await load_definition(connection, run.rule_id, run.version)
        compiled = compile_version(str(run.rule_id), run.version, definition, self.actions)
        while len(self._versions) >= _VERSIONS_KEPT:
            del self._versions[next(iter(self._versions))]
        self._versions[run.rule_id, run.version] = compiled
        return compiled

    # keeping and letting go ---------------------------------------------------------------------------------------

    async def _renew(self) -> None:
        asked_at = time.monotonic()
        before = dict(self.executions)
        async with self.db.for_everyone().connection() as connection:
            held = await queue.renew(connection, owner=self.owner, run_ids=list(before))
            await queue.report_alive(
                connection, owner=self.owner, host=self.identity.host, slot=self.identity.slot,
                concurrency=self.concurrency,
            )  # fmt: skip
        for run_id, execution in before.items():
            if run_id in held:
                execution.renewed(asked_at)
            else:
                execution.halt("lost")

    async def _requeue_due(self) -> None:
        async with self.db.for_everyone().connection() as connection:
            if await queue.requeue_due(connection):
                self._wake.set()

    async def _reap(self) -> None:
        async with self.db.for_everyone().connection() as connection:
            freed = await queue.reap(connection)
            cancelled = await queue.cancelled_among(connection, owner=self.owner)
        if freed:
            log.info("engine.reaped", runs=freed)
            self._wake.set()
        for run_id in cancelled:
            execution = self.executions.get(run_id)
            if execution is not None:
                execution.halt("cancel")

    async def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._tasks and time.monotonic() < end:
            await asyncio.wait(set(self._tasks), timeout=max(end - time.monotonic(), 0))
        for execution in list(self.executions.values()):
            execution.halt("shutdown")
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=5)
        with contextlib.suppress(*AWAY):
            async with self.db.for_everyone().connection() as connection:
                await queue.release(connection, owner=self.owner)
                await queue.report_gone(connection, owner=self.owner)


async def _give_way(former: Execution) -> None:
    """This worker lost a run and claimed it again: its former execution ends before the new one begins."""
    former.halt("lost")
    if former.task is not None:
        await asyncio.wait({former.task})


async def _part(execution: Execution) -> None:
    """Write what is still to be written of an execution that was asked to stop."""
    if execution.ended:
        return
    if execution.stop.reason == "cancel":
        await execution.finish("cancelled", code="cancelled", error="Cancelled on request.")
    elif execution.stop.reason == "shutdown":
        await execution.flush()
