"""Every operation of OpenAPI by every kind of caller, on rows that are there: who is let in, and what strangers change.

One table of expectations; an operation that is not in it fails. For each operation there is a world of its own: what a
stranger asked for in vain, its owner then gets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.openapi import operations
from core.accounts.tokens import AccessTokens
from core.alerts.raising import Alarm, raise_alert
from core.clock import now
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from core.runs import blobs
from core.runs.accept import NewRun, accept
from tests import questions
from tests.api import coverage
from tests.api.automations import CLOCK, HAND, HOOK, made
from tests.api.conftest import Register, Tenant

Ids = dict[str, UUID | int | str]
Body = dict[str, Any] | Callable[["World"], dict[str, Any]] | None


@dataclass(frozen=True)
class World:
    """What Ada has, all of it new: ids by the name of the path's parameter, and those some operations need instead."""

    ada: Tenant
    ids: Ids
    hand: UUID
    clock: UUID
    deleted: UUID
    ended: UUID
    asked: UUID


@dataclass(frozen=True)
class Expected:
    """The least role, and what the owner is answered. `instead`: ids for this operation, by names of `World`.
    `personal`: of one person, so that other members don't find it."""

    role: str
    status: int = 200
    body: Body = None
    instead: dict[str, str] = field(default_factory=dict)
    personal: bool = False
    stream: bool = False


READ, WRITE = Expected("viewer"), Expected("editor")
ON_CLOCK, ON_HAND, ON_DELETED = ({"automation_id": name} for name in ("clock", "hand", "deleted"))
ASKED, ENDED = {"run_id": "asked"}, {"log_id": "ended"}

EXPECTED: dict[str, Expected] = {
    "GET /api/me": READ,
    "PATCH /api/me": Expected("viewer", body={"name": "Somebody"}),
    "GET /api/workspaces": READ,
    "GET /api/alerts": READ,
    "GET /api/alerts/{alert_id}": READ,
    "POST /api/alerts/{alert_id}/resolve": WRITE,
    "GET /api/approvals": READ,
    "GET /api/approvals/{approval_id}": READ,
    "POST /api/approvals/{approval_id}/approve": Expected("editor", body={}),
    "POST /api/approvals/{approval_id}/reject": Expected("editor", body={}),
    "POST /api/approvals/{approval_id}/answer": Expected("editor", body={"decision": "approve"}),
    "POST /api/approvals/{approval_id}/link": Expected("editor", body=lambda world: {"for": world.ada.email}),
    "POST /api/agents/runs/{run_id}/approve": Expected("editor", body={}, instead=ASKED),
    "POST /api/agents/runs/{run_id}/reject": Expected("editor", body={}, instead=ASKED),
    "GET /api/automations": READ,
    "POST /api/automations": Expected("editor", 201, HAND),
    "GET /api/automations/{automation_id}": READ,
    "PUT /api/automations/{automation_id}": Expected("editor", body=HOOK),
    "PATCH /api/automations/{automation_id}": Expected("editor", body={"enabled": False}),
    "DELETE /api/automations/{automation_id}": Expected("editor", 204),
    "POST /api/automations/{automation_id}/restore": Expected("editor", instead=ON_DELETED),
    "POST /api/automations/{automation_id}/duplicate": Expected("editor", 201),
    "POST /api/automations/{automation_id}/validate": READ,
    "POST /api/automations/{automation_id}/publish": WRITE,
    "GET /api/automations/{automation_id}/versions": READ,
    "GET /api/automations/{automation_id}/versions/{number}": READ,
    "GET /api/automations/{automation_id}/versions/{number}/differences": READ,
    "POST /api/automations/{automation_id}/rollback": Expected("editor", body={"version": 1}),
    "POST /api/automations/{automation_id}/run": Expected("editor", 202, {"payload": 1}, ON_HAND),
    "POST /api/automations/{automation_id}/steps/{step}/test": Expected("editor", body={}),
    "POST /api/automations/{automation_id}/webhook/rotate": WRITE,
    "GET /api/automations/{automation_id}/capture": READ,
    "POST /api/automations/{automation_id}/capture": WRITE,
    "GET /api/automations/{automation_id}/schedule/preview": Expected("viewer", instead=ON_CLOCK),
    "GET /api/automations/{automation_id}/schedule/history": Expected("viewer", instead=ON_CLOCK),
    "GET /api/automations/{automation_id}/logs": READ,
    "GET /api/automations/logs": READ,
    "POST /api/automations/logs/replay": Expected("editor", body={"filter": {}, "dry_run": True}),
    "GET /api/automations/logs/{log_id}": READ,
    "GET /api/automations/logs/{log_id}/lines": READ,
    "GET /api/automations/logs/{log_id}/stream": Expected("viewer", stream=True),
    "POST /api/automations/logs/{log_id}/cancel": Expected("editor", 202),
    "POST /api/automations/logs/{log_id}/replay": Expected("editor", 202, {}, ENDED),
    "GET /api/blobs/{blob_id}": READ,
    "GET /api/catalog": READ,
    "GET /api/catalog/definition": READ,
    "GET /api/deliveries": READ,
    "POST /api/deliveries/{delivery_id}/redeliver": Expected("editor", 202),
    "POST /api/events": Expected("editor", 202, {"type": "agent.message.received"}),
    "GET /api/events/stream": Expected("viewer", stream=True),
    "GET /api/health": Expected("operator"),
    "GET /api/notifications": READ,
    "POST /api/notifications/read": READ,
    "POST /api/notifications/{notification_id}/read": Expected("viewer", personal=True),
    "POST /api/schedules/preview": Expected("viewer", body={"trigger_config": CLOCK["trigger_config"]}),
}

