"""Prefect's deployments follow the automations, and what an operator switches there, the automations follow.

Publishing, switching and deleting leave a row in the outbox, worked off here within a second. The reconciler compares
everything with everything (at start, every minute, after an outage), so that nothing depends on a row being seen.
Prefect is only told where it differs: an upsert throws away the runs that it has scheduled.

A deployment that was paused or resumed in Prefect switches its automation off or on. What is ours is told from what is
an operator's by what we last wrote (`core/schedules/deployed.py`), looked at before and again after reading Prefect.
One worker leads and the others stand by: two that write the same deployment at once could take each other for an
operator. One that loses the lead while it writes is met by the second look.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID, uuid4

import structlog

from blocks import registry
from blocks.values import Json
from core import outbox
from core.automations import switching
from core.db import AWAY, Database
from core.installation import installation_id
from core.schedules import deployed
from core.schedules.deployed import Known, Wanted
from core.turns import lead, step_down, take_turn
from deployments import deployment as shapes
from deployments.deployment import Deployment
from flows import prefect_listing
from flows.prefect_api import PrefectApi, PrefectAway, PrefectRefused, PrefectTrouble

RUN_AT_TAG = "run-at"
TICK_S = 0.5
WATCH_S = 2.0
RECONCILE_S = 60.0
_LOOK_BACK_S = 30.0  # of the watch; what it misses (nobody watched for so long) the reconciler sees
_LONGEST_PAUSE_S = 5.0
_TRIES = 3
_LEAD = "deployments"
LEAD_S = 15.0  # without a word from the worker that leads, another does
_STAND_BY_S = 2.0
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger(__name__)


class DeploymentSync:
    """`run(stop)` until `stop` is set, in every worker. `prefect` is open and stays the caller's."""

    def __init__(self, db: Database, prefect: PrefectApi) -> None:
        self._db = db
        self._prefect = prefect
        self._kinds = registry.triggers()
        self._own_tag = ""
        self._me = uuid4()
        self._led_at: float | None = None  # by this process's clock; None: another leads

    async def run(self, stop: asyncio.Event) -> None:
        pause, overdue = TICK_S, True
        while not stop.is_set():
            try:
                if await self._leads():
                    await self._once(overdue)
                    pause, overdue = TICK_S, False
                else:
                    pause = _STAND_BY_S
            except (PrefectAway, *AWAY) as error:
                overdue = True  # after an outage everything is compared
                pause = min(pause * 2, _LONGEST_PAUSE_S)
                log.warning("deployments.waiting", error=str(error), seconds=pause)
            except Exception:
                pause = _LONGEST_PAUSE_S
                log.exception("deployments.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        with suppress(*AWAY):
            async with self._db.connection() as connection:
                await step_down(connection, _LEAD, self._me)

    async def _leads(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._led_at is None or now - self._led_at > LEAD_S / 3:
            async with self._db.connection() as connection:
                self._led_at = now if await lead(connection, _LEAD, self._me, for_s=LEAD_S) else None
        return self._led_at is not None

    async def _once(self, overdue: bool) -> None:
        if overdue or await self._is_our_turn("reconcile", RECONCILE_S):
            await self.reconcile()
        elif await self._is_our_turn("watch deployments", WATCH_S):
            await self.watch()
        await self.drain()

    async def _is_our_turn(self, name: str, every_s: float) -> bool:
        async with self._db.connection() as connection:
            return await take_turn(connection, name, every_s=every_s)

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

    async def watch(self) -> int:
        """Follow what operators paused or resumed in Prefect just now; gives how many automations were looked at.
        Raises `PrefectAway`."""
        theirs = await prefect_listing.deployments(self._prefect, await self._tag(), within_s=_LOOK_BACK_S)
        async with self._db.connection() as connection:
            switched = await deployed.switched(connection, theirs)
        return await self._sync_all(switched)

    async def reconcile(self) -> int:
        """Compare all automations with all our deployments and repair both ways; gives how many automations were
        looked at. Raises `PrefectAway`."""
        theirs = await prefect_listing.deployments(self._prefect, await self._tag())
        async with self._db.connection() as connection:
            different, strangers = await deployed.different(connection, theirs)
        count = await self._sync_all(different)
        for deployment_id in strangers:
            await self._settle(deployment_id)
        return count

    async def _sync_all(self, rule_ids: list[UUID]) -> int:
        for rule_id in rule_ids:
            try:
                await self.sync(rule_id)
            except PrefectRefused as error:  # of this one; the others are still brought up to date
                log.warning("deployments.refused", automation_id=str(rule_id), error=str(error))
        return len(rule_ids)

    async def sync(self, rule_id: UUID) -> None:
        """Bring one automation's deployments up to date, and the automation with what an operator did to them. Raises
        `PrefectTrouble`."""
        for _ in range(_TRIES):
            async with self._db.connection() as connection:
                wanted = await deployed.wanted(connection, rule_id)
                known = await deployed.known(connection, rule_id)
            found = await self._deployments(wanted, known)
            if await self._follow(wanted, known, found):
                continue
            if await self._repair(wanted, known, found):
                break
        else:
            async with self._db.transaction() as connection:  # somebody is quicker than we are: once more, later
                await deployed.ask_for(connection, rule_id)

    async def _tag(self) -> str:
        """Of the deployments of this installation; another one may share the Prefect server."""
        if not self._own_tag:
            async with self._db.connection() as connection:
                self._own_tag = f"installation:{await installation_id(connection)}"
        return self._own_tag

    async def _deployments(self, wanted: list[Wanted], known: dict[UUID, Known]) -> list[Deployment]:
        """The automation's, by their ids, new ones by name: looking for its tag would read everybody's."""
        ids: list[Json] = [str(each) for each in {*known, *(item.deployment_id for item in wanted)} if each]
        found = await self._filtered({"id": {"any_": ids}}) if ids else []
        there = {str(each["id"]) for each in found}
        names: list[Json] = [item.name for item in wanted if str(item.deployment_id) not in there]
        if names:
            found += [each for each in await self._filtered({"name": {"any_": names}}) if str(each["id"]) not in there]
        return found

    async def _filtered(self, chosen: Deployment) -> list[Deployment]:
        return await self._prefect.read("/deployments/filter", {"deployments": chosen})

    # an operator's switch ---------------------------------------------------------------------------------------------

    async def _follow(self, wanted: list[Wanted], known: dict[UUID, Known], found: list[Deployment]) -> bool:
        """Switch the automation as an operator did in Prefect; False when nobody did."""
        if not wanted:
            return False
        for each in found:
            deployment_id = UUID(str(each["id"]))
            before = known.get(deployment_id)
            now = Known(prefect_listing.is_paused(each), prefect_listing.changed_at(each))
            if before is None or before.changed_at in (None, now.changed_at) or before.paused is now.paused:
                continue
            async with self._db.transaction() as connection:
                if not await deployed.seen_switched(connection, deployment_id, before, now):
                    return True  # written meanwhile: look again
                await switching.by_operator(
                    connection, wanted[0].workspace_id, wanted[0].rule_id, enabled=not now.paused, kinds=self._kinds
                )
            log.info("deployments.switched", automation_id=str(wanted[0].rule_id), enabled=not now.paused)
            return True
        return False

    # repairing --------------------------------------------------------------------------------------------------------

    async def _repair(self, wanted: list[Wanted], known: dict[UUID, Known], found: list[Deployment]) -> bool:
        """False when Prefect or the automation changed meanwhile: look again."""
        by_key: dict[tuple[UUID, UUID | None] | None, Deployment] = {}
        for each in found:
            by_key.setdefault(shapes.key(each), each)
        steady, refused = True, None
        kept: set[UUID] = set()
        for item in wanted:
            try:
                deployment_id = await self._ensure(item, by_key.get(item.key), known)
            except PrefectRefused as error:  # of this one; the others are still brought up to date
                refused = error
                kept.update({item.deployment_id} if item.deployment_id else ())
            else:
                kept.update({deployment_id} if deployment_id else ())
                steady = steady and deployment_id is not None
        if not steady:
            return False
        for deployment_id in {*known, *(UUID(str(each["id"])) for each in found)} - kept:
            await self._delete(deployment_id)
        if refused is not None:
            raise refused
        return await self._is_unchanged(wanted)

    async def _is_unchanged(self, wanted: list[Wanted]) -> bool:
        """Another worker may have written a newer state before our older one."""
        if not wanted:
            return True
        async with self._db.connection() as connection:
            now = await deployed.wanted(connection, wanted[0].rule_id)
        return [item.fingerprint for item in now] == [item.fingerprint for item in wanted]

    async def _ensure(self, item: Wanted, deployment: Deployment | None, known: dict[UUID, Known]) -> UUID | None:
        """Gives the deployment's id; None when an operator or another worker changed it this very moment."""
        original = deployment
        before = _NEVER if deployment is None else prefect_listing.changed_at(deployment)
        if deployment is not None and deployment["name"] != item.name:
            deployment = await self._rename(deployment, item.name)
        if deployment is not None and item.pool is None and deployment.get("work_pool_name") is not None:
            await self._prefect.call("PATCH", f"/deployments/{deployment['id']}", {"work_pool_name": None})
            deployment = {**deployment, "work_pool_name": None, "tags": []}  # an upsert by itself leaves the pool
        if deployment is None or not shapes.agrees(item, deployment, await self._tag()):
            if item.pool is not None:
                await self._due_queue(item.pool)
            deployment = await self._upsert(item, deployment)
        deployment_id = UUID(str(deployment["id"]))
        is_ours = prefect_listing.is_paused(deployment) is item.paused
        if is_ours and item.schedule is not None and item.schedule.run_at is not None:
            await self._schedule_once(item, deployment, item.schedule.run_at)
        changed_at = prefect_listing.changed_at(deployment) if is_ours else before
        async with self._db.transaction() as connection:
            if deployment is original and not await deployed.is_as_known(
                connection, deployment_id, known.get(deployment_id)
            ):
                return None  # what we read is older than what another worker wrote
            await deployed.written(connection, item, deployment_id, changed_at)
        return deployment_id if is_ours else None

    async def _rename(self, deployment: Deployment, name: str) -> Deployment | None:
        """Keep the deployment and so its runs, where Prefect is ours; else it is made anew under the other name."""
        try:
            await self._prefect.call("PATCH", f"/vutler/deployments/{deployment['id']}", {"name": name})
        except PrefectRefused as error:
            if error.status not in (404, 405):
                raise
            await self._delete(UUID(str(deployment["id"])))
            return None
        return next(iter(await self._filtered({"id": {"any_": [deployment["id"]]}})), None)

    async def _upsert(self, item: Wanted, deployment: Deployment | None) -> Deployment:
        body = shapes.body(item, await self._prefect.flow_id(), await self._tag())
        if deployment is not None:
            if deployment.get("paused") is item.paused:
                del body["paused"]  # an operator's pause of this very moment stays
            async with self._db.transaction() as connection:
                await deployed.write_begins(connection, UUID(str(deployment["id"])))
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

    async def _due_queue(self, pool: str) -> None:
        """The paused work queue of the pool; a worker of the pool would start its due runs itself. Raises
        `PrefectRefused` (404) when there is no such pool."""
        queues = f"/work_pools/{quote(pool, safe='')}/queues"
        queue: Json = {"name": shapes.DUE_QUEUE, "is_paused": True, "description": "Due runs; Vutler takes them in."}
        try:
            await self._prefect.call("POST", queues, queue)
        except PrefectRefused as error:
            if error.status != 409:
                raise
            await self._prefect.call("PATCH", f"{queues}/{shapes.DUE_QUEUE}", {"is_paused": True})

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
                "parameters": shapes.parameters(item),
                "tags": [RUN_AT_TAG, *shapes.tags(item, await self._tag())],
                "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": moment.isoformat()}},
            },
        )

    async def _settle(self, deployment_id: UUID) -> None:
        """A deployment that we know nothing of: it is being made this moment, or it belongs to nobody."""
        for each in await self._filtered({"id": {"any_": [str(deployment_id)]}}):
            key = shapes.key(each)
            if key is not None:
                await self._sync_all([key[0]])
            async with self._db.connection() as connection:
                known = await deployed.is_known(connection, deployment_id)
            if not known:
                await self._delete(deployment_id)

    async def _delete(self, deployment_id: UUID) -> None:
        try:
            await self._prefect.call("DELETE", f"/deployments/{deployment_id}")
        except PrefectRefused as error:
            if error.status != 404:
                raise
        async with self._db.transaction() as connection:
            await deployed.gone(connection, deployment_id)
