"""The network between one worker and PostgreSQL: a TCP proxy that passes on, stands still, or cuts."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Proxy:
    """`async with Proxy(socket) as proxy`: what connects to `proxy.port` reaches the Unix socket `socket`."""

    def __init__(self, socket: str) -> None:
        self.port = 0
        self._socket = socket
        self._flow = asyncio.Event()
        self._flow.set()
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        self._flow.set()

    def stall(self) -> None:
        """Nothing gets through and nothing is closed; what was sent meanwhile arrives at `heal`."""
        self._flow.clear()

    def cut(self) -> None:
        """Every connection breaks, and new ones with it."""
        self._is_cut = True
        for writer in list(self._open):
            writer.transport.abort()

    def heal(self) -> None:
        self._is_cut = False
        self._flow.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._flow.wait()
            if self._is_cut:
                return
            server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
            self._open.add(server_writer)
            try:
                await _first(self._pump(reader, server_writer), self._pump(server_reader, writer))
            finally:
                self._open.discard(server_writer)
                server_writer.transport.abort()
        except OSError:
            pass  # PostgreSQL is away: so is this connection
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flow.wait()
                writer.write(data)
                await writer.drain()
        await self._flow.wait()  # a goodbye does not get through a dead network either


async def _first(*pumps: "asyncio.Future[None] | object") -> None:
    """Until one side is gone."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]  # type: ignore[arg-type]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
