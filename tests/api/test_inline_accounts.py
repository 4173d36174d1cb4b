"""A secret that is written into a step becomes a connection when the automation is saved, and is kept nowhere else."""

from typing import Any

import httpx

from core.db import Database
from tests import questions
from tests.api.conftest import Register, Tenant, problem

HOOK = "https://hooks.slack.com/services/T0/B0/canary-secret"


def document(*steps: dict[str, Any], name: str = "Tell sales") -> dict[str, Any]:
    return {"name": name, "trigger_type": "manual", "actions": list(steps)}


async def connections(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in (await client.get("/api/connections")).json()["items"]}


async def test_it_becomes_a_connection(api: httpx.AsyncClient, db: Database) -> None:
    loop = {
        "type": "for_each",
        "config": {"items": [1], "steps": [{"type": "slack", "text": "x", "webhook_url": HOOK}]},
    }
    steps = [
        {"type": "slack", "webhook_url": HOOK, "text": "flat"},
        {"type": "slack", "config": {"token": "xoxb-canary-token", "channel": "#leads", "text": "by token"}},
        loop,
    ]
    made = await api.post("/api/automations", json=document(*steps))
    assert made.status_code == 201, made.text
    found = await connections(api)
    assert {(each["kind"], each["name"]) for each in found.values()} == {
        ("slack_webhook", "Tell sales (Slack)"), ("slack", "Tell sales (Slack) 2"),
    }  # fmt: skip
    by_kind = {each["kind"]: ident for ident, each in found.items()}
    assert found[by_kind["slack_webhook"]]["allowed_hosts"] == ["hooks.slack.com"]
    first, second, third = made.json()["actions"]
    assert first["config"] == {"text": "flat", "connection": by_kind["slack_webhook"]}
    assert second["config"] == {"channel": "#leads", "text": "by token", "connection": by_kind["slack"]}
    assert third["config"]["steps"][0]["config"]["connection"] == by_kind["slack_webhook"]
    changed = await api.patch(
        f"/api/automations/{made.json()['id']}",
        json={"actions": [{"type": "slack", "webhook_url": f"{HOOK}2", "text": "x"}]},
    )
    assert changed.status_code == 200, changed.text
    assert len(await connections(api)) == 3
    replaced = await api.put(f"/api/automations/{made.json()['id']}", json=document(steps[0], name="{{ a }} b"))
    assert replaced.status_code == 422 or "a b (Slack)" in str(await connections(api))
    async with db.connection() as connection:
        for table in ("automation_rules", "automation_versions", "audit_log"):
            text = await connection.fetchval(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table} t")
            assert "canary" not in (text or "")


async def test_what_is_not_saved_leaves_nothing(api: httpx.AsyncClient) -> None:
    wrong = document({"type": "slack", "webhook_url": HOOK, "text": "x"}, {"type": "no_such_action"})
    answer = await api.post("/api/automations", json=wrong)
    problem(answer, 422, answer.json()["code"])
    assert "canary" not in answer.text
    both = document({"type": "slack", "webhook_url": HOOK, "token": "xoxb-canary", "text": "x"})
    assert (await api.post("/api/automations", json=both)).status_code == 422
    templated = document({"type": "slack", "webhook_url": "{{ trigger.data.url }}", "text": "x"})
    assert (await api.post("/api/automations", json=templated)).status_code == 422
    assert await connections(api) == {}


async def test_only_who_may_make_connections(
    client: httpx.AsyncClient, ada: Tenant, register: Register, db: Database
) -> None:
    editor = await register()
    await questions.join(db, ada.workspace_id, editor.user_id, "editor")
    client.headers.update(ada.headers)
    token = await client.post("/api/tokens", json={"name": "t", "scopes": ["read", "write"]})
    client.headers.pop("Authorization")
    step = document({"type": "slack", "webhook_url": HOOK, "text": "x"})
    for headers in (
        editor.headers | {"X-Workspace-Id": str(ada.workspace_id)},
        {"Authorization": f"Bearer {token.json()['token']}"},
    ):
        answer = await client.post("/api/automations", json=step, headers=headers)
        assert answer.status_code == 422, answer.text
        assert "save it as a connection" in answer.json()["errors"][0]["message"]
        assert "canary" not in answer.text
    assert (await client.get("/api/connections", headers=ada.headers)).json()["items"] == []
