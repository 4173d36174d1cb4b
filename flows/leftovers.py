"""What becomes of the steps that had not ended when their run did."""

from collections.abc import Iterator
from datetime import UTC, datetime

from blocks.action import Effect
from core.runs.queue import ClaimedRun
from core.runs.record import StepRecord
from core.runs.resume import RecordedStep
from flows.plan import ENDED, IN_DOUBT
from flows.scope import Scope
from flows.steps import Compiled

_NOT_KNOWN = "The run ended. Whether the step had its effect is not known."


def unfinished(top: Scope, recorded: dict[str, list[RecordedStep]]) -> Iterator[RecordedStep]:
    """Steps that wait, that a lost worker had begun, and (`recorded`) those of loop items that nobody took over."""
    yield from top.all_waiting()
    yield from top.begun.values()
    for steps in recorded.values():
        yield from (step for step in steps if step.status not in ENDED)


def closed(run: ClaimedRun, compiled: Compiled, step: RecordedStep) -> StepRecord | None:
    """The step's last record: what was in doubt stays in doubt, what had only waited is skipped. None when the version
    has no such step."""
    known = compiled.everywhere.get(step.step_id)
    if known is None:
        return None
    status, code, error = "skipped", None, None
    if step.status == "unknown":
        status, code, error = "unknown", IN_DOUBT, step.error or _NOT_KNOWN
    elif step.status == "running" and not known.inner:
        doubtful = step.effect == Effect.UNSAFE.value
        status, code = ("unknown", IN_DOUBT) if doubtful else ("failed", "cancelled")
        error = _NOT_KNOWN if doubtful else "The run ended while this step was under way."
    return StepRecord(
        id=step.id, run_id=run.id, workspace_id=run.workspace_id, step_id=step.step_id, action_index=known.index,
        action_type=known.action.name, status=status, epoch=run.epoch, seq=0, iteration=step.iteration,
        input=step.input, error=error, error_code=code, attempt=step.attempt, effect=step.effect,
        started_at=step.started_at, completed_at=datetime.now(UTC),
    )  # fmt: skip
