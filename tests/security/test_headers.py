"""What every answer carries, whatever it answers: all operations, the pages beside them, and what is refused."""

import re

import httpx
import pytest

from api.openapi import operations
from tests.api import coverage
from tests.api.conftest import Tenant

SCHEMA = coverage.application().openapi()
ENDLESS = "/api/events/stream"
OPERATIONS = [(method, path) for method, path, _ in operations(SCHEMA) if path != ENDLESS]
BESIDE = [("GET", "/api/docs"), ("GET", "/api/openapi.json"), ("GET", "/"), ("GET", "/nothing"), ("PATCH", "/healthz")]
POLICY = {
    "default-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def _examine(answer: httpx.Response) -> None:
    policies = answer.headers.get_list("content-security-policy", split_commas=False)
    assert {**dict(part.strip().split(" ", 1) for part in policies[-1].split(";"))} == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"]
    assert "server" not in answer.headers
    assert [name for name in answer.headers if name.startswith("access-control-")] == [], "CORS stays closed"
    if answer.status_code >= 400 and "readyz" not in answer.request.url.path:
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["request_id"] == answer.headers["x-request-id"]
        assert {"status", "code", "title", "detail"} <= set(body)
        assert body["status"] == answer.status_code
        if answer.status_code in (429, 503):
            assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("signed_in", [True, False])
async def test_every_answer(client: httpx.AsyncClient, ada: Tenant, signed_in: bool) -> None:
    headers = ELSEWHERE | (ada.headers if signed_in else {})
    for method, path in OPERATIONS + BESIDE:
        filled = re.sub(r"\{\w+\}", "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a", path)
        _examine(await client.request(method, filled, headers=headers))
        preflight = ELSEWHERE | {"Access-Control-Request-Method": method}
        _examine(await client.request("OPTIONS", filled, headers=preflight))


def test_posts_that_make_runs_take_an_idempotency_key() -> None:
    """They are those that answer 202, but for the cancelling of one and for letters that are sent."""
    for method, path, operation in operations(SCHEMA):
        if (
            method == "POST"
            and "202" in operation["responses"]
            and not path.endswith("/cancel")
            and "/auth/" not in path
            and path != "/mcp"  # a notification of that protocol; its tools take a key of their own
        ):
            names = {each["name"].lower() for each in operation.get("parameters", [])}
            assert "idempotency-key" in names, path


def test_writes_on_a_draft_take_if_match() -> None:
    for method, path, operation in operations(SCHEMA):
        if path == "/api/automations/{automation_id}" and method in ("PUT", "PATCH"):
            assert "if-match" in {each["name"].lower() for each in operation["parameters"]}
            assert "412" in operation["responses"]
