"""One run being executed by this worker: its plan, what its steps said, and what is still to be written.

A step's result is written before anything that depends on it touches the world; a `pure` step can be computed again,
so its record rides along with the next effectful one or the end.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from blocks import wait_words
from blocks.action import Level
from blocks.outcomes import Outcome, Respond
from blocks.values import Json, JsonObject
from core import crash, jsontext
from core.agents.hosting import Talks
from core.channels.posting import Posts
from core.connections.signed import Asks, Tokens
from core.db import AGAIN
from core.redaction import Redactor
from core.runs import blobs
from core.runs.queue import LEASE_S, ClaimedRun
from core.runs.record import Entry, LineRecord, RunRecord, StepRecord
from core.runs.resume import RecordedStep
from flows import leftovers, waits
from flows.bell import Bell
from flows.budget import Budget, budget_of
from flows.ledger import Ledger
from flows.scope import Place, Scope
from flows.steps import Compiled

T = TypeVar("T")

LINE_LIMIT = 1000  # lines a run; the rest is counted
LEASE_MARGIN_S = 2.0


class Renders(Protocol):
    """The renderer as the engine uses it (`core/rendering`)."""

    async def render(self, value: Json, context: Mapping[str, Json], *, workspace: str) -> Json: ...

    async def documents(
        self, sources: Sequence[tuple[str, bool]], context: Mapping[str, Json], *, workspace: str
    ) -> list[str]: ...


class Writes(Protocol):
    """The writer as an execution uses it (`core/runs/record.py`)."""

    def write(self, entry: Entry) -> "asyncio.Future[bool]": ...

    def hint(self, event: JsonObject) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every execution of a worker shares."""

    ledger: Ledger
    writer: Writes
    renderer: Renders
    http: Asks
    public_url: str
    tokens: Tokens = field(default_factory=Tokens)  # that connections were lent
    talks: Talks | None = None  # with agents; None: agents don't speak here
    posts: Posts | None = None  # None: no channel can be posted in from here


@dataclass(slots=True)
class Stop:
    """Why an execution is being stopped: "cancel" by a person, "lost" to another worker, "shutdown"."""

    reason: str | None = None


