"""Somebody's workspace with a row of everything that operations have an id for."""

import base64
from dataclasses import dataclass
from uuid import UUID

import httpx

from core.accounts import secrets
from core.alerts.raising import Alarm, raise_alert
from core.db import Connection, Database
from core.ids import new_id
from core.runs import blobs
from core.runs.accept import NewRun, accept
from tests import questions
from tests.alarms import STORM
from tests.api.automations import CLOCK, HAND, HOOK, made
from tests.api.conftest import Tenant

Ids = dict[str, UUID | int | str]
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)  # of one pixel
SLACK = {"kind": "slack", "fields": {"bot_token": "xoxb-1", "signing_secret": "0" * 32}}
CARRIED = {"trigger_type": "webhook", "actions": [{"id": "say", "type": "transform", "config": {"value": 1}}]}
BEARER = {"kind": "http_bearer", "fields": {"token": "x"}, "allowed_hosts": ["crm.example.com"]}


@dataclass(frozen=True)
class World:
    """What its owner has, all of it new: ids by the name of the path's parameter, and those some operations need
    instead."""

    owner: Tenant
    ids: Ids
    webhook_id: str
    hand: UUID
    clock: UUID
    deleted: UUID
    ended: UUID
    asked: UUID


async def build(client: httpx.AsyncClient, db: Database, owner: Tenant) -> World:
    """A new world, and a queue without the runs of the last one."""
    client.headers.update(owner.headers)
    documents = [await made(client, document) for document in (HOOK, HAND, CLOCK, HAND)]
    rule, hand, clock, deleted = [UUID(each["id"]) for each in documents]
    await client.put(f"/api/automations/{rule}", json=HOOK | {"description": "changed"})
    await client.delete(f"/api/automations/{deleted}")
    saved = await client.post("/api/connections", json=BEARER | {"name": f"CRM {new_id()}"})
    slack = await client.post("/api/connections", json=SLACK | {"name": f"Slack {new_id()}"})
    agent = await client.post("/api/agents", json={"name": "Support", **CARRIED})
    room = await client.post("/api/channels", json={"name": f"leads {new_id()}"})
    place = f"/api/channels/{room.json()['id']}"
    message = await client.post(f"{place}/messages", json={"text": "hello"})
    members = await client.get(f"{place}/members")
    stored = await client.post("/api/files", params={"name": "x.txt"}, content=b"x")
    for name in owner.headers:
        del client.headers[name]
    async with db.connection() as connection:
        await connection.execute("DELETE FROM run_queue WHERE workspace_id = $1", owner.workspace_id)
    approval = await questions.ask(db, owner.workspace_id, rule, questions.question("approval", "role:editor"))
    ids: Ids = {
        "automation_id": rule,
        "number": 2,
        "step": "send",
        "plan": "free",
        "slug": "daily-digest",  # of a template
        "workspace_id": owner.workspace_id,
        "connection_id": UUID(saved.json()["id"]),
        "slack_id": UUID(slack.json()["id"]),
        **{name: UUID(agent.json()["id"]) for name in ("agent", "agent_id", "agent_name")},
        "channel_id": UUID(room.json()["id"]),
        "message_id": UUID(message.json()["id"]),
        "member_id": UUID(members.json()["items"][0]["id"]),
        "file_id": UUID(stored.json()["id"]),
        "approval_id": approval,
        "user_id": await questions.add_member(db, owner.workspace_id, "editor"),
    }
    async with db.connection() as connection:
        asked = await connection.fetchval("SELECT run_id FROM approvals WHERE id = $1", approval)
        queued, ended = [
            (await accept(connection, NewRun(owner.workspace_id, hand, 1, "manual", None))).run_id for _ in range(2)
        ]
        await connection.execute("UPDATE automation_logs SET status = 'success' WHERE id = $1", ended)
        await connection.execute("DELETE FROM run_queue WHERE run_id = $1", ended)
        ids |= await _about_runs(connection, owner, rule, queued)
        ids |= await _about_people(connection, owner, approval)
    return World(owner, ids, documents[0]["webhook"]["id"], hand, clock, deleted, ended, asked)


async def _about_runs(connection: Connection, owner: Tenant, rule: UUID, queued: UUID) -> Ids:
    reference = await blobs.store(
        connection, workspace_id=owner.workspace_id, run_id=queued, content=b"x", media_type="text/plain"
    )
    alarm = Alarm(owner.workspace_id, "rate", "error", STORM, rule, queued)
    alert, delivery = await raise_alert(connection, alarm), new_id()
    await connection.execute(
        "INSERT INTO deliveries (id, workspace_id, rule_id, trigger_id, verdict, http_status, content_type, body)"
        " SELECT $1, workspace_id, rule_id, id, 'refused', 401, 'application/json', '{}'"
        " FROM automation_triggers WHERE rule_id = $2",
        delivery, rule,
    )  # fmt: skip
    step = new_id()
    await connection.execute(
        "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id, step_id)"
        " VALUES ($1, $2, 0, 'http', 'pending', $3, 'send')",
        step, queued, owner.workspace_id,
    )  # fmt: skip
    return {
        "step_run_id": step,
        "log_id": queued,
        "blob_id": UUID(str(reference["$blob"])),
        "alert_id": alert,
        "delivery_id": delivery,
    }


async def _about_people(connection: Connection, owner: Tenant, approval: UUID) -> Ids:
    """A notification and an API token of the owner's; an invitation for their own address, and its token."""
    notification, token, invitation, text = new_id(), new_id(), new_id(), secrets.make(secrets.INVITATION)
    await connection.execute(
        "INSERT INTO notifications (id, workspace_id, user_id, kind, title, text, link, subject)"
        " VALUES ($1, $2, $3, 'approval', 'x', 'x', '/approvals', $4)",
        notification, owner.workspace_id, owner.user_id, approval,
    )  # fmt: skip
    await connection.execute("DELETE FROM api_tokens WHERE name = 'of a world' AND user_id = $1", owner.user_id)
    await connection.execute(
        "INSERT INTO api_tokens (id, workspace_id, user_id, name, scopes, hash, last_four)"
        " VALUES ($1, $2, $3, 'of a world', '{read}', $4, 'abcd')",
        token, owner.workspace_id, owner.user_id, token.bytes,
    )  # fmt: skip
    await connection.execute(
        "UPDATE invitations SET revoked_at = now() WHERE workspace_id = $1 AND revoked_at IS NULL", owner.workspace_id
    )
    await connection.execute(
        "INSERT INTO invitations (id, workspace_id, email, role, hash, expires_at)"
        " VALUES ($1, $2, $3, 'viewer', $4, now() + interval '1 day')",
        invitation, owner.workspace_id, owner.email, secrets.digest(text),
    )  # fmt: skip
    return {"notification_id": notification, "token_id": token, "invitation_id": invitation, "token": text}
