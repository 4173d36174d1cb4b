"""A Rocket.Chat server: REST, the realtime API (DDP) and outgoing webhooks. `python -m tests.vendors.rocketchat` runs it.

| behaviour | page |
|---|---|
| `X-Auth-Token` and `X-User-Id`, else 401; login gives both | https://developer.rocket.chat/apidocs/rocketchat-api |
| `success`, `error`, `errorType`, codes in brackets | https://developer.rocket.chat/apidocs/introduction-to-messaging |
| 10 calls a minute an endpoint, but for bots; 429 with `X-RateLimit-Reset` in ms | https://docs.rocket.chat/docs/rate-limiter |
| a message of an id that is there is not inserted again, and the endpoint fails for want of one to show | https://github.com/RocketChat/Rocket.Chat/blob/develop/apps/meteor/app/lib/server/functions/sendMessage.ts |
| a thread has one level; a message is at most 5,000 characters | https://github.com/RocketChat/Rocket.Chat/blob/develop/apps/meteor/app/lib/server/methods/sendMessage.ts |
| `rooms.get?updatedSince=`: `update`, `remove` | https://developer.rocket.chat/apidocs/get-rooms |
| `chat.syncMessages?roomId=&lastUpdate=`: all that changed since, replies and edits too | https://developer.rocket.chat/apidocs/sync-messages |
| DDP: `connect`, `method`, `sub`, `ready`, `nosub`, `ping`, `pong` | https://github.com/meteor/meteor/blob/devel/packages/ddp/DDP.md |
| login with `resume`, or user name and SHA-256 of the password | https://developer.rocket.chat/apidocs/login-with-realtime-api |
| `changed` of `stream-room-messages`, as captured | https://github.com/mathieui/unha2/blob/master/docs/message.rst |
| outgoing webhooks: fields, 200 to 202 is success, an answer with `text` is posted | https://github.com/RocketChat/Rocket.Chat/blob/develop/apps/meteor/app/integrations/server/lib/triggerHandler.ts |
"""  # noqa: E501 - a table of addresses

import asyncio
import hashlib
import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

Message = dict[str, Any]
Refusal = tuple[int, str]


@dataclass
class Room:
    id: str
    name: str | None
    kind: str = "c"  # c: channel, p: private, d: direct
    members: list[str] = field(default_factory=list)
    read_only: bool = False
    messages: list[Message] = field(default_factory=list)
    updated: int = 0

    def shown(self) -> dict[str, Any]:
        last = max((each["ts"] for each in self.messages), default=None)
        told = {"_id": self.id, "t": self.kind, "_updatedAt": iso(self.updated)}
        return told | ({"name": self.name} if self.name else {}) | ({"lm": iso(last)} if last else {})


