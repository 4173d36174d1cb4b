"""The audit log holds every act that somebody may be asked about later, and no secret."""

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from typer.testing import CliRunner

from api.openapi import operations
from api.session_cookie import NAME
from core.accounts import recovery, repository
from core.alerts.raising import Alarm, raise_alert
from core.db import Database
from deployments import cli
from tests import questions
from tests.alarms import STORM
from tests.api import coverage
from tests.api.automations import HAND, HOOK, made
from tests.api.conftest import PASSWORD, Register, Served, Tenant
from tests.api.rows import add_webhook
from tests.security.audit_decisions import ELSEWHERE, NOT_NOTED, NOTED

ROOT = Path(__file__).parents[2]
NEW = "another battery staple"
SECRET = "sk-canary-audit-5b1e"
NOTES = {"note", "note_as", "note_user", "note_command", "_note"}
GUEST = "bob@example.org"


async def noted(db: Database, noun: str | None = None, workspace: UUID | None = None) -> list[str]:
    """The actions in the log, the oldest first: those of a noun, and of a workspace."""
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT action FROM audit_log WHERE ($1::text IS NULL OR starts_with(action, $1 || '.'))"
            " AND ($2::uuid IS NULL OR workspace_id = $2) ORDER BY at, id",
            noun,
            workspace,
        )
    return [row["action"] for row in rows]


async def newest(db: Database, action: str) -> dict[str, Any]:
    async with db.connection() as connection:
        row = await connection.fetchrow(
            "SELECT * FROM audit_log WHERE action = $1 ORDER BY at DESC, id DESC LIMIT 1", action
        )
    assert row is not None, action
    return dict(row)


async def holds_none(db: Database, *secrets: str) -> None:
    """No row of the log has any of these."""
    async with db.connection() as connection:
        text = await connection.fetchval("SELECT coalesce(string_agg(a::text, ' '), '') FROM audit_log a")
    assert text
    assert [each for each in secrets if each in text] == []