@dataclass(slots=True)
class Execution:
    """The state of one run in this worker."""

    run: ClaimedRun
    compiled: Compiled
    tools: Tools
    lease_until: float  # time.monotonic()
    top: Scope = field(init=False)
    budget: Budget | None = field(init=False)  # None: the run pays nothing
    task: "asyncio.Task[None] | None" = None
    stop: Stop = field(default_factory=Stop)
    ended: bool = False
    seq: int = 0
    recorded: dict[str, list[RecordedStep]] = field(default_factory=dict)  # by iteration, until it is taken over
    attempts_made: dict[Place, int] = field(default_factory=dict)
    failure_codes: dict[Place, str] = field(default_factory=dict)
    response: Respond | None = None
    redactor: Redactor = field(default_factory=Redactor)  # knows the secrets that this run has opened
    bell: Bell = field(default_factory=Bell)  # rings when a waiting step may have been woken
    claimed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _steps: dict[tuple[str, str], StepRecord] = field(default_factory=dict)  # one statement takes one record of a step
    _lines: list[LineRecord] = field(default_factory=list)
    _events: list[JsonObject] = field(default_factory=list)
    _calls: list[JsonObject] = field(default_factory=list)
    _open: dict[Place, StepRecord] = field(default_factory=dict)  # loops that have begun and not ended
    _effects_pending: bool = False
    _unanswered: "asyncio.Future[bool] | None" = None  # a write that is on its way
    _leaving: bool = False  # the record that gives the run back is on its way
    _line_count: int = 0
    _flushing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.top = Scope(self.compiled.steps, self.run.trigger_data)
        self.budget = budget_of(self.run, self._reserve)
        self.seq = self.run.seq
        self.note_run_status("running", self.run.seq)

    def replace_version(self, compiled: Compiled) -> None:
        """The version was read after the run was claimed."""
        self.compiled = compiled
        self.top = Scope(compiled.steps, self.run.trigger_data)

    def unfinished(self) -> bool:
        """Nobody ended the run and nobody asked it to stop."""
        return not self.ended and self.stop.reason is None

    # the lease ----------------------------------------------------------------------------------------------------

    def renewed(self, asked_at: float) -> None:
        """The lease was renewed by a statement that was sent at `asked_at` (monotonic)."""
        self.lease_until = asked_at + LEASE_S

    def require_lease(self) -> None:
        """Called before an effect: stop here rather than act on a lease that may have run out."""
        if time.monotonic() > self.lease_until - LEASE_MARGIN_S:
            self.halt("lost")
            raise asyncio.CancelledError

    def halt(self, reason: str) -> None:
        """Stop the execution as soon as it awaits. The first reason counts.

        Who is being told that the run is given back is not stopped for having lost it: the answer says whether it had.
        """
        if reason == "lost" and self._leaving:
            return
        if self.stop.reason is None and not self.ended:
            self.stop.reason = reason
            if self.task is not None:
                self.task.cancel()

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work that needs PostgreSQL, all of it or nothing; while that is away, or has broken the work off for a
        deadlock, try again as long as the lease lasts."""
        while True:
            try:
                return await work()
            except AGAIN:
                await asyncio.sleep(0.25)
                self.require_lease()

    async def _reserve(self, least: int, most: int) -> int:
        return await self.patiently(lambda: self.tools.ledger.reserve(self.run, least, most))

    # what happened ------------------------------------------------------------------------------------------------

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def line(self, text: str, level: Level = Level.INFO, step: str | None = None) -> None:
        """Add a line to the run's log."""
        self._line_count += 1
        if self._line_count > LINE_LIMIT:
            return
        at, text = datetime.now(UTC), self.redactor.text(text)
        self._lines.append(LineRecord(self.run.id, self.next_seq(), at, level.value, step, text[:8192]))

    def _event(self, kind: str, seq: int, **facts: Json) -> JsonObject:
        run = self.run
        event: JsonObject = {"run": str(run.id), "workspace": str(run.workspace_id), "rule": str(run.rule_id)}
        return event | {"seq": seq, "kind": kind} | facts

    def note_run_status(self, status: str, seq: int) -> None:
        self._hint(self._event("run", seq, status=status))

    def tell(self, step: str, fact: JsonObject) -> None:
        """Tell who watches the run of something that is not recorded at all."""
        about: JsonObject = {"run": str(self.run.id), "seq": self.seq, "step": step, "live": True}
        self._hint(about | fact)

    def provisional(self, place: Place, status: str) -> None:
        """Tell the live stream of a change that is not recorded (yet)."""
        self._hint(self._step_event(place, self.seq, status) | {"provisional": True})

    def _step_event(self, place: Place, seq: int, status: str) -> JsonObject:
        step, iteration = place
        event = self._event("step", seq, step=step, status=status)
        return event | {"iteration": iteration} if iteration else event

    def _hint(self, event: JsonObject) -> None:
        self.tools.writer.hint(event)

    def note_step(self, record: StepRecord, *, effect: bool, quiet: bool = False) -> None:
        """Have the record written: soon when it is an effect's, with the next one when the step was pure.

        `quiet`: nobody is told of it by itself.
        """
        record.seq = self.next_seq()
        key = record.step_id, record.iteration
        self._steps.pop(key, None)
        self._steps[key] = record
        self._effects_pending = self._effects_pending or effect
        if not quiet:
            self._events.append(self._step_event(key, record.seq, record.status))
            if not effect:
                self.provisional(key, record.status)

    def note_call(self, facts: JsonObject) -> None:
        """Have the run of another automation taken in with what is noted."""
        self._calls.append(facts)
        self._effects_pending = True

    async def checkpoint(self, step: str) -> None:
        """Begin to write what a long loop has done so far; waits only for the write before it."""
        await self._answered()
        self._events.append(self._event("step", self.seq, step=step, status="running"))
        self._effects_pending = True
        self.write_behind()

    async def flush(self) -> None:
        """Commit what is noted when an effect's record is among it."""
        async with self._flushing:
            await self._answered()
            if self._effects_pending:
                self._submit(self._run_record())
                await self._answered()

    def write_behind(self) -> None:
        """Begin to write an effect's record, so that it need not wait for what takes long; nobody waits for it here."""
        if self._effects_pending and self._unanswered is None:
            self._submit(self._run_record())

    async def finish(self, status: str, *, code: str | None = None, error: str | None = None) -> None:
        """Commit the end: success, failed or cancelled."""
        at = datetime.now(UTC)
        failed = self.top.plan.failure() if self.stop.reason is None else None
        self._drop_unfinished()
        self._note_end(status, at, error)
        record = self._run_record()
        record.status, record.completed_at, record.worked_ms = status, at, self.worked_ms()
        record.output = await self.inline(self._output()) if status == "success" else None
        record.error, record.error_code, record.error_step = error, code, failed
        async with self._flushing:
            await self._answered()
            record.seq = self.next_seq()
            self._events.append(self._event("run", record.seq, status=status))
            crash.point("before_end")
            await self._leave(record)

    async def _leave(self, record: RunRecord) -> None:
        self._leaving = True
        self._submit(record)
        await self._answered()
        self.ended = True

    def _output(self) -> Json:
        """What the run gives: the answer of a respond step, else the output of the step that ended well last."""
        if self.response is not None:
            return self.response.body
        last = self.top.plan.last()
        return self.top.plan.ended[last].output if last is not None else None

    def worked_ms(self) -> int:
        """How long the run has worked so far, its waits left out."""
        return self.run.worked_ms + round((datetime.now(UTC) - self.claimed_at).total_seconds() * 1000)

    async def pause(self) -> None:
        """Commit that the run waits, and give it back: it holds nothing until it is woken."""
        waiting = list(self.top.all_waiting())
        first = waits.first(waiting)
        reason = wait_words.beside(waits.reason(first), len(waiting) - 1)
        self.line(f"Run waits. {reason}")
        record = self._run_record()
        record.status, record.worked_ms, record.wake_at = "waiting", self.worked_ms(), waits.until(first)
        record.wait = waits.of_run(waiting, reason)
        async with self._flushing:
            await self._answered()
            record.seq = self.next_seq()
            self._events.append(self._event("run", record.seq, status="waiting"))
            await self._leave(record)
            crash.point("waiting")

    async def answers(self) -> Mapping[Place, JsonObject]:
        """What woke the waiting steps, by place."""
        return await self.patiently(lambda: self.tools.ledger.woken(self.run))

    def answered(self, outcome: Outcome) -> None:
        """Keep the answer to a caller who waits; the last respond step gives the run's output."""
        if isinstance(outcome, Respond):
            self.response = outcome

    def open_loop(self, record: StepRecord) -> None:
        self._open[record.step_id, record.iteration] = record

    def close_loop(self, place: Place) -> None:
        self._open.pop(place, None)

    def _drop_unfinished(self) -> None:
        """The steps that had not ended when the run did will never go on."""
        for step in list(leftovers.unfinished(self.top, self.recorded)):
            record = leftovers.closed(self.run, self.compiled, step)
            if record is not None and (step.step_id, step.iteration) not in self._open:
                self.note_step(record, effect=False)
        for begun in self._open.values():
            cut = replace(
                begun, status="skipped", error="The run ended before the loop.", completed_at=datetime.now(UTC)
            )
            self.note_step(cut, effect=False)
        for unfinished in (self._open, self.recorded, self.top.waiting, self.top.parked, self.top.begun):
            unfinished.clear()

    def _note_end(self, status: str, at: datetime, error: str | None) -> None:
        over = self._line_count - LINE_LIMIT
        if over > 0:
            self._line_count = 0
            self.line(f"{over} more lines were not kept.", Level.WARNING)
        self._line_count = 0
        seconds = (at - self.run.started_at).total_seconds()
        level = Level.INFO if status == "success" else Level.ERROR if status == "failed" else Level.WARNING
        self.line(f"Run ended: {status} after {seconds:.3f} s." + (f" {error}" if error else ""), level)

    def _run_record(self) -> RunRecord:
        return RunRecord(self.run.id, self.run.rule_id, self.run.epoch, self.seq)

    def _submit(self, record: RunRecord) -> None:
        steps = list(self._steps.values())
        if self.redactor:
            record, steps = self.redactor.record(record), [self.redactor.record(step) for step in steps]
        entry = Entry(record, steps, self._lines, self._events, self._calls)
        self._steps, self._lines, self._events, self._calls, self._effects_pending = {}, [], [], [], False
        record.seq = max(record.seq, self.seq)
        self._unanswered = self.tools.writer.write(entry)
        self._unanswered.add_done_callback(self._on_answer)

    def _on_answer(self, written: "asyncio.Future[bool]") -> None:
        if self._unanswered is not written or written.exception() is not None:
            return  # taken already; or whoever flushes next raises it
        self._unanswered = None
        if written.result():
            self.write_behind()
        else:
            self._leaving = False
            self.halt("lost")

    async def _answered(self) -> None:
        """Wait for the write that is on its way, also where the step that began it was cancelled meanwhile."""
        while (written := self._unanswered) is not None:
            try:
                held = await asyncio.shield(written)
            except Exception:
                self._unanswered = None
                raise
            self._on_answer(written)  # it may be seen here before its callback is: waiting again would never yield
            if not held:
                raise asyncio.CancelledError

    # values -------------------------------------------------------------------------------------------------------

    def context(self, scope: Scope, step: str) -> dict[str, Json]:
        """What templates of `step` may name (definition.md, "Templates")."""
        run = self.run
        return {
            "trigger": {
                "data": run.trigger_data,
                "type": run.trigger_type,
                "headers": run.trigger_context.get("headers", {}),
                "query": run.trigger_context.get("query", {}),
            },
            "run": {"id": str(run.id), "url": f"{self.tools.public_url}/automations/logs/{run.id}"},
            "automation": {"id": str(run.rule_id), "name": self.compiled.name},
            "now": datetime.now(UTC).isoformat(),
            **scope.context(step),
        }

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        masked = self.redactor.raw(content)
        return await self.patiently(lambda: self.tools.ledger.keep(self.run, masked, media_type))

    async def inline(self, value: Json) -> Json:
        """The value as a row carries it: itself, or a reference when it is larger than 64 KiB."""
        value = self.redactor.json(value)
        text = jsontext.dump(value)
        if len(text) <= blobs.INLINE_LIMIT:
            return value
        return await self.store(text, "application/json") | {"whole": True}
