"""A real service of the outside world that checks credentials, and gives tokens by OAuth 2 client credentials.

/bearer /basic /header    200 with the right credentials, else 401; the answer repeats what was sent
/token                    RFC 6749, section 4.4: a token, or its error bodies
/api/...                  200 with a token that was given and is still good, else 401
/away?to=                 a redirect
/slow                     answers after a long time
"""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_plus

from aiohttp import web


@dataclass
class Service:
    """`async with Service() as service: service.url`. `error`: what the token address answers instead of a token."""

    token: str = "tok-3nq8-canary"
    user: str = "vutler"
    password: str = 'pa"ss/wörd+1'
    client: str = "client 1"
    secret: str = "s3cr3t/%&+client"
    lives_s: Any = 3600
    kind: str = "Bearer"
    error: tuple[int, Any] | None = None
    asked: int = 0  # for tokens
    given: list[str] = field(default_factory=list)
    good: set[str] = field(default_factory=set)
    seen: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._remember])
        basic = "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        checks: dict[str, Callable[[web.Request], bool]] = {
            "bearer": lambda request: request.headers.get("Authorization") == f"Bearer {self.token}",
            "basic": lambda request: request.headers.get("Authorization") == basic,
            "header": lambda request: request.headers.get("X-Api-Key") == self.token,
            "api": lambda request: request.headers.get("Authorization", "").removeprefix("Bearer ") in self.good,
        }
        for name, check in checks.items():
            app.router.add_route("*", f"/{name}{{rest:.*}}", self._checked(check))
        app.router.add_post("/token", self._token)
        app.router.add_route("*", "/away", self._away)
        app.router.add_route("*", "/slow", self._slow)
        app.router.add_route("*", "/{rest:.*}", self._checked(lambda _: True))
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

    @web.middleware
    async def _remember(self, request: web.Request, handler: Any) -> web.StreamResponse:
        text = (await request.read()).decode()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append({"method": request.method, "path": request.path_qs, "headers": headers, "body": text})
        answer: web.StreamResponse = await handler(request)
        return answer

    def _checked(self, check: Callable[[web.Request], bool]) -> Any:
        """Repeats everything that was sent, plainly and encoded, in the body and in headers."""

        async def handler(request: web.Request) -> web.Response:
            sent = request.headers.get("X-Api-Key" if request.path == "/header" else "Authorization", "")
            plain = sent.partition(" ")[2] or sent
            told = {
                "sent": sent,
                "plain": plain,
                "nested": json.dumps({"you": json.dumps(sent)}),
                "base64": [base64.b64encode((" " * n + plain).encode()).decode() for n in range(4)],
                "url": [base64.urlsafe_b64encode((" " * n + plain + "!").encode()).decode() for n in range(4)],
            }
            status = int(request.query.get("status", "200" if check(request) else "401"))
            if times := int(request.query.get("times", 0)):
                return web.Response(text=f"{sent} {told['base64'][0]}\n" * times, status=status)
            if "text" in request.query:
                return web.Response(text=f"{'.' * int(request.query.get('pad', 0))}Not you: {sent}", status=status)
            headers = {"X-You-Sent": sent.encode("ascii", "replace").decode(), "Set-Cookie": "key=" + told["base64"][0]}
            return web.json_response(told, status=status, headers=headers)

        return handler

    async def _token(self, request: web.Request) -> web.Response:
        self.asked += 1
        form = await request.post()
        if self.error is not None:
            status, body = self.error
            return (
                web.json_response(body, status=status)
                if isinstance(body, dict)
                else web.Response(text=body, status=status)
            )
        client, secret = _client(request, dict(form))
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        if (client, secret) != (self.client, self.secret):
            told = {"error": "invalid_client", "error_description": f"No client with the secret {secret}"}
            return web.json_response(told, status=401)
        if "wrong" in str(form.get("scope", "")):
            return web.json_response({"error": "invalid_scope"}, status=400)
        token = f"at-{len(self.given)}-8f3kz/canary+=="
        self.given.append(token)
        self.good.add(token)
        told = {"access_token": token, "token_type": self.kind, "scope": form.get("scope", "")}
        return web.json_response(told | ({} if self.lives_s is None else {"expires_in": self.lives_s}))

    async def _away(self, request: web.Request) -> web.Response:
        status = int(request.query.get("status", "302"))
        return web.Response(status=status, headers={"Location": request.query["to"]})

    async def _slow(self, _: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()


def _client(request: web.Request, form: dict[str, Any]) -> tuple[str, str]:
    """Who asks, as RFC 6749, section 2.3.1 has it."""
    given = request.headers.get("Authorization", "")
    if given.startswith("Basic "):
        client, _, secret = base64.b64decode(given[6:]).decode().partition(":")
        return unquote_plus(client), unquote_plus(secret)
    return str(form.get("client_id")), str(form.get("client_secret"))
