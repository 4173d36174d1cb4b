"""The built pages as the API serves them: policy, caches, compression; and what is no page."""

from pathlib import Path

import httpx
import pytest

from api import openapi, pages
from api.gate import SECURITY_HEADERS
from tests.api.conftest import problem

SCRIPT = "console.log(1);" * 200


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built interface of three files."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Vutler</title>")
    (tmp_path / "docs.html").write_text("<!doctype html><title>Vutler API</title>")
    (tmp_path / "assets" / "index-abc.js").write_text(SCRIPT)
    (tmp_path / "assets" / "index-abc.js.br").write_bytes(b"brotli")
    (tmp_path / "assets" / "index-abc.js.gz").write_bytes(b"gzip")
    monkeypatch.setattr(pages, "BUILT", tmp_path)
    monkeypatch.setattr(openapi, "BUILT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/automations", "/automations/logs/0199c2a4", "/password/vur_abc", "/login"])
async def test_every_address_is_the_page(client: httpx.AsyncClient, built: Path, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert policy == SECURITY_HEADERS["Content-Security-Policy"]
    assert "script-src" not in policy  # so default-src 'self' holds: no inline script, no eval
    assert "Vutler" in answer.text

    again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("", None)]
)
async def test_hashed_files_are_kept_for_good(
    client: httpx.AsyncClient, built: Path, accepted: str, encoding: str | None
) -> None:
    async with client.stream("GET", "/assets/index-abc.js", headers={"Accept-Encoding": accepted}) as answer:
        content = b"".join([part async for part in answer.aiter_raw()])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers.get("content-encoding") == encoding
    assert content == {"br": b"brotli", "gzip": b"gzip", None: SCRIPT.encode()}[encoding]


@pytest.mark.parametrize(
    "path",
    ["/assets/gone.js", "/assets/%2e%2e/index.html", "/assets/%2e%2e%2f%2e%2e%2fcore%2fsettings.json", "/favicon.ico",
     "/api/none", "/api", "/api/automations/none/at/all", "/mcp/x"],
)  # fmt: skip
async def test_what_is_no_page(client: httpx.AsyncClient, built: Path, path: str) -> None:
    problem(await client.get(path), 404, "not_found")


async def test_methods_stay_refused(client: httpx.AsyncClient, built: Path) -> None:
    assert problem(await client.get("/api/auth/login"), 405, "method_not_allowed")
    refused = await client.post("/automations")
    assert refused.headers["allow"] == "GET, HEAD"
    problem(refused, 405, "method_not_allowed")


async def test_without_a_build(client: httpx.AsyncClient, built: Path) -> None:
    for file in ("index.html", "docs.html"):
        (built / file).unlink()
    answer = await client.get("/automations")
    assert answer.status_code == 503
    assert "make up" in answer.text
    assert "<table>" in (await client.get("/api/docs")).text


async def test_swagger_is_ours(client: httpx.AsyncClient, built: Path) -> None:
    answer = await client.get("/api/docs")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert "Vutler API" in answer.text
