"""A proxy before Prefect: it holds requests up until the test says so, or hides the routes that are ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from tests.prefect_server import Server, free_port

_PASSED_ON = ("Authorization", "Content-Type")


class Gate:
    def __init__(self, server: Server, *, open_: bool = True, hide: str | None = None) -> None:
        self.url = ""
        self.arrived = asyncio.Event()
        self.go = asyncio.Event()
        if open_:
            self.go.set()
        self.requests: list[str] = []
        self.held = asyncio.Event()
        self.release = asyncio.Event()
        self._hold: tuple[str, bool] | None = None
        self._server = server
        self._hide = hide

    def hold(self, line: str, *, answer: bool = False) -> None:
        """Hold the next request with this line (`"POST /api/..."`), or its answer, until `release` is set; `held` says
        that it is."""
        self._hold = line, answer
        self.held, self.release = asyncio.Event(), asyncio.Event()

    async def _wait_here(self, request: web.Request, *, answer: bool) -> None:
        if self._hold == (f"{request.method} {request.path}", answer):
            self._hold, release = None, self.release
            self.held.set()
            await release.wait()

    async def pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests.append(f"{request.method} {request.path}")
        self.arrived.set()
        await self.go.wait()
        await self._wait_here(request, answer=False)
        if self._hide is not None and request.path.startswith(self._hide):
            return web.json_response({"detail": "Not Found"}, status=404)
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        target = self._server.url.removesuffix("/api") + request.path_qs
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, target, data=body, headers=headers) as answer,
        ):
            text = await answer.read()
        await self._wait_here(request, answer=True)
        return web.Response(status=answer.status, body=text)


@asynccontextmanager
async def serve(gate: Gate) -> AsyncIterator[Gate]:
    app = web.Application(client_max_size=10**8)
    app.router.add_route("*", "/{path:.*}", gate.pass_on)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", free_port())
    await site.start()
    gate.url = f"{site.name}/api"
    try:
        yield gate
    finally:
        gate.go.set()
        gate.release.set()
        await runner.cleanup()
