"""A Slack workspace: the Web API; Socket Mode is in `slack_sockets.py`, the Events API in `slack_sender.py`.

`python -m tests.vendors.slack` runs it alone.

| behaviour | page |
|---|---|
| tokens in the header or as a parameter, `ok`, `error`, `X-OAuth-Scopes`, `missing_scope` with `needed`, `provided` | https://docs.slack.dev/apis/web-api |
| 429 with `Retry-After` and `ratelimited`; tiers a method and a minute; a message a second a channel | https://docs.slack.dev/apis/web-api/rate-limits |
| chat.postMessage: `no_text`, `channel_not_found`, `not_in_channel`, `is_archived`, `msg_too_long`, `invalid_blocks` | https://docs.slack.dev/reference/methods/chat.postMessage |
| metadata: `event_type`, `event_payload`; told back with `include_all_metadata` | https://docs.slack.dev/messaging/message-metadata |
| history: the newest first, `oldest` and `latest` exclusive unless `inclusive`, pages, no replies | https://docs.slack.dev/reference/methods/conversations.history |
| replies: the parent first, then the oldest | https://docs.slack.dev/reference/methods/conversations.replies |
| cursors | https://docs.slack.dev/apis/web-api/pagination |
| files need the token; without it a page to sign in is answered | https://docs.slack.dev/messaging/working-with-files |
"""  # noqa: E501 - a table of addresses

import asyncio
import contextlib
import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.vendors.slack_channels import Channel, Message, between
from tests.vendors.slack_sockets import Sockets

TIERS = {"conversations.list": 20, "users.conversations": 20, "conversations.info": 50, "conversations.history": 50,
         "conversations.replies": 50, "conversations.open": 50, "chat.update": 50, "users.info": 100}  # fmt: skip
SCOPES = {"chat.postMessage": "chat:write", "chat.update": "chat:write", "conversations.open": "im:write",
          "users.info": "users:read"}  # fmt: skip
ROOMS = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}
ALL_SCOPES = ["chat:write", "im:write", "users:read", "users:read.email", "files:read",
              *(f"{room}:{what}" for room in ROOMS.values() for what in ("read", "history"))]  # fmt: skip
FORM_ONLY = ("users.info", "conversations.list", "users.conversations", "conversations.info")


