"""Streams, WebSockets and bare sockets go the same way out as requests: none of them reaches a hostile address."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from blocks.errors import ActionError, InvalidInput, Retryable
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.security.hostile_urls import HOSTILE
from tests.security.test_outgoing import Canary, canary, lookup, served

__all__ = ["canary"]
MAIL = frozenset({25, 465, 587, 143, 993})


async def test_no_hostile_address_is_reached(canary: Canary) -> None:
    async with Outgoing(Policy(), lookup=lookup) as http:
        for template in HOSTILE:
            url = template.replace("{port}", str(canary.port))
            with pytest.raises(InvalidInput):
                async with http.stream("GET", url, headers={}, content=None, timeout_s=3):
                    pass
            with pytest.raises(InvalidInput):
                await http.websocket(f"ws{url.removeprefix('http')}", headers={}, timeout_s=3)
        for host in (
            "127.0.0.1",
            "::1",
            "localhost",
            "mixed.example",
            "name.to.metadata",
            "mapped.example",
            "10.1.2.3",
        ):
            with pytest.raises(InvalidInput, match="may not call"):
                await http.connect(host, canary.port, ports=MAIL | {canary.port}, timeout_s=3)
    assert canary.hits == 0


async def test_a_socket_goes_to_the_ports_of_its_protocol_alone() -> None:
    async with Outgoing(Policy(), lookup=lookup) as http:
        with pytest.raises(InvalidInput, match="port 6379 is none of 25, 143, 465, 587, 993"):
            await http.connect("93.184.216.34", 6379, ports=MAIL, timeout_s=3)


async def test_an_allowed_socket_is_connected(canary: Canary) -> None:
    async with Outgoing(Policy.of([f"127.0.0.1:{canary.port}"]), lookup=lookup) as http:
        with contextlib.closing(await http.connect("127.0.0.1", canary.port, ports=MAIL, timeout_s=3)) as made:
            assert made.getpeername() == ("127.0.0.1", canary.port)


async def test_nobody_there() -> None:
    async with Outgoing(Policy.of(["127.0.0.1:1"])) as http:
        with pytest.raises(Retryable, match="took no connection"):
            await http.connect("127.0.0.1", 1, ports=MAIL, timeout_s=3)


@pytest.fixture
async def talker() -> AsyncIterator[str]:
    async def talk(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade") == "websocket":
            if "refuse" in request.query:
                raise web.HTTPUnauthorized
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for frame in socket:
                if frame.data == "leave":
                    await socket.close()
                elif frame.data == "vanish" and request.transport is not None:
                    request.transport.abort()
                else:
                    await socket.send_str(f"{frame.data}!")
            return socket
        answer = web.StreamResponse(headers={"X-Kind": "dripped"})
        await answer.prepare(request)
        await answer.write(b"one")
        await asyncio.wait_for(passed.wait(), 5)
        await answer.write(b"two")
        if "cut" in request.query and request.transport is not None:
            request.transport.abort()
        return answer

    passed = asyncio.Event()
    async with served(talk, "/talk") as url:
        TALK[url] = passed
        yield url


TALK: dict[str, asyncio.Event] = {}


async def test_an_answer_is_read_while_it_is_written(talker: str) -> None:
    async with (
        Outgoing(Policy.of(["127.0.0.1"])) as http,
        http.stream("POST", f"{talker}/talk", headers={}, content=b"{}", timeout_s=5) as answer,
    ):
        assert (answer.status, answer.headers["x-kind"]) == (200, "dripped")
        pieces = answer.pieces()
        assert await anext(pieces) == b"one"
        TALK[talker].set()  # the server holds the rest back until the first piece was read
        assert b"".join([piece async for piece in pieces]) == b"two"


async def test_a_stream_that_breaks_or_is_too_long_says_so(talker: str) -> None:
    TALK[talker].set()
    async with Outgoing(Policy.of(["127.0.0.1"]), max_body=4) as http:
        with pytest.raises(InvalidInput, match="large"):
            await _read(http, f"{talker}/talk")
    async with Outgoing(Policy.of(["127.0.0.1"])) as http:
        with pytest.raises(Retryable) as caught:
            await _read(http, f"{talker}/talk?cut=1")
        assert caught.value.answered is False  # it may have been carried out


async def test_texts_go_both_ways(talker: str) -> None:
    async with Outgoing(Policy.of(["127.0.0.1"])) as http:
        socket = await http.websocket(f"ws{talker.removeprefix('http')}/talk", headers={}, timeout_s=5)
        await socket.send("hello")
        assert await socket.receive() == "hello!"
        await socket.send("leave")
        assert await socket.receive() is None
        await socket.close()


async def test_a_socket_that_is_refused_or_vanishes(talker: str) -> None:
    url = f"ws{talker.removeprefix('http')}/talk"
    async with Outgoing(Policy.of(["127.0.0.1"])) as http:
        with pytest.raises(Retryable, match="status 401"):
            await http.websocket(f"{url}?refuse=1", headers={}, timeout_s=5)
        with pytest.raises(ActionError, match="ws://"):
            await http.websocket(talker, headers={}, timeout_s=5)
        socket = await http.websocket(url, headers={}, timeout_s=5)
        await socket.send("vanish")
        with contextlib.suppress(Retryable):  # a broken line is told as its end or as an error
            assert await socket.receive() is None


async def _read(http: Outgoing, url: str) -> None:
    async with http.stream("GET", url, headers={}, content=None, timeout_s=5) as answer:
        async for _ in answer.pieces():
            pass
