"""The worker type `warm`, as Prefect knows it: `prefect worker start --pool warm --type warm`.

Prefect's command line finds this module by its entry point, and so does everything else that imports Prefect: it is
kept light. The worker that executes automations is a process of its own (`deployments/worker.py`); this one starts it,
shows it in the pool, and runs the pool's own flows in process.
"""

import asyncio
import signal
import subprocess
from typing import Any

from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow_async
from prefect.flows import load_flow_from_flow_run
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from core import keys as core_keys
from core import settings as core_settings
from deployments.children import command
from deployments.prefect_settings import client_environment
from deployments.process import dies_with_parent

POOL = "warm"
_STOP_S = 20  # it lets runs end and gives back the rest


def _stop(engine: "subprocess.Popen[bytes]") -> None:
    engine.terminate()
    try:
        engine.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


class WarmConfiguration(BaseJobConfiguration):
    """Nothing to configure: a flow runs where the worker is."""


class WarmWorker(BaseWorker[WarmConfiguration, BaseVariables, BaseWorkerResult]):
    """Visible and heart-beating in its pool. `with_engine` starts the process that executes automations."""

    type = "warm"
    job_configuration = WarmConfiguration
    _display_name = "Warm (Vutler)"
    _description = "Executes flow runs in a long-lived process, in milliseconds."
    _documentation_url = ""
    _logo_url = ""

    def __init__(self, *args: Any, with_engine: bool = True, **kwargs: Any) -> None:  # noqa: ANN401 - BaseWorker's
        super().__init__(*args, **kwargs)
        self._with_engine = with_engine
        self._engine: subprocess.Popen[bytes] | None = None

    async def setup(self) -> None:
        await super().setup()
        if self._with_engine:
            settings = core_settings.load()
            self._engine = subprocess.Popen(  # noqa: ASYNC220 - starts a program and returns at once
                command("deployments.serve_worker", "--slot", self.name, "--no-presence"),
                env=client_environment(settings, core_keys.load(settings)),
                preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call in the child
            )

    async def teardown(self, *exc_info: Any) -> None:  # noqa: ANN401 - BaseWorker's
        if self._engine is not None:
            await asyncio.to_thread(_stop, self._engine)
        await super().teardown(*exc_info)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: WarmConfiguration,
        task_status: Any = None,  # noqa: ANN401 - BaseWorker's
    ) -> BaseWorkerResult:
        """Run a flow of the pool right here."""
        if task_status is not None:
            task_status.started(f"warm:{self.name}")
        flow = await load_flow_from_flow_run(flow_run, ignore_storage=True)
        # Without its deployment the engine starts no observer thread for it.
        here = flow_run.model_copy(update={"deployment_id": None})
        state: Any = await run_flow_async(flow, flow_run=here, parameters=flow_run.parameters, return_type="state")
        failed = state is None or state.is_failed() or state.is_crashed()
        return BaseWorkerResult(identifier=f"warm:{self.name}", status_code=1 if failed else 0)
