"""Nobody sees or changes another workspace: every operation of the API, for every kind of stranger."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.openapi import operations
from core.alerts.raising import Alarm, raise_alert
from core.db import Database
from core.ids import new_id
from core.runs import blobs
from tests import questions
from tests.alarms import STORM
from tests.api import coverage
from tests.api.conftest import Tenant, problem, until
from tests.api.rows import SECRET, Webhook, add_run, add_webhook

SCHEMA = coverage.application().openapi()
SECURED = [(method, path) for method, path, operation in operations(SCHEMA) if operation.get("security")]
Ids = dict[str, UUID | int | str]
STREAMS = {path for _, path, operation in operations(SCHEMA) if "event-stream" in str(operation["responses"])}
OPERATORS = "/api/admin/"
WITH_IDS = [(method, path) for method, path in SECURED if "{" in path and not path.startswith(OPERATORS)]


@pytest.fixture
async def hook(db: Database, ada: Tenant) -> Webhook:
    return await add_webhook(db, ada)


@pytest.fixture
async def adas(db: Database, ada: Tenant, hook: Webhook) -> Ids:
    """An id of each kind, all of them Ada's, by the name of the path's parameter."""
    run_id = await add_run(db, ada, hook.rule_id, {"n": 1})
    delivery_id, notification_id, file_id = new_id(), new_id(), new_id()
    approval_id = await questions.ask(db, ada.workspace_id, hook.rule_id)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO notifications (id, workspace_id, user_id, kind, title, text, link, subject)"
            " VALUES ($1, $2, $3, 'approval', 'x', 'x', '/approvals', $4)",
            notification_id, ada.workspace_id, ada.user_id, approval_id,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO files (id, workspace_id, name, media_type, size, sha256)"
            " VALUES ($1, $2, 'x', 'text/plain', 0, '')",
            file_id, ada.workspace_id,
        )  # fmt: skip
        reference = await blobs.store(
            connection, workspace_id=ada.workspace_id, run_id=run_id, content=b"x", media_type="text/plain"
        )
        await connection.execute(
            "INSERT INTO deliveries (id, workspace_id, rule_id, trigger_id, verdict, http_status)"
            " VALUES ($1, $2, $3, $4, 'refused', 401)",
            delivery_id, ada.workspace_id, hook.rule_id, hook.trigger_id,
        )  # fmt: skip
        agent_id = await connection.fetchval(
            "SELECT id FROM agents WHERE workspace_id = $1 AND slug = 'code_bot'", ada.workspace_id
        )
        connection_id = new_id()
        await connection.execute(
            "INSERT INTO connections (id, workspace_id, kind, name) VALUES ($1, $2, 'http_bearer', 'CRM')",
            connection_id, ada.workspace_id,
        )  # fmt: skip
        alarm = Alarm(ada.workspace_id, "rate", "error", STORM, hook.rule_id, run_id)
        alert_id = await raise_alert(connection, alarm)
        channel_id, message_id, member_id = new_id(), new_id(), new_id()
        await connection.execute(
            "INSERT INTO channels (id, workspace_id, name, kind) VALUES ($1, $2, 'leads', 'room')",
            channel_id, ada.workspace_id,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO messages (id, workspace_id, channel_id, author_kind, author_id, text, sent_at)"
            " VALUES ($1, $2, $3, 'user', $4, 'x', now())",
            message_id, ada.workspace_id, channel_id, str(ada.user_id),
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO channel_members (id, workspace_id, channel_id, user_id) VALUES ($1, $2, $3, $4)",
            member_id, ada.workspace_id, channel_id, ada.user_id,
        )  # fmt: skip
        step_id, token_id, invitation_id = new_id(), new_id(), new_id()
        await connection.execute(
            "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id, step_id)"
            " VALUES ($1, $2, 0, 'http', 'pending', $3, 'send')",
            step_id, run_id, ada.workspace_id,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO api_tokens (id, workspace_id, user_id, name, scopes, hash, last_four)"
            " VALUES ($1, $2, $3, 'x', '{read}', $4, 'abcd')",
            token_id, ada.workspace_id, ada.user_id, token_id.bytes,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO invitations (id, workspace_id, email, role, hash, expires_at)"
            " VALUES ($1, $2, 'bob@example.org', 'viewer', $3, now() + interval '1 day')",
            invitation_id, ada.workspace_id, invitation_id.bytes,
        )  # fmt: skip
    return {
        "automation_id": hook.rule_id,
        "log_id": run_id,
        "run_id": run_id,
        "step_run_id": step_id,
        "approval_id": approval_id,
        "notification_id": notification_id,
        "blob_id": UUID(str(reference["$blob"])),
        "delivery_id": delivery_id,
        "alert_id": alert_id,
        "workspace_id": ada.workspace_id,
        "user_id": ada.user_id,
        "token_id": token_id,
        "invitation_id": invitation_id,
        "token": "vui_" + "A" * 43,  # of an invitation that nobody made
        "connection_id": connection_id,
        "agent": agent_id,
        "agent_id": agent_id,
        "agent_name": agent_id,
        "channel_id": channel_id,
        "message_id": message_id,
        "member_id": member_id,
        "number": 1,  # of a version
        "step": "send",
        "file_id": file_id,
        "plan": "free",
        "slug": "nothing",  # of a template: the catalogue is the same for everybody
    }


def _filled(path: str, ids: Ids) -> str:
    """The path with these ids. A parameter that nobody gave an id for fails the test: say what it is."""
    return re.sub(r"\{(\w+)\}", lambda found: str(ids[found[1]]), path)


async def _call(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    body: Any = {"json": {"name": "stolen", "version": 1}} if method in ("POST", "PUT", "PATCH") else {}
    return await client.request(method, path, headers=headers, **body)


def _nobodys(ids: Ids) -> Ids:
    """Ids of nothing; numbers and names, which stand behind an id, are as good as any."""
    return {name: new_id() if isinstance(value, UUID) else value for name, value in ids.items()}


def _without_ids(answer: httpx.Response, ids: Ids) -> str:
    text = answer.text.replace(answer.json()["request_id"], "")
    for each in ids.values():
        text = text.replace(str(each), "") if isinstance(each, UUID) else text
    return text


async def _snapshot(db: Database) -> list[str]:
    tables = (
        "automation_rules",
        "automation_triggers",
        "automation_versions",
        "draft_snapshots",
        "webhook_secrets",
        "webhook_captures",
        "deliveries",
        "agent_events",
        "approvals",
        "notifications",
        "automation_logs",
        "run_queue",
        "blobs",
        "alerts",
        "files",
        "connections",
        "channels",
        "channel_members",
        "messages",
        "users",
        "workspaces",
        "workspace_members",
        "sessions",
        "api_tokens",
        "invitations",
        "plans",
        "credit_balances",
        "credit_transfers",
        "agents",
        "agent_turns",
        "model_calls",
    )
    async with db.connection() as connection:
        return [
            str(await connection.fetchval(f"SELECT jsonb_agg(to_jsonb(t) ORDER BY t::text) FROM {table} t"))
            for table in tables
        ]


@pytest.mark.proves("R-PROD-1", "T-4", "D1 (1)")
async def test_without_a_token_everything_is_401(client: httpx.AsyncClient, db: Database, adas: Ids) -> None:
    before = await _snapshot(db)
    for method, path in SECURED:
        answer = await _call(client, method, _filled(path, adas), {})
        problem(answer, 401, "token_missing")
    assert await _snapshot(db) == before


@pytest.mark.proves("R-PROD-1", "T-4", "D1 (1)")
async def test_a_foreign_id_is_a_404_and_changes_nothing(
    client: httpx.AsyncClient, db: Database, eve: Tenant, adas: Ids
) -> None:
    before = await _snapshot(db)
    for method, path in WITH_IDS:
        answer = await _call(client, method, _filled(path, adas), eve.headers)
        assert answer.status_code in (404, 422), f"{method} {path}: {answer.status_code} {answer.text}"
        if answer.status_code == 422:  # of a body that is wrong whoever asks
            owned = await _call(client, method, _filled(path, _nobodys(adas)), eve.headers)
            assert owned.status_code == 422
    assert await _snapshot(db) == before


async def test_what_is_for_operators_is_a_403_for_others_and_changes_nothing(
    client: httpx.AsyncClient, db: Database, eve: Tenant, adas: Ids
) -> None:
    before = await _snapshot(db)
    for method, path in SECURED:
        if path.startswith(OPERATORS):
            answer = await _call(client, method, _filled(path, adas), eve.headers)
            assert answer.status_code in (403, 422), f"{method} {path}: {answer.status_code} {answer.text}"
            if answer.status_code == 422:  # of a body that is wrong whoever asks
                owned = await _call(client, method, _filled(path, _nobodys(adas)), eve.headers)
                assert owned.status_code == 422
    assert await _snapshot(db) == before


async def test_an_unknown_id_is_answered_like_a_foreign_one(client: httpx.AsyncClient, eve: Tenant, adas: Ids) -> None:
    for method, path in WITH_IDS:
        foreign = await _call(client, method, _filled(path, adas), eve.headers)
        nobodys = _nobodys(adas)
        unknown = await _call(client, method, _filled(path, nobodys), eve.headers)
        texts = [
            _without_ids(foreign, adas),
            _without_ids(unknown, nobodys),
        ]
        assert texts[0] == texts[1], f"{method} {path}"


async def test_another_workspace_by_header_is_a_404(
    client: httpx.AsyncClient, ada: Tenant, eve: Tenant, adas: Ids
) -> None:
    for workspace in (ada.workspace_id, new_id()):
        for method, path in SECURED:
            headers = eve.headers | {"X-Workspace-Id": str(workspace)}
            problem(await _call(client, method, _filled(path, adas), headers), 404, "workspace_not_found")
    answer = await client.get("/api/me", headers=eve.headers | {"X-Workspace-Id": "nonsense"})
    problem(answer, 422, "invalid_request")


@pytest.mark.proves("R-PROD-1", "D1 (1)")
async def test_lists_show_only_ones_own(client: httpx.AsyncClient, eve: Tenant, hook: Webhook, adas: Ids) -> None:
    await client.post(hook.path, headers={"X-Webhook-Secret": SECRET})
    for method, path in SECURED:
        if method == "GET" and "{" not in path and path not in STREAMS:
            answer = await client.get(path, headers=eve.headers)
            for each in (*adas.values(), hook.trigger_id):
                assert not isinstance(each, UUID) or str(each) not in answer.text, path


async def test_a_member_who_was_sent_away_is_out_within_seconds(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, adas: Ids
) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'owner')",
            ada.workspace_id,
            eve.user_id,
        )
    path, headers = f"/api/automations/logs/{adas['log_id']}", eve.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    assert (await client.get(path, headers=headers)).status_code == 200
    async with db.connection() as connection:
        await connection.execute(
            "DELETE FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", ada.workspace_id, eve.user_id
        )

    async def out() -> bool:
        return (await client.get(path, headers=headers)).status_code == 404

    await until(out, seconds=7)
