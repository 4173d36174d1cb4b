"""Answers that are read as they come, and connections on which texts go both ways."""

from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp

from blocks.errors import Retryable
from core.outgoing.decoding import too_large
from core.outgoing.exchange import Exchange, readable, translated

MAX_TEXT: Final = 1_000_000  # bytes of one text on a WebSocket


class Streamed:
    """An answer that is read as it comes: lower-case header names, the body in pieces, never compressed."""

    def __init__(self, answer: aiohttp.ClientResponse, exchange: Exchange, most: int, timeout_s: float) -> None:
        self.status = answer.status
        self.headers = readable(answer.headers)
        self._answer = answer
        self._exchange = exchange
        self._most = most
        self._timeout_s = timeout_s

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises `InvalidInput` (`response_too_large`) and `Retryable`."""
        size = 0
        try:
            async for piece in self._answer.content.iter_any():
                size += len(piece)
                if size > self._most:
                    raise too_large(self._most)
                yield piece
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise translated(error, self._exchange, self._timeout_s) from error


class Texts:
    """`blocks.connection.WebSocket`. `host` is whose it is, for sentences."""

    def __init__(self, opened: "aiohttp.ClientWebSocketResponse[Any]", host: str) -> None:
        self._opened = opened
        self._host = host

    async def send(self, text: str) -> None:
        try:
            await self._opened.send_str(text)
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            raise self._broken() from error

    async def receive(self) -> str | None:
        """None when it was closed from the other side; frames that are no text are passed over."""
        while True:
            frame = await self._opened.receive()
            if frame.type is aiohttp.WSMsgType.TEXT:
                return str(frame.data)
            if frame.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED):
                return None
            if frame.type is aiohttp.WSMsgType.ERROR:
                raise self._broken()

    async def close(self) -> None:
        await self._opened.close()

    def _broken(self) -> Retryable:
        return Retryable("connection_failed", f"The connection to {self._host} broke.", cause="connection")
