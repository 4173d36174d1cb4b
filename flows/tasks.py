"""One step of one run: render, check, act, record; its attempts are Prefect's."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.schemas.objects import TaskRun
from prefect.states import Pending
from prefect.task_engine import run_task_async
from pydantic import ValidationError

from blocks.action import Effect, Http, Level, StepModel
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.outcomes import Done, Outcome
from blocks.values import Json, JsonObject
from core.ids import new_id
from core.runs.record import StepRecord
from flows.execution import Execution
from flows.plan import Ended
from flows.steps import CompiledStep, bind, with_input

# Prefect's time-out is the one that counts; the action's own deadline lies behind it and only frees what it holds.
_BEHIND_S = 5.0

IN_DOUBT = "in_doubt"


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
    attempts: list[JsonObject] = field(default_factory=list)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    attempt_started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

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

    async def run(self) -> Ended:
        """Execute the step to its end and note its record. Never raises an error of the step itself."""
        made_before = self.execution.attempts_made.get(self.step.id, 0)
        self.attempt = made_before
        self.log(
            f"Step {self.step.id} ({self.step.action.name}) starts."
            if not made_before
            else f"Step {self.step.id} ({self.step.action.name}) starts again after an interruption."
        )
        self.execution.provisional(self.step.id, "running")
        bound = bind(self.step, self._attempt, lambda: self.effect, self._will_retry)
        task_run = TaskRun(
            id=self.id, name=self.step.id, task_key=self.step.prefect_task.task_key, dynamic_key=self.step.id,
            flow_run_id=self.execution.run.prefect_run_id or self.execution.run.id, state=Pending(),
        )  # fmt: skip
        try:
            outcome = await run_task_async(bound, task_run=task_run, parameters={})
            if not isinstance(outcome, Done):
                raise TypeError(f"the action {self.step.action.name} gave {type(outcome).__name__}, no outcome")
        except Exception as error:
            return await self._failed(error)
        return await self._done(outcome)

    async def _attempt(self) -> Outcome:
        """The body of the step's Prefect task: one attempt."""
        self.attempt += 1
        self.attempt_started_at = datetime.now(UTC)
        self.execution.require_lease()
        if self.given is None:
            self.given = await self._input()
            self.effect = self.step.action.effect(self.given)
        if self.effect is Effect.UNSAFE:
            # The intent is on the disk before the effect: whoever finds it without a result knows of the doubt.
            self.execution.note_step(await self._record("running"), effect=True)
        if self.effect is not Effect.PURE:
            await self.execution.flush()
            self.execution.require_lease()
        return await self.step.action.run(self.given, self)

    async def _input(self) -> StepModel:
        execution = self.execution
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
        self.log(f"Attempt {self.attempt} failed: {message} Trying again in {pause:.1f} s.", Level.WARNING)

    def _note_attempt(self, code: str, message: str) -> None:
        now = datetime.now(UTC)
        self.attempts.append({
            "attempt": self.attempt, "started_at": self.attempt_started_at.isoformat(),
            "completed_at": now.isoformat(), "code": code, "error": message,
        })  # fmt: skip

    async def _done(self, outcome: Outcome) -> Ended:
        record = await self._record("success")
        record.output = await self.execution.inline(outcome.output)
        self._close(record)
        self.log(f"Step {self.step.id} ended well after {record.duration_ms} ms.")
        return Ended("success", outcome.output)

    async def _failed(self, error: Exception) -> Ended:
        code, message = self._explain(error)
        self._note_attempt(code, message)
        record = await self._record("failed")
        record.error, record.error_code = message, code
        self.execution.failure_codes[self.step.id] = code
        self._close(record)
        self.log(f"Step {self.step.id} failed on attempt {self.attempt}: {message}", Level.ERROR)
        return Ended("failed", error=message)

    def _close(self, record: StepRecord) -> None:
        record.completed_at = datetime.now(UTC)
        record.duration_ms = round((record.completed_at - self.started_at).total_seconds() * 1000)
        self.execution.note_step(record, effect=self.effect is not Effect.PURE)

    def _explain(self, error: BaseException) -> tuple[str, str]:
        """The code and the sentence of an error, for history and for people."""
        if self.effect is Effect.UNSAFE and _unanswered(error):
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
        run = self.execution.run
        return StepRecord(
            id=self.id, run_id=run.id, workspace_id=run.workspace_id, step_id=self.step.id,
            action_index=self.step.index, action_type=self.step.action.name, status=status, epoch=run.epoch, seq=0,
            input=await self.execution.inline(self.rendered), attempt=max(self.attempt, 1),
            attempts=list(self.attempts), effect=self.effect.value, started_at=self.started_at,
        )  # fmt: skip


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
