"""One step of one run: render, check, act, record; its attempts are Prefect's."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import assert_never
from uuid import UUID

from prefect.client.schemas.objects import TaskRun
from prefect.states import Pending
from prefect.task_engine import run_task_async
from pydantic import ValidationError

from blocks.action import Effect, Http, Level, StepModel
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.outcomes import Call, Choose, Done, Expand, Outcome, Respond, Wait
from blocks.values import Json, JsonObject
from core.ids import new_id
from core.runs.blobs import fits
from core.runs.record import StepRecord
from core.runs.resume import RecordedStep
from flows.execution import Execution
from flows.plan import Ended
from flows.steps import CompiledStep, bind, with_input

# Prefect's time-out is the one that counts; the action's own deadline lies behind it and only frees what it holds.
_BEHIND_S = 5.0

IN_DOUBT = "in_doubt"
_SHOWN_AFTER_S = 0.5


@dataclass(slots=True)
class StepCall:
    """A step being executed. It is also the `ActionContext` that its action sees."""

    execution: Execution
    step: CompiledStep
    id: UUID = field(default_factory=new_id)
    attempt: int = 0
    given: StepModel | None = None
    rendered: Json = None
    effect: Effect = Effect.PURE
    acting: bool = False  # the present attempt has gone as far as the action
    attempts: list[JsonObject] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    attempt_started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    waited: RecordedStep | None = None  # what it waited for, when it goes on after a wait

    # ActionContext ------------------------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        return str(self.execution.run.id)

    @property
    def step_id(self) -> str:
        return self.step.id

    @property
    def idempotency_key(self) -> str:
        return f"{self.execution.run.id}/{self.step.id}/0"

    @property
    def timeout_s(self) -> float:
        return self.step.timeout_s + _BEHIND_S

    @property
    def http(self) -> Http:
        return self.execution.tools.http

    def log(self, text: str, level: Level = Level.INFO) -> None:
        self.execution.line(text, level, self.step.id)

    async def store(self, content: bytes, media_type: str) -> JsonObject:
        return await self.execution.store(content, media_type)

    # running ------------------------------------------------------------------------------------------------------

    @classmethod
    def woken(cls, execution: Execution, step: CompiledStep, recorded: RecordedStep) -> "StepCall":
        """A step that waited and goes on."""
        began = recorded.started_at or datetime.now(UTC)
        return cls(execution, step, id=recorded.id, started_at=began, rendered=recorded.input, waited=recorded)

    async def run(self) -> Ended | None:
        """Execute the step to its end and note its record; None when it waits. Never raises the step's own errors."""
        self.attempt = self.execution.attempts_made.get(self.step.id, 0)
        self.log(self._beginning())
        self.execution.provisional(self.step.id, "running")
        bound = bind(self.step, self._attempt, self._at_stake, self._will_retry)
        task_run = TaskRun(
            id=self.id, name=self.step.id, task_key=self.step.prefect_task.task_key, dynamic_key=self.step.id,
            flow_run_id=self.execution.run.prefect_run_id or self.execution.run.id, state=Pending(),
        )  # fmt: skip
        shown = asyncio.get_running_loop().call_later(_SHOWN_AFTER_S, self._show)
        try:
            outcome = await run_task_async(bound, task_run=task_run, parameters={})
            if not isinstance(outcome, Outcome):
                raise TypeError(f"the action {self.step.action.name} gave {type(outcome).__name__}, no outcome")
            return await self._ended(outcome)
        except asyncio.CancelledError as error:
            if self._is_being_stopped():
                self._interrupted()
                raise
            return await self._failed(RuntimeError(f"it was cancelled from inside ({error!r})"))
        except Exception as error:
            return await self._failed(error)
        finally:
            shown.cancel()

    def _show(self) -> None:
        """The step takes a while: whoever reads the history now sees it at work."""
        if self.effect is not Effect.UNSAFE and self.execution.unfinished():  # an unsafe one stands there already
            self.execution.note_step(self._record_of("running"), effect=True)
            self.execution.write_behind()

    def _interrupted(self) -> None:
        """The run was cancelled or its time is over, and the step with it."""
        if self.execution.stop.reason not in (None, "cancel"):
            return  # another worker goes on with it
        doubt = self._at_stake() is Effect.UNSAFE
        record = self._record_of("unknown" if doubt else "failed")
        cancelled = self.execution.stop.reason == "cancel"
        record.error = "The run was cancelled." if cancelled else "The run's time was over."
        record.error_code = "cancelled" if cancelled else "run_timeout"
        if doubt:
            record.error += " Whether the step had its effect is not known."
            record.error_code = IN_DOUBT
        self._close(record)

    def _beginning(self) -> str:
        named = f"Step {self.step.id} ({self.step.action.name})"
        if self.waited is not None:
            return f"{named} goes on after its wait."
        return f"{named} starts again after an interruption." if self.attempt else f"{named} starts."

    def _is_being_stopped(self) -> bool:
        """Whether somebody cancels this run, as opposed to an action whose own cancellation escaped from it."""
        current = asyncio.current_task()
        return self.execution.stop.reason is not None or current is None or current.cancelling() > 0

    def _at_stake(self) -> Effect:
        """What repeating the present attempt would do to the world: nothing, as long as it has not acted."""
        return self.effect if self.acting else Effect.PURE

    async def _attempt(self) -> Outcome:
        """The body of the step's Prefect task: one attempt."""
        self.attempt += 1
        self.acting = False
        self.attempt_started_at = datetime.now(UTC)
        self.execution.require_lease()
        if self.given is None:
            self.given = await self._input()
            self.effect = self.step.action.effect(self.given)
        if self.waited is not None:
            return await self._wake(self.given, self.waited)
        if self.effect is Effect.UNSAFE:
            # The intent is on the disk before the effect: whoever finds it without a result knows of the doubt.
            self.execution.note_step(await self._record("running"), effect=True)
        if self.effect is Effect.PURE:
            self.execution.write_behind()
        else:
            await self.execution.flush()
            self.execution.require_lease()
        self.acting = True
        return await self.step.action.run(self.given, self)

    async def _wake(self, given: StepModel, waited: RecordedStep) -> Outcome:
        details = (waited.wait or {}).get("details")
        return await self.step.action.wake(given, details if isinstance(details, dict) else {}, waited.wake, self)

    async def _input(self) -> StepModel:
        execution = self.execution
        if self.waited is None:
            self.rendered = await execution.tools.renderer.render(
                self.step.config, execution.context(self.step.id), workspace=str(execution.run.workspace_id)
            )
        try:
            return with_input(self.step.action, self.rendered)
        except ValidationError as error:
            raise InvalidInput("invalid_input", _sentence(error)) from error

    def _will_retry(self, error: BaseException, pause: float) -> None:
        code, message = self._explain(error)
        self._note_attempt(code, message)
        self.log(f"Attempt {self.attempt} failed: {_ended(message)} Trying again in {pause:.1f} s.", Level.WARNING)

    def _note_attempt(self, code: str, message: str) -> None:
        now = datetime.now(UTC)
        self.attempts.append({
            "attempt": self.attempt, "started_at": self.attempt_started_at.isoformat(),
            "completed_at": now.isoformat(), "code": code, "error": message,
        })  # fmt: skip

    async def _ended(self, outcome: Outcome) -> Ended | None:
        match outcome:
            case Done(output):
                return await self._done(output)
            case Choose(case):
                return await self._done({"case": case}, choice=case)
            case Respond(status, headers, body):
                self.execution.response = outcome
                return await self._done({"status": status, "headers": {**headers}, "body": body}, told=True)
            case Wait():
                await self._waits(outcome)
                return None
            case Expand() | Call():
                raise TypeError(f"a step can't {type(outcome).__name__.lower()} yet")
        assert_never(outcome)

    async def _done(self, output: Json, *, choice: str | None = None, told: bool = False) -> Ended:
        """`told`: somebody waits for this very record."""
        record = await self._record("success")
        record.output = await self.execution.inline(output)
        self._close(record, told=told)
        if told:
            self.execution.write_behind()
        self.log(f"Step {self.step.id} ended well after {record.duration_ms} ms.")
        return Ended("success", output, choice=choice)

    async def _waits(self, wait: Wait) -> None:
        record = await self._record("waiting")
        moment = wait.until.isoformat() if wait.until is not None else None
        record.wait = {"reason": wait.reason, "until": moment, "details": wait.details}
        self.execution.note_step(record, effect=True)  # who is to answer must find it, whatever else the run does
        self.execution.waiting[self.step.id] = RecordedStep(
            id=self.id, step_id=self.step.id, status="waiting", input=self.rendered, output=None, error=None,
            error_code=None, effect=self.effect.value, attempt=self.attempt, seq=record.seq,
            started_at=self.started_at, wait=record.wait, wake=None,
        )  # fmt: skip
        self.log(f"Step {self.step.id} waits. {wait.reason}")

    async def _failed(self, error: Exception) -> Ended:
        code, message = self._explain(error)
        self._note_attempt(code, message)
        record = await self._record("failed")
        record.error, record.error_code = message, code
        self.execution.failure_codes[self.step.id] = code
        self._close(record)
        self.log(f"Step {self.step.id} failed on attempt {self.attempt}: {message}", Level.ERROR)
        return Ended("failed", error=message)

    def _close(self, record: StepRecord, *, told: bool = False) -> None:
        record.completed_at = datetime.now(UTC)
        record.duration_ms = round((record.completed_at - self.started_at).total_seconds() * 1000)
        self.execution.note_step(record, effect=told or self.effect is not Effect.PURE)

    def _explain(self, error: BaseException) -> tuple[str, str]:
        """The code and the sentence of an error, for history and for people."""
        if self._at_stake() is Effect.UNSAFE and _unanswered(error):
            return IN_DOUBT, (
                f"{_sentence_of(error, self.step.timeout_s)} Whether the step had its effect is not known, so it was"
                " not repeated."
            )
        if isinstance(error, ActionError):
            return error.code, error.message
        if isinstance(error, TimeoutError):
            return "step_timeout", _sentence_of(error, self.step.timeout_s)
        return "internal_error", f"The action broke: {type(error).__name__}: {error}"

    async def _record(self, status: str) -> StepRecord:
        record = self._record_of(status)
        if record.input is None and self.rendered is not None:
            record.input = await self.execution.inline(self.rendered)
        return record

    def _record_of(self, status: str) -> StepRecord:
        """Without an input that is too large for the row."""
        run = self.execution.run
        return StepRecord(
            id=self.id, run_id=run.id, workspace_id=run.workspace_id, step_id=self.step.id,
            action_index=self.step.index, action_type=self.step.action.name, status=status, epoch=run.epoch, seq=0,
            input=self.rendered if fits(self.rendered) else None, attempt=max(self.attempt, 1),
            attempts=list(self.attempts), effect=self.effect.value, started_at=self.started_at,
        )  # fmt: skip


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _unanswered(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or (isinstance(error, Retryable) and not error.answered)


def _sentence_of(error: BaseException, timeout_s: float) -> str:
    if isinstance(error, ActionError):
        return error.message
    return f"No answer within {timeout_s:g} s."


def _sentence(error: ValidationError) -> str:
    """The first faults of an input, each with its place."""
    faults = [
        f"{'.'.join(map(str, fault['loc'])) or 'config'}: {fault['msg']}" for fault in error.errors(include_input=False)
    ]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return f"The step's input is not valid after its templates were filled in: {'; '.join(faults[:3])}{more}."


def skipped(execution: Execution, step: CompiledStep) -> None:
    """Note a step that will never run on the path that this run took."""
    run = execution.run
    record = StepRecord(
        id=new_id(), run_id=run.id, workspace_id=run.workspace_id, step_id=step.id, action_index=step.index,
        action_type=step.action.name, status="skipped", epoch=run.epoch, seq=0,
    )  # fmt: skip
    execution.note_step(record, effect=False)
    execution.end_step(step.id, Ended("skipped"))


def in_doubt(execution: Execution, step: CompiledStep, recorded_id: UUID, attempt: int) -> None:
    """A step that was begun before its worker was lost, whose effect must not happen twice: it fails."""
    call = StepCall(execution, step, id=recorded_id, attempt=attempt, effect=Effect.UNSAFE)
    run = execution.run
    message = (
        "The worker was lost while this step was under way. Whether it had its effect is not known, so it was"
        " not repeated."
    )
    record = StepRecord(
        id=recorded_id, run_id=run.id, workspace_id=run.workspace_id, step_id=step.id, action_index=step.index,
        action_type=step.action.name, status="failed", epoch=run.epoch, seq=0, attempt=attempt,
        effect=Effect.UNSAFE.value, error=message, error_code=IN_DOUBT, completed_at=datetime.now(UTC),
    )  # fmt: skip
    execution.failure_codes[step.id] = IN_DOUBT
    execution.note_step(record, effect=True)
    call.log(message, Level.ERROR)
    execution.end_step(step.id, Ended("failed", error=message))


__all__ = ["IN_DOUBT", "StepCall", "in_doubt", "skipped"]
