"""A run in a process of its own: a job that a work pool of Prefect's started executes it like a warm worker would.

The job knows two things, the API's address and the token of its one run. It claims the run, keeps its lease, records
through the API (`flows/job_api.py`) and gives the run's end to Prefect's engine, which tells its server itself.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort
from prefect.states import Cancelled, Failed

from blocks import registry
from blocks.action import Action
from core import settings as core_settings
from core.automations.definition import stored
from core.db import AWAY
from core.jobs.wire import Claim
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs.queue import LEASE_S
from flows.ending import commit_end
from flows.execution import Execution, Tools
from flows.job_api import HttpLedger, HttpWriter, JobApi, JobRefused
from flows.resuming import begin
from flows.steps import UNREAD, UnknownAction, compile_version

RENEW_S: Final = 1.0  # a cancellation arrives with the answer
_REACH_S: Final = 60.0  # for the API to come back before the run is claimed
_NOT_A_JOB: Final = (
    "This flow run came to a worker of the pool without going through Vutler, so it has no run to execute. Leave the"
    " work queue in which Prefect's scheduler puts the runs of Vutler's deployments paused."
)

log = structlog.get_logger(__name__)

Work = Callable[[Execution], Awaitable["State[None]"]]


async def run_as_job(run_id: str, work: Work) -> "State[None]":
    """Claim the run that this process was started for, have `work` execute it, and give its end.

    Raises Prefect's `Abort`, which leaves the flow run's state to others, when the run is (or goes) elsewhere.
    """
    settings = core_settings.job()
    if settings is None or not run_id:
        return Cancelled(message=_NOT_A_JOB)
    async with JobApi(settings.api_url, run_id, settings.token) as api:
        return await execute_through(api, work)


async def execute_through(api: JobApi, work: Work, actions: Mapping[str, Action[Any]] | None = None) -> "State[None]":
    """The same over an open connection to the API; `actions` are those of `blocks/` where none are given."""
    asked_at, claim = await _claim(api)
    async with _opened(api, claim, asked_at + LEASE_S) as (execution, writer):
        execution.task = asyncio.current_task()
        keeping = asyncio.create_task(_keep_lease(api, execution, writer), name="lease")
        try:
            return await _to_end(execution, claim, work, registry.actions() if actions is None else actions)
        except asyncio.CancelledError:
            if execution.stop.reason is None:
                raise
            return await _stopped(execution)
        except JobRefused as refusal:
            if refusal.status != 409:
                raise
            raise Abort(refusal.detail) from refusal
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            if not execution.ended and execution.stop.reason != "lost":
                with contextlib.suppress(*AWAY, JobRefused):
                    await api.release()


async def _claim(api: JobApi) -> tuple[float, Claim]:
    end = time.monotonic() + _REACH_S
    while True:
        asked_at = time.monotonic()
        try:
            return asked_at, await api.claim()
        except JobRefused as refusal:
            if refusal.status == 409:
                raise Abort(refusal.detail) from refusal
            raise
        except ConnectionError as error:
            if time.monotonic() > end:
                raise
            log.warning("job.api_away", error=str(error))
            await asyncio.sleep(1)


@contextlib.asynccontextmanager
async def _opened(api: JobApi, claim: Claim, lease_until: float) -> AsyncIterator[tuple[Execution, HttpWriter]]:
    """What an execution needs, as a worker has it; the rules for addresses are the installation's."""
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(Outgoing(Policy.of(claim.http_allow_hosts, claim.public_url)))
        renderer = await stack.enter_async_context(Renderer(children=1))
        writer = await stack.enter_async_context(HttpWriter(api))
        tools = Tools(HttpLedger(api), writer, renderer, http, claim.public_url)
        yield Execution(claim.run, UNREAD, tools, lease_until), writer


async def _to_end(execution: Execution, claim: Claim, work: Work, actions: Mapping[str, Action[Any]]) -> "State[None]":
    run = execution.run
    try:
        execution.replace_version(compile_version(str(run.rule_id), run.version, stored(claim.definition), actions))
        await begin(execution)
        if execution.ended:
            return Cancelled(message="Cancelled on request.")
        state = await _in_time(execution, work)
        if state.is_paused():
            await execution.pause()
        else:
            await commit_end(execution, state)
    except UnknownAction as error:
        await execution.finish("failed", code="unknown_action", error=str(error))
        return Failed(message=str(error))
    except JobRefused:
        raise
    except Exception as error:
        log.exception("run.broke", run=str(run.id))
        message = execution.redactor.text(f"{type(error).__name__}: {error}")
        if execution.unfinished():
            await execution.finish("failed", code="internal_error", error=message)
        return Failed(message=message)
    return state


async def _in_time(execution: Execution, work: Work) -> "State[None]":
    """`work` within the time that the run has left; its waits do not count."""
    left = max(execution.compiled.max_duration_s - execution.run.worked_ms / 1000, 0.05)
    try:
        async with asyncio.timeout(left) as limit:
            return await work(execution)
    except TimeoutError:
        if not limit.expired():
            raise
        return Failed(name="TimedOut", message=f"The run took longer than {execution.compiled.max_duration_s:g} s.")


async def _stopped(execution: Execution) -> "State[None]":
    """The end of an execution that was asked to stop outside of its steps."""
    current = asyncio.current_task()
    if current is not None:
        current.uncancel()
    if execution.stop.reason == "cancel" and not execution.ended:
        with contextlib.suppress(asyncio.CancelledError):  # its end was written already, or another one holds it
            await execution.finish("cancelled", code="cancelled", error="Cancelled on request.")
            return Cancelled(message="Cancelled on request.")
    raise Abort("The run is not held by this job any more.")


async def _keep_lease(api: JobApi, execution: Execution, writer: HttpWriter) -> None:
    """Renew the lease until cancelled; stop the execution when it is cancelled or lost."""
    answers = 0
    while True:
        await asyncio.sleep(RENEW_S)
        asked_at = time.monotonic()
        try:
            renewal = await api.renew(writer.take_hints())
        except (ConnectionError, JobRefused) as error:
            log.warning("job.not_renewed", error=str(error))
            if time.monotonic() > execution.lease_until:
                execution.halt("lost")
            continue
        if not renewal.held:
            execution.halt("lost")
            continue
        execution.renewed(asked_at)
        if renewal.answers != answers:
            answers = renewal.answers
            execution.bell.ring()
        if renewal.cancel:
            execution.halt("cancel")
