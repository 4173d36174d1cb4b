"""The one parameterised flow: every automation's run is a run of it, on Prefect's own engine.

Its parameters are ids only. The worker that claimed the run puts its `Execution` into the context; a job of an isolated
lane claims its run itself. The plan says what is ready, each step is a Prefect task, and the state that the flow
returns is the run's.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed, Paused

from blocks.outcomes import Expand
from flows import waits
from flows.execution import Execution
from flows.job import run_as_job
from flows.loops import Loop
from flows.plan import REJECTED
from flows.scope import Parked, Scope
from flows.steps import bind_plainly
from flows.tasks import StepCall, in_prefect, skipped

EXECUTION: ContextVar[Execution] = ContextVar("vutler_execution")

_BREATH = 10  # light steps between two looks at the rest of the worker

Work = Callable[[], Coroutine[Any, Any, None]]


@flow(name="automation", persist_result=False, validate_parameters=False, log_prints=False)
async def automation(
    automation_id: str, run_id: str = "", version: int = 0, trigger_id: str | None = None
) -> "State[None]":
    """Run one version of an automation to its end.

    In a process of its own, which a work pool started, the run is claimed first (`flows/job.py`).
    """
    execution = EXECUTION.get(None)
    if execution is None:
        return await run_as_job(run_id, run_to_end)
    return await run_to_end(execution)


async def run_to_end(execution: Execution) -> "State[None]":
    """Run what is left of the run; gives the state that it is then in."""
    try:
        await run_scope(execution, execution.top)
    except asyncio.CancelledError:
        if execution.stop.reason != "cancel":
            raise  # a time-out of the flow, a lost lease, a worker that stops: none of them is this flow's to decide
        current = asyncio.current_task()
        if current is not None:
            current.uncancel()
        return Cancelled(message="Cancelled on request.")
    top = execution.top
    failed = top.plan.failure()
    if failed is not None and execution.failure_codes.get((failed, "")) == REJECTED:
        return Cancelled(message=top.plan.ended[failed].error)
    if failed is not None:
        return Failed(message=f"Step {failed} failed: {top.plan.ended[failed].error}")
    waiting = list(top.all_waiting())
    if waiting:
        return Paused(message=waits.reason(waits.first(waiting)))
    return Completed(message=None)


automation.fn.__signature__ = inspect.signature(automation.fn)  # type: ignore[attr-defined]  # worked out once


async def run_scope(execution: Execution, scope: Scope) -> None:
    """Run whatever is ready, in parallel, until every step has ended or waits."""
    active: set[asyncio.Task[None]] = set()
    calls: list[StepCall] = []
    try:
        while True:
            calls = calls or _begin(execution, scope)
            alone = not active and not scope.waiting and not scope.parked
            if alone and calls and all(call.step.light for call in calls):
                calls = await _run_row(execution, scope, calls)
                continue
            ready, calls = _ready(execution, scope, calls), []
            if alone and len(ready) == 1:
                await ready[0]()
                continue
            active |= {asyncio.create_task(work()) for work in ready}
            if not active:
                return
            if not ready:
                execution.write_behind()
            active = await _some_end(execution, scope, active)
    finally:
        for task in active:
            task.cancel()
        if active:
            await asyncio.gather(*active, return_exceptions=True)


def _ready(execution: Execution, scope: Scope, begun: list[StepCall]) -> list[Work]:
    """What can run now: the steps that begin, steps that were woken, loops in which one was."""
    now = datetime.now(UTC)
    woken = [StepCall.woken(execution, scope, waited) for waited in scope.due(now)]
    return [
        *(partial(_run_step, execution, scope, call) for call in [*begun, *woken]),
        *(partial(_run_loop, scope, name, loop) for name, loop in scope.due_loops(now).items()),
    ]


def _begin(execution: Execution, scope: Scope) -> list[StepCall]:
    """The steps whose needs are met."""
    return [_call(execution, scope, step) for step in advance(execution, scope)]


async def _run_row(execution: Execution, scope: Scope, calls: list[StepCall]) -> list[StepCall]:
    """Compute light steps, and those that they make ready, in one Prefect task; gives what is to begin after them."""
    first = calls[0]

    async def row() -> None:
        nonlocal calls
        done = 0
        while calls and all(call.step.light for call in calls):
            for call in calls:
                scope.end(call.step.id, await call.run_light())
                done += 1
                if done % _BREATH == 0:
                    await asyncio.sleep(0)
            calls = _begin(execution, scope)

    await in_prefect(execution, first.step, bind_plainly(first.step, row), first.id, scope.iteration)
    return calls


def _call(execution: Execution, scope: Scope, step: str) -> StepCall:
    begun = scope.begun.pop(step, None)
    return StepCall(execution, scope, scope.steps[step]) if begun is None else StepCall.again(execution, scope, begun)


async def _some_end(execution: Execution, scope: Scope, active: set["asyncio.Task[None]"]) -> set["asyncio.Task[None]"]:
    """Wait until a step ends, or until a waiting one can go on; gives the steps that are still running."""
    bell = asyncio.create_task(execution.bell.after(scope.heard))
    try:
        left = waits.seconds_left(list(scope.all_waiting()), datetime.now(UTC))
        done, _ = await asyncio.wait({*active, bell}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
    finally:
        bell.cancel()
    await scope.listen(execution)
    for task in done & active:
        task.result()
    return active - done


def advance(execution: Execution, scope: Scope) -> list[str]:
    """The steps that can start now; the ones that never will are noted as skipped."""
    found: list[str] = []
    while True:
        ready, never = scope.plan.advance()
        found += ready
        for step in never:
            skipped(execution, scope, scope.steps[step])
        if not never:
            return found


async def _run_step(execution: Execution, scope: Scope, call: StepCall) -> None:
    ended = await call.run()
    if isinstance(ended, Expand):
        await _run_loop(scope, call.step.id, Loop(execution, scope, call, ended, run_scope, advance))
    elif ended is not None:
        scope.end(call.step.id, ended)


async def _run_loop(scope: Scope, name: str, loop: Parked) -> None:
    ended = await loop.run()
    if ended is not None:
        scope.end(name, ended)
    else:
        scope.parked[name] = loop
