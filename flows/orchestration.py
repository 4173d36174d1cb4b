"""Prefect's engine, orchestrated by the lease that we hold instead of by a server.

The engine asks its client for every transition of a flow run. Ours answers at once for the runs that this worker
executes, and writes their end to PostgreSQL before it accepts it; the recorder tells the Prefect server afterwards.
Everything that reaches into Prefect's inside stands in this module, and `tests/flows/test_prefect_engine.py` watches
it at each upgrade.
"""

import copy
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4, uuid5

from prefect import flow_engine, results, task_engine
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import (
    OrchestrationResult,
    SetStateStatus,
    StateAcceptDetails,
    StateRejectDetails,
)
from prefect.context import AsyncClientContext
from prefect.filesystems import NullFileSystem
from prefect.settings import (
    PREFECT_API_KEY,
    PREFECT_API_URL,
    PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    temporary_settings,
)
from prefect.states import Pending

from flows.automation import EXECUTION, automation
from flows.ending import commit_end
from flows.execution import Execution

FLOW_ID = uuid5(UUID("5b1c8f52-1f6c-4a3b-9a3e-0a6e2f9d7c11"), "automation")


class LocalOrchestration(PrefectClient):
    """Answers the engine for the runs whose leases this worker holds."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9/api")  # discard: nothing is ever sent there
        self._runs: dict[UUID, tuple[FlowRun, Execution]] = {}

    def adopt(self, execution: Execution) -> FlowRun:
        run = execution.run
        flow_run = FlowRun(
            id=run.prefect_run_id or run.id, flow_id=FLOW_ID, name=execution.compiled.name or "automation",
            parameters=parameters(execution), state=Pending(), run_count=run.epoch - 1,
        )  # fmt: skip
        self._runs[flow_run.id] = (flow_run, execution)
        return flow_run

    def forget(self, flow_run: FlowRun) -> None:
        self._runs.pop(flow_run.id, None)

    async def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        return self._runs[flow_run_id][0]

    async def update_flow_run(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        """The engine announces its retry policy; ours stands in the definition."""

    async def set_flow_run_state(
        self,
        flow_run_id: UUID | str,
        state: "State[Any]",
        force: bool = False,
    ) -> "OrchestrationResult[Any]":
        """Accept the transition; an end is committed first. A lost lease refuses everything."""
        flow_run, execution = self._runs[UUID(str(flow_run_id))]
        accepted = state.model_copy()
        accepted.id = uuid4()
        if state.is_final() and execution.stop.reason in (None, "cancel"):
            await commit_end(execution, state)
        elif state.is_paused() and execution.stop.reason is None:
            await execution.pause()
        elif execution.stop.reason == "lost" and not state.is_final():
            refusal = StateRejectDetails(reason="The run is not held by this worker any more.")
            return OrchestrationResult(state=flow_run.state, status=SetStateStatus.REJECT, details=refusal)
        flow_run.state, flow_run.state_type, flow_run.state_name = accepted, accepted.type, accepted.name
        return OrchestrationResult(state=accepted, status=SetStateStatus.ACCEPT, details=StateAcceptDetails())


def parameters(execution: Execution) -> dict[str, Any]:
    """Ids only: Prefect's database and UI never hold a tenant's payload."""
    run = execution.run
    return {"automation_id": str(run.rule_id), "run_id": str(run.id), "version": run.version}


@asynccontextmanager
async def prefect_engine() -> AsyncIterator[LocalOrchestration]:
    """Make Prefect's engine answer to us in the tasks that are started inside."""
    _lighten_engine()
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # the run's log is ours
    settings = {
        PREFECT_API_URL: None,  # with the next two: no events, no heartbeat threads, no server asked
        PREFECT_API_KEY: "local",
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_LOGGING_TO_API_ENABLED: False,
        PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED: False,
    }
    client = LocalOrchestration()
    with temporary_settings(settings):
        # One client context around everything: else each run builds a client and its SSL context.
        async with AsyncClientContext.model_construct(client=client):
            yield client


_emit_event = task_engine.emit_task_run_state_change_event  # type: ignore[attr-defined]
_find_storage = results._get_default_result_storage
_afind_storage = results._aget_default_result_storage
_NOWHERE = results._DefaultResultStorage(
    storage=NullFileSystem(),  # type: ignore[arg-type]  # as Prefect itself passes it elsewhere
    source=results._DefaultResultStorageSource.LOCAL_STORAGE_PATH,
)


def _lighten_engine() -> None:
    """Leave out, for our runs alone, what the engine would do for nobody.

    Task events travel in the recorder's batches, and results are kept in our own tables: without this each step builds
    four events and resolves a path on a disk that is never written to, and each run asks a server for a setting.
    """
    task_engine.emit_task_run_state_change_event = _event_of_others  # type: ignore[attr-defined, assignment]
    results._get_default_result_storage = _storage_of_others
    results._aget_default_result_storage = _astorage_of_others


def _ours() -> bool:
    return EXECUTION.get(None) is not None


def _event_of_others(**facts: Any) -> Any:  # noqa: ANN401 - Prefect's
    return None if _ours() else _emit_event(**facts)


def _storage_of_others() -> results._DefaultResultStorage:
    return _NOWHERE if _ours() else _find_storage()


async def _astorage_of_others() -> results._DefaultResultStorage:
    return _NOWHERE if _ours() else await _afind_storage()


async def execute(client: LocalOrchestration, execution: Execution) -> None:
    """Run the flow on Prefect's engine until the run's end is committed or the run is not ours any more."""
    flow_run = client.adopt(execution)
    bound = copy.copy(automation)
    bound.timeout_seconds = max(execution.compiled.max_duration_s - execution.run.worked_ms / 1000, 0.05)
    token = EXECUTION.set(execution)
    try:
        await flow_engine.run_flow_async(
            bound, flow_run=flow_run, parameters=parameters(execution), return_type="state"
        )
    finally:
        EXECUTION.reset(token)
        client.forget(flow_run)
