"""The scheduler of a worker: plans due times ahead, fires them on the database's clock, listens to Prefect's scheduler.

Any number of workers run one each; a due time is fired once.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from core import outbox
from core.db import AWAY, Database
from core.installation import installation_id
from core.schedules import fires
from core.turns import take_turn
from flows import prefect_listing
from flows.prefect_api import PrefectApi, PrefectAway, PrefectTrouble

TICK_S = 1.0
IMPORT_S = 10.0
FAR_IMPORT_S = 300.0
FORGET_S = 3600.0
_NEAR = timedelta(minutes=10)
_FAR = timedelta(hours=24)
JUST_MADE_S = 60.0  # what is older, an import of the far ones has seen
_AT_ONCE = 200  # runs; more would hold up the event loop

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
                    await self.import_ahead(_NEAR, within_s=JUST_MADE_S)
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

    async def import_ahead(self, ahead: timedelta, *, within_s: float | None = None) -> None:
        """Take over the runs that Prefect's scheduler made for the time up to `ahead` from now (in the last `within_s`
        seconds); those that are no due times of ours, or ran already, are cancelled there with the reason. Raises
        `PrefectTrouble`."""
        async with self._db.connection() as connection:
            own_tag = f"installation:{await installation_id(connection)}"
        theirs = await prefect_listing.scheduled(self._prefect, own_tag, ahead, within_s=within_s)
        async with self._db.connection() as connection:
            runs = await fires.not_imported(connection, theirs)
        for first in range(0, len(runs), _AT_ONCE):
            for run_id, reason in (await fires.import_runs(self._db, runs[first : first + _AT_ONCE])).items():
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