@dataclass
class Slack:
    """`async with Slack() as slack: slack.api_url`. `trouble[method]`: what happens to the next calls of it, one each:
    a status, `garbage`, `cut` (nothing is done), `cut after` and `slow after` (done), `slow`, or an error's name."""

    bot_token: str = "xoxb-1-canary-bot"
    app_token: str = "xapp-1-canary-app"
    scopes: list[str] = field(default_factory=lambda: list(ALL_SCOPES))
    tiers: dict[str, int] = field(default_factory=lambda: dict(TIERS))
    minute_s: float = 60.0
    channel_burst: int | None = None  # messages a second into one channel
    page: int = 1000  # most of a page
    sockets: Sockets = field(default_factory=Sockets)
    send: Callable[[dict[str, Any]], None] | None = None
    trouble: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, tuple[str, str, bytes]] = field(default_factory=dict)
    port: int = 0
    team: str = "T0TEAM0001"
    bot_user: str = "U0BOT00001"
    bot_id: str = "B0BOT00001"
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _last_ts: float = 0.0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"

    async def __aenter__(self) -> Self:
        self.user(self.bot_user, "vutler", bot=True)
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_get("/link", self.sockets.link)
        app.router.add_get("/files/{id}", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sockets.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # what happens in the workspace ------------------------------------------------------------------------------------

    def channel(self, name: str, **more: Any) -> Channel:
        made = Channel(f"{'D' if more.get('im') else 'C'}{next(self._numbers):09d}", name, **more)
        self.channels[made.id] = made
        return made

    def user(self, ident: str, name: str, email: str | None = None, *, bot: bool = False, **more: Any) -> str:
        self.users[ident] = {"id": ident, "team_id": self.team, "name": name, "is_bot": bot, "deleted": False,
                             "profile": {"real_name": name, "email": email}} | more  # fmt: skip
        return ident

    def say(self, channel: Channel, user: str, text: str, thread: str | None = None, **more: Any) -> Message:
        """Somebody writes; the app is told, unless `quiet`."""
        quiet = more.pop("quiet", False)
        message = {"type": "message", "user": user, "text": text, "ts": self._ts(), "team": self.team} | more
        if thread:
            message["thread_ts"] = thread
        self._keep(channel, message)
        if not quiet:
            self.tell(self.event(channel, message))
        return message

    def event(self, channel: Channel, message: Message) -> dict[str, Any]:
        kind = "im" if channel.im else "group" if channel.private else "channel"
        inner = message | {"channel": channel.id, "event_ts": message["ts"], "channel_type": kind}
        return {
            "token": "legacy", "team_id": self.team, "api_app_id": "A0APP00001", "event": inner,
            "type": "event_callback", "event_id": f"Ev{next(self._numbers):010d}", "event_time": int(time.time()),
            "authorizations": [{"team_id": self.team, "user_id": self.bot_user, "is_bot": True}],
        }  # fmt: skip

    def tell(self, payload: dict[str, Any], kind: str = "events_api") -> None:
        """The app, by Socket Mode or, where `send` is set, by the Events API."""
        if self.send is not None:
            self.send(payload)
        else:
            self.sockets.tell(payload, kind)

    def said(self, channel: Channel) -> list[str]:
        return [each["text"] for each in channel.messages]

    def _ts(self) -> str:
        self._last_ts = max(round(time.time(), 6), round(self._last_ts + 0.000001, 6))
        return f"{self._last_ts:.6f}"

    def _keep(self, channel: Channel, message: Message) -> None:
        channel.messages.append(message)
        thread = message.get("thread_ts")
        parent = next((each for each in channel.messages if each["ts"] == thread), None)
        if parent is not None and parent is not message:
            parent |= {"thread_ts": thread, "latest_reply": message["ts"]}
            parent["reply_count"] = parent.get("reply_count", 0) + 1

    # Web API ----------------------------------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json" and method not in FORM_ONLY:
            with contextlib.suppress(ValueError):
                given |= json.loads(await request.text() or "{}")
        elif request.content_type != "application/json":
            given |= {name: str(value) for name, value in (await request.post()).items()}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or str(given.pop("token", ""))
        self.asked.append((method, given))
        trouble = self.trouble[method].popleft() if self.trouble[method] else None
        if (early := await self._troubled(request, trouble)) is not None:
            return early
        if wait := self._limited(method, given):
            answer = {"ok": False, "error": "ratelimited"}
            return web.json_response(answer, status=429, headers={"Retry-After": str(wait)})
        told = self._refused(method, token, given) or self._answer(method, given)
        if trouble == "cut after" and request.transport is not None:
            request.transport.abort()
        if trouble == "slow after":
            await asyncio.sleep(60)
        return web.json_response(told, headers={"X-OAuth-Scopes": ",".join(self.scopes)})

    async def _troubled(self, request: web.Request, trouble: Any) -> web.StreamResponse | None:
        match trouble:
            case int():
                return web.Response(status=trouble, text="<html>Slack is having trouble</html>")
            case "garbage":
                return web.Response(text='{"ok": tru', content_type="application/json")
            case "cut" if request.transport is not None:
                request.transport.abort()
                return web.Response()
            case "slow":
                await asyncio.sleep(60)
            case str() if trouble not in ("cut after", "slow after"):
                return web.json_response({"ok": False, "error": trouble})
        return None

    def _limited(self, method: str, given: dict[str, Any]) -> int:
        key, most, window = method, self.tiers.get(method), self.minute_s
        if method == "chat.postMessage":
            key, most, window = f"post {given.get('channel')}", self.channel_burst, 1.0
        if most is None:
            return 0
        calls, now = self._calls[key], time.monotonic()
        while calls and calls[0] <= now - window:
            calls.popleft()
        if len(calls) >= most:
            return max(1, round(calls[0] + window - now + 0.5))
        calls.append(now)
        return 0

    def _refused(self, method: str, token: str, given: dict[str, Any]) -> dict[str, Any] | None:
        if not token:
            return {"ok": False, "error": "not_authed"}
        if method == "apps.connections.open":
            if token.startswith("xoxb-"):
                return {"ok": False, "error": "not_allowed_token_type"}
            return None if token == self.app_token else {"ok": False, "error": "invalid_auth"}
        if token != self.bot_token:
            return {"ok": False, "error": "invalid_auth"}
        lacking = [scope for scope in self._needed(method, given) if scope not in self.scopes]
        if lacking:
            told = {"needed": ",".join(lacking), "provided": ",".join(self.scopes)}
            return {"ok": False, "error": "missing_scope"} | told
        return None

    def _needed(self, method: str, given: dict[str, Any]) -> list[str]:
        """Of conversations, by their kinds: https://docs.slack.dev/reference/methods/conversations.list"""
        if method in ("conversations.list", "users.conversations"):
            return [f"{ROOMS[kind]}:read" for kind in str(given.get("types") or "public_channel").split(",")]
        if method in ("conversations.history", "conversations.replies", "conversations.info"):
            room = self.channels.get(str(given.get("channel")))
            kind = "im" if room and room.im else "groups" if room and room.private else "channels"
            return [f"{kind}:{'read' if method.endswith('info') else 'history'}"]
        return [SCOPES[method]] if method in SCOPES else []

    def _answer(self, method: str, given: dict[str, Any]) -> dict[str, Any]:
        handler = getattr(self, "_" + method.replace(".", "_").lower(), None)
        if handler is None:
            return {"ok": False, "error": "unknown_method"}
        told = handler(given)
        return {"ok": False, "error": told} if isinstance(told, str) else {"ok": True} | told

    def _auth_test(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"url": "https://acme.slack.com/", "team": "Acme", "user": "vutler", "team_id": self.team,
                "user_id": self.bot_user, "bot_id": self.bot_id, "is_enterprise_install": False}  # fmt: skip

    def _apps_connections_open(self, _: dict[str, Any]) -> dict[str, Any]:
        ticket = self.sockets.ticket()
        return {"url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}&app_id=A0APP00001"}

    def _found(self, given: dict[str, Any]) -> Channel | str:
        """By id, by name, or a user's direct messages."""
        name = str(given.get("channel") or "")
        for each in self.channels.values():
            if name in (each.id, f"#{each.name}", each.name) or (each.im and name == each.im):
                if each.private and not each.member:
                    break
                return each
        return self.channel("", im=name) if name in self.users else "channel_not_found"

    def _chat_postmessage(self, given: dict[str, Any]) -> dict[str, Any] | str:
        channel = self._found(given)
        if isinstance(channel, str):
            return channel
        blocks, metadata = (_read(given.get(name)) for name in ("blocks", "metadata"))
        text, thread = str(given.get("text") or ""), given.get("thread_ts")
        bad_blocks = len(blocks or ()) > 50 or any(not isinstance(each, dict) for each in blocks or ())
        for error, applies in {
            "is_archived": channel.archived, "not_in_channel": not channel.member, "no_text": not (text or blocks),
            "msg_too_long": len(text) > 40_000, "invalid_blocks": bad_blocks,
            "invalid_metadata_format": metadata is not None and metadata.keys() != {"event_type", "event_payload"},
            "thread_not_found": thread is not None and all(each["ts"] != thread for each in channel.messages),
        }.items():  # fmt: skip
            if applies:
                return error
        message = {"type": "message", "user": self.bot_user, "bot_id": self.bot_id, "ts": self._ts(), "text": text,
                   "team": self.team}  # fmt: skip
        message |= {"blocks": blocks} if blocks else {}
        message |= {"metadata": metadata} if metadata else {}
        message |= {"thread_ts": thread} if thread else {}
        self._keep(channel, message)
        self.tell(self.event(channel, {name: value for name, value in message.items() if name != "metadata"}))
        return {"channel": channel.id, "ts": message["ts"], "message": message}

    def _chat_update(self, given: dict[str, Any]) -> dict[str, Any] | str:
        channel = self._found(given)
        if isinstance(channel, str):
            return channel
        message = next((each for each in channel.messages if each["ts"] == given.get("ts")), None)
        if message is None:
            return "message_not_found"
        if message.get("bot_id") != self.bot_id:
            return "cant_update_message"
        message |= {name: given[name] for name in ("text", "blocks") if name in given}
        return {"channel": channel.id, "ts": message["ts"], "text": message["text"]}

    def _conversations_history(self, given: dict[str, Any]) -> dict[str, Any] | str:
        channel = self.channels.get(str(given.get("channel")))
        if channel is None:
            return "channel_not_found"
        if not channel.member:
            return "not_in_channel"
        top = [each for each in channel.messages if each.get("thread_ts", each["ts"]) == each["ts"]]
        return self._paged(between(top, given)[::-1], given, "messages", 100)

    def _conversations_replies(self, given: dict[str, Any]) -> dict[str, Any] | str:
        channel = self.channels.get(str(given.get("channel")))
        if channel is None:
            return "channel_not_found"
        ts = given.get("ts")
        parent = [each for each in channel.messages if each["ts"] == ts]
        if not parent:
            return "thread_not_found"
        replies = [each for each in channel.messages if each.get("thread_ts") == ts and each["ts"] != ts]
        return self._paged(parent + between(replies, given), given, "messages", 1000)

    def _conversations_list(self, given: dict[str, Any]) -> dict[str, Any] | str:
        hidden = str(given.get("exclude_archived", "")).lower() in ("1", "true")
        kinds = str(given.get("types") or "public_channel").split(",")
        rows = [
            each.shown() for each in self.channels.values()
            if not (hidden and each.archived) and not (each.private and not each.member)
            and ("im" if each.im else "private_channel" if each.private else "public_channel") in kinds
        ]  # fmt: skip
        return self._paged(rows, given, "channels", 100)

    def _users_conversations(self, given: dict[str, Any]) -> dict[str, Any] | str:
        told = self._conversations_list(given | {"limit": 1000, "cursor": ""})
        if isinstance(told, str):
            return told
        rows = [each for each in told["channels"] if each.get("is_member", True)]
        return self._paged(rows, given, "channels", 100)

    def _conversations_info(self, given: dict[str, Any]) -> dict[str, Any] | str:
        channel = self.channels.get(str(given.get("channel")))
        return "channel_not_found" if channel is None else {"channel": channel.shown()}

    def _conversations_open(self, given: dict[str, Any]) -> dict[str, Any] | str:
        user = str(given.get("users"))
        if user not in self.users:
            return "user_not_found"
        found = next((each for each in self.channels.values() if each.im == user), None) or self.channel("", im=user)
        return {"channel": {"id": found.id}}

    def _users_info(self, given: dict[str, Any]) -> dict[str, Any] | str:
        user = self.users.get(str(given.get("user")))
        if user is None:
            return "user_not_found"
        shown = "users:read.email" in self.scopes
        profile = {name: value for name, value in user["profile"].items() if name != "email" or (shown and value)}
        return {"user": user | {"profile": profile}}

    def _paged(self, rows: list[Any], given: dict[str, Any], name: str, usual: int) -> dict[str, Any] | str:
        try:
            first = int(str(given.get("cursor") or "at:0").removeprefix("at:"))
        except ValueError:
            return "invalid_cursor"
        limit = min(int(given.get("limit") or usual), self.page)
        told = str(given.get("include_all_metadata", "")).lower() in ("1", "true")
        page = [
            each if told else {key: each[key] for key in each if key != "metadata"} for each in rows[first:][:limit]
        ]
        more = first + limit < len(rows)
        return {
            name: page,
            "has_more": more,
            "response_metadata": {"next_cursor": f"at:{first + limit}" if more else ""},
        }

    async def _file(self, request: web.Request) -> web.Response:
        name, kind, content = self.files[request.match_info["id"]]
        if request.headers.get("Authorization") != f"Bearer {self.bot_token}" or "files:read" not in self.scopes:
            return web.Response(text="<html>Sign in to Slack</html>", content_type="text/html")
        return web.Response(body=content, content_type=kind, headers={"X-File": name})


def _read(value: Any) -> Any:
    """Forms hold JSON."""
    return json.loads(value) if isinstance(value, str) else value


async def main() -> None:
    async with Slack(port=8301) as slack:
        print(f"{slack.api_url} {slack.bot_token} {slack.app_token} {slack.channel('general').id}")  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
