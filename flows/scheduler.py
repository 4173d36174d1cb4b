"""The scheduler of a worker: plans due times ahead, fires them on the database's clock, listens to Prefect's scheduler.

Any number of workers run one each; a due time is fired once.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from blocks.values import Json
from core import outbox
from core.db import AWAY, Database
from core.schedules import fires
from core.schedules.fires import PrefectDue
from core.turns import take_turn
from flows.prefect_api import FLOW, PrefectApi, PrefectAway, PrefectTrouble

TICK_S = 1.0
IMPORT_S = 10.0
FAR_IMPORT_S = 300.0
FORGET_S = 3600.0
_NEAR = timedelta(minutes=10)
_FAR = timedelta(hours=24)
_PAGE = 200
_SCHEDULED_TAGS: list[Json] = ["auto-scheduled", "run-at"]

log = structlog.get_logger(__name__)


class Scheduler:
    """`run(stop)` until `stop` is set. `prefect` is open and stays the caller's; without it schedules run as well."""

    def __init__(self, db: Database, prefect: PrefectApi) -> None:
        self._db = db
        self._prefect = prefect

    async def run(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fire_forever(stop))
            group.create_task(self._import_forever(stop))

    async def _fire_forever(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            wait = TICK_S
            try:
                await self.fire()
                async with self._db.connection() as connection:
                    next_due = await fires.seconds_to_next(connection)
                if next_due is not None:
                    wait = min(max(next_due, 0.02), TICK_S)
            except AWAY as error:
                log.warning("scheduler.waiting", error=str(error))
            except Exception:
                log.exception("scheduler.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)

    async def fire(self) -> int:
        """Plan what is near and fire what is due; gives how many times were settled."""
        while await fires.plan_ahead(self._db):
            pass
        settled = 0
        while batch := await fires.fire_due(self._db):
            settled += batch
        return settled

    async def _import_forever(self, stop: asyncio.Event) -> None:
        wait = 0.0
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), wait)
            wait = TICK_S
            try:
                await self._forget_old()
                await self.cancel_refused()
                if await self._is_our_turn("import far", FAR_IMPORT_S):
                    await self.import_ahead(_FAR)
                elif await self._is_our_turn("import", IMPORT_S):
                    await self.import_ahead(_NEAR)
            except (PrefectAway, *AWAY):
                wait = IMPORT_S  # our own plan fires meanwhile
            except Exception:
                wait = IMPORT_S
                log.exception("scheduler.import_failed")

    async def _forget_old(self) -> None:
        if await self._is_our_turn("forget fires", FORGET_S):
            async with self._db.connection() as connection:
                await fires.forget_old(connection)

    async def _is_our_turn(self, name: str, every_s: float) -> bool:
        async with self._db.connection() as connection:
            return await take_turn(connection, name, every_s=every_s)

    async def import_ahead(self, ahead: timedelta) -> None:
        """Take over the runs that Prefect's scheduler made for the time up to `ahead` from now; those that are no due
        times of ours, or ran already, are cancelled there with the reason. Raises `PrefectTrouble`."""
        runs: list[PrefectDue] = []
        offset = 0
        before = (datetime.now(UTC) + ahead).isoformat()
        while True:
            page = await self._prefect.read("/flow_runs/filter", _scheduled(before, offset))
            runs += [due for run in page if (due := _due(run)) is not None]
            offset += len(page)
            if len(page) < _PAGE:
                break
        for run_id, reason in (await fires.import_runs(self._db, runs)).items():
            await self._prefect.cancel(run_id, reason)

    async def cancel_refused(self) -> None:
        """Cancel in Prefect what was skipped here. Raises `PrefectAway`."""
        async with self._db.transaction() as connection:
            errands = await outbox.take(connection, fires.CANCEL, most=100)
        for errand in errands:
            try:
                await self._prefect.cancel(errand.key, str(errand.payload.get("reason", "")))
            except PrefectTrouble as error:
                async with self._db.transaction() as connection:
                    await outbox.failed(connection, errand, str(error))
            else:
                async with self._db.transaction() as connection:
                    await outbox.done(connection, errand)


def _scheduled(before: str, offset: int) -> Json:
    return {
        "flows": {"name": {"any_": [FLOW]}},
        "flow_runs": {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "tags": {"any_": _SCHEDULED_TAGS},
            "next_scheduled_start_time": {"before_": before},
        },
        "sort": "NEXT_SCHEDULED_START_TIME_ASC",
        "limit": _PAGE,
        "offset": offset,
    }


def _due(run: dict[str, Json]) -> PrefectDue | None:
    due_at = run.get("next_scheduled_start_time") or run.get("expected_start_time")
    if run.get("deployment_id") is None or not isinstance(due_at, str):
        return None
    return PrefectDue(UUID(str(run["id"])), UUID(str(run["deployment_id"])), datetime.fromisoformat(due_at))
