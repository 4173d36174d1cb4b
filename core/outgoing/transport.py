"""The one way out as a transport of httpx2, for libraries that bring a client of their own.

Whatever address the library asks for is judged as every other one. Its own credentials, cookies and time-outs are not
sent: who signs is the connection, and the deadline is `timeout_s`, for one whole answer.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Final, Protocol

import httpx2

from core.outgoing.lasting import Streamed

_NOT_SENT: Final = frozenset({
    "accept-encoding", "authorization", "connection", "content-length", "cookie", "host", "transfer-encoding",
    "user-agent", "x-api-key",
})  # fmt: skip


class Streams(Protocol):
    """What asks (`core/connections/signed.py`)."""

    def stream(
        self, method: str, url: str, *, headers: dict[str, str], content: bytes | None, timeout_s: float
    ) -> AbstractAsyncContextManager[Streamed]: ...


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: Streamed, opened: AsyncExitStack) -> None:
        self._answer = answer
        self._opened = opened

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.pieces():
            yield piece

    async def aclose(self) -> None:
        await self._opened.aclose()


class Transport(httpx2.AsyncBaseTransport):
    """Errors of the network come out as those of `blocks/errors.py`."""

    def __init__(self, streams: Streams, timeout_s: float) -> None:
        self._streams = streams
        self._timeout_s = timeout_s

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        content = await request.aread()
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _NOT_SENT and not name.lower().startswith("x-stainless")
        }
        async with AsyncExitStack() as stack:
            answer = await stack.enter_async_context(
                self._streams.stream(
                    request.method, str(request.url), headers=headers, content=content or None,
                    timeout_s=self._timeout_s,
                )
            )  # fmt: skip
            kept = [(name, value) for name, value in answer.headers.items() if name != "content-encoding"]
            return httpx2.Response(answer.status, headers=kept, stream=_Body(answer, stack.pop_all()))


def client(streams: Streams, timeout_s: float) -> httpx2.AsyncClient:
    """A client that can ask in no other way; redirects are answers."""
    return httpx2.AsyncClient(
        transport=Transport(streams, timeout_s),
        trust_env=False,
        follow_redirects=False,
        timeout=None,
    )
