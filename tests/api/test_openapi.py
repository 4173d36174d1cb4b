"""The published contract: complete, honest, and reachable."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import openapi
from api.openapi import operations
from tests.api import coverage

APP = coverage.application()
SCHEMA = APP.openapi()
OPERATIONS = [
    pytest.param(method, path, operation, id=f"{method} {path}") for method, path, operation in operations(SCHEMA)
]


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = SCHEMA["components"]["schemas"][reference.rsplit("/", 1)[1]]
    return found


def _has_example(content: dict[str, Any]) -> bool:
    if "example" in content or "examples" in content:
        return True
    schema = content.get("schema", {})
    shapes = [_resolved(each) for each in schema.get("anyOf", [schema])]  # an optional body is "this or null"
    return any("example" in shape or "examples" in shape for shape in shapes)


@pytest.mark.proves("DOD-12")
async def test_it_is_served(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    assert answer.json() == SCHEMA


@pytest.mark.proves("DOD-12")
async def test_the_page_lists_every_operation_without_a_script(
    client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openapi, "BUILT", tmp_path)  # where the interface is not built; with it, it is Swagger UI
    page = (await client.get("/api/docs")).text
    for _, path, _ in operations(SCHEMA):
        assert f"<code>{path}</code>" in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="https?:', page)


@pytest.mark.proves("R-PROD-4", "DOD-12")
@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation.get("summary"), "no summary"
    assert operation.get("description"), "no description"
    answers = operation["responses"]
    good = [status for status in answers if status.startswith("2")]
    assert good, "no success"
    for status in good:
        for media_type, content in answers[status].get("content", {}).items():
            assert _has_example(content), f"no example of {status} {media_type}"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if media_type == "application/json":
            assert _has_example(content), "no example of the request"


@pytest.mark.proves("R-PROD-4", "DOD-12")
@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_operation_names_its_errors(method: str, path: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    bad = {status: each for status, each in answers.items() if status[0] in "45"}
    wanted = {"500", "503"} | ({"401"} if operation.get("security") else set())
    assert wanted <= set(bad)
    if (method, path) not in coverage.NEVER_REFUSE:
        assert any(status.startswith("4") for status in bad)
    for status, each in bad.items():
        if (path, status) not in (("/readyz", "503"), ("/mcp", "400")):  # the latter has errors of its protocol
            assert set(each["content"]) == {"application/problem+json"}, status
            assert _has_example(each["content"]["application/problem+json"])


@pytest.mark.proves("R-PROD-1", "D1 (1)")
def test_all_but_the_open_doors_need_a_token() -> None:
    without = {f"{method} {path}" for method, path, operation in operations(SCHEMA) if not operation.get("security")}
    assert without == {
        "GET /api/auth/options",
        "POST /api/inbound/slack/{connection_id}",
        "POST /api/inbound/rocketchat/{connection_id}",
        "POST /api/inbound/slack/{connection_id}/interactive",
        "POST /api/auth/register",
        "POST /api/auth/login",
        "POST /api/auth/refresh",
        "POST /api/auth/logout",
        "POST /api/auth/password/forgot",
        "POST /api/auth/password/reset",
        "POST /api/auth/email/verify",
        "GET /api/invitations/{token}",
        "POST /api/webhooks/{webhook_id}",
        "POST /api/agents/webhook/{agent_id}",
        "GET /api/approvals/by-token/{token}",
        "POST /api/approvals/by-token/{token}",
        "GET /healthz",
        "GET /readyz",
    }


def test_fixed_paths_come_before_parameters() -> None:
    paths = [route.path for route in APP.routes if hasattr(route, "path")]
    for position, path in enumerate(paths):
        for later in paths[position + 1 :]:
            pattern = "/".join("[^/]+" if "{" in part else re.escape(part) for part in path.split("/"))
            hidden = "{" not in later and path != later and re.fullmatch(pattern, later)
            assert not hidden, f"{path} hides {later}"


@pytest.mark.proves("DOD-10")
def test_coverage_finds_what_no_test_saw(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(coverage, "FOLDER", tmp_path / "notes")
    coverage.note("GET", "/api/me", 200)
    coverage.note("GET", "/api/me", 401)
    coverage.note("GET", "/api/automations/logs/0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a", 404)
    found = coverage.missing(APP, coverage.lines())
    assert not [each for each in found if each.startswith("GET /api/me:")]
    assert [each for each in found if "/api/automations/logs/{log_id}:" in each] == [
        "GET /api/automations/logs/{log_id}: no test saw a 2xx"
    ]
