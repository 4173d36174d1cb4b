"""A service that works off one topic of the outbox, in every worker: each errand once, in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from core import outbox
from core.db import AWAY, Connection, Database
from core.listen import Listener
from core.outbox import Errand
from core.runs.channels import OUTBOX

TICK_S: Final = 5.0  # the net below a missed notice

log = structlog.get_logger(__name__)

Work = Callable[[Connection, Errand], Awaitable[None]]
Also = Callable[[], Awaitable[None]]


class Errands:
    """`run(stop)` until `stop` is set. `work` does one errand in the transaction that takes it away.

    `also` is done after each look at the outbox, so at least every `TICK_S` seconds.
    """

    def __init__(self, db: Database, topic: str, work: Work, also: Also | None = None) -> None:
        self._db = db
        self._topic = topic
        self._work = work
        self._also = also
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        listener = Listener(self._db.dsn, application=self._db.application)
        listener.on(OUTBOX, self._told)
        listener.on_connected(self._wake.set)
        listening = asyncio.create_task(listener.run(), name=f"{self._topic} listener")
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                await self._drain_quietly()
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait((waking, stopping), timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
        finally:
            for task in (listening, stopping):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def drain(self) -> int:
        """Work off what stands in the outbox now; gives how many errands that were."""
        count = 0
        while await self._next():
            count += 1
        return count

    async def _next(self) -> bool:
        """False when there is none."""
        errand = None
        try:
            async with self._db.transaction() as connection:
                for errand in await outbox.take(connection, self._topic, most=1):
                    await self._work(connection, errand)
                    await outbox.done(connection, errand)
        except AWAY:
            raise
        except Exception as error:
            if errand is None:
                raise
            log.exception("errand.failed", topic=self._topic, key=str(errand.key))
            async with self._db.transaction() as connection:
                await outbox.failed(connection, errand, str(error) or type(error).__name__, undone=True)
        return errand is not None

    def _told(self, topic: str) -> None:
        if topic == self._topic:
            self._wake.set()

    async def _drain_quietly(self) -> None:
        try:
            await self.drain()
            if self._also is not None:
                await self._also()
        except AWAY as error:
            log.warning("errand.waiting", topic=self._topic, error=str(error))
        except Exception:
            log.exception("errand.trouble", topic=self._topic)


LongWork = Callable[[Errand], Awaitable[None]]


class LongErrands(Errands):
    """The same for work that speaks with other services: no transaction is open meanwhile.

    What a killed process was at comes back after `outbox.HELD_S` seconds, with `attempts` above 1: `work` has to find
    out how far it came.
    """

    def __init__(self, db: Database, topic: str, work: LongWork) -> None:
        super().__init__(db, topic, _never)
        self._long = work

    async def _next(self) -> bool:
        async with self._db.transaction() as connection:
            taken = await outbox.take(connection, self._topic, most=1)
        for errand in taken:
            try:
                await self._long(errand)
            except AWAY:
                raise
            except Exception as error:
                log.warning("errand.failed", topic=self._topic, key=str(errand.key), error=str(error))
                async with self._db.transaction() as connection:
                    await outbox.failed(connection, errand, str(error) or type(error).__name__)
            else:
                async with self._db.transaction() as connection:
                    await outbox.done(connection, errand)
        return bool(taken)


async def _never(connection: Connection, errand: Errand) -> None:
    raise AssertionError("long work has no transaction")
