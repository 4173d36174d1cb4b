"""A real HTTP server that answers what it was asked and remembers it: the outside world of tests and benchmarks.

    /anything...        what arrived: method, path, query, headers, text, json
    /status/<n>         that status
    /flaky/<k>          k times 503 (by Idempotency-Key, else by query), then 200; ?retry_after= adds the header
    /slow?s=            answers after s seconds; ?drip=1 sends a byte at a time meanwhile
    /big?bytes=         that many bytes; ?gzip=1 compresses them
    /redirect?to=&status=   a redirect, 302 by default
    /raw?type=&body=    that body (percent-encoded bytes) with that content type
    /hits               how often each Idempotency-Key arrived

Alone: `python -m tests.echo --port 9000`.
"""

import argparse
import asyncio
import contextlib
import gzip
import json
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Hit:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]  # by lower-case name
    body: bytes


@dataclass
class Echo:
    """`async with Echo() as echo: echo.url`. `host` and `port` (0: a free one) say where it listens."""

    host: str = "127.0.0.1"
    port: int = 0
    hits: list[Hit] = field(default_factory=list)
    by_key: Counter[str] = field(default_factory=Counter)
    _flaky: Counter[str] = field(default_factory=Counter)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """As in VUTLER_HTTP_ALLOW_HOSTS."""
        return f"{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=50_000_000, middlewares=[self._remember])
        app.router.add_route("*", "/status/{status:[1-5][0-9][0-9]}", self._status)
        app.router.add_route("*", "/flaky/{failures:[0-9]+}", self._flaky_times)
        app.router.add_route("*", "/slow", self._slow)
        app.router.add_route("*", "/big", self._big)
        app.router.add_route("*", "/redirect", self._redirect)
        app.router.add_route("*", "/raw", self._raw)
        app.router.add_get("/hits", self._count)
        app.router.add_route("*", "/{rest:.*}", self._echo)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, backlog=1024)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _remember(self, request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:
        if request.path != "/hits":
            body = await request.read()
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.hits.append(Hit(request.method, request.path_qs, headers, body))
            if key := request.headers.get("Idempotency-Key"):
                self.by_key[key] += 1
        return await handler(request)

    async def _echo(self, request: web.Request) -> web.Response:
        text = (await request.read()).decode("utf-8", "replace")
        try:
            value = json.loads(text) if text else None
        except ValueError:
            value = None
        return web.json_response(
            {
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "headers": {name.lower(): text for name, text in request.headers.items()},
                "text": text,
                "json": value,
            }
        )

    async def _status(self, request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]), text=request.query.get("text", ""))

    async def _flaky_times(self, request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key") or request.path_qs
        self._flaky[key] += 1
        if self._flaky[key] > int(request.match_info["failures"]):
            return web.json_response({"attempt": self._flaky[key]})
        after = request.query.get("retry_after")
        return web.Response(status=503, text="not yet", headers={"Retry-After": after} if after else {})

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        seconds = float(request.query.get("s", "1"))
        if "drip" not in request.query:
            await asyncio.sleep(seconds)
            return web.json_response({"slept": seconds})
        answer = web.StreamResponse()
        await answer.prepare(request)
        with contextlib.suppress(ConnectionResetError):  # the client is free to leave
            for _ in range(int(seconds * 20)):
                await answer.write(b".")
                await asyncio.sleep(0.05)
        return answer

    async def _big(self, request: web.Request) -> web.Response:
        body = b"x" * int(request.query["bytes"])
        headers = {"Content-Type": "text/plain"}
        if "gzip" in request.query:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        return web.Response(body=body, headers=headers)

    async def _redirect(self, request: web.Request) -> web.Response:
        status = int(request.query.get("status", "302"))
        return web.Response(status=status, headers={"Location": request.query["to"]})

    async def _raw(self, request: web.Request) -> web.Response:
        # latin-1 maps U+0000-U+00FF to the bytes themselves, so that a query can carry any bytes
        body = request.query.get("body", "").encode("latin-1")
        return web.Response(
            body=body, headers={"Content-Type": request.query["type"]} if "type" in request.query else {}
        )

    async def _count(self, request: web.Request) -> web.Response:
        return web.json_response(dict(self.by_key))


async def _serve(host: str, port: int) -> None:
    async with Echo(host, port) as echo:
        print(f"echo on {echo.url}", flush=True)  # noqa: T201 - whoever started it reads the port
        await asyncio.Event().wait()


def main() -> None:
    options = argparse.ArgumentParser(prog="tests.echo")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0)
    given = options.parse_args()
    asyncio.run(_serve(given.host, given.port))


if __name__ == "__main__":
    main()
