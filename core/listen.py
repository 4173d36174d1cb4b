"""One LISTEN connection of a process. It comes back by itself, and says so, since notices were missed meanwhile."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from core.db import AWAY, connect

_log = structlog.get_logger()
_CHECK_EVERY_S = 10.0  # a connection that died without a word is noticed after this
_RETRY_S = (0.1, 0.5, 1.0, 2.0)


class Listener:
    """Hands the notices of PostgreSQL to handlers, which must be quick and must not block."""

    def __init__(self, dsn: str, *, application: str) -> None:
        self._dsn = dsn
        self._application = application
        self._handlers: dict[str, list[Callable[[str], None]]] = defaultdict(list)
        self._on_connected: list[Callable[[], None]] = []
        self._tries = 0
        self.connected = False

    def on(self, channel: str, handler: Callable[[str], None]) -> None:
        """Call `handler(payload)` for each notice. To be called before `run`."""
        self._handlers[channel].append(handler)

    def on_connected(self, handler: Callable[[], None]) -> None:
        """Call `handler()` after each (re)connection: whatever was known before may be out of date."""
        self._on_connected.append(handler)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except (*AWAY, asyncpg.PostgresError) as error:  # also: not made yet, not let in yet
                wait = _RETRY_S[min(self._tries, len(_RETRY_S) - 1)]
                self._tries += 1
                _log.warning("listener_lost", reason=str(error) or type(error).__name__, retry_s=wait)
                await asyncio.sleep(wait)
            finally:
                self.connected = False

    async def _listen(self) -> None:
        connection = await connect(self._dsn, application=f"{self._application} listen")
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            for channel in self._handlers:
                await connection.add_listener(channel, self._deliver)
            self.connected = True
            self._tries = 0
            for handler in self._on_connected:
                handler()
            while not lost.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_CHECK_EVERY_S):
                        await lost.wait()
                if not lost.is_set():
                    await connection.execute("SELECT 1", timeout=5)
            raise ConnectionError("the connection was closed")
        finally:
            connection.terminate()

    def _deliver(
        self,
        _connection: "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
        _pid: int,
        channel: str,
        payload: object,
    ) -> None:
        for handler in self._handlers[channel]:
            handler(str(payload))