def said(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


# every operation is decided ------------------------------------------------------------------------------------------


def test_every_operation_that_changes_something_is_decided() -> None:
    changing = {(method, path) for method, path, _ in operations(coverage.application().openapi()) if method != "GET"}
    assert changing == set(NOTED) | set(NOT_NOTED)
    assert not set(NOTED) & set(NOT_NOTED)


def _written(call: ast.Call) -> Iterator[str]:
    """The action of a call that adds a row, as far as the source says it."""
    for argument in (*call.args, *(each.value for each in call.keywords)):
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                noun, dot, verb = node.value.partition(".")
                if dot and noun.isidentifier() and verb.isidentifier():
                    yield node.value


def test_every_action_of_the_source_is_decided() -> None:
    decided = set().union(*NOTED.values()) | set(ELSEWHERE)
    found: set[str] = set()
    for folder in ("core", "deployments"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
                if isinstance(node, ast.Call) and name in NOTES:
                    found |= set(_written(node))
    assert len(found) > 30
    assert found - decided == set()


# accounts ------------------------------------------------------------------------------------------------------------


async def session(client: httpx.AsyncClient, ada: Tenant, password: str = PASSWORD) -> str:
    answer = await client.post("/api/auth/login", json={"email": ada.email, "password": password})
    said(answer, 200)
    client.cookies.clear()
    return answer.cookies[NAME]


async def test_sessions(client: httpx.AsyncClient, served: Served, db: Database, ada: Tenant) -> None:
    cookies = [await session(client, ada) for _ in range(3)]
    ours = {"Origin": served.app.state.services.settings.public_url}

    async def post(path: str, cookie: str) -> httpx.Response:
        answer = await client.post(path, headers=ours | {"Cookie": f"{NAME}={cookie}"})
        client.cookies.clear()
        return answer

    said(await post("/api/auth/logout", cookies[0]), 204)
    said(await post("/api/auth/logout?everywhere=true", cookies[1]), 204)
    fourth = await session(client, ada)
    second = (await post("/api/auth/refresh", fourth)).cookies[NAME]
    third = (await post("/api/auth/refresh", second)).cookies[NAME]
    said(await post("/api/auth/refresh", fourth), 401)
    said(await post("/api/auth/logout", "nonsense"), 204)
    assert await noted(db, "user", ada.workspace_id) == [
        "user.registered", *["user.signed_in"] * 3, "user.signed_out", "user.signed_out_everywhere",
        "user.signed_in", "user.session_reused",
    ]  # fmt: skip
    await holds_none(db, PASSWORD, *cookies, fourth, second, third, ada.token)


async def test_passwords_and_addresses(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    said(await client.post("/api/auth/email/send", headers=ada.headers), 202)
    links: list[str] = []
    for kind in ("email", "password"):
        async with db.transaction() as connection:
            user = await repository.user(connection, ada.user_id)
            assert user is not None
            link = await recovery.make_link(connection, "email" if kind == "email" else "password", user, "https://x")
        links.append(link.rpartition("/")[2])
    said(await client.post("/api/auth/email/verify", json={"token": links[0]}), 204)
    change = {"password": NEW, "current_password": PASSWORD, "name": "Ada L."}
    said(await client.patch("/api/me", json=change, headers=ada.headers), 200)
    for email in (ada.email, "nobody@example.org"):
        said(await client.post("/api/auth/password/forgot", json={"email": email}), 202)
    said(await client.post("/api/auth/password/reset", json={"token": links[1], "password": PASSWORD}), 204)
    assert await noted(db, "user", ada.workspace_id) == [
        "user.registered", "user.verification_asked", "user.email_verified", "user.profile_changed",
        "user.password_changed", "user.password_forgotten", "user.password_reset",
    ]  # fmt: skip
    unknown = await newest(db, "user.password_forgotten")
    assert (unknown["workspace_id"], unknown["user_id"], unknown["actor"]) == (None, None, "nobody@example.org")
    await holds_none(db, PASSWORD, NEW, *links)


async def test_api_tokens(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    token = said(await api.post("/api/tokens", json={"name": "the shop", "scopes": ["read", "write"]}), 201)
    theirs = {"Authorization": f"Bearer {token['token']}"}
    answer = await api.post("/api/automations", json=HAND, headers=theirs)
    said(answer, 201)
    said(await api.delete(f"/api/tokens/{token['id']}"), 204)
    said(await api.delete(f"/api/tokens/{token['id']}"), 404)
    assert await noted(db, "token") == ["token.created", "token.deleted"]
    row = await newest(db, "token.deleted")
    assert (row["user_id"], row["object_id"], row["before"]["scopes"]) == (ada.user_id, token["id"], ["read", "write"])
    assert str((await newest(db, "automation.created"))["token_id"]) == token["id"]
    await holds_none(db, token["token"])


async def test_workspaces_members_and_invitations(
    client: httpx.AsyncClient, db: Database, ada: Tenant, register: Register
) -> None:
    lab = said(await client.post("/api/workspaces", json={"name": "Lab"}, headers=ada.headers), 201)["id"]
    path, inside = f"/api/workspaces/{lab}", ada.headers
    said(await client.patch(path, json={"name": "Laboratory"}, headers=inside), 200)
    renamed = await newest(db, "workspace.renamed")
    assert (renamed["before"], renamed["after"]) == ({"name": "Lab"}, {"name": "Laboratory"})
    bob = await register(GUEST)

    async def invite(email: str, who: Tenant = ada, role: str = "editor") -> dict[str, str]:
        body = {"email": email, "role": role}
        found: dict[str, str] = said(await client.post(f"{path}/invitations", json=body, headers=who.headers), 201)
        return found

    first = await invite(GUEST)
    second = await invite(GUEST, role="admin")  # in the place of the first
    token = second["link"].rpartition("/")[2]
    said(await client.post(f"/api/invitations/{token}/accept", headers=bob.headers), 200)
    open_one = await invite("eve@example.org")
    said(await client.delete(f"{path}/invitations/{open_one['id']}", headers=inside), 204)
    of_bob = await invite("carl@example.org", bob)  # goes with his role
    member = f"{path}/members/{bob.user_id}"
    said(await client.patch(member, json={"role": "viewer"}, headers=inside), 200)
    said(await client.delete(member, headers=inside), 204)
    again = (await invite(GUEST))["link"].rpartition("/")[2]
    body = {"email": GUEST, "password": PASSWORD, "invitation": again}
    said(await client.post("/api/auth/login", json=body), 200)
    said(await client.delete(member, headers=bob.headers), 204)
    assert await noted(db, None, UUID(lab)) == [
        "workspace.created", "workspace.renamed",
        "invitation.created", "invitation.withdrawn", "invitation.created", "invitation.accepted", "member.added",
        "invitation.created", "invitation.withdrawn",
        "invitation.created", "invitation.withdrawn", "member.role_changed", "member.removed",
        "invitation.created", "invitation.accepted", "member.added", "member.left",
    ]  # fmt: skip
    changed = await newest(db, "member.role_changed")
    assert (changed["user_id"], changed["object_id"]) == (ada.user_id, str(bob.user_id))
    assert (changed["before"], changed["after"]) == ({"role": "admin"}, {"role": "viewer"})
    tokens = [each["link"].rpartition("/")[2] for each in (first, second, open_one, of_bob)]
    await holds_none(db, *tokens, again)


async def test_what_is_rolled_back_leaves_no_row(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    """The last owner can't go: neither the change nor its row is there."""
    path = f"/api/workspaces/{ada.workspace_id}/members/{ada.user_id}"
    before = await noted(db)
    said(await client.delete(path, headers=ada.headers), 409)
    said(await client.patch(path, json={"role": "viewer"}, headers=ada.headers), 409)
    assert await noted(db) == before


# what belongs to a workspace -----------------------------------------------------------------------------------------


async def test_connections(api: httpx.AsyncClient, db: Database) -> None:
    fields = {"token": SECRET, "test_url": "https://crm.example.invalid/me"}
    body = {"name": "CRM", "kind": "http_bearer", "fields": fields, "allowed_hosts": ["crm.example.invalid"]}
    path = f"/api/connections/{said(await api.post('/api/connections', json=body), 201)['id']}"
    said(await api.patch(path, json={"used_by": "admins", "fields": {"token": f"{SECRET}-2"}}), 200)
    said(await api.post(f"{path}/rotate", json={"secrets": {"token": f"{SECRET}-3"}}), 200)
    assert said(await api.post(f"{path}/test"), 200)["ok"] is False
    said(await api.delete(path), 204)
    assert await noted(db, "connection") == [
        f"connection.{each}" for each in ("created", "changed", "rotated", "tested", "deleted")
    ]
    changed = await newest(db, "connection.changed")
    assert (changed["before"]["used_by"], changed["after"]["used_by"]) == ("editors", "admins")
    assert changed["after"]["fields"] == ["token"]
    await holds_none(db, SECRET)


async def test_plans_and_credits(api: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    plan = {"runs_per_month": 200, "monthly_credits": 500}
    said(await api.put("/api/admin/plans/small", json=plan), 200)
    body = {"plan": "small", "grant": {"credits": 7, "note": "invoice 1"}}
    said(await api.patch(f"/api/admin/workspaces/{eve.workspace_id}", json=body), 200)
    said(await api.patch("/api/credits", json={"when_exhausted": "queue"}), 200)
    changed = await newest(db, "plan.changed")
    assert (changed["workspace_id"], changed["user_id"], changed["before"]) == (None, ada.user_id, None)
    assert changed["after"]["runs_per_month"] == 200
    moved, granted = await newest(db, "workspace.plan_changed"), await newest(db, "credits.granted")
    assert moved["workspace_id"] == granted["workspace_id"] == eve.workspace_id
    assert (moved["after"], granted["after"]) == ({"plan": "small"}, {"credits": 7, "note": "invoice 1"})
    mode = await newest(db, "credits.mode_changed")
    assert (mode["before"], mode["after"]) == ({"when_exhausted": "reject"}, {"when_exhausted": "queue"})


async def test_automations(api: httpx.AsyncClient, db: Database) -> None:
    answer = await made(api, HOOK)
    path = f"/api/automations/{answer['id']}"
    said(await api.put(path, json=HOOK | {"name": "Second"}), 200)
    said(await api.put(f"{path}?as_draft=true", json=HOOK | {"enabled": False}), 200)
    said(await api.post(f"{path}/publish"), 200)
    said(await api.post(f"{path}/rollback", json={"version": 1}), 200)
    said(await api.patch(path, json={"enabled": True}), 200)
    secret = said(await api.post(f"{path}/webhook/rotate", json={}), 200)["secret"]
    said(await api.post(f"{path}/capture"), 200)
    said(await api.post(f"{path}/steps/result/test", json={"confirm": True, "data": {}}), 200)
    said(await api.delete(path), 204)
    said(await api.post(f"{path}/restore"), 200)
    copy = said(await api.post(f"{path}/duplicate"), 201)
    verbs = [each for each in await noted(db) if each.partition(".")[0] in ("automation", "webhook", "step")]
    assert verbs == [
        "automation.created", "automation.published", "automation.switched", "automation.published",
        "automation.rolled_back", "automation.switched", "webhook.secret_rotated", "webhook.capture_armed",
        "step.tried", "automation.deleted", "automation.restored", "automation.created",
    ]  # fmt: skip
    await holds_none(db, secret, answer["webhook"]["secret"], copy["webhook"]["secret"])


async def test_runs_alerts_files_and_answers(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada)
    by_hand = (await made(api, HAND))["id"]
    run_id = UUID(said(await api.post(f"/api/automations/{by_hand}/run", json={}), 202)["run_id"])
    said(await api.post(f"/api/automations/logs/{run_id}/cancel"), 202)
    said(await api.post(f"/api/automations/logs/{run_id}/replay", json={}), 202)
    body = {"filter": {"ids": [str(run_id)]}, "expected": 1, "dry_run": False}
    said(await api.post("/api/automations/logs/replay", json=body), 202)
    async with db.transaction() as connection:
        alarm = Alarm(ada.workspace_id, "rate", "error", STORM, hook.rule_id, run_id)
        alert_id = await raise_alert(connection, alarm)
    said(await api.post(f"/api/alerts/{alert_id}/resolve"), 200)
    said(await api.post(f"/api/alerts/{alert_id}/resolve"), 200)
    file = said(await api.post("/api/files?name=a.txt", content=b"x"), 201)
    said(await api.delete(f"/api/files/{file['id']}"), 204)
    asked = [await questions.ask(db, ada.workspace_id, hook.rule_id) for _ in range(3)]
    links = [said(await api.post(f"/api/approvals/{each}/link", json={"for": ada.email}), 200)["url"] for each in asked]
    said(await api.post(f"/api/approvals/{asked[0]}/approve", json={}), 200)
    said(await api.post(f"/api/approvals/{asked[1]}/reject", json={}), 200)
    token = links[2].rpartition("/")[2]
    said(await api.post(f"/api/approvals/by-token/{token}", json={"decision": "approve"}), 200)
    kinds = ("run", "runs", "alert", "file", "approval")
    assert [each for each in await noted(db) if each.partition(".")[0] in kinds] == [
        "run.cancelled", "run.replayed", "runs.replayed", "alert.resolved", "file.uploaded", "file.deleted",
        *["approval.link_created"] * 3, "approval.approve", "approval.reject", "approval.approve",
    ]  # fmt: skip
    await holds_none(db, token)


# at the console ------------------------------------------------------------------------------------------------------


async def test_commands(  # noqa: PLR0917 - fixtures
    client: httpx.AsyncClient, db: Database, dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ada: Tenant
) -> None:
    monkeypatch.setenv("VUTLER_DATABASE_URL", dsn)
    monkeypatch.setenv("VUTLER_HOME", str(tmp_path))
    monkeypatch.setenv("VUTLER_SECRET_KEY", "of the tests, with thirty-two characters")

    async def vutler(*words: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, cli.app, list(words))
        assert done.exit_code == 0, done.output
        return done.output

    links = [await vutler("users", "add", GUEST), await vutler("users", "reset-link", GUEST)]
    for words in (("operator",), ("operator", "--remove"), ("disable",), ("enable",)):
        await vutler("users", words[0], GUEST, *words[1:])
    await vutler("secrets", "rotate-key")
    by_command = ["added", "reset_link_made", "operator_changed", "operator_changed", "disabled", "enabled"]
    query = "/api/audit?installation=true&limit=100"
    items = said(await client.get(query, headers=ada.headers), 200)["items"]
    assert [(each["action"], each["actor"]) for each in reversed(items)] == [
        *((f"user.{verb}", "vutler users") for verb in by_command),
        ("secrets.rotation_started", "vutler secrets"),
        ("secrets.rotated", "vutler secrets"),
    ]
    await holds_none(db, *(each.strip().rpartition("/")[2] for each in links))
