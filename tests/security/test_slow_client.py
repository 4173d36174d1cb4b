"""Slow clients, byte by byte over raw sockets against the server as it runs: cut off by our own time-outs.

The time-outs are shortened to what a test can afford; that the real ones are within 15 s is checked beside it.
"""

import asyncio
import json
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from api import server as api_server
from api.gate import SECURITY_HEADERS
from core.db import Database
from tests.api.automations import HAND, made
from tests.api.conftest import Served, Tenant, until
from tests.api.rows import add_run, worker

HEAD = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"


@dataclass
class Heard:
    """What the server said, and after how many seconds it hung up (None: it did not)."""

    answer: bytes = b""
    closed_after: float | None = None
    parts: list[bytes] = field(default_factory=list)


async def talk(served: Served, parts: list[bytes], *, pause_s: float, limit_s: float) -> Heard:
    """Send `parts` with pauses, and read until the server closes or the time is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    began, heard = monotonic(), Heard()

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(limit_s):
            while chunk := await reader.read(65536):
                heard.answer += chunk
        heard.closed_after = monotonic() - began
    except ConnectionError:
        heard.closed_after = monotonic() - began
    except TimeoutError:
        pass
    finally:
        sending.cancel()
        writer.close()
    return heard


def upload(ada: Tenant, size: int) -> bytes:
    return (
        f"POST /api/files?name=x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.token}\r\n"
        f"Content-Length: {size}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([b"GET /healthz HTTP/1.1\r\n"] + [b"X-A: b\r\n"] * 1000, id="headers dripped"),
        pytest.param([bytes([each]) for each in b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"y" * 1000], id="byte by byte"),
        pytest.param([HEAD] + [b"x"] * 1000, id="body dripped"),
        pytest.param([HEAD, b"{"], id="body that never comes"),
        pytest.param(
            [HEAD.replace(b"Content-Length: 500", b"Transfer-Encoding: chunked")] + [b"1\r\nx\r\n"] * 1000,
            id="chunks dripped",
        ),
        pytest.param([b"GET"], id="silence"),
        pytest.param([], id="nothing at all"),
        pytest.param([b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /he"], id="second request dripped"),
    ],
)
async def test_who_drips_is_cut(
    served: Served, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    monkeypatch.setattr(api_server, "RECEIVE_S", 0.6)
    monkeypatch.setattr(api_server, "PROGRESS_S", 0.3)
    slow = asyncio.create_task(talk(served, parts, pause_s=0.05, limit_s=10))
    assert (await client.get("/healthz")).status_code == 200, "others are served meanwhile"
    heard = await slow
    assert heard.closed_after is not None
    assert b"HTTP/1.1 408 " in heard.answer


def test_the_real_time_outs_are_within_15_s() -> None:
    assert api_server.RECEIVE_S + api_server.PROGRESS_S < 15
    assert api_server.STALLED_S < 15


async def test_an_upload_that_makes_progress_may_take_longer(
    served: Served, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_server, "RECEIVE_S", 0.4)
    monkeypatch.setattr(api_server, "PROGRESS_S", 0.4)
    parts = [b"x" * 32768] * 16  # 1.6 s, at 320 KiB a second
    heard = await talk(served, [upload(ada, 16 * 32768), *parts], pause_s=0.1, limit_s=8)
    assert heard.answer.startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize("dripped", [[], [b"x"] * 1000], ids=["stops", "drips"])
async def test_an_upload_that_stops_or_drips_after_a_quick_start_is_cut(
    served: Served, ada: Tenant, monkeypatch: pytest.MonkeyPatch, dripped: list[bytes]
) -> None:
    monkeypatch.setattr(api_server, "RECEIVE_S", 0.4)
    monkeypatch.setattr(api_server, "PROGRESS_S", 0.4)
    heard = await talk(served, [upload(ada, 2_000_000), b"x" * 900_000, *dripped], pause_s=0.05, limit_s=10)
    assert heard.closed_after is not None
    assert b"HTTP/1.1 408 " in heard.answer


async def test_a_client_in_time_is_not_cut(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_server, "RECEIVE_S", 0.5)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    heard = await talk(served, [request] * 6, pause_s=0.2, limit_s=1.6)
    assert heard.answer.count(b"HTTP/1.1 200 OK") == 6


async def test_headers_without_end(served: Served) -> None:
    parts = [b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 60_000, b"b" * 60_000, b"c" * 60_000]
    heard = await talk(served, parts, pause_s=0.02, limit_s=5)
    assert heard.answer.startswith(b"HTTP/1.1 431 ")
    _is_a_problem(heard.answer, 431, "headers_too_large")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"\x16\x03\x01\x00\xa5\r\n\r\n", id="TLS"),
        pytest.param(
            b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
            id="two lengths",
        ),
    ],
)
async def test_what_is_no_request_is_one_problem_and_the_end(served: Served, sent: bytes) -> None:
    heard = await talk(served, [sent], pause_s=0.02, limit_s=5)
    assert heard.answer.count(b"HTTP/1.1 ") == 1
    _is_a_problem(heard.answer, 400, "not_http")
    assert heard.closed_after is not None


async def test_more_connections_than_are_served_are_told_to_come_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_server, "_MOST_CONNECTIONS", 0)
    heard = await talk(served, [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"], pause_s=0.02, limit_s=5)
    _is_a_problem(heard.answer, 503, "busy")
    assert b"\r\nretry-after: 5\r\n" in heard.answer.lower()
    assert heard.closed_after is not None


def _is_a_problem(answer: bytes, status: int, code: str) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    found = json.loads(body)
    assert (found["status"], found["code"]) == (status, code)
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-request-id"].decode() == found["request_id"]
    assert {name.lower().encode() for name in SECURITY_HEADERS} <= set(headers)


async def test_streams_and_long_waits_live_on(
    served: Served, client: httpx.AsyncClient, db: Database, ada: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their requests are whole; only the answer takes long."""
    monkeypatch.setattr(api_server, "RECEIVE_S", 0.3)
    monkeypatch.setattr(api_server, "PROGRESS_S", 0.3)
    client.headers.update(ada.headers)
    rule_id = UUID((await made(client, HAND))["id"])
    run_id = await add_run(db, ada, rule_id)
    auth = f"Host: x\r\nAuthorization: Bearer {ada.token}\r\n"
    stream = f"GET /api/automations/logs/{run_id}/stream HTTP/1.1\r\n{auth}\r\n".encode()
    wait = (
        f"POST /api/automations/{rule_id}/run?wait=2 HTTP/1.1\r\n{auth}Connection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
    watching = asyncio.create_task(talk(served, [stream], pause_s=0, limit_s=3))
    waited = await talk(served, [wait], pause_s=0, limit_s=8)
    assert waited.answer.startswith(b"HTTP/1.1 202 "), waited.answer
    assert waited.closed_after is not None
    async with worker(db) as hands:
        run = await hands.claim()
        await hands.end(run, 2, output=json.loads("1"))
    heard = await watching
    assert b"event: end" in heard.answer, heard.answer


async def test_a_client_that_leaves_in_the_middle_is_no_error(
    served: Served, client: httpx.AsyncClient, ada: Tenant
) -> None:
    with capture_logs() as told:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(upload(ada, 1000) + b"x")
        await writer.drain()
        writer.transport.abort()

        async def noticed() -> bool:
            return any(each["event"] == "client_gone" for each in told)

        await until(noticed)
        assert not [each for each in told if each["log_level"] == "error"]
        assert (await client.get("/api/files", headers=ada.headers)).json()["items"] == []
