"""The warm worker: a long-lived process that executes automations in its own event loop.

Two ways lead here. `vutler worker` serves the queue and shows itself in Prefect's pool `warm`; nothing waits for
Prefect. `prefect worker start --pool warm --type warm` (`deployments/warm.py`) starts this very process. The engine
has a thread and an event loop of its own, so that Prefect's signal handling and polling never touch the hot path.
"""

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from uuid import uuid4

import structlog
import uvloop

from blocks import registry
from blocks.services import Mailer
from core import journal
from core import keys as core_keys
from core.agents.fallback import allowed, fallback
from core.agents.health import Looking
from core.agents.loading import LoadedOnUse
from core.approvals.answering import Approvals
from core.approvals.asking import Asking
from core.approvals.in_chat import InChat
from core.approvals.links import Links
from core.approvals.links import Tokens as LinkTokens
from core.automations.following import Following
from core.automations.retention import forget_deleted
from core.channels.posting import Posts
from core.connections.opening import Door
from core.connections.signed import Tokens
from core.credits import housekeeping
from core.db import Database
from core.errands import Errands
from core.inbound.service import Inbound
from core.jobs.tokens import RunTokens
from core.keys import Keys
from core.listening.listeners import Hears, Listeners
from core.mail import own
from core.mail.postman import Postman
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs import calling, partitions, retention
from core.runs.breaker import Limits
from core.runs.record import Writer
from core.seal import Sealer
from core.settings import Settings
from core.tenancy import ENGINE
from deployments import prefect_blocks
from deployments.databases import dsn_as
from deployments.isolated import Dispatcher
from deployments.prefect_settings import prefect_auth
from deployments.sync import DeploymentSync
from deployments.warm import POOL, WarmWorker
from flows.door import Door as PrefectDoor
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from flows.prefect_api import PrefectApi
from flows.recorder import Recorder
from flows.scheduler import Scheduler

log = structlog.get_logger(__name__)

_DATABASE_CONNECTIONS = 10
_DAY_S = 86_400.0
_HOUR_S = 3_600.0


async def serve(settings: Settings, slot: str, stop: asyncio.Event) -> None:
    """Execute runs, fire schedules, keep Prefect told, until `stop` is set."""
    identity = Identity(socket.gethostname(), slot, uuid4().hex)
    keys = core_keys.load(settings)
    async with contextlib.AsyncExitStack() as stack:
        db = await _open_database(settings, identity, stop)
        if db is None:
            return
        stack.push_async_callback(db.close)
        http = await stack.enter_async_context(_way_out(settings))
        renderer = await stack.enter_async_context(Renderer())
        prefect = await stack.enter_async_context(PrefectApi(settings.prefect_url, prefect_auth(settings, keys)))
        writer = await stack.enter_async_context(Writer(db, identity.owner))
        limits = Limits(runs_per_min=settings.breaker_runs_per_min)
        door, tokens = Door(Sealer(core_keys.sealing(settings, keys))), Tokens()
        ledger = DatabaseLedger(db, limits, door)
        quota = settings.files_quota_mb * 1024 * 1024
        talks = _talks(settings, db, door, http, tokens)
        tools = Tools(ledger, writer, renderer, http, settings.public_url, tokens, talks, Posts(db, limits=limits))
        engine = Engine(identity, db, tools, registry.actions(), settings.worker_concurrency)
        everyone = db.for_everyone()  # what these do is the business of no single run
        presses = Inbound(everyone, door, http, registry.actions())
        listeners = _listeners(Hears(everyone, door, http, limits, quota, presses), identity)
        behind = [
            asyncio.create_task(service, name=name)
            for name, service in {
                "recorder": Recorder(everyone, prefect).run(stop),
                "sync": DeploymentSync(everyone, prefect).run(stop),
                "following": Following(everyone, public_url=settings.public_url, limits=limits).run(stop),
                "called": Errands(everyone, calling.TOPIC, calling.wake_caller).run(stop),
                "asking": Asking(everyone).run(stop),
                "in chat": InChat(everyone, door, http, tokens, settings.public_url).run(stop),
                "scheduler": Scheduler(everyone, prefect).run(stop),
                "door": PrefectDoor(everyone, prefect).run(stop),
                "providers": Looking(everyone, door, http, tokens).run(stop),
                "jobs": Dispatcher(everyone, prefect, RunTokens(keys.jobs), settings.job_api_url).run(stop),
                "listening": listeners.run(stop),
                "blocks": prefect_blocks.keep_registered(stop),
                "partitions": _every(_DAY_S, lambda: partitions.ensure(everyone), stop),
                "retention": _every(
                    _HOUR_S, lambda: retention.forget_expired(everyone, audit_days=settings.audit_days), stop
                ),
                "history": _every(_HOUR_S, lambda: retention.forget_history(everyone), stop),
                "deleted": _every(_HOUR_S, lambda: forget_deleted(everyone), stop),
                "credits": _every(housekeeping.EVERY_S, lambda: housekeeping.keep(everyone), stop),
                "warm renderer": renderer.warm(),
                "warm agents": talks.preload(everyone, stop),
            }.items()
        ]
        if settings.smtp is not None:
            out = await stack.enter_async_context(own.way_out(settings, settings.smtp))
            postman = _postman(settings, keys, everyone, own.mailer(settings.smtp, out), renderer)
            behind.append(asyncio.create_task(postman.run(stop), name="postman"))
        log.info("worker.serving", owner=identity.owner, concurrency=settings.worker_concurrency)
        try:
            await engine.run(stop)
        finally:
            stop.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.gather(*behind, return_exceptions=True), 3)


