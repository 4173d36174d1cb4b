"""Writing a run's end: what the state that Prefect's engine ended in means for our record."""

from typing import Any

from prefect.client.schemas.objects import State

from flows.execution import Execution
from flows.plan import REJECTED


async def commit_end(execution: Execution, state: "State[Any]") -> None:
    """Commit the final `state` of the flow run as the run's end."""
    failed = execution.top.plan.failure()
    if state.is_completed():
        await execution.finish("success")
    elif state.is_cancelled() and failed is not None and execution.stop.reason is None:
        await execution.finish("cancelled", code=REJECTED, error=execution.top.plan.ended[failed].error)
    elif state.is_cancelled() or (state.is_crashed() and execution.stop.reason == "cancel"):
        await execution.finish("cancelled", code="cancelled", error="Cancelled on request.")
    elif state.name == "TimedOut":
        limit = execution.compiled.max_duration_s
        await execution.finish("failed", code="run_timeout", error=f"The run took longer than {limit:g} s.")
    elif failed is not None:
        code = execution.failure_codes.get((failed, ""), "step_failed")
        await execution.finish("failed", code=code, error=execution.top.plan.ended[failed].error)
    elif state.is_failed():
        await execution.finish("failed", code="internal_error", error=state.message or "The run broke.")
