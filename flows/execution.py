"""One run being executed by this worker: its plan, what its steps said, and what is still to be written.

A step's result is written before anything that depends on it touches the world; a `pure` step can be computed again,
so its record rides along with the next effectful one or the end.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from blocks.action import Http, Level
from blocks.outcomes import Respond
from blocks.values import Json, JsonObject
from core import jsontext
from core.db import AWAY, Database
from core.runs import blobs
from core.runs.queue import LEASE_S, ClaimedRun
from core.runs.record import Entry, LineRecord, RunRecord, StepRecord, Writer
from core.runs.resume import RecordedStep, recorded_steps
from flows import waits
from flows.plan import ENDED, Ended, Plan
from flows.steps import Compiled

T = TypeVar("T")

LINE_LIMIT = 1000  # lines a run; the rest is counted
LEASE_MARGIN_S = 2.0


class Renders(Protocol):
    """The renderer as the engine uses it (`core/rendering`)."""

    async def render(self, value: Json, context: Mapping[str, Json], *, workspace: str) -> Json: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every execution of a worker shares."""

    db: Database
    writer: Writer
    renderer: Renders
    http: Http
    public_url: str


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
    plan: Plan = field(init=False)
    task: "asyncio.Task[None] | None" = None
    stop: Stop = field(default_factory=Stop)
    ended: bool = False
    seq: int = 0
    views: dict[str, Json] = field(default_factory=dict)  # {{ steps.<id> }}
    attempts_made: dict[str, int] = field(default_factory=dict)
    failure_codes: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, RecordedStep] = field(default_factory=dict)
    response: Respond | None = None
    nudge: asyncio.Event = field(default_factory=asyncio.Event)  # a waiting step may have been woken
    claimed_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _steps: dict[tuple[str, str], StepRecord] = field(default_factory=dict)  # one statement takes one record of a step
    _lines: list[LineRecord] = field(default_factory=list)
    _events: list[JsonObject] = field(default_factory=list)
    _effects_pending: bool = False
    _unanswered: "asyncio.Future[bool] | None" = None  # a write that is on its way
    _line_count: int = 0
    _flushing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.plan = Plan.of(self.compiled.nodes)
        self.seq = self.run.seq
        self.note_run_status("running", self.run.seq)

    def replace_version(self, compiled: Compiled) -> None:
        """The version was read after the run was claimed."""
        self.compiled = compiled
        self.plan = Plan.of(compiled.nodes)

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
        """Stop the execution as soon as it awaits. The first reason counts."""
        if self.stop.reason is None and not self.ended:
            self.stop.reason = reason
            if self.task is not None:
                self.task.cancel()

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do work that needs PostgreSQL; while that is away, try again as long as the lease lasts."""
        while True:
            try:
                return await work()
            except AWAY:
                await asyncio.sleep(0.25)
                self.require_lease()

    # what happened ------------------------------------------------------------------------------------------------

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def line(self, text: str, level: Level = Level.INFO, step: str | None = None) -> None:
        """Add a line to the run's log."""
        self._line_count += 1
        if self._line_count > LINE_LIMIT:
            return
        at = datetime.now(UTC)
        self._lines.append(LineRecord(self.run.id, self.next_seq(), at, level.value, step, text[:8192]))

    def _event(self, kind: str, seq: int, **facts: Json) -> JsonObject:
        run = self.run
        event: JsonObject = {"run": str(run.id), "workspace": str(run.workspace_id), "rule": str(run.rule_id)}
        return event | {"seq": seq, "kind": kind} | facts

    def note_run_status(self, status: str, seq: int) -> None:
        self._hint(self._event("run", seq, status=status))

    def provisional(self, step: str, status: str) -> None:
        """Tell the live stream of a change that is not recorded (yet)."""
        self._hint(self._event("step", self.seq, step=step, status=status, provisional=True))

    def _hint(self, event: JsonObject) -> None:
        self.tools.writer.hint(event)

    def note_step(self, record: StepRecord, *, effect: bool) -> None:
        """Have the record written: soon when it is an effect's, with the next one when the step was pure."""
        record.seq = self.next_seq()
        key = record.step_id, record.iteration
        self._steps.pop(key, None)
        self._steps[key] = record
        self._events.append(self._event("step", record.seq, step=record.step_id, status=record.status))
        self._effects_pending = self._effects_pending or effect
        if not effect:
            self.provisional(record.step_id, record.status)

    def end_step(self, step: str, ended: Ended) -> None:
        self.plan.end(step, ended)
        view: JsonObject = {"output": ended.output, "status": ended.status, "error": ended.error}
        self.views[step] = view
        self.views[str(self.compiled.steps[step].index)] = view

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
        failed = self.plan.failure() if status == "failed" else None
        self._drop_waiting()
        self._note_end(status, at, error)
        record = self._run_record()
        record.status, record.completed_at, record.worked_ms = status, at, self.worked_ms()
        record.output = await self.inline(self._output()) if status == "success" else None
        record.error, record.error_code, record.error_step = error, code, failed
        async with self._flushing:
            await self._answered()
            record.seq = self.next_seq()
            self._events.append(self._event("run", record.seq, status=status))
            self._submit(record)
            await self._answered()
            self.ended = True

    def _output(self) -> Json:
        """What the run gives: the answer of a respond step, else the output of the step that ended well last."""
        if self.response is not None:
            return self.response.body
        last = self.plan.last()
        return self.plan.ended[last].output if last is not None else None

    def worked_ms(self) -> int:
        """How long the run has worked so far, its waits left out."""
        return self.run.worked_ms + round((datetime.now(UTC) - self.claimed_at).total_seconds() * 1000)

    async def pause(self) -> None:
        """Commit that the run waits, and give it back: it holds nothing until it is woken."""
        first = waits.first(self.waiting.values())
        reason = waits.reason(first)
        self.line(f"Run waits. {reason}")
        record = self._run_record()
        record.status, record.worked_ms, record.wake_at = "waiting", self.worked_ms(), waits.until(first)
        record.wait = {
            "reason": reason,
            "steps": [*self.waiting],
            "until": record.wake_at.isoformat() if record.wake_at else None,
        }
        async with self._flushing:
            await self._answered()
            record.seq = self.next_seq()
            self._events.append(self._event("run", record.seq, status="waiting"))
            self._submit(record)
            await self._answered()
            self.ended = True

    def due(self) -> list[RecordedStep]:
        """The waiting steps that can go on now; they wait no longer."""
        now = datetime.now(UTC)
        ready = [step for step in self.waiting.values() if waits.is_over(step, now)]
        for step in ready:
            del self.waiting[step.step_id]
        return ready

    async def look_for_answers(self) -> None:
        """Read what woke the waiting steps meanwhile."""
        self.nudge.clear()
        if not self.waiting:
            return
        async with self.tools.db.connection() as connection:
            recorded = await recorded_steps(connection, self.run.workspace_id, self.run.id)
        self.waiting |= {step.step_id: step for step in recorded if step.step_id in self.waiting and step.wake}

    def _drop_waiting(self) -> None:
        """Steps that still wait when the run ends will never go on."""
        for step in self.waiting.values():
            compiled = self.compiled.steps[step.step_id]
            record = StepRecord(
                id=step.id, run_id=self.run.id, workspace_id=self.run.workspace_id, step_id=step.step_id,
                action_index=compiled.index, action_type=compiled.action.name, status="skipped",
                epoch=self.run.epoch, seq=0, input=step.input, started_at=step.started_at,
                completed_at=datetime.now(UTC),
            )  # fmt: skip
            self.note_step(record, effect=False)
        self.waiting.clear()

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
        entry = Entry(record, list(self._steps.values()), self._lines, self._events)
        self._steps, self._lines, self._events, self._effects_pending = {}, [], [], False
        record.seq = max(record.seq, self.seq)
        self._unanswered = self.tools.writer.write(entry)
        self._unanswered.add_done_callback(self._on_answer)

    def _on_answer(self, written: "asyncio.Future[bool]") -> None:
        if written.exception() is not None:
            return  # whoever flushes next raises it
        self._unanswered = None
        if written.result():
            self.write_behind()
        else:
            self.halt("lost")

    async def _answered(self) -> None:
        """Wait for the write that is on its way, also where the step that began it was cancelled meanwhile."""
        while (written := self._unanswered) is not None:
            try:
                held = await asyncio.shield(written)
            except Exception:
                self._unanswered = None
                raise
            if not held:
                raise asyncio.CancelledError

    # values -------------------------------------------------------------------------------------------------------

    def context(self, step: str) -> dict[str, Json]:
        """What templates of `step` may name (definition.md, "Templates")."""
        run = self.run
        previous = self.plan.previous(step)
        return {
            "trigger": {
                "data": run.trigger_data,
                "type": run.trigger_type,
                "headers": run.trigger_context.get("headers", {}),
                "query": run.trigger_context.get("query", {}),
            },
            "previous": {"output": self.plan.ended[previous].output if previous else run.trigger_data},
            "steps": self.views,
            "run": {"id": str(run.id), "url": f"{self.tools.public_url}/automations/logs/{run.id}"},
            "automation": {"id": str(run.rule_id), "name": self.compiled.name},
            "now": datetime.now(UTC).isoformat(),
        }

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        return await self.patiently(lambda: self._store(content, media_type))

    async def _store(self, content: bytes, media_type: str) -> JsonObject:
        async with self.tools.db.connection() as connection:
            return await blobs.store(
                connection, workspace_id=self.run.workspace_id, run_id=self.run.id, content=content,
                media_type=media_type,
            )  # fmt: skip

    async def inline(self, value: Json) -> Json:
        """The value as a row carries it: itself, or a reference when it is larger than 64 KiB."""
        text = jsontext.dump(value)
        if len(text) <= blobs.INLINE_LIMIT:
            return value
        return await self.store(text, "application/json") | {"whole": True}

    # resuming -----------------------------------------------------------------------------------------------------

    def resume(self, recorded: list[RecordedStep]) -> list[RecordedStep]:
        """Take over what was recorded before; gives the steps that were begun and have no result."""
        begun = []
        for step in recorded:
            self.attempts_made[step.step_id] = step.attempt
            if step.error_code is not None:
                self.failure_codes[step.step_id] = step.error_code
            if step.status in ENDED:
                self.end_step(step.step_id, self._as_it_ended(step))
            elif step.status == "waiting":
                self.waiting[step.step_id] = step
                self.plan.started.add(step.step_id)
            else:
                begun.append(step)
        return begun

    def _as_it_ended(self, step: RecordedStep) -> Ended:
        """A recorded end, with what the record of a branch or of an answer means."""
        kind = self.compiled.steps[step.step_id].action.name
        output = step.output if isinstance(step.output, dict) else {}
        if kind == "respond" and step.status == "success":
            self.response = Respond(200, {}, output.get("body"))
        choice = str(output.get("case", "")) if kind == "branch" else None
        return Ended(step.status, step.output, choice=choice, error=step.error)
