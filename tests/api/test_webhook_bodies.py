"""What a webhook's body becomes: JSON its value, a form an object, text a string, the rest a file."""

import gzip
from typing import Any

import httpx
import pytest

from core.db import Database
from tests.api.conftest import Tenant, problem
from tests.api.rows import GOOD, Webhook, add_webhook, data_of, ledger, run_count


@pytest.fixture
async def hook(db: Database, ada: Tenant) -> Webhook:
    return await add_webhook(db, ada)


BODIES: list[tuple[str | None, bytes, Any]] = [
    ("application/json", b'{"a": [1, 2.5, null, "x"]}', {"a": [1, 2.5, None, "x"]}),
    ("application/vnd.api+json; charset=utf-8", b"[1]", [1]),
    ("application/json", b"", None),
    (None, b"", None),
    ("application/x-www-form-urlencoded", b"a=1&b=x+y&a=2&c=%C3%A9&d=",
     {"a": ["1", "2"], "b": "x y", "c": "é", "d": ""}),
    ("text/plain", "grüß".encode(), "grüß"),
    ("text/plain; charset=iso-8859-1", "grüß".encode("latin-1"), "grüß"),
    ("text/xml", b"<a/>", "<a/>"),
    (None, b'{"a": 1}', {"a": 1}),
    (None, b"plain", "plain"),
    ("text/plain", b"a\x00b", "a\ufffdb"),
    ("application/json", b'{"files": [{"$blob": "imitated"}]}', {"files": [{"$blob": "imitated"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("media_type", "body", "expected"), BODIES)
async def test_kinds_of_bodies(
    client: httpx.AsyncClient, db: Database, hook: Webhook, *, media_type: str | None, body: bytes, expected: Any
) -> None:
    headers = GOOD | ({"Content-Type": media_type} if media_type else {})
    answer = await client.post(hook.path, content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    assert await data_of(db, answer.json()["run_id"]) == expected


@pytest.mark.proves("RISK-5")
@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/json", b"{nope"),
        ("application/json", b'{"a": NaN}'),
        ("application/json", b'{"a": -1e999}'),
        ("application/json", b"[" * 1000 + b"]" * 1000),
        ("application/json", b'"\xff"'),
        ("application/json", b'{"a": "\\u0000"}'),
        ("application/x-www-form-urlencoded", b"a=%FF"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(1001))),
        ("text/plain", b"\xff"),
        ("text/plain; charset=nonsense", b"a"),
    ],
)
async def test_bodies_that_lie_are_refused(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook, *, media_type: str, body: bytes
) -> None:
    answer = await client.post(hook.path, content=body, headers=GOOD | {"Content-Type": media_type})
    found = problem(answer, 422, "invalid_body")
    assert found["errors"][0]["at"] == "body"
    assert await run_count(db) == 0
    (delivery,) = await ledger(client, ada)
    assert (delivery["verdict"], delivery["http_status"]) == ("refused", 422)


async def test_a_compressed_body_is_refused_with_the_reason(client: httpx.AsyncClient, hook: Webhook) -> None:
    headers = GOOD | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    found = problem(await client.post(hook.path, content=gzip.compress(b"{}"), headers=headers), 422, "invalid_body")
    assert found["errors"][0]["message"] == "The body is compressed (gzip); send it as it is, without Content-Encoding."


async def test_other_bodies_are_files(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, hook: Webhook
) -> None:
    headers = GOOD | {"Content-Type": "image/png", "Idempotency-Key": "p"}
    answers = [await client.post(hook.path, content=b"\x89PNG\x00", headers=headers) for _ in range(2)]
    assert [answer.json()["status"] for answer in answers] == ["accepted", "duplicate"]
    reference = await data_of(db, answers[0].json()["run_id"])
    assert (reference["size"], reference["media_type"]) == (5, "image/png")
    path = f"/api/blobs/{reference['$blob']}"
    fetched = await client.get(path, headers=ada.headers)
    assert (fetched.status_code, fetched.content) == (200, b"\x89PNG\x00")
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert fetched.headers["content-type"] == "application/octet-stream"
    problem(await client.get(path, headers=eve.headers), 404, "blob_not_found")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM blobs WHERE run_id IS NOT NULL") == 1
        assert await connection.fetchval("SELECT count(*) FROM blobs") == 1


@pytest.mark.proves("RISK-5")
async def test_too_large(client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook) -> None:
    size = 1024 * 1024
    assert (
        await client.post(
            hook.path, content=b'"' + b"x" * (size - 2) + b'"', headers=GOOD | {"Content-Type": "text/plain"}
        )
    ).status_code == 202
    problem(await client.post(hook.path, content=b"x" * (size + 1), headers=GOOD), 413, "body_too_large")

    async def dripped() -> Any:
        for _ in range(20):
            yield b"x" * 65536

    problem(await client.post(hook.path, content=dripped(), headers=GOOD), 413, "body_too_large")
    refused = await ledger(client, ada, verdict="refused")
    assert [each["http_status"] for each in refused] == [413, 413]
    assert refused[1]["size"] == size + 1
