"""Talking to an MCP server over streamable HTTP, as a client that offers nothing itself.

Written after https://modelcontextprotocol.io/specification/2025-11-25/basic/transports: a request is a POST, its answer
JSON or an event stream; a stream that broke is taken up again by its last event id. Everything goes by the `Way` of a
connection, so that no address is reached that a connection may not reach, and a redirect is followed by nobody.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Final

from blocks import sentences
from blocks.connection import Streaming, Way
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.event_stream import events
from blocks.retry_after import retry_after
from blocks.values import Json, JsonObject, read_json

NEWEST: Final = "2025-11-25"
KNOWN: Final = frozenset({NEWEST, "2025-06-18", "2025-03-26", "2024-11-05"})
_SESSION_ID: Final = re.compile(r"[\x21-\x7e]{1,1024}")
_CLOSE_S: Final = 2.0
_RESUMES: Final = 3
_WAIT_S: Final = 5.0  # the longest that a server may have us wait before we take a stream up again
_MOST_ASKED: Final = 10  # questions of a server during one request of ours
_NO_METHOD: Final = -32601
_TOLD: Final = 500  # characters of a server's words in an error


class Refused(InvalidInput):
    """The server answered a request with an error of the protocol."""


class _Garbage(Exception):
    """What came is no answer of this protocol."""


class Session:
    """`async with Session.at(way, url, timeout_s) as session`: one session, all of it within `timeout_s` seconds."""

    def __init__(self, way: Way, url: str, timeout_s: float) -> None:
        self._way = way
        self._url = url
        self._timeout_s = timeout_s
        self._until = monotonic() + timeout_s
        self._number = 0
        self._id: str | None = None
        self._version: str | None = None
        self.server = ""  # its name, as it gives it

    @classmethod
    @asynccontextmanager
    async def at(cls, way: Way, url: str, timeout_s: float) -> "AsyncIterator[Session]":
        """Raises as `ask`."""
        session = cls(way, url, timeout_s)
        try:
            await session._begin()
            yield session
        finally:
            await session._end()

    async def ask(self, method: str, params: JsonObject, *, acts: bool = False) -> JsonObject:
        """The result of a request. `acts`: carrying it out twice is not the same as once.

        Raises `Refused` with the server's words, `InvalidInput` (`connection_refused`, `not_a_tool_server`, those of
        the way out) and `Retryable`, `answered=False` exactly where the server may have carried out what `acts`.
        """
        try:
            said = await self._said(method, params)
            result = self._way.masked(said.get("result"))
            if "error" not in said and not isinstance(result, dict):
                raise _Garbage(sentences.said("an answer without a result"))
        except Retryable as error:
            raise Retryable(
                error.code, error.message, after=error.after, answered=error.answered or not acts, cause=error.cause
            ) from error
        except _Garbage as error:
            wrong = sentences.said(
                "The server does not answer {method} as an MCP server does: {fault}.",
                method=method,
                fault=sentences.reason(error),
            )
            if acts:
                raise Retryable("invalid_response", wrong, answered=False, cause="server_error") from error
            raise InvalidInput("not_a_tool_server", wrong) from error
        if not isinstance(result, dict):
            raise Refused("tool_refused", f"The MCP server refused {method}: {_words(self._way.masked(said['error']))}")
        return result

    # inside ---------------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        client: JsonObject = {"name": "vutler", "title": "Vutler", "version": "1"}
        result = await self.ask(
            "initialize", {"protocolVersion": NEWEST, "capabilities": {}, "clientInfo": client}
        )  # fmt: skip
        version, info = result.get("protocolVersion"), result.get("serverInfo")
        if version not in KNOWN:
            text = f"The server speaks version {str(version)[:40]!r} of MCP; known are {', '.join(sorted(KNOWN))}."
            raise InvalidInput("not_a_tool_server", text)
        self._version = str(version)
        self.server = str(info.get("title") or info.get("name") or "")[:200] if isinstance(info, dict) else ""
        await self._tell({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def _end(self) -> None:
        """Let the server forget the session. Whether it does is its own business."""
        if self._id is None:
            return
        with suppress(ActionError):
            async with self._way.stream("DELETE", self._url, headers=self._headers(), content=None, timeout_s=_CLOSE_S):
                pass

    async def _tell(self, message: JsonObject) -> None:
        """A message that is answered by nothing."""
        try:
            async with self._sent("POST", message) as answer:
                await self._judge(answer)
        except Retryable as error:
            raise Retryable(error.code, error.message, after=error.after, cause=error.cause) from error

    async def _said(self, method: str, params: JsonObject) -> JsonObject:
        """The message that answers a request. Raises `_Garbage` where none does."""
        self._number += 1
        number = self._number
        async with self._sent("POST", {"jsonrpc": "2.0", "id": number, "method": method, "params": params}) as answer:
            if (refusal := await self._judge(answer)) is not None:
                return refusal
            if method == "initialize":
                self._take_id(answer.headers.get("mcp-session-id"))
            try:
                return await self._read(answer, number)
            except Retryable as error:  # the request has been taken
                raise Retryable(error.code, error.message, answered=False, cause=error.cause) from error

    async def _read(self, answer: Streaming, number: int) -> JsonObject:
        kind = _media_type(answer)
        if kind == "application/json":
            return _answering(await _whole(answer), number)
        if kind != "text/event-stream":
            raise _Garbage(
                sentences.said(
                    "it sent {kind} instead of JSON or an event stream", kind=kind[:80] or sentences.said("nothing")
                )
            )
        found, last, wait_s = await self._listened(answer, number)
        for _ in range(_RESUMES):
            if found is not None or last is None:
                break
            await asyncio.sleep(min(wait_s, self._left()))
            async with self._sent("GET", None, {"Last-Event-ID": last}) as resumed:
                if resumed.status != 200 or _media_type(resumed) != "text/event-stream":
                    break
                found, again, wait_s = await self._listened(resumed, number)
                last = again or last
        if found is None:
            raise _Garbage(sentences.said("its event stream ended without the answer"))
        return found

    async def _listened(self, answer: Streaming, number: int) -> tuple[JsonObject | None, str | None, float]:
        """Our answer if it is among the events, the id of the last event, and the seconds to wait before asking on."""
        last, wait_s, asked = None, 1.0, 0
        try:
            async for event in events(answer.pieces()):
                last = event.id or last
                wait_s = min(event.retry_ms / 1000, _WAIT_S) if event.retry_ms is not None else wait_s
                if event.name != "message" or not event.data:
                    continue
                message = _parsed(event.data.encode())
                if _answers(message, number):
                    return message, last, wait_s
                if "method" in message and "id" in message:
                    asked += 1
                    if asked > _MOST_ASKED:
                        raise _Garbage(sentences.said("it asks more than it answers"))
                    with suppress(ActionError):
                        await self._reply(message)
        except Retryable:
            if last is None:
                raise
        return None, last, wait_s

    async def _reply(self, question: JsonObject) -> None:
        """We are asked whether we are there, or for something that we don't offer."""
        reply: JsonObject = {"jsonrpc": "2.0", "id": question["id"]}
        if question["method"] == "ping":
            await self._tell(reply | {"result": {}})
        else:
            await self._tell(reply | {"error": {"code": _NO_METHOD, "message": "This client does not offer that."}})

    @asynccontextmanager
    async def _sent(
        self, verb: str, message: JsonObject | None, more: dict[str, str] | None = None
    ) -> AsyncIterator[Streaming]:
        content = None if message is None else json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
        headers = self._headers() | (more or {})
        if content is not None:
            headers["Content-Type"] = "application/json"
        async with self._way.stream(
            verb, self._url, headers=headers, content=content, timeout_s=self._left()
        ) as answer:
            yield answer

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json, text/event-stream"}
        if self._id is not None:
            headers["Mcp-Session-Id"] = self._id
        if self._version is not None:
            headers["MCP-Protocol-Version"] = self._version
        return headers

    def _left(self) -> float:
        left = self._until - monotonic()
        if left <= 0:
            late = sentences.said("The MCP server did not answer within {seconds:g} s.", seconds=self._timeout_s)
            raise Retryable("timeout", late, cause="timeout")
        return left

    def _take_id(self, given: str | None) -> None:
        if given is not None and not _SESSION_ID.fullmatch(given):
            raise _Garbage(sentences.said("its session id holds characters that none may hold"))
        self._id = given

    async def _judge(self, answer: Streaming) -> JsonObject | None:
        """Raises what a refusal means; gives the error that a refusal holds in the words of the protocol."""
        status = answer.status
        if status < 300:
            return None
        if status < 400:
            text = "The MCP server sends us to another address: enter its own address in the connection."
            raise InvalidInput("not_a_tool_server", text)
        if status in (401, 403):
            text = f"The MCP server refused the credentials (status {status}): enter new ones in the connection."
            raise InvalidInput("connection_refused", text)
        text = f"The MCP server answered with status {status}."
        if status == 429 or status >= 500:
            after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
            raise Retryable("http_status", text, after=after, cause="rate_limited" if status == 429 else "server_error")
        if _media_type(answer) == "application/json":
            with suppress(_Garbage):
                said = _parsed(await _whole(answer))
                if isinstance(said.get("error"), dict):
                    return {"error": said["error"]}
        raise InvalidInput("not_a_tool_server", text + " Look at the address.")


def _media_type(answer: Streaming) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _whole(answer: Streaming) -> bytes:
    """The body, which is bounded by the way out."""
    return b"".join([piece async for piece in answer.pieces()])


def _parsed(raw: bytes) -> JsonObject:
    try:
        said = read_json(raw)
    except ValueError as error:
        raise _Garbage(sentences.said("it sent no JSON")) from error
    if not isinstance(said, dict):
        raise _Garbage(sentences.said("it sent JSON that is no message"))
    return said


def _answers(message: JsonObject, number: int) -> bool:
    ident = message.get("id")
    return "method" not in message and type(ident) in (int, str) and str(ident) == str(number)


def _answering(raw: bytes, number: int) -> JsonObject:
    """The one message of a JSON answer. An error may have lost the id of what it answers."""
    said = _parsed(raw)
    if _answers(said, number) or (said.get("id") is None and isinstance(said.get("error"), dict)):
        return said
    raise _Garbage(sentences.said("it answered something else than it was asked"))


def _words(error: Json) -> str:
    message = error.get("message") if isinstance(error, dict) else None
    return " ".join(message.split())[:_TOLD] if isinstance(message, str) and message.strip() else "it did not say why"
