"""The world outside: takes every step's request and counts its Idempotency-Key. It is never killed.

POST /<effect>/<step>?ms=<milliseconds before the answer>
"""

import asyncio
from collections import Counter
from types import TracebackType
from typing import Self

from aiohttp import web


class Sink:
    """`async with Sink() as sink`."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()  # by Idempotency-Key
        self.unsafe: set[str] = set()  # the keys of unsafe steps
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{effect}/{step}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        """The effect happens at once, whether or not anybody waits for the answer."""
        key = request.headers["Idempotency-Key"]
        self.hits[key] += 1
        if request.match_info["effect"] == "unsafe":
            self.unsafe.add(key)
        await asyncio.sleep(float(request.query.get("ms", "0")) / 1000)
        return web.json_response({"key": key, "times": self.hits[key]})
