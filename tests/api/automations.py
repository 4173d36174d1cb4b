"""Automations for the tests of the API, and a look at their rows."""

from typing import Any
from uuid import UUID

import httpx

from core.db import Database

HOOK: dict[str, Any] = {
    "name": "Lead to CRM",
    "description": "100% of the leads",
    "trigger_type": "webhook",
    "trigger_config": {"dedupe": {"from": "header", "name": "X-Event-Id"}},
    "actions": [
        {"id": "send", "type": "http", "config": {"method": "POST", "url": "https://crm.example.com/leads"}},
        {"id": "result", "type": "transform", "config": {"value": {"id": "{{ steps.send.output.body.id }}"}}},
    ],
}
CLOCK: dict[str, Any] = {
    "name": "Every morning",
    "trigger_config": {"type": "schedule", "cron_expression": "0 9 * * *", "timezone": "Europe/Zurich"},
    "actions": [{"type": "transform", "value": 1}],
}
HAND: dict[str, Any] = {"name": "By hand", "trigger_type": "manual", "actions": [{"type": "transform", "value": 1}]}


async def made(api: httpx.AsyncClient, document: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = await api.post("/api/automations", json=document, params=params)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["etag"] == found["etag"]
    assert answer.headers["location"] == f"/api/automations/{found['id']}"
    return found


def shown_later(webhook: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in webhook.items() if name != "secret"}


async def triggers(db: Database, rule_id: str) -> list[dict[str, Any]]:
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT * FROM automation_triggers WHERE rule_id = $1 ORDER BY position, id", UUID(rule_id)
        )
    return [dict(row) for row in rows]


async def outbox(db: Database, rule_id: str) -> int:
    async with db.connection() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM outbox WHERE topic = 'deployment' AND key = $1", UUID(rule_id)
        )
    return count


async def running(db: Database, rule_id: str, state: str) -> None:
    """Put the only run of an automation into a state, as a worker would."""
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET state = $2 WHERE rule_id = $1", UUID(rule_id), state)
