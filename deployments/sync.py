"""Prefect's deployments follow the automations.

Publishing, switching and deleting leave a row in the outbox, worked off here within a second. The reconciler compares
everything with everything (at start, every minute, after an outage), so that nothing depends on a row being seen.
Prefect is only told where it differs: an upsert throws away the runs that it has scheduled.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import structlog

from blocks.schedule import Schedule
from blocks.values import Json
from core import outbox
from core.db import AWAY, Database
from core.installation import installation_id
from core.schedules import deployed
from core.schedules.deployed import Wanted
from core.turns import take_turn
from flows.prefect_api import PrefectApi, PrefectAway, PrefectRefused, PrefectTrouble

TAG = "vutler"
RUN_AT_TAG = "run-at"
ENTRYPOINT = "flows/automation.py:automation"
TICK_S = 0.5
RECONCILE_S = 60.0
_LONGEST_PAUSE_S = 5.0
_PAGE = 200
_EPOCH = "1970-01-01T00:00:00+00:00"

log = structlog.get_logger(__name__)

Deployment = dict[str, Json]


class DeploymentSync:
    """`run(stop)` until `stop` is set, in every worker. `prefect` is open and stays the caller's."""

    def __init__(self, db: Database, prefect: PrefectApi) -> None:
        self._db = db
        self._prefect = prefect
        self._own_tag = ""

    async def run(self, stop: asyncio.Event) -> None:
        pause, overdue = TICK_S, True
        while not stop.is_set():
            try:
                if overdue or await self._is_our_turn():
                    await self.reconcile()
                    overdue = False
                await self.drain()
                pause = TICK_S
            except (PrefectAway, *AWAY) as error:
                overdue = True  # after an outage everything is compared
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                log.warning("deployments.waiting", error=str(error), seconds=pause)
            except Exception:
                pause = _LONGEST_PAUSE_S
                log.exception("deployments.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def _is_our_turn(self) -> bool:
        async with self._db.connection() as connection:
            return await take_turn(connection, "reconcile", every_s=RECONCILE_S)

    async def drain(self) -> int:
        """Work off the outbox; gives how many automations were brought up to date. Raises `PrefectAway`."""
        async with self._db.transaction() as connection:
            errands = await outbox.take(connection, deployed.TOPIC)
        for position, errand in enumerate(errands):
            try:
                await self.sync(errand.key)
            except PrefectTrouble as error:
                away = isinstance(error, PrefectAway)
                async with self._db.transaction() as connection:
                    for undone in errands[position:] if away else [errand]:
                        await outbox.failed(connection, undone, str(error), wait=not away)
                if away:
                    raise
                log.warning("deployments.refused", automation_id=str(errand.key), error=str(error))
            else:
                async with self._db.transaction() as connection:
                    await outbox.done(connection, errand)
        return len(errands)

    async def sync(self, rule_id: UUID) -> None:
        """Bring one automation's deployments up to date. Raises `PrefectTrouble`."""
        async with self._db.connection() as connection:
            wanted = await deployed.wanted(connection, rule_id)
        await self._repair(wanted, await self._deployments(f"automation:{rule_id}"))

    async def reconcile(self) -> None:
        """Compare all automations with all our deployments and repair both ways. Raises `PrefectAway`."""
        found = await self._deployments()
        async with self._db.connection() as connection:
            wanted = await deployed.wanted(connection)
        await self._repair(wanted, found)

    async def _deployments(self, *tags: str) -> list[Deployment]:
        """Those of this installation; another one may share the Prefect server."""
        if not self._own_tag:
            async with self._db.connection() as connection:
                self._own_tag = f"installation:{await installation_id(connection)}"
        found: list[Deployment] = []
        while True:
            page = await self._prefect.read(
                "/deployments/filter",
                {
                    "deployments": {"tags": {"all_": [self._own_tag, *tags]}},
                    "limit": _PAGE,
                    "offset": len(found),
                    "sort": "NAME_ASC",
                },
            )
            found += page
            if len(page) < _PAGE:
                return found

    async def _repair(self, wanted: list[Wanted], found: list[Deployment]) -> None:
        by_key: dict[tuple[UUID, UUID | None], Deployment] = {}
        unknown: list[Deployment] = []
        for deployment in found:
            key = _key(deployment)
            if key is None or key in by_key:
                unknown.append(deployment)
            else:
                by_key[key] = deployment
        refused: PrefectRefused | None = None
        for item in wanted:
            try:
                await self._ensure(item, by_key.pop(item.key, None))
            except PrefectRefused as error:  # of this one; the others are still brought up to date
                log.warning("deployments.refused", automation_id=str(item.rule_id), error=str(error))
                refused = error
        for deployment in [*unknown, *by_key.values()]:
            await self._delete(str(deployment["id"]))
        if refused is not None:
            raise refused

    async def _ensure(self, item: Wanted, deployment: Deployment | None) -> None:
        if deployment is not None and deployment["name"] != item.name:
            deployment = await self._rename(deployment, item.name)
        if deployment is None or not _agrees(item, deployment, self._own_tag):
            deployment = await self._upsert(item)
        deployment_id = UUID(str(deployment["id"]))
        if item.schedule is not None and item.schedule.run_at is not None:
            await self._schedule_once(item, deployment, item.schedule.run_at)
        async with self._db.transaction() as connection:
            await deployed.keep_id(connection, item, deployment_id)

    async def _rename(self, deployment: Deployment, name: str) -> Deployment | None:
        """Keep the deployment and so its runs, where Prefect is ours; else it is made anew under the other name."""
        try:
            await self._prefect.call("PATCH", f"/vutler/deployments/{deployment['id']}", {"name": name})
        except PrefectRefused as error:
            if error.status not in (404, 405):
                raise
            await self._delete(str(deployment["id"]))
            return None
        return {**deployment, "name": name}

    async def _upsert(self, item: Wanted) -> Deployment:
        body = await self._body(item)
        try:
            made = await self._prefect.call("POST", "/deployments/", body)
        except PrefectRefused as error:
            if error.status != 422 or not body["schedules"]:
                raise
            # A cron expression that Prefect does not know: our own plan fires it all the same.
            log.warning("deployments.schedule_refused", automation_id=str(item.rule_id), error=str(error))
            made = await self._prefect.call("POST", "/deployments/", {**body, "schedules": []})
        if not isinstance(made, dict):
            raise PrefectRefused(200, "no deployment in the answer")
        return made

    async def _body(self, item: Wanted) -> Deployment:
        """What `POST /deployments/` takes: an upsert by flow and name. The warm lane's have no work pool, since a poll
        rewrites every deployment of its pool."""
        schedule = _schedule(item.schedule)
        return {
            "name": item.name,
            "flow_id": str(await self._prefect.flow_id()),
            "description": item.description,
            "tags": _tags(item, self._own_tag),
            "parameters": _parameters(item),
            "enforce_parameter_schema": False,
            "paused": item.paused,
            "entrypoint": ENTRYPOINT,
            "schedules": [{"schedule": schedule, "active": True, "slug": "schedule"}] if schedule else [],
        }

    async def _schedule_once(self, item: Wanted, deployment: Deployment, moment: datetime) -> None:
        """Prefect has no schedule of one moment, but a run can be scheduled."""
        if item.paused or item.run_at_known or moment <= datetime.now(UTC):
            return
        await self._prefect.call(
            "POST",
            "/flow_runs/",
            {
                "flow_id": deployment["flow_id"],
                "deployment_id": deployment["id"],
                "name": item.name,
                "idempotency_key": f"run_at {item.schedule_id} {moment.isoformat()}",
                "parameters": _parameters(item),
                "tags": [RUN_AT_TAG, *_tags(item, self._own_tag)],
                "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": moment.isoformat()}},
            },
        )

    async def _delete(self, deployment_id: str) -> None:
        try:
            await self._prefect.call("DELETE", f"/deployments/{deployment_id}")
        except PrefectRefused as error:
            if error.status != 404:
                raise


