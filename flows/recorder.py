"""The recorder: tells the Prefect server of every run, in bulk and behind the hot path.

Any number of workers run one each. While Prefect is away nothing is lost: what is untold stays in `run_queue`.
"""

import asyncio
from contextlib import suppress

import structlog

from blocks.values import Json
from core import crash, jsontext
from core.db import AWAY, Database
from core.runs import telling
from core.runs.telling import Telling
from flows.prefect_api import PrefectApi, PrefectAway, PrefectRefused
from flows.public_record import PublicRecord

TICK_S = 0.5  # with 25 runs a batch a run costs 1.5 ms of CPU over both sides, with 200 0.9 ms
BATCH = 200
_LONGEST_PAUSE_S = 5.0
_ROUTE = "/vutler/record"

log = structlog.get_logger(__name__)


class Recorder:
    """`run(stop)` until `stop` is set. `prefect` is open and stays the caller's."""

    def __init__(self, db: Database, prefect: PrefectApi) -> None:
        self._db = db
        self._prefect = prefect
        self._public = PublicRecord(prefect)
        self._has_route = True
        self._batch = BATCH

    async def run(self, stop: asyncio.Event) -> None:
        pause = TICK_S
        while not stop.is_set():
            try:
                recorded = await self.tick()
                pause = 0.0 if recorded >= self._batch else TICK_S
            except (PrefectAway, *AWAY) as error:
                pause = min(max(pause, TICK_S) * 2, _LONGEST_PAUSE_S)
                self._has_route = True  # another server may answer next time
                log.warning("recorder.waiting", error=str(error), seconds=pause)
            except Exception:
                pause = _LONGEST_PAUSE_S
                log.exception("recorder.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def tick(self) -> int:
        """Tell one batch; gives its size. Raises `PrefectAway` and the errors of a database that is away."""
        async with self._db.transaction() as connection:
            batch = await telling.take(connection, most=self._batch)
        if batch is None:
            self._batch = BATCH
            return 0
        if "done" in batch.states:
            crash.point("before_told")
        try:
            await self._tell(batch)
        except BaseException:
            with suppress(*AWAY):
                async with self._db.transaction() as connection:
                    await telling.give_back(connection, batch)
            raise
        return batch.size

    async def _tell(self, batch: Telling) -> None:
        try:
            await self._send(batch)
        except PrefectRefused as error:
            if self._batch > 1:
                self._batch = 1  # one by one, until the run that Prefect refuses is found
                async with self._db.transaction() as connection:
                    await telling.give_back(connection, batch)
                return
            log.error("recorder.refused", run_id=[str(run_id) for run_id in batch.run_ids], error=str(error))
            self._batch = BATCH
        async with self._db.transaction() as connection:
            await telling.told(connection, batch)

    async def _send(self, batch: Telling) -> None:
        if self._has_route:
            try:
                await self._prefect.send("POST", _ROUTE, batch.payload)
                return
            except PrefectRefused as error:
                if error.status not in (404, 405):
                    raise
                self._has_route = False
                log.info("recorder.public_api", prefect=self._prefect.url)
        runs: Json = jsontext.load(batch.payload)
        await self._public.record(runs if isinstance(runs, list) else [])
