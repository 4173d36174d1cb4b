"""The file store: what goes in comes out, and nothing that comes out is a page of ours."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import create_app
from core.db import Database
from core.files import sniffing
from core.keys import Keys
from core.settings import Settings
from tests.api.conftest import Tenant, client_of, problem, serve

MIB = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
HTML = b"<html><script>alert(1)</script></html>"


async def put(
    client: httpx.AsyncClient, tenant: Tenant, name: str, content: Any, said: str = "text/plain"
) -> httpx.Response:
    return await client.post(
        "/api/files", params={"name": name}, content=content, headers=tenant.headers | {"Content-Type": said}
    )


async def test_what_goes_in_comes_out(client: httpx.AsyncClient, ada: Tenant) -> None:
    content = os.urandom(3 * MIB + 17)
    made = await put(client, ada, "C:\\papers/données 2.bin", content, "application/x-thing")
    assert made.status_code == 201, made.text
    file = made.json()
    assert (file["name"], file["size"]) == ("données 2.bin", len(content))
    assert (file["media_type"], file["said_type"]) == ("application/octet-stream", "application/x-thing")
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["created_by"] == str(ada.user_id)
    path = f"/api/files/{file['id']}"
    assert (await client.get(path, headers=ada.headers)).json() == file
    got = await client.get(f"{path}/content", headers=ada.headers)
    assert got.content == content
    assert got.headers["content-length"] == str(len(content))
    assert got.headers["etag"] == f'"{file["sha256"]}"'
    again = await client.get(f"{path}/content", headers=ada.headers | {"If-None-Match": got.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_empty_file(client: httpx.AsyncClient, ada: Tenant) -> None:
    made = await put(client, ada, "empty", b"")
    assert made.status_code == 201, made.text
    got = await client.get(f"/api/files/{made.json()['id']}/content", headers=ada.headers)
    assert (got.status_code, got.content) == (200, b"")


@pytest.mark.parametrize(
    ("content", "said", "shown_as", "inline"),
    [
        (PNG, "image/png", "image/png", True),
        (b"\xff\xd8\xff\xe0 jpeg", "text/html", "image/jpeg", True),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "x/y", "image/webp", True),
        (HTML, "text/html", "text/plain; charset=utf-8", False),
        (HTML, "image/png", "text/plain; charset=utf-8", False),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", "text/plain; charset=utf-8", False),
        (b"%PDF-1.7 ...", "application/pdf", "application/pdf", False),
        (b"PK\x03\x04 office", "application/vnd.ms-excel", "application/zip", False),
        (bytes(range(256)), "text/javascript", "application/octet-stream", False),
    ],
)  # fmt: skip
async def test_nothing_but_a_picture_is_shown(
    client: httpx.AsyncClient, ada: Tenant, *, content: bytes, said: str, shown_as: str, inline: bool
) -> None:
    made = await put(client, ada, 'a "b".html', content, said)
    got = await client.get(f"/api/files/{made.json()['id']}/content", headers=ada.headers)
    assert got.headers["content-type"] == shown_as
    kind = "inline" if inline else "attachment"
    assert got.headers["content-disposition"] == f"{kind}; filename=\"a _b_.html\"; filename*=UTF-8''a%20%22b%22.html"
    assert got.headers["x-content-type-options"] == "nosniff"
    policies = got.headers.get_list("content-security-policy")
    assert "sandbox; default-src 'none'" in policies


async def test_a_name_splits_no_header(client: httpx.AsyncClient, ada: Tenant) -> None:
    made = await put(client, ada, "a\r\nSet-Cookie: x=1\u202etxt.exe", PNG)
    file = made.json()
    assert file["name"] == "aSet-Cookie: x=1txt.exe"
    got = await client.get(f"/api/files/{file['id']}/content", headers=ada.headers)
    assert got.status_code == 200
    assert "set-cookie" not in got.headers
    for name in ("", "///", "..", "\u200b"):
        problem(await put(client, ada, name, PNG), 422, "invalid_request")


async def test_list_and_delete(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    ids = [(await put(client, ada, f"{n}.txt", b"x")).json()["id"] for n in range(3)]
    page = (await client.get("/api/files?limit=2", headers=ada.headers)).json()
    assert [each["id"] for each in page["items"]] == [ids[2], ids[1]]
    rest = (await client.get(f"/api/files?limit=2&cursor={page['next_cursor']}", headers=ada.headers)).json()
    assert ([each["id"] for each in rest["items"]], rest["next_cursor"]) == ([ids[0]], None)
    assert (await client.get("/api/files", headers=eve.headers)).json()["items"] == []
    problem(await client.get("/api/files?cursor=x", headers=ada.headers), 422, "invalid_request")
    path = f"/api/files/{ids[0]}"
    for method, place in (("DELETE", path), ("GET", path), ("GET", f"{path}/content")):
        problem(await client.request(method, place, headers=eve.headers), 404, "file_not_found")
    assert (await client.delete(path, headers=ada.headers)).status_code == 204
    problem(await client.get(f"{path}/content", headers=ada.headers), 404, "file_not_found")
    problem(await client.delete(path, headers=ada.headers), 404, "file_not_found")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM file_parts") == 2
        await connection.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_id = $1", eve.user_id)
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'viewer')",
            ada.workspace_id, eve.user_id,
        )  # fmt: skip
    viewer = eve.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    problem(await client.delete(f"/api/files/{ids[1]}", headers=viewer), 403, "role_missing")
    answer = await client.post("/api/files?name=x", content=b"x", headers=viewer)
    problem(answer, 403, "role_missing")
    assert (await client.get(f"/api/files/{ids[1]}/content", headers=viewer)).content == b"x"


@pytest.fixture
def small(settings: Settings) -> Settings:
    return replace(settings, file_limit_mb=2, files_quota_mb=3)


async def test_limit_and_quota(small: Settings, keys: Keys, dsn: str) -> None:
    app = create_app(small, keys, Database(dsn, application="test", size=5))
    async with serve(app) as served, client_of(served) as client:
        ada = await _tenant(client)

        async def chunks(count: int) -> AsyncIterator[bytes]:
            for _ in range(count):
                yield bytes(65536)

        problem(await put(client, ada, "a", bytes(2 * MIB + 1)), 413, "body_too_large")
        problem(await put(client, ada, "a", chunks(33)), 413, "body_too_large")
        assert (await client.get("/api/files", headers=ada.headers)).json()["items"] == []
        assert (await put(client, ada, "a", chunks(32))).status_code == 201
        problem(await put(client, ada, "b", bytes(2 * MIB)), 413, "files_quota")
        problem(await put(client, ada, "b", chunks(32)), 413, "files_quota")
        # Side by side they can't pass the quota together either.
        answers = await asyncio.gather(*(put(client, ada, f"c{n}", chunks(10)) for n in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 413, 413, 413]


async def _tenant(client: httpx.AsyncClient) -> Tenant:
    body = {"email": "ada@example.org", "password": "correct horse battery", "name": "Ada"}
    answer = (await client.post("/api/auth/register", json=body)).json()
    return Tenant("ada@example.org", answer["access_token"], answer["user"]["id"], answer["workspace"]["id"])


async def test_a_few_uploads_at_once(client: httpx.AsyncClient, ada: Tenant) -> None:
    under_way, go_on = asyncio.Event(), asyncio.Event()
    started = 0

    async def slow() -> AsyncIterator[bytes]:
        nonlocal started
        yield b"x"
        started += 1
        if started == 4:
            under_way.set()
        await go_on.wait()
        yield b"y"

    uploads = [asyncio.create_task(put(client, ada, "slow", slow())) for _ in range(4)]
    await under_way.wait()
    answers = []
    for _ in range(20):  # one that overtakes a slow one takes its place
        answers.append(await put(client, ada, "fifth", b"x"))
        if answers[-1].status_code == 429:
            break
    go_on.set()
    answers += [await each for each in uploads]
    refused = [each for each in answers if each.status_code != 201]
    assert len(refused) == 1
    problem(refused[0], 429, "uploads_at_once")
    assert (await put(client, ada, "sixth", b"x")).status_code == 201


NAMES = [
    ("report.pdf", "report.pdf"),
    ("../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    (".htaccess", "htaccess"),
    ("a\x00b", "ab"),
    ("x" * 300, "x" * 255),
    ("\u202egnp.exe", "gnp.exe"),
]


@pytest.mark.parametrize(("given", "kept"), NAMES)
def test_names(given: str, kept: str) -> None:
    assert sniffing.clean_name(given) == kept


def test_text_that_is_cut_in_a_character_is_text() -> None:
    assert sniffing.media_type(("é" * 5000).encode()[: sniffing.LOOKED_AT + 1]) == sniffing.TEXT
    assert sniffing.media_type(("a" + "é" * 5000).encode()) == sniffing.TEXT
    assert sniffing.media_type(b"\xff\xfeu\x00t\x00f\x00") == sniffing.OTHER