@dataclass
class RocketChat:
    """`async with RocketChat() as chat: chat.url`. `trouble[endpoint]`: what happens to the next calls of it, one
    each: a status, `garbage`, `cut` (nothing is done), `cut after` (it is done), `slow`, an error's name. `cut` says by
    the number of a message told by DDP whether the connection ends `before` or `after` it."""

    user_id: str = "uVUTLER000000000a"
    username: str = "vutler"
    password: str = "pä55-canary-word"
    token: str = "pat-canary-3kd83jd93"
    webhook_token: str = "hook-canary-token-24"
    bypass: bool = True  # the role bot is not limited
    limit: int = 10
    minute_s: float = 60.0
    ping_s: float = 15.0
    cut: Callable[[int], str | None] = lambda _: None
    trouble: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    rooms: dict[str, Room] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)  # names by id
    files: dict[str, bytes] = field(default_factory=dict)
    sockets: dict[web.WebSocketResponse, Any] = field(default_factory=dict)  # those that subscribed, with transports
    heard: list[Message] = field(default_factory=list)  # what clients said by DDP
    opened: int = 0
    told: int = 0
    port: int = 0
    _tokens: set[str] = field(default_factory=set)
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _telling: set["asyncio.Task[None]"] = field(default_factory=set)
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self.users[self.user_id] = self.username
        self._tokens.add(self.token)
        app = web.Application()
        app.router.add_route("*", "/api/v1/{endpoint}", self._call)
        app.router.add_get("/websocket", self._websocket)
        app.router.add_get("/file-upload/{id}/{name}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._telling:
            task.cancel()
        self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    # what happens on the server ---------------------------------------------------------------------------------------

    def room(self, name: str | None, kind: str = "c", *, member: bool = True, **more: Any) -> Room:
        made = Room(f"r{next(self._numbers):016d}", name, kind, [self.user_id] if member else [], **more)
        self.rooms[made.id] = made
        return made

    def say(self, room: Room, user: str, text: str, thread: str | None = None, **more: Any) -> Message:
        """Somebody writes; subscribers are told, unless `quiet`. `name` is theirs."""
        quiet = more.pop("quiet", False)
        now = max(round(time.time() * 1000), max((each["ts"] for each in room.messages), default=0) + 1)
        who = {"_id": user, "username": self.users.get(user, user), "name": self.users.get(user, user).title()}
        message = {"_id": f"m{next(self._numbers):016d}", "rid": room.id, "msg": text, "ts": now, "u": who,
                   "_updatedAt": now, "mentions": [], "channels": []} | more  # fmt: skip
        if thread:
            message["tmid"] = thread
        room.messages.append(message)
        room.updated = now
        if not quiet:
            self.tell(room, message)
        return message

    def change(self, room: Room, message: Message, **more: Any) -> None:
        """An edit, a reaction, a reply under it: subscribers are told the message again."""
        message |= {"_updatedAt": round(time.time() * 1000) + 60_000} | more
        self.tell(room, message)

    def tell(self, room: Room, message: Message) -> None:
        task = asyncio.create_task(self._tell(room, dict(message)))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def drop(self) -> None:
        for transport in list(self.sockets.values()):
            transport.abort()

    def said(self, room: Room) -> list[str]:
        return [each["msg"] for each in room.messages]

    def webhook(self, room: Room, message: Message, **more: Any) -> dict[str, Any]:
        """What an outgoing webhook sends of a message."""
        told = {
            "token": self.webhook_token, "bot": False, "channel_id": room.id, "channel_name": room.name,
            "message_id": message["_id"], "timestamp": iso(message["ts"]), "user_id": message["u"]["_id"],
            "user_name": message["u"]["username"], "text": message["msg"], "siteUrl": self.url,
        }  # fmt: skip
        return told | ({"tmid": message["tmid"]} if "tmid" in message else {}) | more

    # DDP --------------------------------------------------------------------------------------------------------------

    async def _tell(self, room: Room, message: Message) -> None:
        """To everybody who is subscribed now, and never again."""
        async with self._order:
            for socket, transport in list(self.sockets.items()):
                self.told += 1
                how = self.cut(self.told)
                if how == "before":
                    transport.abort()
                    del self.sockets[socket]
                    continue
                about = {"roomParticipant": True, "roomType": room.kind, "roomName": room.name}
                try:
                    await socket.send_json({
                        "msg": "changed", "collection": "stream-room-messages", "id": "id",
                        "fields": {"eventName": "__my_messages__", "args": [dated(message), about]},
                    })  # fmt: skip
                except (ConnectionError, RuntimeError):
                    self.sockets.pop(socket, None)
                if how == "after":
                    transport.abort()
                    self.sockets.pop(socket, None)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.opened += 1
        await socket.send_json({"server_id": "0"})
        pinging = asyncio.create_task(self._ping(socket))
        user = ""
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    said = json.loads(frame.data)
                    self.heard.append(said)
                    user = await self._answer(socket, said, user)
                    if user and said["msg"] == "sub" and said["name"] == "stream-room-messages":
                        self.sockets[socket] = request.transport
        finally:
            pinging.cancel()
            self.sockets.pop(socket, None)
        return socket

    async def _ping(self, socket: web.WebSocketResponse) -> None:
        while True:
            await asyncio.sleep(self.ping_s)
            await socket.send_json({"msg": "ping"})

    async def _answer(self, socket: web.WebSocketResponse, said: Message, user: str) -> str:
        match said:
            case {"msg": "connect", "version": "1"}:
                await socket.send_json({"msg": "connected", "session": f"s{next(self._numbers)}"})
            case {"msg": "connect"}:
                await socket.send_json({"msg": "failed", "version": "1"})
            case {"msg": "method", "method": "login", "id": ident, "params": [given]}:
                good = given.get("resume") in self._tokens or given == {
                    "user": {"username": self.username},
                    "password": {"digest": hashlib.sha256(self.password.encode()).hexdigest(), "algorithm": "sha-256"},
                }
                refused = {"isClientSafe": True, "error": 403, "reason": "User not found", "errorType": "Meteor.Error"}
                told = {"result": {"id": self.user_id, "token": "t", "type": "resume"}} if good else {"error": refused}
                await socket.send_json({"msg": "updated", "methods": [ident]})
                await socket.send_json({"msg": "result", "id": ident} | told)
                return self.user_id if good else ""
            case {"msg": "sub", "id": ident, "name": "stream-room-messages", "params": ["__my_messages__", *_]} if user:
                await socket.send_json({"msg": "ready", "subs": [ident]})
            case {"msg": "sub", "id": ident}:
                error = {"isClientSafe": True, "error": "not-allowed", "errorType": "Meteor.Error"}
                await socket.send_json({"msg": "nosub", "id": ident, "error": error})
            case {"msg": "ping"}:
                await socket.send_json(said | {"msg": "pong"})
        return user

    # REST -------------------------------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        endpoint = request.match_info["endpoint"]
        given: dict[str, Any] = dict(request.query)
        if request.method == "POST":
            given |= json.loads(await request.text() or "{}")
        self.asked.append((endpoint, given))
        trouble = self.trouble[endpoint].popleft() if self.trouble[endpoint] else None
        if trouble == "cut" and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if trouble == "slow":
            await asyncio.sleep(60)
        if isinstance(trouble, int) or trouble == "garbage":
            return web.Response(status=trouble if isinstance(trouble, int) else 200, text="<html>nginx</html>")
        if isinstance(trouble, str) and trouble.startswith("error-"):
            error = {"success": False, "error": f"No [{trouble}]", "errorType": trouble}
            return web.json_response(error, status=400)
        if wait := self._limited(endpoint):
            text = f"Error, too many requests. You must wait {wait:.0f} seconds. [error-too-many-requests]"
            headers = {"X-RateLimit-Reset": str(round((time.time() + wait) * 1000)), "X-RateLimit-Remaining": "0"}
            return web.json_response({"success": False, "error": text}, status=429, headers=headers)
        if endpoint != "login" and not self._knows(request):
            told = {"status": "error", "message": "You must be logged in to do this."}
            return web.json_response(told, status=401)
        handler = getattr(self, "_" + endpoint.replace(".", "_").lower(), None)
        status, body = (404, "not found") if handler is None else handler(given)
        if trouble == "cut after" and request.transport is not None:
            request.transport.abort()
        if isinstance(body, str):
            body = {"success": False, "error": f"{body} [{body}]", "errorType": body}
        return web.json_response(body, status=status)

    def _limited(self, endpoint: str) -> float:
        if self.bypass:
            return 0
        calls, now = self._calls[endpoint], time.monotonic()
        while calls and calls[0] <= now - self.minute_s:
            calls.popleft()
        if len(calls) >= self.limit:
            return max(calls[0] + self.minute_s - now, 0.05)
        calls.append(now)
        return 0

    def _knows(self, request: web.Request) -> bool:
        given = request.headers
        return given.get("X-User-Id") == self.user_id and given.get("X-Auth-Token") in self._tokens

    def forget_tokens(self) -> None:
        self._tokens = {self.token}

    def _login(self, given: dict[str, Any]) -> tuple[int, Any]:
        if (given.get("user"), given.get("password")) != (self.username, self.password):
            return 401, {"status": "error", "error": "Unauthorized", "message": "Unauthorized"}
        token = f"session-canary-{next(self._numbers)}"
        self._tokens.add(token)
        return 200, {"status": "success", "data": {"userId": self.user_id, "authToken": token}}

    def _me(self, _: dict[str, Any]) -> tuple[int, Any]:
        return 200, {"_id": self.user_id, "username": self.username, "success": True}

    def _rooms_get(self, given: dict[str, Any]) -> tuple[int, Any]:
        since = moment(given.get("updatedSince"))
        found = [each for each in self.rooms.values() if self.user_id in each.members and each.updated >= since]
        return 200, {"update": [each.shown() for each in found], "remove": [], "success": True}

    def _rooms_info(self, given: dict[str, Any]) -> tuple[int, Any]:
        for each in self.rooms.values():
            if each.id == given.get("roomId") or (each.name and each.name == given.get("roomName")):
                return 200, {"room": each.shown(), "success": True}
        return 400, "error-room-not-found"

    def _im_create(self, given: dict[str, Any]) -> tuple[int, Any]:
        user = next((ident for ident, name in self.users.items() if name == given.get("username")), None)
        if user is None:
            return 400, "error-invalid-user"
        room = next((each for each in self.rooms.values() if each.kind == "d" and user in each.members), None)
        room = room or self.room(None, "d")
        room.members = [self.user_id, user]
        return 200, {"room": {"_id": room.id, "rid": room.id, "t": "d", "usernames": [self.username]}, "success": True}

    def _chat_sendmessage(self, given: dict[str, Any]) -> tuple[int, Any]:
        message = given.get("message") or {}
        room = self.rooms.get(str(message.get("rid")))
        if room is None:
            return 400, "error-invalid-room"
        if self.user_id not in room.members or room.read_only:
            return 400, "error-not-allowed"
        if len(message.get("msg", "")) > 5_000:
            return 400, "error-message-size-exceeded"
        if self._message(str(message.get("_id"))) is not None:
            error = "Cannot read properties of undefined (reading 'msg')"
            return 400, {"success": False, "error": error}
        parent = self._message(str(message.get("tmid")))
        thread = (parent or {}).get("tmid") or message.get("tmid")
        more = {"_id": message["_id"]} if "_id" in message else {}
        sent = self.say(room, self.user_id, message.get("msg", ""), thread, **more)
        return 200, {"message": dated(sent, iso), "success": True}

    def _chat_getmessage(self, given: dict[str, Any]) -> tuple[int, Any]:
        found = self._message(str(given.get("msgId")))
        return (400, {"success": False}) if found is None else (200, {"message": dated(found, iso), "success": True})

    def _chat_syncmessages(self, given: dict[str, Any]) -> tuple[int, Any]:
        room = self.rooms.get(str(given.get("roomId")))
        if room is None or self.user_id not in room.members:
            return 400, "error-not-allowed"
        since = moment(given.get("lastUpdate"))
        found = [dated(each, iso) for each in room.messages if each["_updatedAt"] > since]
        return 200, {"result": {"updated": found[::-1], "deleted": []}, "success": True}

    def _message(self, ident: str) -> Message | None:
        return next((each for room in self.rooms.values() for each in room.messages if each["_id"] == ident), None)

    async def _file(self, request: web.Request) -> web.Response:
        if not self._knows(request):
            return web.Response(status=403)
        return web.Response(body=self.files[request.match_info["id"]])


def iso(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(ms) % 1000:03d}Z"


def moment(text: Any) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000 if text else 0


def dated(message: Message, write: Callable[[float], Any] = lambda ms: {"$date": ms}) -> Message:
    """With times as DDP has them, or REST."""
    return {key: write(value) if key in ("ts", "_updatedAt", "editedAt") else value for key, value in message.items()}


async def main() -> None:
    async with RocketChat(port=8302) as chat:
        print(f"{chat.url} {chat.user_id} {chat.token} {chat.room('general').id}")  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
