"""Hostile bodies and hostile clients, against the server as it runs."""

import asyncio
from time import monotonic

import httpx
import pytest

from api import server as api_server
from tests.api.conftest import PASSWORD, Served, Tenant, problem

JSON = {"Content-Type": "application/json"}
LIMIT = 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1000 + b"]" * 1000,
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        b'{"email": NaN}',
        b'{"email": Infinity}',
        b'{"email": 1e999}',
        b'{"email": "\xff\xfe"}',
        b'{"email": "\\ud800"}',
        b'{"email": "a\\u0000b"}',
        b"{'email': 1}",
        b'{"email": "a", }',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"nul",
    ],
)
async def test_what_is_no_json_is_a_422(client: httpx.AsyncClient, body: bytes) -> None:
    found = problem(await client.post("/api/auth/login", content=body, headers=JSON), 422, "invalid_request")
    assert found["errors"][0]["at"] == "body"


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"{}"])
async def test_json_of_another_shape_is_a_422(client: httpx.AsyncClient, body: bytes) -> None:
    problem(await client.post("/api/auth/login", content=body, headers=JSON), 422, "invalid_request")


async def test_another_kind_of_body_is_a_422(client: httpx.AsyncClient) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await client.post("/api/auth/login", content=b"email=a", headers={"Content-Type": media_type})
        found = problem(answer, 422, "invalid_request")
        assert found["errors"] == [
            {"at": "body", "message": "Send JSON, with the header Content-Type: application/json."}
        ]
    problem(await client.post("/api/auth/login"), 422, "invalid_request")


@pytest.mark.parametrize("path", ["/api/automations?search=", "/api/automations/logs?q=", "/api/deliveries?cursor="])
async def test_no_parameter_holds_u0000(client: httpx.AsyncClient, ada: Tenant, path: str) -> None:
    found = problem(await client.get(f"{path}a%00b", headers=ada.headers), 422, "invalid_request")
    assert found["errors"] == [{"at": "query", "message": "The character U+0000 is not accepted."}]


async def test_a_body_over_the_limit_is_a_413(client: httpx.AsyncClient, ada: Tenant) -> None:
    body = b'{"email": "' + b"x" * LIMIT + b'"}'
    problem(await client.post("/api/auth/login", content=body, headers=JSON), 413, "body_too_large")

    async def chunks():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield b" " * 65536

    problem(await client.post("/api/auth/login", content=chunks(), headers=JSON), 413, "body_too_large")
    assert (await client.get("/api/me", headers=ada.headers)).status_code == 200


async def test_an_announced_body_over_the_limit_is_refused_before_it_comes(served: Served) -> None:
    head = HEAD.replace(b"Content-Length: 500", b"Content-Length: 99999999999")
    answer, _ = await _conversation(served, [head], pause_s=0, limit_s=5)
    assert answer.startswith(b"HTTP/1.1 413 ")


async def _conversation(served: Served, parts: list[bytes], *, pause_s: float, limit_s: float) -> tuple[bytes, float]:
    """Send `parts` with pauses, and read until the server closes or the time is over; gives both."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    began = monotonic()

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)

    sending = asyncio.create_task(send())
    received = b""
    try:
        async with asyncio.timeout(limit_s):
            while chunk := await reader.read(65536):
                received += chunk
    except (TimeoutError, ConnectionError):
        pass
    finally:
        sending.cancel()
        writer.close()
    return received, monotonic() - began


HEAD = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([b"GET /healthz HTTP/1.1\r\n"] + [b"X-A: b\r\n"] * 1000, id="headers dripped"),
        pytest.param([HEAD] + [b"x"] * 1000, id="body dripped"),
        pytest.param([HEAD, b"{"], id="body that never comes"),
        pytest.param([b"GET"], id="silence"),
        pytest.param([b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /he"], id="second request dripped"),
    ],
)
async def test_a_slow_client_is_cut(
    served: Served, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    monkeypatch.setattr(api_server, "RECEIVE_S", 0.6)  # the mechanism, in a time a test can afford
    slow = asyncio.create_task(_conversation(served, parts, pause_s=0.05, limit_s=10))
    assert (await client.get("/healthz")).status_code == 200
    answer, seconds = await slow
    assert 0.5 < seconds < 3
    assert b"HTTP/1.1 408 " in answer


def test_the_real_time_outs_are_within_15_s() -> None:
    assert api_server.RECEIVE_S < 15
    assert api_server.STALLED_S < 15


async def test_a_client_in_time_is_not_cut(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_server, "RECEIVE_S", 0.5)
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer, _ = await _conversation(served, [request] * 6, pause_s=0.2, limit_s=1.6)
    assert answer.count(b"HTTP/1.1 200 OK") == 6


async def test_headers_without_end(served: Served) -> None:
    parts = [b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 60_000, b"b" * 60_000, b"c" * 60_000]
    answer, _ = await _conversation(served, parts, pause_s=0.02, limit_s=5)
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_many_logins_at_once_leave_the_server_answering(client: httpx.AsyncClient, ada: Tenant) -> None:
    body = {"email": "nobody@example.org", "password": PASSWORD}
    flood = [asyncio.create_task(client.post("/api/auth/login", json=body)) for _ in range(40)]
    began = monotonic()
    assert (await client.get("/api/me", headers=ada.headers)).status_code == 200
    assert monotonic() - began < 2
    assert {answer.status_code for answer in await asyncio.gather(*flood)} <= {401, 429}
