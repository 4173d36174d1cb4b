"""Jobs for the runs of isolated lanes: a flow run on the lane's work pool, where Prefect's ordinary worker starts it.

A run of ours has one flow run there, made with its first job and scheduled again for each later one (its lease ran out,
it was woken). What the job is given is an address and a token; payloads never pass through Prefect.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from blocks.sentences import said
from blocks.values import Json, JsonObject
from core.db import AWAY, Database
from core.jobs import dispatch
from core.jobs.dispatch import HELD_S, LONGEST_S, Dispatch, Ended
from core.jobs.tokens import RunTokens
from core.listen import Listener
from core.runs import queue
from core.runs.channels import RUNS
from core.runs.queue import WARM
from core.schedules.deployed import slug
from core.settings import API_URL, RUN_TOKEN
from flows.prefect_api import PrefectApi, PrefectAway, PrefectRefused

TICK_S: Final = 1.0  # the net below a missed notice
AT_ONCE: Final = 20  # runs
STUCK_AFTER: Final = 5  # looks (7 minutes) at a job that is said to be starting
_ENDED_EVERY_S: Final = 2.0
_AWAY_S: Final = 5.0

# A job is told nothing of the installation, whatever the worker of its pool was started with.
_HIDDEN: Final = (
    "VUTLER_DATABASE_URL", "VUTLER_DATABASE_URL_FILE", "VUTLER_SECRET_KEY", "VUTLER_SECRET_KEY_FILE", "VUTLER_HOME",
    "VUTLER_PREFECT_AUTH", "VUTLER_PREFECT_AUTH_FILE",
)  # fmt: skip

_OVER: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})
_STARTING: Final = frozenset({"PENDING", "RUNNING"})
_ENDS: Final[dict[str, tuple[str, str]]] = {
    "success": ("COMPLETED", "Completed"),
    "failed": ("FAILED", "Failed"),
    "skipped": ("CANCELLED", "Skipped"),
}

log = structlog.get_logger(__name__)


class Dispatcher:
    """`run(stop)` until `stop` is set, in every worker. `prefect` is open and stays the caller's; `api_url` is where
    jobs reach the API."""

    def __init__(self, db: Database, prefect: PrefectApi, tokens: RunTokens, api_url: str) -> None:
        self._db = db
        self._prefect = prefect
        self._tokens = tokens
        self._api_url = api_url
        self._flow_id: UUID | None = None
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        listener = Listener(self._db.dsn, application=self._db.application)
        listener.on(RUNS, self._told)
        listener.on_connected(self._wake.set)
        listening = asyncio.create_task(listener.run(), name="jobs listener")
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                try:
                    await self.tick()
                except (PrefectAway, *AWAY) as error:
                    log.warning("jobs.waiting", error=str(error))
                except Exception:
                    log.exception("jobs.failed")
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait((waking, stopping), timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            for task in (listening, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def _told(self, lane: str) -> None:
        if lane != WARM:
            self._wake.set()

    async def tick(self) -> int:
        """Ask for the jobs that are needed now, and see ended runs through; gives how many runs were looked at.
        Raises `PrefectAway`."""
        looked_at = 0
        while batch := await self._take():
            looked_at += len(batch)
            for position, item in enumerate(batch):
                try:
                    await self._look(item)
                except PrefectAway:
                    for undone in batch[position:]:
                        await self._not_yet(undone, _AWAY_S, said("Prefect, which starts the jobs, can't be reached."))
                    raise
                except PrefectRefused as error:
                    log.warning("jobs.refused", run_id=str(item.run_id), lane=item.lane, error=str(error))
                    await self._look_again(item, _pause(item), _refusal(item, error))
        return looked_at + await self._see_through()

    async def _take(self) -> list[Dispatch]:
        async with self._db.transaction() as connection:
            return await dispatch.take(connection, most=AT_ONCE)

    # one run that needs a job ---------------------------------------------------------------------------------------

    async def _look(self, item: Dispatch) -> None:
        found = None if item.flow_run_id is None else await self._flow_run(item.flow_run_id)
        state = None if found is None else str(found.get("state_type"))
        if item.cancel_requested or state == "CANCELLED":  # by an operator, there
            async with self._db.transaction() as connection:
                await queue.cancel(connection, item.run_id)
        elif found is None:
            await self._make(item)
        elif state == "CANCELLING" or (state in _STARTING and not item.settled):
            await self._not_yet(item, 2.0, _waits_for(item))  # the job before is just about to end there
        elif state in _STARTING and item.looks < STUCK_AFTER and (item.looks > 1 or not item.again):
            await self._look_again(item, _pause(item), _waits_for(item))
        else:
            await self._schedule(item, str(found["id"]), scheduled=state == "SCHEDULED")

    async def _make(self, item: Dispatch) -> None:
        if item.deployment_id is None:
            reason = said(
                "Its deployment is still being made in Prefect; for that, the work pool {pool} must exist.",
                pool=item.lane,
            )
            await self._not_yet(item, min(item.looks, 5), reason)
            return
        if self._flow_id is None:
            self._flow_id = await self._prefect.flow_id()
        made = await self._prefect.call("POST", "/flow_runs/", self._new_run(item))
        if not isinstance(made, dict):
            raise PrefectRefused(200, "no flow run in the answer")
        flow_run_id = UUID(str(made["id"]))
        if item.prefect_run_id is not None and item.prefect_run_id != flow_run_id:
            await self._hand_over(item.prefect_run_id, flow_run_id)
        async with self._db.transaction() as connection:
            await dispatch.made(connection, item, flow_run_id)
        await self._look_again(item, _pause(item), _waits_for(item))
        log.info("jobs.made", run_id=str(item.run_id), lane=item.lane, flow_run_id=str(flow_run_id))

    def _new_run(self, item: Dispatch) -> Json:
        """Through `POST /flow_runs/`, which fills in no templates. The key makes a repeated request harmless."""
        return {
            "flow_id": str(self._flow_id),
            "deployment_id": str(item.deployment_id),
            "name": "-".join(part for part in (slug(item.rule_name), item.run_id.hex[-8:]) if part),
            "idempotency_key": str(item.run_id),
            "parameters": {
                "automation_id": str(item.rule_id), "run_id": str(item.run_id), "version": item.version,
            },
            "tags": [f"ws:{item.workspace_id}", item.trigger_type],
            "work_pool_name": item.lane,
            "job_variables": self._job_variables(item),
            "state": _scheduled("Scheduled"),
        }  # fmt: skip

    def _job_variables(self, item: Dispatch) -> JsonObject:
        env: JsonObject = {**dict.fromkeys(_HIDDEN, ""), API_URL: self._api_url}
        return {"env": {**env, RUN_TOKEN: self._tokens.issue(item.run_id)}}

    async def _schedule(self, item: Dispatch, flow_run_id: str, *, scheduled: bool) -> None:
        """Another job for a flow run that has had one; where the first has not begun yet, a fresh token for it."""
        if not scheduled:
            state: Json = {"state": _scheduled("Resuming"), "force": True}
            await self._prefect.call("POST", f"/flow_runs/{flow_run_id}/set_state", state)
            log.info("jobs.made_again", run_id=str(item.run_id), lane=item.lane, flow_run_id=flow_run_id)
        try:
            await self._prefect.call("PATCH", f"/flow_runs/{flow_run_id}", {"job_variables": self._job_variables(item)})
        except PrefectRefused as error:  # a worker was quicker: the job has the token of the one before, a good one
            if error.status != 400:
                raise
        await self._look_again(item, _pause(item), _waits_for(item))

    async def _hand_over(self, due_run: UUID, flow_run_id: UUID) -> None:
        """End the run that Prefect's scheduler or an operator made: it was taken in, and goes on as another."""
        state: Json = {"type": "COMPLETED", "name": "TakenIn", "message": f"Runs as flow run {flow_run_id}."}
        with suppress(PrefectRefused):  # gone
            await self._prefect.call("POST", f"/flow_runs/{due_run}/set_state", {"state": state, "force": True})

    async def _flow_run(self, flow_run_id: UUID) -> JsonObject | None:
        try:
            found = await self._prefect.call("GET", f"/flow_runs/{flow_run_id}")
        except PrefectRefused as error:
            if error.status != 404:
                raise
            return None
        return found if isinstance(found, dict) else None

    async def _look_again(self, item: Dispatch, seconds: float, reason: str) -> None:
        async with self._db.connection() as connection:
            await dispatch.look_again(connection, item, seconds, reason)

    async def _not_yet(self, item: Dispatch, seconds: float, reason: str) -> None:
        async with self._db.transaction() as connection:
            await dispatch.not_yet(connection, item, seconds, reason)

    # runs that are over ---------------------------------------------------------------------------------------------

    async def _see_through(self) -> int:
        """Let the queue forget ended runs; Prefect is told where a job could not do it (killed at its very end, or
        cancelled before it began)."""
        async with self._db.transaction() as connection:
            batch = await dispatch.ended(connection, most=AT_ONCE, every_s=_ENDED_EVERY_S)
        for item in batch:
            if await self._is_told(item):
                async with self._db.connection() as connection:
                    await dispatch.forget(connection, item)
        return len(batch)

    async def _is_told(self, item: Ended) -> bool:
        found = None if item.prefect_run_id is None else await self._flow_run(item.prefect_run_id)
        if found is None or found.get("state_type") in _OVER:
            return True
        if item.grace and found.get("state_type") in _STARTING:
            return False
        kind, name = _ENDS.get(item.status, ("CANCELLED", "Cancelled"))
        state: Json = {"type": kind, "name": name, "message": item.error}
        with suppress(PrefectRefused):
            await self._prefect.call(
                "POST", f"/flow_runs/{item.prefect_run_id}/set_state", {"state": state, "force": True}
            )
        return True


def _scheduled(name: str) -> JsonObject:
    moment: JsonObject = {"scheduled_time": datetime.now(UTC).isoformat()}
    return {"type": "SCHEDULED", "name": name, "state_details": moment}


def _pause(item: Dispatch) -> float:
    """Seconds to the next look, longer each time."""
    return float(min(HELD_S * 2 ** (item.looks - 1), LONGEST_S))


def _waits_for(item: Dispatch) -> str:
    return said("Waits for a worker of the work pool {pool} to start its job.", pool=item.lane)


def _refusal(item: Dispatch, error: PrefectRefused) -> str:
    if error.status == 404:
        return said("There is no work pool {pool} in Prefect: make it, or choose another lane.", pool=item.lane)
    return said("Prefect refused to make a job for it: {error}", error=str(error))
