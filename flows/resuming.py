"""Going on with a run whose steps have left records: ended ones are read, not run."""

from datetime import UTC, datetime

from blocks.action import Effect
from core.runs.resume import RecordedStep
from flows import waits
from flows.execution import Execution
from flows.plan import ENDED, IN_DOUBT, Ended
from flows.scope import Scope
from flows.steps import CompiledStep
from flows.tasks import as_ended


async def begin(execution: Execution) -> None:
    """The first line, and on a resumed run everything that was recorded before."""
    run = execution.run
    recorded = await execution.patiently(lambda: execution.tools.ledger.steps(run)) if run.resumed else []
    if run.cancel_requested:
        _read(execution, recorded)
        await execution.finish("cancelled", code="cancelled", error="Cancelled on request.")
    elif run.resumed:
        resume(execution, recorded)
    else:
        execution.line(f"Run started by {run.trigger_type}, version {run.version}.")


def resume(execution: Execution, recorded: list[RecordedStep]) -> None:
    """Take over everything that the run's steps recorded before, and go on from there."""
    now = datetime.now(UTC)
    _read(execution, recorded)
    if execution.run.epoch == 1:
        return  # a replay begins; its log says so already
    woken = any(waits.is_over(step, now) for step in recorded if step.wait is not None and step.status not in ENDED)
    why = "its wait" if woken else "an interruption"
    execution.line(f"Run goes on after {why}; {len(execution.top.plan.ended)} steps have ended before.")


def _read(execution: Execution, recorded: list[RecordedStep]) -> None:
    for step in recorded:
        execution.recorded.setdefault(step.iteration, []).append(step)
    take_over(execution, execution.top)


def take_over(execution: Execution, scope: Scope) -> None:
    """What was recorded of the steps of this very level."""
    for recorded in execution.recorded.pop(scope.iteration, ()):
        step = scope.steps.get(recorded.step_id)
        if step is None:
            continue  # of another version, or of another loop with as many items
        execution.attempts_made[scope.place(step.id)] = recorded.attempt
        if recorded.error_code is not None:
            execution.failure_codes[scope.place(step.id)] = recorded.error_code
        _take_over_step(execution, scope, step, recorded)


def _take_over_step(execution: Execution, scope: Scope, step: CompiledStep, recorded: RecordedStep) -> None:
    if recorded.status in ENDED:
        scope.end(step.id, _as_it_ended(execution, step, recorded))
    elif step.inner:
        scope.begun[step.id] = recorded  # a loop goes on with the items that have no record
    elif recorded.status in ("waiting", "unknown") and recorded.wait is not None:
        scope.waiting[step.id] = recorded
        scope.plan.started.add(step.id)
    elif waits.kind(recorded) == "gate" and recorded.wake is not None and not _doubtful(step, recorded):
        scope.waiting[step.id] = recorded  # approved, and begun again from there
        scope.plan.started.add(step.id)
    else:
        scope.begun[step.id] = recorded


def _doubtful(step: CompiledStep, recorded: RecordedStep) -> bool:
    return recorded.effect == Effect.UNSAFE.value and step.in_doubt != "repeat"


def _as_it_ended(execution: Execution, step: CompiledStep, recorded: RecordedStep) -> Ended:
    if recorded.status != "success":
        counts = recorded.status == "skipped" and recorded.error_code == IN_DOUBT
        return Ended(recorded.status, recorded.output, error=recorded.error, counts=counts)
    outcome = step.action.recall(recorded.output)
    execution.answered(outcome)
    return as_ended(outcome, recorded.output, kept=recorded.kept)
