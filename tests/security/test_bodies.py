"""Hostile bodies and hostile clients, against the server as it runs."""

import asyncio
from time import monotonic

import httpx
import pytest

from tests.api.conftest import PASSWORD, Served, Tenant, problem
from tests.security.test_slow_client import HEAD, talk

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
    heard = await talk(served, [head], pause_s=0, limit_s=5)
    assert heard.answer.startswith(b"HTTP/1.1 413 ")


async def test_many_logins_at_once_leave_the_server_answering(client: httpx.AsyncClient, ada: Tenant) -> None:
    body = {"email": "nobody@example.org", "password": PASSWORD}
    flood = [asyncio.create_task(client.post("/api/auth/login", json=body)) for _ in range(40)]
    began = monotonic()
    assert (await client.get("/api/me", headers=ada.headers)).status_code == 200
    assert monotonic() - began < 2
    assert {answer.status_code for answer in await asyncio.gather(*flood)} <= {401, 429}
