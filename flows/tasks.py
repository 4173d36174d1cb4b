"""One step of one run: render, check, ask, act, record; its attempts are Prefect's."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect import Task
from prefect.client.schemas.objects import TaskRun
from prefect.states import Pending
from prefect.task_engine import run_task_async
from pydantic import ValidationError

from blocks import wait_words
from blocks.action import Effect, Level, StepModel
from blocks.errors import InvalidInput, NeedsAttention
from blocks.outcomes import Call, Choose, Done, Expand, Outcome, Respond, Wait
from blocks.values import Json, JsonObject
from core import crash
from core.ids import new_id
from core.runs import calling, inputs
from core.runs.record import StepRecord
from core.runs.resume import RecordedStep
from flows import questions, waits
from flows.execution import Execution
from flows.plan import IN_DOUBT, Ended
from flows.scope import Scope
from flows.steps import CompiledStep, bind, with_input
from flows.stepstate import StepState

_SHOWN_AFTER_S = 0.5


@dataclass(slots=True)
class StepCall(StepState):
    """A step being executed."""

    # running ------------------------------------------------------------------------------------------------------

    @classmethod
    def woken(cls, execution: Execution, scope: Scope, recorded: RecordedStep) -> "StepCall":
        """A step that waited and goes on."""
        began = recorded.started_at or datetime.now(UTC)
        step = scope.steps[recorded.step_id]
        return cls(execution, scope, step, recorded.id, started_at=began, rendered=recorded.input, waited=recorded)

    @classmethod
    def again(cls, execution: Execution, scope: Scope, recorded: RecordedStep) -> "StepCall":
        """A step that was begun by a worker that was lost. A loop goes over the items that it went over then."""
        step = scope.steps[recorded.step_id]
        call = cls(execution, scope, step, recorded.id, started_at=recorded.started_at or datetime.now(UTC))
        doubtful = step.in_doubt != "repeat" and not step.action.journaled
        call.lost = recorded.effect == Effect.UNSAFE.value and doubtful
        if recorded.input is not None and (call.lost or step.inner):
            call.rendered, call.passed = recorded.input, replace(recorded, wait=None)
        return call

    async def run(self) -> Ended | Expand | None:
        """Execute the step and note its record; None when it waits, what it expands to when it is a loop.

        Never raises the step's own errors.
        """
        self.attempt = self.execution.attempts_made.get(self.place, 0)
        if self.lost:
            return await self._was_lost()
        if self.waited is not None and self.waited.wake is None and waits.question(self.waited) is not None:
            self.waited = await self._at_deadline(self.waited)
        if self.waited is not None and waits.kind(self.waited) == "doubt":
            settled = await self._settle_doubt(self.waited)
            if settled is not None:
                return settled
        self.log(self._beginning())
        self.execution.provisional(self.place, "running")
        shown = asyncio.get_running_loop().call_later(_SHOWN_AFTER_S, self._show)
        try:
            bound = bind(self.step, self._attempt, self.at_stake, self._will_retry)
            return await self._ended(await in_prefect(self.execution, self.step, bound, self.id, self.scope.iteration))
        except asyncio.CancelledError as error:
            if self._is_being_stopped():
                self._interrupted()
                raise
            return await self._failed(RuntimeError(f"it was cancelled from inside ({error!r})"))
        except Exception as error:
            return await self._failed(error)
        finally:
            shown.cancel()

    async def run_light(self) -> Ended:
        """The same for a light step, in the Prefect task of the row that it stands in."""
        if not self.quiet:
            self.log(self._beginning())
        try:
            async with asyncio.timeout(self.step.timeout_s):
                outcome = await self._attempt()
            ended = await self._ended(outcome)
        except asyncio.CancelledError:
            self._interrupted()
            raise
        except Exception as error:
            ended = await self._failed(error)
        if not isinstance(ended, Ended):
            raise TypeError(f"the action {self.step.action.name} calls itself light and does not end at once")
        return ended

    def _show(self) -> None:
        """The step takes a while: whoever reads the history now sees it at work."""
        if self.effect is not Effect.UNSAFE and self.execution.unfinished():  # an unsafe one stands there already
            self.execution.note_step(self.record_of("running"), effect=True)
            self.execution.write_behind()

    def _interrupted(self) -> None:
        """The run was cancelled or its time is over, and the step with it."""
        if self.execution.stop.reason not in (None, "cancel"):
            return  # another worker goes on with it
        doubt = self.at_stake() is Effect.UNSAFE
        record = self.record_of("unknown" if doubt else "failed")
        cancelled = self.execution.stop.reason == "cancel"
        record.error = "The run was cancelled." if cancelled else "The run's time was over."
        record.error_code = "cancelled" if cancelled else "run_timeout"
        if doubt:
            record.error += " Whether the step had its effect is not known."
            record.error_code = IN_DOUBT
        self.close(record)

    def _beginning(self) -> str:
        named = f"Step {self.step.id} ({self.step.action.name})"
        if self.waited is not None:
            return f"{named} goes on after its wait."
        return f"{named} starts again after an interruption." if self.attempt else f"{named} starts."

    def _is_being_stopped(self) -> bool:
        """Whether somebody cancels this run, as opposed to an action whose own cancellation escaped from it."""
        current = asyncio.current_task()
        return self.execution.stop.reason is not None or current is None or current.cancelling() > 0

    async def _attempt(self) -> Outcome:
        """The body of the step's Prefect task: one attempt."""
        self.attempt += 1
        self.acting = False
        self.attempt_started_at = datetime.now(UTC)
        self.execution.require_lease()
        if self.waited is not None and waits.kind(self.waited) == "gate":
            self.rendered = questions.approved_input(self.waited)
            self.waited, self.passed = None, self.waited
        if self.given is None:
            self.given = await self._input()
            self.effect = self.step.action.effect(self.given)
        if self.waited is not None:
            return await self._wake(self.given, self.waited)
        if self.step.approval_required and self.passed is None:
            return questions.gate(self.step.id, self.step.action.name)
        crash.point("before_intent")
        if not self.paid and self.execution.budget is not None:
            await self.execution.budget.pay(self.step.action.name)
            self.paid = True
        if self.effect is Effect.UNSAFE:
            # The intent is on the disk before the effect: whoever finds it without a result knows of the doubt.
            self.execution.note_step(await self.record("running"), effect=True)
        if self.effect is Effect.PURE:
            self.execution.write_behind()
        else:
            await self.execution.flush()
            self.execution.require_lease()
        self.acting = True
        crash.point("before_effect")
        outcome = await self.step.action.run(self.given, self)
        crash.point("after_effect")
        return outcome

    async def _wake(self, given: StepModel, waited: RecordedStep) -> Outcome:
        crash.point("woken")
        details = (waited.wait or {}).get("details")
        known = details if isinstance(details, dict) else {}
        if "called" in known:
            return Done(calling.outcome_of(waited.wake or {}))
        return await self.step.action.wake(given, known, waited.wake, self)

    async def _input(self) -> StepModel:
        if self.waited is None and self.passed is None:
            self.rendered = await self._render()
        elif inputs.is_masked(self.rendered):
            self.rendered = inputs.restored(self.rendered, await self._render())
        try:
            return with_input(self.step.action, self.rendered)
        except ValidationError as error:
            raise InvalidInput("invalid_input", _sentence(error)) from error

    async def _render(self) -> Json:
        execution = self.execution
        rendered = await execution.tools.renderer.render(
            self.step.config,
            execution.context(self.scope, self.step.id),
            workspace=str(execution.run.workspace_id),
        )
        return {**rendered, **self.step.kept} if isinstance(rendered, dict) else rendered

    def _will_retry(self, error: BaseException, pause: float) -> None:
        code, message = self.explain(error)
        self.note_attempt(code, message)
        self.log(f"Attempt {self.attempt} failed: {_ended(message)} Trying again in {pause:.1f} s.", Level.WARNING)

    async def _ended(self, outcome: object) -> Ended | Expand | None:
        match outcome:
            case Done(output):
                return await self._done(outcome, output)
            case Choose():
                return await self._done(outcome, outcome.told)
            case Respond(status, headers, body):
                self.execution.answered(outcome)
                answer: JsonObject = {"status": status, "headers": {**headers}, "body": body}
                return await self._done(outcome, answer, told=True)
            case Wait():
                await self._waits(outcome)
                return None
            case Expand():
                await self._expands(outcome)
                return outcome
            case Call():
                return await self._calls(outcome)
        raise TypeError(f"the action {self.step.action.name} gave {type(outcome).__name__}, no outcome")

    async def _done(self, outcome: Outcome, output: Json, *, told: bool = False) -> Ended:
        """`told`: somebody waits for this very record."""
        output = self.execution.redactor.json(output)  # so that later steps see what the record tells
        record = await self.record("success")
        record.output = await self.execution.inline(output)
        self.close(record, told=told)
        if told:
            self.execution.write_behind()
        if not self.quiet:
            self.log(f"Step {self.step.id} ended well after {record.duration_ms} ms.")
        return as_ended(outcome, output, kept=record.output)

    async def _waits(self, wait: Wait, *, status: str = "waiting", error: str | None = None) -> None:
        record = await self.record(status)
        record.wait, record.error = questions.as_record(wait), error
        record.error_code = IN_DOUBT if status == "unknown" else None
        self.execution.note_step(record, effect=True)  # who is to answer must find it, whatever else the run does
        self.scope.waiting[self.step.id] = RecordedStep(
            id=self.id, step_id=self.step.id, iteration=self.scope.iteration, status=status, input=self.rendered,
            output=None, error=error, error_code=record.error_code, effect=self.effect.value, attempt=self.attempt,
            seq=record.seq, started_at=self.started_at, wait=record.wait, wake=None,
        )  # fmt: skip
        self.execution.attempts_made[self.place] = self.attempt
        self.log(f"Step {self.step.id} waits. {wait.reason}")

    async def _expands(self, loop: Expand) -> None:
        """Commit what the loop goes over before its steps act, so that it goes over the same when it is resumed."""
        if isinstance(self.rendered, dict):
            self.rendered = self.rendered | {"items": loop.items}
        record = await self.record("running")
        self.execution.open_loop(record)
        self.execution.note_step(record, effect=not self.step.light_body)
        self.log(f"Step {self.step.id} goes over {len(loop.items)} items.")

    async def park(self, items: int) -> None:
        """The loop waits: so many of its items do, and nothing else of it is left to be done now."""
        record = await self.record("waiting")
        record.wait = questions.as_record(Wait(f"{items} {'item waits' if items == 1 else 'items wait'}."))
        self.execution.note_step(record, effect=True)

    async def done(self, results: list[Json]) -> Ended:
        """The loop has ended well."""
        self.execution.close_loop(self.place)
        return await self._done(Done(results), results)

    async def fail(self, code: str, message: str) -> Ended:
        """The loop has failed."""
        self.execution.close_loop(self.place)
        return await self._fail(code, message)

    async def _calls(self, call: Call) -> Ended | None:
        execution = self.execution
        called = await execution.patiently(lambda: execution.tools.ledger.prepare(execution.run, call))
        step, iteration = self.place
        caller: JsonObject = {"run": self.run_id, "step": step, "iteration": iteration}
        execution.note_call(called.facts | {"called_by": caller})
        about: JsonObject = {"run_id": str(called.run_id), "automation": called.name}
        if not call.wait:
            return await self._done(Done(about), about, told=True)
        await self._waits(Wait(wait_words.run(called.name), details={"called": about}))
        return None

    async def _failed(self, error: Exception) -> Ended | None:
        code, message = self.explain(error)
        self.note_attempt(code, message)
        if code == IN_DOUBT:
            return await self._doubt(message)
        if isinstance(error, NeedsAttention):
            await self._waits(questions.attention(self.step.id, message, self.attempt), error=message)
            return None
        return await self._fail(code, message)

    async def _fail(self, code: str, message: str) -> Ended:
        record = await self.record("failed")
        record.error, record.error_code = message, code
        self.execution.failure_codes[self.place] = code
        self.close(record)
        self.log(f"Step {self.step.id} failed on attempt {self.attempt}: {message}", Level.ERROR)
        return Ended("failed", error=message)

    # doubt --------------------------------------------------------------------------------------------------------

    async def _doubt(self, message: str, *, lost: bool = False) -> Ended | None:
        """Nobody knows whether the step had its effect: ask, or let it be when its author says so."""
        if self.step.in_doubt == "skip":
            record = await self.record("skipped")
            record.error, record.error_code = message, IN_DOUBT
            self.close(record, told=True)
            self.log(f"{message} It is let be, as its author wants.", Level.WARNING)
            return Ended("skipped", error=message, counts=True)
        wait = questions.doubt(self.step.id, message, self.attempt, lost=lost)
        await self._waits(wait, status="unknown", error=message)
        return None

    async def _at_deadline(self, waited: RecordedStep) -> RecordedStep:
        """Nobody had answered when this was read: what counts now is the default, or who was quicker than the clock."""
        execution = self.execution
        answer = await execution.patiently(lambda: execution.tools.ledger.at_deadline(execution.run, self.place))
        return replace(waited, wake=answer)

    async def _was_lost(self) -> Ended | None:
        self.effect = Effect.UNSAFE
        message = "The worker was lost while this step was under way. Whether it had its effect is not known."
        self.log(message, Level.WARNING)
        return await self._doubt(message, lost=True)

    async def _settle_doubt(self, waited: RecordedStep) -> Ended | None:
        """None: do it again."""
        answer = waited.wake or {}
        if self.step.action.journaled and answer.get("decision") != "cancel":
            return None  # the doubt is about something that it did on its way, and it is told the answer
        by = answer.get("by_name") or answer.get("by") or "somebody"
        if answer.get("decision") == "repeat":
            self.log(f"Step {self.step.id} is done again, as {by} says.")
            self.waited, self.passed, self.given = None, replace(waited, wait=None), None
            return None
        self.effect = Effect(waited.effect)
        if answer.get("decision") == "done":
            self.log(f"Step {self.step.id} was done, as {by} says.")
            output = answer.get("output")
            return await self._done(Done(output), output, told=True)
        self.log(f"The run is cancelled by {by}.", Level.WARNING)
        record = self.record_of("unknown")
        record.error, record.error_code = waited.error, IN_DOUBT
        self.close(record)
        self.execution.halt("cancel")
        await asyncio.Event().wait()  # until the cancellation arrives
        return None


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _sentence(error: ValidationError) -> str:
    """The first faults of an input, each with its place."""
    faults = [
        f"{'.'.join(map(str, fault['loc'])) or 'config'}: {fault['msg']}" for fault in error.errors(include_input=False)
    ]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return f"The step's input is not valid after its templates were filled in: {'; '.join(faults[:3])}{more}."


