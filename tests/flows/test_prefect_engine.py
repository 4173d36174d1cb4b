"""Prefect is no decoration: its engine retries and times out our steps, and the doors we use into it are there.

To be read at each upgrade of Prefect, together with `flows/orchestration.py`.
"""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prefect import flow_engine, results, task_engine
from prefect.client.orchestration import PrefectClient
from prefect.task_engine import AsyncTaskRunEngine

from flows import orchestration
from flows.automation import EXECUTION, automation
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step


async def test_without_prefects_retries_there_are_none(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(engine: object, error: object) -> bool:
        return False

    rule = await workshop.automation(step("flaky", times=1, retry={"max_attempts": 3, "delay_s": 0}))
    async with workshop.engine():
        assert (await workshop.ended(await workshop.start(rule)))["status"] == "success"
        monkeypatch.setattr(AsyncTaskRunEngine, "handle_retry", never)
        assert (await workshop.ended(await workshop.start(rule)))["status"] == "failed"


async def test_without_prefects_time_out_a_step_hangs(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def patient(*_: object, **__: object) -> Iterator[None]:
        yield

    rule = await workshop.automation(step("hang", timeout_s=0.2))
    async with workshop.engine():
        assert (await workshop.ended(await workshop.start(rule)))["error_code"] == "step_timeout"
        monkeypatch.setattr(task_engine, "timeout_async", patient)
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        with pytest.raises(TimeoutError):
            await workshop.ended(run_id, seconds=1)


def test_the_doors_into_prefect_are_there() -> None:
    assert list(inspect.signature(flow_engine.run_flow_async).parameters)[:2] == ["flow", "flow_run"]
    assert {"task", "task_run", "parameters"} <= set(inspect.signature(task_engine.run_task_async).parameters)
    for name in ("read_flow_run", "update_flow_run", "set_flow_run_state"):
        assert inspect.iscoroutinefunction(getattr(PrefectClient, name))
    assert "emit_task_run_state_change_event(" in inspect.getsource(AsyncTaskRunEngine.set_state)
    assert "_get_default_result_storage()" in inspect.getsource(results.ResultStore.update_for_flow)
    assert "_aget_default_result_storage()" in inspect.getsource(results.ResultStore.aupdate_for_task)
    # The delay is read after the condition was asked, so that a condition can set it (Retry-After).
    source = inspect.getsource(AsyncTaskRunEngine.handle_retry)
    assert source.index("can_retry") < source.index("retry_delay_seconds")
    assert automation.name == "automation"


async def test_flows_that_are_not_ours_keep_their_events_and_results() -> None:
    async with orchestration.prefect_engine():
        assert EXECUTION.get(None) is None
        storage = await asyncio.to_thread(results._get_default_result_storage)
        assert storage is not orchestration._NOWHERE
