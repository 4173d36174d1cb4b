"""The one parameterised flow: every automation's run is a run of it, on Prefect's own engine.

Its parameters are ids only. The worker that claimed the run puts its `Execution` into the context; the plan says what
is ready, each step is a Prefect task, and the state that the flow returns is the run's.
"""

import asyncio
import inspect
from contextvars import ContextVar
from datetime import UTC, datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed, Paused

from blocks.action import Effect
from core.runs.resume import RecordedStep
from flows import waits
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
    if execution.waiting:
        return Paused(message=waits.reason(waits.first(execution.waiting.values())))
    return Completed(message=None)


automation.fn.__signature__ = inspect.signature(automation.fn)  # type: ignore[attr-defined]  # worked out once


def take_over(execution: Execution, recorded: list[RecordedStep]) -> None:
    """Continue a run that another worker began: ended steps are read, not run."""
    for step in execution.resume(recorded):
        if step.effect == Effect.UNSAFE.value:
            in_doubt(execution, execution.compiled.steps[step.step_id], step.id, step.attempt)
    why = (
        "its wait"
        if any(waits.is_over(step, datetime.now(UTC)) for step in execution.waiting.values())
        else "an interruption"
    )
    execution.line(f"Run goes on after {why}; {len(execution.plan.ended)} steps have ended before.")


async def _run_steps(execution: Execution) -> None:
    """Run whatever is ready, in parallel, until every step has ended or waits."""
    active: set[asyncio.Task[None]] = set()
    try:
        while True:
            calls = [StepCall(execution, execution.compiled.steps[step]) for step in _advance(execution)]
            calls += [
                StepCall.woken(execution, execution.compiled.steps[waited.step_id], waited)
                for waited in execution.due()
            ]
            if not active and len(calls) == 1:
                await _run_step(execution, calls[0])
                continue
            active |= {asyncio.create_task(_run_step(execution, call)) for call in calls}
            if not active:
                return
            if not calls:
                execution.write_behind()
            active = await _some_end(execution, active)
    finally:
        for task in active:
            task.cancel()
        if active:
            await asyncio.gather(*active, return_exceptions=True)


async def _some_end(execution: Execution, active: set["asyncio.Task[None]"]) -> set["asyncio.Task[None]"]:
    """Wait until a step ends, or until a waiting one can go on; gives the steps that are still running."""
    nudged = asyncio.create_task(execution.nudge.wait())
    try:
        left = waits.seconds_left(execution.waiting.values(), datetime.now(UTC))
        done, _ = await asyncio.wait({*active, nudged}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
    finally:
        nudged.cancel()
    if execution.nudge.is_set():
        await execution.patiently(execution.look_for_answers)
    for task in done & active:
        task.result()
    return active - done


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


async def _run_step(execution: Execution, call: StepCall) -> None:
    ended = await call.run()
    if ended is not None:
        execution.end_step(call.step.id, ended)