def as_ended(outcome: Outcome, output: Json, *, kept: Json = None) -> Ended:
    """What a step that ended well with `outcome` means for the plan."""
    choice = outcome.case if isinstance(outcome, Choose) else None
    passes_on = isinstance(outcome, Choose) and outcome.output is None
    only = isinstance(outcome, Choose) and outcome.only
    return Ended("success", output, choice=choice, passes_on=passes_on, only=only, kept=kept)


async def in_prefect(
    execution: Execution, step: CompiledStep, bound: "Task[[], Any]", task_run_id: UUID, iteration: str
) -> object:
    """Run `bound` as a Prefect task of the run; gives what it gives."""
    task_run = TaskRun(
        id=task_run_id, name=step.id, task_key=step.prefect_task.task_key,
        dynamic_key=f"{step.id}-{iteration}" if iteration else step.id,
        flow_run_id=execution.run.prefect_run_id or execution.run.id, state=Pending(),
    )  # fmt: skip
    return await run_task_async(bound, task_run=task_run, parameters={})


def skipped(execution: Execution, scope: Scope, step: CompiledStep) -> None:
    """Note a step that will never run on the path that this run took."""
    run = execution.run
    record = StepRecord(
        id=new_id(), run_id=run.id, workspace_id=run.workspace_id, step_id=step.id, action_index=step.index,
        action_type=step.action.name, status="skipped", epoch=run.epoch, seq=0, iteration=scope.iteration,
    )  # fmt: skip
    execution.note_step(record, effect=False, quiet=bool(scope.iteration))
    scope.end(step.id, Ended("skipped"))


__all__ = ["StepCall", "as_ended", "in_prefect", "skipped"]