# Operations that ask for no token, and what stands in its place.
OPEN = {
    "POST /api/inbound/slack/{connection_id}": "Slack's signature",
    "POST /api/inbound/rocketchat/{connection_id}": "the token of the outgoing webhook",
    "POST /api/inbound/slack/{connection_id}/interactive": "Slack's signature",
    "POST /api/webhooks/{webhook_id}": "the secret of the webhook",
    "POST /api/auth/register": "sign-up may be closed",
    "POST /api/auth/login": "the password",
    "GET /api/approvals/by-token/{token}": "the token in the path",
    "POST /api/approvals/by-token/{token}": "the token in the path",
    "GET /healthz": "a word only",
    "GET /readyz": "a word only",
}

SCHEMA = coverage.application().openapi()
SECURED = [f"{method} {path}" for method, path, operation in operations(SCHEMA) if operation.get("security")]
OTHERS = [f"{method} {path}" for method, path, operation in operations(SCHEMA) if not operation.get("security")]


def test_every_operation_has_an_expectation() -> None:
    assert sorted(SECURED) == sorted(EXPECTED), "say who may call it, and what its owner is answered"
    assert sorted(OTHERS) == sorted(OPEN), "an operation without a token needs something in its place"


async def build(client: httpx.AsyncClient, db: Database, ada: Tenant) -> World:
    """A world of Ada's, and a queue in which nothing else stands."""
    client.headers.update(ada.headers)
    rule, hand, clock, deleted = [UUID((await made(client, document))["id"]) for document in (HOOK, HAND, CLOCK, HAND)]
    await client.put(f"/api/automations/{rule}", json=HOOK | {"description": "changed"})
    await client.delete(f"/api/automations/{deleted}")
    for name in ada.headers:
        del client.headers[name]
    async with db.connection() as connection:
        await connection.execute("DELETE FROM run_queue")
    approval = await questions.ask(db, ada.workspace_id, rule, questions.question("approval", "role:editor"))
    async with db.connection() as connection:
        asked = await connection.fetchval("SELECT run_id FROM approvals WHERE id = $1", approval)
        queued, ended = [
            (await accept(connection, NewRun(ada.workspace_id, hand, 1, "manual", None))).run_id for _ in range(2)
        ]
        await connection.execute("UPDATE automation_logs SET status = 'success' WHERE id = $1", ended)
        await connection.execute("DELETE FROM run_queue WHERE run_id = $1", ended)
        reference = await blobs.store(
            connection, workspace_id=ada.workspace_id, run_id=queued, content=b"x", media_type="text/plain"
        )
        alarm = Alarm(ada.workspace_id, "rate", "error", "Too often", "It ran too often.", rule, queued)
        alert, delivery, notification = await raise_alert(connection, alarm), new_id(), new_id()
        await connection.execute(
            "INSERT INTO notifications (id, workspace_id, user_id, kind, title, text, link, subject)"
            " VALUES ($1, $2, $3, 'approval', 'x', 'x', '/approvals', $4)",
            notification, ada.workspace_id, ada.user_id, approval,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO deliveries (id, workspace_id, rule_id, trigger_id, verdict, http_status, content_type, body)"
            " SELECT $1, workspace_id, rule_id, id, 'refused', 401, 'application/json', '{}'"
            " FROM automation_triggers WHERE rule_id = $2",
            delivery, rule,
        )  # fmt: skip
    ids: Ids = {
        "automation_id": rule, "log_id": queued, "approval_id": approval, "notification_id": notification,
        "blob_id": UUID(str(reference["$blob"])), "delivery_id": delivery, "alert_id": alert, "number": 2,
        "step": "send",
    }  # fmt: skip
    return World(ada, ids, hand, clock, deleted, ended, asked)


