"""The warm worker: a long-lived process that executes automations in its own event loop.

Two ways lead here. `vutler worker` serves the queue and shows itself in Prefect's pool `warm`; nothing waits for
Prefect. `prefect worker start --pool warm --type warm` is the same worker started by Prefect's command line, which
finds `WarmWorker` by its entry point. Either way the engine has a thread and an event loop of its own, so that
Prefect's signal handling and polling never touch the hot path.
"""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import structlog
import uvloop
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow_async
from prefect.flows import load_flow_from_flow_run
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from blocks import registry
from core import journal
from core import keys as core_keys
from core import settings as core_settings
from core.db import Database
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs import partitions
from core.runs.record import Writer
from core.settings import Settings
from deployments.databases import vutler_dsn
from deployments.prefect_settings import prefect_auth
from deployments.sync import DeploymentSync
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.prefect_api import PrefectApi
from flows.recorder import Recorder
from flows.scheduler import Scheduler

log = structlog.get_logger(__name__)

POOL = "warm"
_DATABASE_CONNECTIONS = 10
_DAY_S = 86_400.0


async def serve(settings: Settings, slot: str, stop: asyncio.Event) -> None:
    """Execute runs, fire schedules, keep Prefect told, until `stop` is set."""
    identity = Identity(socket.gethostname(), slot, uuid4().hex)
    keys = core_keys.load(settings)
    async with contextlib.AsyncExitStack() as stack:
        db = await _open_database(settings, identity, stop)
        if db is None:
            return
        stack.push_async_callback(db.close)
        http = await stack.enter_async_context(Outgoing(Policy.of(settings.http_allow_hosts, settings.public_url)))
        renderer = await stack.enter_async_context(Renderer())
        prefect = await stack.enter_async_context(PrefectApi(settings.prefect_url, prefect_auth(settings, keys)))
        writer = await stack.enter_async_context(Writer(db, identity.owner))
        tools = Tools(db, writer, renderer, http, settings.public_url)
        engine = Engine(identity, tools, registry.actions(), settings.worker_concurrency)
        behind = [
            asyncio.create_task(service, name=name)
            for name, service in {
                "recorder": Recorder(db, prefect).run(stop),
                "sync": DeploymentSync(db, prefect).run(stop),
                "scheduler": Scheduler(db, prefect).run(stop),
                "partitions": _every_day(lambda: partitions.ensure(db), stop),
                "warm renderer": renderer.warm(),
            }.items()
        ]
        log.info("worker.serving", owner=identity.owner, concurrency=settings.worker_concurrency)
        try:
            await engine.run(stop)
        finally:
            stop.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*behind, return_exceptions=True), 3)


async def _open_database(settings: Settings, identity: Identity, stop: asyncio.Event) -> Database | None:
    """The open pool; PostgreSQL may come up after us. None when we are stopped meanwhile."""
    db = Database(vutler_dsn(settings), application=f"vutler worker {identity.slot}", size=_DATABASE_CONNECTIONS)
    while not stop.is_set():
        try:
            await db.open()
            return db
        except Exception as error:  # whatever it is, the operator reads it and we try again
            log.warning("worker.no_database", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
    return None


async def _every_day(work: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        pause = _DAY_S
        try:
            await work()
        except Exception:
            log.exception("worker.daily_work")
            pause = 60.0
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


class EngineThread:
    """`serve` in a thread with an event loop of its own."""

    def __init__(self, settings: Settings, slot: str) -> None:
        self._settings = settings
        self._slot = slot
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._begun = threading.Event()
        self.over = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="engine", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._begun.wait()

    def stop(self, seconds: float) -> None:
        """Let runs end, give back the rest, and wait for the thread."""
        if self._loop is not None and self._stop is not None and not self.over.is_set():
            with contextlib.suppress(RuntimeError):  # the loop closed this very moment
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(seconds)

    def _main(self) -> None:
        try:
            uvloop.run(self._serve())
        except BaseException as error:
            self.error = error
            log.exception("worker.engine_died")
        finally:
            self._begun.set()
            self.over.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._begun.set()
        await serve(self._settings, self._slot, self._stop)


class WarmConfiguration(BaseJobConfiguration):
    """Nothing to configure: the flow runs where the worker is."""


class WarmWorker(BaseWorker[WarmConfiguration, BaseVariables, BaseWorkerResult]):
    """Prefect's view of a warm worker: visible and heart-beating in its pool, running the pool's flows in process."""

    type = "warm"
    job_configuration = WarmConfiguration
    _display_name = "Warm (Vutler)"
    _description = "Executes flow runs in the worker's own process, in milliseconds."
    _documentation_url = ""
    _logo_url = ""

    def __init__(self, *args: Any, with_engine: bool = True, **kwargs: Any) -> None:  # noqa: ANN401 - BaseWorker's
        super().__init__(*args, **kwargs)
        self._with_engine = with_engine
        self._engine: EngineThread | None = None

    async def setup(self) -> None:
        await super().setup()
        if self._with_engine:
            # Two workers of one name would share a slot; Prefect's names are unique in a pool.
            self._engine = EngineThread(core_settings.load(), self.name)
            self._engine.start()

    async def teardown(self, *exc_info: Any) -> None:  # noqa: ANN401 - BaseWorker's
        if self._engine is not None:
            await asyncio.to_thread(self._engine.stop, 15)
        await super().teardown(*exc_info)

    async def run(
        self, flow_run: FlowRun, configuration: WarmConfiguration, task_status: Any = None  # noqa: ANN401
    ) -> BaseWorkerResult:  # fmt: skip
        """Run a flow of the pool right here."""
        if task_status is not None:
            task_status.started(f"warm:{self.name}")
        flow = await load_flow_from_flow_run(flow_run, ignore_storage=True)
        # Without its deployment the engine starts no observer thread for it.
        here = flow_run.model_copy(update={"deployment_id": None})
        state: Any = await run_flow_async(flow, flow_run=here, parameters=flow_run.parameters, return_type="state")
        failed = state is None or state.is_failed() or state.is_crashed()
        return BaseWorkerResult(identifier=f"warm:{self.name}", status_code=1 if failed else 0)


async def _presence(slot: str) -> None:
    """Show this worker in Prefect's pool and serve the pool's flows, whenever Prefect is there."""
    while True:
        try:
            worker = WarmWorker(work_pool_name=POOL, name=f"{socket.gethostname()}-{slot}", with_engine=False)
            await worker.start(printer=lambda *_: None)
        except Exception as error:
            log.info("worker.prefect_away", error=str(error) or type(error).__name__)
        await asyncio.sleep(5)


def main(settings: Settings, slot: str) -> None:
    """`vutler worker`: serve until SIGTERM or SIGINT."""
    journal.configure(settings.log_level)
    engine = EngineThread(settings, slot)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    engine.start()
    threading.Thread(target=lambda: asyncio.run(_presence(slot)), name="presence", daemon=True).start()
    while not asked.wait(0.5):
        if engine.over.is_set():
            raise SystemExit(1)  # the supervisor starts a new one
    engine.stop(15)
    log.info("worker.stopped")
