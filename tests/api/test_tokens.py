"""API tokens: scoped, shown once, void when their time, their owner or their membership is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from api import scopes
from api.openapi import operations
from core.accounts.scopes import ALL
from core.db import Database
from core.ids import new_id
from tests.api import coverage
from tests.api.conftest import Tenant, problem

OPERATIONS = [(method, path) for method, path, _ in operations(coverage.application().openapi())]


async def make(client: httpx.AsyncClient, owner: Tenant, *wanted: str, **more: object) -> dict[str, Any]:
    body = {"name": "robot", "scopes": list(wanted), **more}
    answer = await client.post("/api/tokens", json=body, headers=owner.headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bearer(made: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {made['token']}"}


async def test_a_token_is_shown_once_and_kept_as_a_hash(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    made = await make(client, ada, "read")
    token = made["token"]
    assert token.startswith("vut_")
    assert made["last_four"] == token[-4:]
    listed = await client.get("/api/tokens", headers=ada.headers)
    assert token not in listed.text
    assert [each["id"] for each in listed.json()["items"]] == [made["id"]]
    assert listed.json()["items"][0]["last_used_at"] is None
    async with db.connection() as connection:
        row = await connection.fetchval("SELECT to_jsonb(t)::text FROM api_tokens t")
    assert token not in row
    assert token[4:] not in row


async def test_it_works_as_bearer_and_its_use_is_noted_once_a_minute(
    client: httpx.AsyncClient, db: Database, ada: Tenant
) -> None:
    made = await make(client, ada, "read")
    assert (await client.get("/api/automations", headers=bearer(made))).status_code == 200
    async with db.connection() as connection:
        first = await connection.fetchval("SELECT last_used_at FROM api_tokens")
    assert first is not None
    assert (await client.get("/api/me", headers=bearer(made))).json()["workspace"]["id"] == str(ada.workspace_id)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT last_used_at FROM api_tokens") == first
        await connection.execute("UPDATE api_tokens SET last_used_at = now() - interval '61 seconds'")
    client.headers.pop("Authorization", None)


async def test_scopes_are_what_it_may_do(client: httpx.AsyncClient, ada: Tenant) -> None:
    event = {"type": "agent.message.received", "content": "hello"}
    events, read = await make(client, ada, "events"), await make(client, ada, "read")
    assert (await client.post("/api/events", json=event, headers=bearer(events))).status_code == 202
    problem(await client.post("/api/events", json=event, headers=bearer(read)), 403, "scope_missing")
    problem(await client.get("/api/automations", headers=bearer(events)), 403, "scope_missing")
    everything = await make(client, ada, *sorted(ALL))
    for answer in (
        await client.patch("/api/me", json={"name": "Robot"}, headers=bearer(everything)),
        await client.post("/api/workspaces", json={"name": "Theirs"}, headers=bearer(everything)),
        await client.post("/api/auth/email/send", headers=bearer(everything)),
    ):
        problem(answer, 403, "people_only")
    assert (await client.get("/api/health", headers=bearer(everything))).status_code == 200
    operator_reading = await make(client, ada, "read")
    problem(await client.get("/api/health", headers=bearer(operator_reading)), 403, "scope_missing")


async def test_a_token_makes_no_wider_one(client: httpx.AsyncClient, ada: Tenant) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    maker = await make(client, ada, "admin", "run", expires_at=soon)
    body = {"name": "child", "scopes": ["admin", "write"]}
    problem(await client.post("/api/tokens", json=body, headers=bearer(maker)), 403, "scope_missing")
    child = await client.post("/api/tokens", json=body | {"scopes": ["run"]}, headers=bearer(maker))
    assert child.status_code == 201
    assert child.json()["expires_at"] == maker["expires_at"], "nor one that lives longer"


async def test_bad_tokens_say_where(client: httpx.AsyncClient, ada: Tenant) -> None:
    for change, at in (
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes[0]"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00"}, "expires_at"),
        ({"name": " "}, "name"),
    ):
        body = {"name": "x", "scopes": ["read"]} | change
        found = problem(await client.post("/api/tokens", json=body, headers=ada.headers), 422, "invalid_request")
        assert [each["at"] for each in found["errors"]] == [at]
    problem(await client.get("/api/tokens?cursor=x", headers=ada.headers), 422, "invalid_request")


async def test_a_deleted_token_is_void_at_once(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    made = await make(client, ada, "read")
    assert (await client.get("/api/me", headers=bearer(made))).status_code == 200
    problem(await client.delete(f"/api/tokens/{made['id']}", headers=eve.headers), 404, "token_not_found")
    assert (await client.delete(f"/api/tokens/{made['id']}", headers=ada.headers)).status_code == 204
    problem(await client.get("/api/me", headers=bearer(made)), 401, "token_invalid")
    problem(await client.delete(f"/api/tokens/{made['id']}", headers=ada.headers), 404, "token_not_found")


async def test_it_expires(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    made = await make(client, ada, "read", expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    async with db.connection() as connection:
        await connection.execute("UPDATE api_tokens SET expires_at = now() - interval '1 second'")
    problem(await client.get("/api/me", headers=bearer(made)), 401, "token_expired")


async def test_it_knows_its_own_workspace_alone(client: httpx.AsyncClient, ada: Tenant) -> None:
    other = (await client.post("/api/workspaces", json={"name": "Other"}, headers=ada.headers)).json()["id"]
    made = await make(client, ada, "read", "admin")
    listed = await client.get("/api/workspaces", headers=bearer(made))
    assert [each["id"] for each in listed.json()["items"]] == [str(ada.workspace_id)]
    for answer in (
        await client.get("/api/me", headers=bearer(made) | {"X-Workspace-Id": other}),
        await client.get(f"/api/workspaces/{other}/members", headers=bearer(made)),
    ):
        problem(answer, 404, "workspace_not_found")


async def test_it_dies_with_the_membership(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'viewer')",
            ada.workspace_id,
            eve.user_id,
        )
    body = {"name": "x", "scopes": ["read", "write"]}
    here = {"X-Workspace-Id": str(ada.workspace_id)}
    made = (await client.post("/api/tokens", json=body, headers=eve.headers | here)).json()
    problem(await client.post("/api/automations", json={}, headers=bearer(made)), 403, "role_missing")
    assert (await client.get("/api/automations", headers=bearer(made))).status_code == 200
    gone = await client.delete(f"/api/workspaces/{ada.workspace_id}/members/{eve.user_id}", headers=ada.headers)
    assert gone.status_code == 204
    problem(await client.get("/api/automations", headers=bearer(made)), 401, "token_invalid")


async def test_the_scope_is_asked_for_everywhere(client: httpx.AsyncClient, ada: Tenant) -> None:
    """A token that may tell of events alone is sent away by every other operation before anything else is looked at."""
    made = await make(client, ada, "events")
    ids = {"workspace_id": str(ada.workspace_id), "step": "x", "number": "1", "token": "x"}
    for method, path, operation in operations(coverage.application().openapi()):
        if operation.get("security") and path not in ("/api/events", "/mcp"):
            filled = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], str(new_id())), path)
            answer = await client.request(method, filled, headers=bearer(made))
            code = "people_only" if scopes.needed(method, path) == scopes.PEOPLE else "scope_missing"
            problem(answer, 403, code)


@pytest.mark.parametrize("token", ["vut_", "vut_" + "A" * 43, "vut_" + "A" * 5000, "vut_\xf6"])
async def test_made_up_tokens(client: httpx.AsyncClient, token: str) -> None:
    answer = await client.get("/api/me", headers={"Authorization": f"Bearer {token}".encode("latin-1")})
    problem(answer, 401, "token_invalid")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_has_a_scope(method: str, path: str) -> None:
    scope = scopes.needed(method, path)
    assert scope in ALL | {scopes.PEOPLE} or (scope, path) == (scopes.ANY, "/mcp")
    if method == "GET":
        assert scope in ("read", "admin")
    guarded = ("/api/tokens", "/api/workspaces/", "/api/connections", "/api/admin")
    if method != "GET" and path.startswith(guarded):
        assert scope == "admin"
    if path.startswith(("/api/auth/", "/api/me")) and method != "GET":
        assert scope == scopes.PEOPLE


@pytest.mark.parametrize(
    ("operation", "scope"),
    [
        ("POST /api/events", "events"),
        ("POST /api/automations", "write"),
        ("DELETE /api/automations/{automation_id:uuid}", "write"),
        ("POST /api/automations/{automation_id:uuid}/run", "run"),
        ("POST /api/automations/logs/{log_id}/replay", "run"),
        ("POST /api/automations/{automation_id}/steps/{step}/test", "run"),
        ("POST /api/automations/{automation_id}/validate", "read"),
        ("POST /api/approvals/{approval_id}/approve", "approve"),
        ("POST /api/agents/runs/{run_id:uuid}/reject", "approve"),
        ("POST /api/agents/{agent_id}/execute", "run"),
        ("GET /api/automations/logs", "read"),
        ("GET /api/tokens", "admin"),
        ("GET /api/workspaces/{workspace_id}/invitations", "admin"),
        ("GET /api/workspaces/{workspace_id}/members", "read"),
        ("PATCH /api/connections/{connection_id}", "admin"),
        ("POST /api/connections/{connection_id}/test", "admin"),
        ("POST /api/invitations/{token}/accept", "people"),
    ],
)
def test_scopes_of_operations(operation: str, scope: str) -> None:
    method, path = operation.split(" ")
    assert scopes.needed(method, path) == scope