def _way_out(settings: Settings) -> Outgoing:
    policy = Policy.of(settings.http_allow_hosts, settings.public_url)
    return Outgoing(policy, programs=allowed(settings))


def _talks(settings: Settings, db: Database, door: Door, http: Outgoing, tokens: Tokens) -> LoadedOnUse:
    quota, limits = settings.files_quota_mb * 1024 * 1024, Limits(runs_per_min=settings.breaker_runs_per_min)
    spare = fallback(settings)
    return LoadedOnUse(lambda module: module.Turns(db, door, http, tokens, quota=quota, limits=limits, fallback=spare))


def _listeners(hears: Hears, identity: Identity) -> Listeners:
    return Listeners(hears, identity.owner, former=f"{identity.host}/{identity.slot}/")


def _postman(settings: Settings, keys: Keys, everyone: Database, mailer: Mailer, renderer: Renderer) -> Postman:
    approvals = Approvals(everyone, registry.actions())
    return Postman(
        everyone,
        mailer,
        renderer,
        links=Links(everyone, approvals, LinkTokens(keys.links), settings.public_url),
        sealer=Sealer(core_keys.sealing(settings, keys)),
        public_url=settings.public_url,
    )


async def _open_database(settings: Settings, identity: Identity, stop: asyncio.Event) -> Database | None:
    """The open pool; PostgreSQL may come up after us. None when we are stopped meanwhile."""
    db = Database(dsn_as(settings, ENGINE), application=f"vutler worker {identity.slot}", size=_DATABASE_CONNECTIONS)
    while not stop.is_set():
        try:
            await db.open()
            return db
        except Exception as error:  # whatever it is, the operator reads it and we try again
            log.warning("worker.no_database", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1)
    return None


async def _every(seconds: float, work: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    """Do `work` now and then every so many seconds; a failure is logged and tried again in a minute."""
    while not stop.is_set():
        pause = seconds
        try:
            await work()
        except Exception:
            log.exception("worker.regular_work")
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


async def _presence(slot: str) -> None:
    """Show this worker in Prefect's pool and serve the pool's flows, whenever Prefect is there."""
    while True:
        try:
            worker = WarmWorker(work_pool_name=POOL, name=f"{socket.gethostname()}-{slot}", with_engine=False)
            await worker.start(printer=lambda *_: None)
        except Exception as error:
            log.info("worker.prefect_away", error=str(error) or type(error).__name__)
        await asyncio.sleep(5)


def _collect_less() -> None:
    """Look for cycles seldom: imports live for ever, a run's objects die young, and looking often costs a quarter."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def main(settings: Settings, slot: str, *, presence: bool = True) -> None:
    """`vutler worker`: serve until SIGTERM or SIGINT. Without `presence` somebody else shows us in Prefect."""
    journal.configure(settings.log_level)
    _collect_less()
    engine = EngineThread(settings, slot)
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    engine.start()
    if presence:
        threading.Thread(target=lambda: asyncio.run(_presence(slot)), name="presence", daemon=True).start()
    while not asked.wait(0.5):
        if engine.over.is_set():
            raise SystemExit(1)  # the supervisor starts a new one
    engine.stop(15)
    log.info("worker.stopped")