def _tags(item: Wanted, own_tag: str) -> list[Json]:
    return [TAG, own_tag, f"ws:{item.workspace_id}", f"automation:{item.rule_id}"]


def _parameters(item: Wanted) -> Deployment:
    """Ids only: Prefect must never hold a payload."""
    return {
        "automation_id": str(item.rule_id),
        **({"trigger_id": str(item.trigger_id)} if item.trigger_id is not None else {}),
    }


def _schedule(schedule: Schedule | None) -> Deployment | None:
    if schedule is None or schedule.run_at is not None:
        return None
    if schedule.cron is not None:
        return {"cron": schedule.cron, "timezone": schedule.timezone or "UTC", "day_or": True}
    return {"interval": float(schedule.every_s or 0), "anchor_date": _EPOCH, "timezone": "UTC"}


def _key(deployment: Deployment) -> tuple[UUID, UUID | None] | None:
    """Which automation (and further schedule) a deployment says it belongs to; None when it says nothing sensible."""
    parameters = deployment.get("parameters")
    if not isinstance(parameters, dict):
        return None
    try:
        trigger_id = parameters.get("trigger_id")
        return UUID(str(parameters.get("automation_id"))), None if trigger_id is None else UUID(str(trigger_id))
    except ValueError:
        return None


def _agrees(item: Wanted, deployment: Deployment, own_tag: str) -> bool:
    """Whether Prefect's deployment is what we want, down to its schedule."""
    plain = (
        deployment.get("description") == item.description
        and deployment.get("paused") == item.paused
        and deployment.get("tags") == _tags(item, own_tag)
        and deployment.get("parameters") == _parameters(item)
    )
    schedules = deployment.get("schedules") or []
    if not plain or not isinstance(schedules, list):
        return False
    wanted = _schedule(item.schedule)
    if wanted is None or not schedules:
        return wanted is None and not schedules
    first = schedules[0]
    if len(schedules) > 1 or not isinstance(first, dict) or first.get("active") is not True:
        return False
    have = first.get("schedule")
    return isinstance(have, dict) and all(_same(have.get(name), value) for name, value in wanted.items())


def _same(have: Json, want: Json) -> bool:
    if want == _EPOCH and isinstance(have, str):
        return datetime.fromisoformat(have) == datetime.fromisoformat(_EPOCH)
    return have == want