async def call(client: httpx.AsyncClient, operation: str, world: World, headers: dict[str, str]) -> tuple[int, str]:
    """The status, and the code of a problem."""
    expected = EXPECTED[operation]
    method, path = operation.split(" ")
    ids = world.ids | {name: getattr(world, other) for name, other in expected.instead.items()}
    body = expected.body(world) if callable(expected.body) else expected.body
    async with client.stream(
        method, path.format(**ids), headers=headers, **({} if body is None else {"json": body})
    ) as a:
        if expected.stream and a.status_code == 200:
            return 200, ""
        await a.aread()
        return a.status_code, a.json()["code"] if a.status_code >= 400 else ""


async def snapshot(db: Database) -> dict[str, str]:
    """Everything that belongs to somebody."""
    async with db.transaction() as connection:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'tenant_vutler'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND (relforcerowsecurity OR relname = 'users')"
        )
        return {
            row[0]: str(await connection.fetchval(f"SELECT jsonb_agg(to_jsonb(t) ORDER BY t::text) FROM {row[0]} t"))
            for row in tables
        }


@dataclass(frozen=True)
class Crowd:
    """Callers by who they are: their headers, and what strangers are answered."""

    strangers: dict[str, tuple[dict[str, str], tuple[int, str]]]
    eve: dict[str, str]  # in her own workspace
    viewer: dict[str, str]
    editor: dict[str, str]


@pytest.fixture
async def members(ada: Tenant, register: Register, db: Database) -> dict[str, Tenant]:
    """People who are or were in Ada's workspace."""
    people = {role: await register() for role in ("viewer", "editor", "former")}
    for role, person in people.items():
        await questions.join(db, ada.workspace_id, person.user_id, "owner" if role == "former" else role)
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM workspace_members WHERE user_id = $1 AND role = 'owner' AND workspace_id = $2",
            people["former"].user_id,
            ada.workspace_id,
        )
    return people


@pytest.fixture
def crowd(ada: Tenant, eve: Tenant, members: dict[str, Tenant], keys: Keys) -> Crowd:
    hour_ago = AccessTokens(keys.jwt, clock=lambda: now() - timedelta(hours=1))
    expired = hour_ago.issue(ada.user_id, ada.workspace_id, ada.session_id)
    here = {"X-Workspace-Id": str(ada.workspace_id)}
    strangers: dict[str, tuple[dict[str, str], tuple[int, str]]] = {
        "anonymous": ({}, (401, "token_missing")),
        "expired": ({"Authorization": f"Bearer {expired}"}, (401, "token_expired")),
        "owner of another workspace": (eve.headers | here, (404, "workspace_not_found")),
        "former owner": (members["former"].headers | here, (404, "workspace_not_found")),
    }
    return Crowd(strangers, eve.headers, members["viewer"].headers | here, members["editor"].headers | here)


@pytest.mark.parametrize("part", range(4))
async def test_who_may_do_what(part: int, client: httpx.AsyncClient, db: Database, ada: Tenant, crowd: Crowd) -> None:
    wrong: list[str] = []
    for operation in sorted(EXPECTED)[part::4]:
        expected = EXPECTED[operation]
        world = await build(client, db, ada)
        before = await snapshot(db)

        async def check(who: str, headers: dict[str, str], wanted: int, code: str = "") -> None:
            got, said = await call(client, operation, world, headers)  # noqa: B023 - awaited in this very turn
            if got != wanted or (code and said != code):
                wrong.append(f"{operation} by {who}: {got} {said}, not {wanted} {code}")  # noqa: B023 - the same

        for who, (headers, (status, code)) in crowd.strangers.items():
            await check(who, headers, status, code)
        if "{" in operation:
            await check("owner of another workspace, in their own", crowd.eve, 404)
        if expected.role != "viewer":
            await check("viewer", crowd.viewer, 403)
        if await snapshot(db) != before:
            wrong.append(f"{operation}: a stranger changed something")
        if expected.role == "viewer":
            await check("viewer", crowd.viewer, 404 if expected.personal else expected.status)
        await check("owner", ada.headers, expected.status)
        world = await build(client, db, ada)
        editor = {"operator": 403}.get(expected.role, 404 if expected.personal else expected.status)
        await check("editor", crowd.editor, editor)
    assert not wrong, "\n".join(wrong)
