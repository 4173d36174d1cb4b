"""The one parameterised flow: every automation's run is a run of it, on Prefect's own engine.

Its parameters are ids only. The worker that claimed the run puts its `Execution` into the context; the plan says what
is ready, each step is a Prefect task, and the state that the flow returns is the run's.
"""

import asyncio
import inspect
from contextvars import ContextVar

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from blocks.action import Effect
from core.runs.resume import RecordedStep
from flows.execution import Execution
from flows.tasks import StepCall, in_doubt, skipped

EXECUTION: ContextVar[Execution] = ContextVar("vutler_execution")


@flow(name="automation", persist_result=False, validate_parameters=False, log_prints=False)
async def automation(automation_id: str, run_id: str, version: int) -> "State[None]":
    """Run one version of an automation to its end."""
    execution = EXECUTION.get()
    try:
        await _run_steps(execution)
    except asyncio.CancelledError:
        if execution.stop.reason != "cancel":
            raise  # a time-out of the flow, a lost lease, a worker that stops: none of them is this flow's to decide
        current = asyncio.current_task()
        if current is not None:
            current.uncancel()
        return Cancelled(message="Cancelled on request.")
    failed = execution.plan.failure()
    if failed is not None:
        return Failed(message=f"Step {failed} failed: {execution.plan.ended[failed].error}")
    return Completed(message=None)


automation.fn.__signature__ = inspect.signature(automation.fn)  # type: ignore[attr-defined]  # worked out once


def take_over(execution: Execution, recorded: list[RecordedStep], seq: int) -> None:
    """Continue a run that another worker began: ended steps are read, not run."""
    for step in execution.resume(recorded, seq):
        if step.effect == Effect.UNSAFE.value:
            in_doubt(execution, execution.compiled.steps[step.step_id], step.id, step.attempt)
    execution.line(f"Run goes on after an interruption; {len(execution.plan.ended)} steps have ended before.")


async def _run_steps(execution: Execution) -> None:
    active: set[asyncio.Task[None]] = set()
    try:
        while True:
            ready = _advance(execution)
            if not active and len(ready) == 1:
                await _run_step(execution, ready[0])
                continue
            active |= {asyncio.create_task(_run_step(execution, step)) for step in ready}
            if not active:
                return
            done, active = await asyncio.wait(active, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in active:
            task.cancel()
        if active:
            await asyncio.gather(*active, return_exceptions=True)


def _advance(execution: Execution) -> list[str]:
    """The steps that can start now; the ones that never will are noted as skipped."""
    found: list[str] = []
    while True:
        ready, never = execution.plan.advance()
        found += ready
        for step in never:
            skipped(execution, execution.compiled.steps[step])
        if not never:
            return found


async def _run_step(execution: Execution, step: str) -> None:
    execution.end_step(step, await StepCall(execution, execution.compiled.steps[step]).run())
