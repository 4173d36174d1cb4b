"""Slack's Events API and interactivity, as they call an app; and its incoming webhooks, as an app calls them.

| behaviour | page |
|---|---|
| `X-Slack-Signature` is `v0=` and the HMAC-SHA256 of `v0:{time}:{body}` | https://docs.slack.dev/authentication/verifying-requests-from-slack |
| `url_verification`: the challenge is to come back, plain, as a form or in JSON | https://docs.slack.dev/reference/events/url_verification |
| an answer of 2xx within 3 s, else again at once, after 1 and 5 minutes, with `X-Slack-Retry-Num` and `-Reason` | https://docs.slack.dev/apis/events-api#retries |
| `X-Slack-No-Retry: 1` ends that | https://docs.slack.dev/apis/events-api#graceful-retries-with-the-x-slack-no-retry-header |
| a press of a button is a form with one field `payload` | https://docs.slack.dev/reference/interaction-payloads/block_actions-payload |
| response_url: five answers within 30 minutes | https://docs.slack.dev/interactivity/handling-user-interaction |
| incoming webhooks: `ok`, or 400 `invalid_payload`, `no_text`; 403 `action_prohibited`, `invalid_token`; 404 `no_service`, `no_active_hooks`; 410 `channel_is_archived` | https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors |
"""  # noqa: E501 - a table of addresses

import asyncio
import hmac
import itertools
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from aiohttp import ClientSession, ClientTimeout, web

Post = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, dict[str, str], bytes]]]


@dataclass
class Sender:
    """Calls an app. `post(url, headers, body)` gives status, lower-case headers and body."""

    url: str
    post: Post
    secret: str = "8f742231b10e-canary-signing"
    retry_s: tuple[float, ...] = (0.0, 60.0, 300.0)
    clock: Callable[[], float] = time.time
    answers: list[tuple[int, str]] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        moment = str(int(self.clock() if at is None else at))
        digest = hmac.digest(self.secret.encode(), f"v0:{moment}:".encode() + body, "sha256").hex()
        return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}

    async def verify(self) -> bool:
        """Whether the address may be entered in the app's settings."""
        challenge = f"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P{time.time()}"
        body = json.dumps({"token": "legacy", "challenge": challenge, "type": "url_verification"}).encode()
        status, headers, answer = await self.post(self.url, self._json(body), body)
        kind = headers.get("content-type", "")
        told = json.loads(answer).get("challenge") if "json" in kind else answer.decode().removeprefix("challenge=")
        return status == 200 and bool(told == challenge)

    async def send(self, payload: dict[str, Any]) -> bool:
        """Until it is taken; whether it was."""
        body = json.dumps(payload).encode()
        reason = ""
        for number, pause in enumerate((0.0, *self.retry_s)):
            if pause:
                await asyncio.sleep(pause)
            more = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason} if number else {}
            try:
                async with asyncio.timeout(3):
                    status, headers, answer = await self.post(self.url, self._json(body) | more, body)
            except (TimeoutError, OSError):
                reason = "http_timeout"
                continue
            self.answers.append((status, answer.decode()))
            if 200 <= status < 300:
                return True
            reason = "http_error"
            if headers.get("x-slack-no-retry") == "1":
                break
        self.given_up.append(str(payload.get("event_id")))
        return False

    async def press(self, payload: dict[str, Any]) -> tuple[int, str]:
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | self.signed(body)
        status, _, answer = await self.post(f"{self.url}/interactive", headers, body)
        return status, answer.decode()

    def _json(self, body: bytes) -> dict[str, str]:
        return {"Content-Type": "application/json"} | self.signed(body)


def over_http(session: ClientSession) -> Post:
    async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        async with session.post(url, data=body, headers=headers, timeout=ClientTimeout(total=10)) as answer:
            found = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, found, await answer.read()

    return post


def pressed(team: str, user: str, channel: str, message: dict[str, Any], action: dict[str, Any], **more: Any) -> Any:
    """What a press of a button on a message tells."""
    return {
        "type": "block_actions", "user": {"id": user, "username": "ada", "team_id": team}, "token": "legacy",
        "api_app_id": "A0APP00001", "team": {"id": team, "domain": "acme"}, "trigger_id": "1.2.3",
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel, "is_ephemeral": False},
        "channel": {"id": channel, "name": "general"}, "message": message, "response_url": "https://x.invalid/r",
        "actions": [{"type": "button", "action_ts": "1.1"} | action],
    } | more  # fmt: skip


@dataclass
class Hooks:
    """`async with Hooks() as hooks: hooks.url`: one incoming webhook, and the `response_url`s of presses."""

    token: str = "XXXXcanaryXXXXhookXXXX24"
    active: bool = True
    archived: bool = False
    prohibited: bool = False
    trouble: deque[Any] = field(default_factory=deque)  # a status, `cut`, `cut after`, `slow`, `limited`
    posted: list[dict[str, Any]] = field(default_factory=list)
    responses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    port: int = 0
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/T0TEAM0001/B0HOOK0001/{self.token}"

    def response_url(self) -> str:
        ident = f"r{next(self._numbers)}"
        self.responses[ident] = []
        return f"http://127.0.0.1:{self.port}/actions/T0TEAM0001/{ident}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/services/{team}/{hook}/{token}", self._hook)
        app.router.add_post("/actions/{team}/{id}", self._response)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _hook(self, request: web.Request) -> web.Response:
        trouble = self.trouble.popleft() if self.trouble else None
        if trouble == "cut" and request.transport is not None:
            request.transport.abort()
        if trouble == "slow":
            await asyncio.sleep(60)
        if trouble == "limited":
            return web.Response(status=429, text="rate_limited", headers={"Retry-After": "7"})
        if isinstance(trouble, int):
            return web.Response(status=trouble, text="rollup_error")
        status, told = self._judged(request, await request.text())
        if trouble == "cut after" and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status, text=told)

    def _judged(self, request: web.Request, text: str) -> tuple[int, str]:
        refusals = (
            (not self.active, 404, "no_service"),
            (request.match_info["token"] != self.token, 403, "invalid_token"),
            (self.prohibited, 403, "action_prohibited"),
            (self.archived, 410, "channel_is_archived"),
        )
        for applies, status, told in refusals:
            if applies:
                return status, told
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict) or not isinstance(given.get("blocks", []), list):
            return 400, "invalid_payload"
        if len(given.get("blocks", [])) > 50:
            return 400, "invalid_blocks"
        if not given.get("text") and not given.get("blocks"):
            return 400, "no_text"
        self.posted.append(given)
        return 200, "ok"

    async def _response(self, request: web.Request) -> web.Response:
        told = self.responses.get(request.match_info["id"])
        if told is None or len(told) >= 5:
            return web.Response(status=404, text="expired_url")
        told.append(await request.json())
        return web.Response(text="ok")
