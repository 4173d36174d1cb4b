"""The audit log: what it holds, who may read it, and that nobody changes it."""

from typing import Any

import asyncpg
import httpx
import pytest

from core.audit import noting
from core.audit.reading import forget
from core.db import Database
from core.ids import new_id
from tests.api.automations import HOOK, made
from tests.api.conftest import PASSWORD, Tenant, problem
from tests.api.rows import add_webhook


async def entries(client: httpx.AsyncClient, tenant: Tenant, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/audit", headers=tenant.headers, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_sign_in_and_failures(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    body = {"email": ada.email, "password": PASSWORD}
    answer = await client.post("/api/auth/login", json=body, headers={"X-Request-Id": "sign-in-1"})
    assert answer.status_code == 200
    await client.post("/api/auth/login", json=body | {"password": "wrong"})
    await client.post("/api/auth/login", json=body | {"email": "nobody@example.org"})
    found = await entries(client, ada, action="user")
    assert [each["action"] for each in found] == ["user.sign_in_failed", "user.signed_in", "user.registered"]
    assert {each["actor"] for each in found} == {ada.email}
    assert {each["remote"] for each in found} == {"127.0.0.1"}
    assert found[1]["request_id"] == "sign-in-1"
    assert "wrong" not in str(found)
    of_none = await entries(client, ada, installation="true")
    assert [(each["action"], each["actor"]) for each in of_none] == [("user.sign_in_failed", "nobody@example.org")]
    answer = await client.get("/api/audit?installation=true", headers=eve.headers)
    problem(answer, 403, "operator_only")


async def test_the_life_of_an_automation(api: httpx.AsyncClient, ada: Tenant) -> None:
    rule_id = (await made(api, HOOK))["id"]
    path = f"/api/automations/{rule_id}"
    assert (await api.patch(path, json={"enabled": False})).status_code == 200
    assert (await api.patch(path, json={"name": "Another name"})).status_code == 200
    assert (await api.post(f"{path}/rollback", json={"version": 1})).status_code == 200
    rotated = await api.post(f"{path}/webhook/rotate", json={})
    assert rotated.status_code == 200, rotated.text
    assert (await api.delete(path)).status_code == 204
    assert (await api.post(f"{path}/restore")).status_code == 200
    found = await entries(api, ada, object=rule_id, limit=100)
    assert [each["action"] for each in found] == [
        "automation.restored",
        "automation.deleted",
        "webhook.secret_rotated",
        "automation.rolled_back",
        "automation.published",
        "automation.switched",
        "automation.created",
    ]
    assert (found[5]["before"], found[5]["after"]) == ({"enabled": True}, {"enabled": False})
    assert rotated.json()["secret"] not in str(found)
    page = await api.get(f"/api/audit?object={rule_id}&limit=3")
    rest = await api.get(f"/api/audit?object={rule_id}&cursor={page.json()['next_cursor']}")
    assert [*page.json()["items"], *rest.json()["items"]] == found
    assert await entries(api, ada, action="automation.published", object="automation") == [found[4]]
    assert await entries(api, ada, actor=ada.email, object=rule_id) == found
    assert await entries(api, ada, actor=str(ada.user_id), object=rule_id) == found
    assert await entries(api, ada, **{"from": found[2]["at"], "to": found[0]["at"], "object": rule_id}) == found[1:3]


async def test_it_is_for_admins_and_of_their_workspace(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant
) -> None:
    assert await entries(client, eve, object=str(ada.user_id)) == []
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'editor')",
            ada.workspace_id, eve.user_id,
        )  # fmt: skip
    headers = eve.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    problem(await client.get("/api/audit", headers=headers), 403, "role_missing")


async def test_a_refused_change_leaves_no_trace(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada)
    before = await entries(api, ada)
    problem(await api.post(f"/api/automations/{hook.rule_id}/rollback", json={"version": 9}), 404, "version_not_found")
    assert await entries(api, ada) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'somebody else'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "SET session_replication_role = replica; DELETE FROM audit_log",
    ],
)
async def test_nobody_changes_it(db: Database, superuser: Database, statement: str) -> None:
    """The superuser neither."""
    async with db.transaction() as connection:
        await noting.note_as(connection, noting.Actor(new_id()), "thing.done", "thing")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        async with superuser.transaction() as connection:
            await connection.execute(statement)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit_log WHERE actor IS NULL") == 1


async def test_what_is_old_goes_and_the_first_30_days_stay(db: Database) -> None:
    async with db.transaction() as connection:
        for days in (400, 370, 40, 20):
            await connection.execute(
                "INSERT INTO audit_log (id, at, action, object_type)"
                " VALUES (gen_random_uuid(), now() - make_interval(days => $1), 'thing.done', 'thing')",
                days,
            )
        assert await forget(connection, 365) == 2
        assert await forget(connection, 1) == 1, "whatever is asked for, 30 days are kept"


def test_secrets_are_masked_and_long_values_cut() -> None:
    assert noting.short({"password": "x", "api_key": None, "url": "https://a:b@c.example"}) == {
        "password": "***",
        "api_key": None,
        "url": "https://a:***@c.example",
    }
    assert noting.short("x" * 400) == "x" * 300 + "…"
    assert noting.short(["x" * 200] * 40) == "(8121 bytes)"
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    assert "…" in str(noting.short(deep))
