"""A service that people write messages in, small and as unkind as real ones, and what installs the kinds of tests.

The service keeps an ordered log. A client opens a WebSocket, says where it wants to go on, and gets the messages one by
one; each is to be acknowledged before the next is sent. What was not acknowledged is sent again. The service cuts the
connection as it is told: before it sends a message, after the client has it, or in place of taking the acknowledgement.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

import blocks.connections
from blocks import registry

KINDS: Final = Path(__file__).parents[1] / "kinds"


@dataclass
class Talker:
    """The service. `cuts` says what to do around each next message; `posts` is what clients posted."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    cuts: Iterator[str] = field(default_factory=lambda: cycle(["no"]))
    token: str = "the-right-token"
    port: int = 0
    connected: int = 0
    at_once: int = 0
    most_at_once: int = 0
    posts: list[dict[str, Any]] = field(default_factory=list)
    cut_posts: Iterator[str] = field(default_factory=lambda: cycle(["no"]))
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, text: str, channel: str = "C1", sender: str = "U1", **more: Any) -> None:
        self.messages.append(
            {"id": f"m{len(self.messages)}", "channel": channel, "sender": sender, "text": text, **more}
        )
        self._more.set()

    async def listen(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connected += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._feed(request, socket)
        except (ConnectionError, aiohttp.ClientError):
            pass
        finally:
            self.at_once -= 1
        return socket

    async def _feed(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        first = await socket.receive()
        if first.type is not aiohttp.WSMsgType.TEXT:
            return
        at = int(json.loads(first.data)["from"])
        while True:
            if at >= len(self.messages):
                if await self._nobody_is_left(socket):
                    return
                continue
            cut = next(self.cuts)
            if cut == "before":
                self._vanish(request)
                return
            await socket.send_json(self.messages[at] | {"at": at})
            if cut == "sent":
                self._vanish(request)
                return
            said = await socket.receive()
            if said.type is not aiohttp.WSMsgType.TEXT:
                return
            if cut == "unacknowledged":
                self._vanish(request)
                return
            at += 1

    async def _nobody_is_left(self, socket: web.WebSocketResponse) -> bool:
        """Wait for the next message, or for the client to leave."""
        self._more.clear()
        news, left = asyncio.create_task(self._more.wait()), asyncio.create_task(socket.receive())
        await asyncio.wait((news, left), return_when=asyncio.FIRST_COMPLETED)
        gone = left.done()
        for task in (news, left):
            task.cancel()
        await asyncio.gather(news, left, return_exceptions=True)
        return gone

    def _vanish(self, request: web.Request) -> None:
        if request.transport is not None:
            request.transport.abort()

    async def post(self, request: web.Request) -> web.Response:
        body = await request.json()
        cut = next(self.cut_posts)
        if cut == "refuse":
            return web.json_response({"error": "slow down"}, status=429)
        if not any(each["key"] == body["key"] for each in self.posts) or body.get("twice"):
            self.posts.append(body)
        if cut == "after" and request.transport is not None:
            request.transport.abort()
        return web.json_response({"id": f"p-{body['key']}"})


@asynccontextmanager
async def talking() -> AsyncIterator[Talker]:
    """The service on a free port."""
    talker = Talker()
    app = web.Application()
    app.router.add_get("/listen", talker.listen)
    app.router.add_post("/post", talker.post)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    talker.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield talker
    finally:
        await runner.cleanup()


@contextmanager
def installed() -> Iterator[None]:
    """The kinds of `tests/kinds/` are found like those of `blocks/connections/`: by looking into a folder."""
    blocks.connections.__path__.append(str(KINDS))
    registry.connections.cache_clear()
    try:
        yield
    finally:
        blocks.connections.__path__.remove(str(KINDS))
        registry.connections.cache_clear()
