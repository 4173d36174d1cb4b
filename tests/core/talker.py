"""A service that people write messages in, and a connection kind that listens to it: small, and as unkind as real ones.

The service keeps an ordered log. A client opens a WebSocket, says where it wants to go on, and gets the messages one by
one; each is to be acknowledged before the next is sent. What was not acknowledged is sent again. The service cuts the
connection as it is told: before it sends a message, after the client has it, or in place of taking the acknowledgement.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, ClassVar
from uuid import UUID

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from blocks.action import Http
from blocks.connection import Connection, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput, Retryable
from blocks.listening import Ear, Heard, Listens
from blocks.services import Chat, Post, Room, Rooms
from blocks.values import Json, JsonObject


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


class TalkerFields(ConnectionFields):
    url: str
    token: SecretStr
    repeatable: bool = True


class _Chat(Chat, Rooms):
    def __init__(self, fields: TalkerFields, http: Http) -> None:
        self._fields = fields
        self._http = http

    @property
    def repeatable(self) -> bool:
        return self._fields.repeatable

    async def post(self, post: Post, *, timeout_s: float) -> JsonObject:
        body = {"channel": post.channel, "text": post.text, "thread": post.thread, "key": post.key}
        answer = await self._http.request(
            "POST", f"{self._fields.url}/post", headers={}, timeout_s=timeout_s,
            content=json.dumps(body | {"twice": not self._fields.repeatable}).encode(),
        )  # fmt: skip
        if answer.status == 429:
            raise Retryable("rate_limited", "The talker asks to slow down.", cause="rate_limited")
        return {"message_id": json.loads(answer.body)["id"], "channel": post.channel}

    async def rooms(self) -> Sequence[Room]:
        return [Room("C1", "leads", is_member=True), Room("C2", "random")]


class TalkerKind(Connection[TalkerFields], Listens[TalkerFields]):
    name = "talker"
    title: ClassVar[Mapping[str, str]] = {"en": "Talker", "fr": "Talker"}
    description: ClassVar[Mapping[str, str]] = {"en": "Talks.", "fr": "Parle."}
    purpose = "talker"
    Fields = TalkerFields
    example: ClassVar[dict[str, Json]] = {"url": "http://talker.example", "token": "x"}

    async def sign(self, fields: TalkerFields, lender: Lender) -> dict[str, str]:
        return {"Authorization": f"Bearer {fields.revealed('token')}"}

    async def test(self, fields: TalkerFields, http: Http, lender: Lender) -> str:
        return "It works."

    def service(self, fields: TalkerFields, way: Way) -> object:
        return _Chat(fields, way.http)

    async def listen(self, fields: TalkerFields, way: Way, ear: Ear) -> None:
        token = fields.revealed("token")
        headers = {"Authorization": f"Bearer {token}"}
        socket = await way.websocket(f"{fields.url.replace('http', 'ws')}/listen", headers=headers, timeout_s=5)
        if token == "never":
            raise InvalidInput("connection_refused", f"The talker refuses the token {token}.")
        try:
            at = int(str((ear.cursor or {}).get("at", 0)))
            await socket.send(json.dumps({"from": at}))
            ear.working("BOT")
            while (text := await socket.receive()) is not None:
                said = json.loads(text)
                await ear.take([heard_of(said)], {"at": said["at"] + 1})
                await socket.send("ok")
            raise Retryable("connection_failed", "The talker hung up.")
        finally:
            await socket.close()


def heard_of(said: dict[str, Any]) -> Heard:
    sender = said["sender"]
    return Heard(
        id=said["id"], channel=said["channel"], channel_name=said.get("channel_name", ""), text=said["text"],
        sender_id=sender, sender_name=sender.title(), sent_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        thread=said.get("thread"), from_bot=said.get("from_bot", False), own=sender == "BOT",
        mentions=tuple(said.get("mentions", ())), direct=said.get("direct", False),
    )  # fmt: skip


KINDS: dict[str, Connection[Any]] = {"talker": TalkerKind()}


def ids(rows: Sequence[Mapping[str, Any]]) -> list[UUID]:
    return [row["id"] for row in rows]
