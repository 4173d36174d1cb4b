"""Versions: what each was, what changed between them, going back; and undoing a deletion."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from core.automations.retention import forget_deleted
from core.db import Database
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.schedules import fires
from tests.api.automations import CLOCK, HAND, HOOK, made, outbox, shown_later, triggers
from tests.api.conftest import Tenant, problem, until


async def _differences(api: httpx.AsyncClient, path: str, number: int, against: str | None = None) -> dict[str, Any]:
    answer = await api.get(
        f"{path}/versions/{number}/differences", params={} if against is None else {"against": against}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _kinds(comparison: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["kind"], each["step"]) for each in comparison["differences"]]


async def test_a_version_with_its_note_and_definition(api: httpx.AsyncClient, ada: Tenant) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    await api.patch(f"{path}?as_draft=true", json={"name": "Second"})
    await api.post(f"{path}/publish", json={"note": "A better name"})
    second = (await api.get(f"{path}/versions/2")).json()
    assert (second["number"], second["note"], second["live"]) == (2, "A better name", True)
    assert (second["created_by"], second["definition"]["name"]) == (str(ada.user_id), "Second")
    assert second["sentence"] == "When a webhook arrives, send a POST to crm.example.com, then shape the data."
    first = (await api.get(f"{path}/versions/1", headers={"Accept-Language": "fr"})).json()
    assert (first["live"], first["definition"]["actions"]) == (False, created["actions"])
    assert first["sentence"].startswith("Quand un webhook arrive")


async def test_a_version_from_before_a_field_came_is_the_same(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, {**HAND, "actions": [{"id": "a", "type": "transform", "value": 1, "retry": 3}]})
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_versions SET definition = definition #- '{actions,0,retry,max_delay_s}'"
            " WHERE rule_id = $1",
            UUID(created["id"]),
        )
    again = await api.post(f"/api/automations/{created['id']}/publish")
    assert (again.status_code, again.json()["live_version"]) == (200, 1)


async def test_differences_between_versions_live_and_draft(api: httpx.AsyncClient) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    send, result = created["actions"]
    post = {
        **send,
        "id": "post",
        "config": {**send["config"], "url": "https://crm.example.com/v2"},
        "needs": ["result"],
    }
    await api.put(path, json={**HOOK, "actions": [{**result, "config": {"value": 1}, "needs": []}, post]})
    forward = await _differences(api, path, 2, "1")
    assert (forward["number"], forward["against"]) == (2, 1)
    assert _kinds(forward) == [
        ("step_moved", "result"),
        ("step_changed", "result"),
        ("step_renamed", "post"),
        ("step_moved", "post"),
        ("step_changed", "post"),
    ]
    (url,) = forward["differences"][4]["fields"]
    assert url == {
        "path": "config.url",
        "change": "changed",
        "before": "https://crm.example.com/leads",
        "after": "https://crm.example.com/v2",
    }
    assert _kinds(await _differences(api, path, 2)) == []  # against the live one, which it is
    back = await _differences(api, path, 1)
    assert back["against"] == 2
    assert ("step_renamed", "send") in _kinds(back)
    await api.patch(
        f"{path}?as_draft=true", json={"policy": {"priority": "high"}, "layout": {"post": {"x": 1, "y": 1}}}
    )
    draft = await _differences(api, path, 2, "draft")
    assert draft["against"] is None
    assert [(each["kind"], each["quiet"]) for each in draft["differences"]] == [
        ("policy_changed", False),
        ("layout_changed", True),
    ]


async def test_versions_that_are_not_there(api: httpx.AsyncClient) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}"
    problem(await api.get(f"{path}/versions/2"), 404, "version_not_found")
    problem(await api.get(f"{path}/versions/99999999999999999999"), 422, "invalid_request")
    problem(await api.get(f"{path}/versions/2/differences"), 404, "version_not_found")
    problem(await api.get(f"{path}/versions/1/differences?against=7"), 404, "version_not_found")
    problem(await api.get(f"{path}/versions/1/differences?against=yesterday"), 422, "invalid_request")
    problem(await api.get(f"/api/automations/{new_id()}/versions/1"), 404, "automation_not_found")
    draft = await made(api, HAND, as_draft=True)
    problem(await api.get(f"/api/automations/{draft['id']}/versions/1/differences"), 404, "version_not_found")


async def test_a_draft_that_nobody_can_read(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}"
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_rules SET actions = $2 WHERE id = $1", UUID(created["id"]), [{"id": "No!", "type": 7}]
        )
    problem(await api.get(f"{path}/versions/1/differences?against=draft"), 409, "draft_unreadable")
    problem(await api.post(f"{path}/steps/s1/test", json={}), 409, "draft_unreadable")
    assert (await api.get(path)).json()["sentence"] == "When somebody presses Run, run “7”."


async def test_a_rollback_publishes_the_old_one_with_a_note(api: httpx.AsyncClient) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    await api.patch(path, json={"name": "Second"})
    await api.post(f"{path}/rollback", json={"version": 1})
    third = (await api.get(f"{path}/versions/3")).json()
    assert (third["note"], third["live"], third["definition"]["name"]) == ("Version 1 again", True, HOOK["name"])
    assert _kinds(await _differences(api, path, 3, "1")) == []


async def test_an_automation_in_words(api: httpx.AsyncClient) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    assert created["sentence"] == "When a webhook arrives, send a POST to crm.example.com, then shape the data."
    assert created["step_sentences"] == {"send": "send a POST to crm.example.com", "result": "shape the data"}
    french = await api.get(path, headers={"Accept-Language": "fr-CH"})
    assert french.headers["content-language"] == "fr"
    assert french.json()["sentence"] == (
        "Quand un webhook arrive, envoyer un POST à crm.example.com, puis mettre les données en forme."
    )
    again = await api.put(path, json=french.json())  # what was read can be put back
    assert (again.status_code, again.json()["live_version"]) == (200, 1)


# deleting and restoring -----------------------------------------------------------------------------------------------


async def test_a_deleted_automation_comes_back_as_it_was(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HOOK)
    path, hook = f"/api/automations/{created['id']}", f"/api/webhooks/{created['webhook']['id']}"
    secret = {"X-Webhook-Secret": created["webhook"]["secret"]}
    assert (await api.post(hook, json={}, headers=secret)).status_code == 202
    assert (await api.delete(path)).status_code == 204
    problem(await api.get(path), 404, "automation_not_found")
    listed = (await api.get("/api/automations?status=deleted")).json()["items"]
    assert [(each["id"], each["status"]) for each in listed] == [(created["id"], "deleted")]
    assert listed[0]["deleted_at"]
    assert (await api.get("/api/automations")).json()["items"] == []

    async def answers(status: int) -> bool:
        return (await api.post(hook, json={}, headers=secret)).status_code == status

    assert await until(lambda: answers(404))
    told = await outbox(db, created["id"])
    restored = await api.post(f"{path}/restore")
    assert restored.status_code == 200, restored.text
    found = restored.json()
    assert (found["status"], found["enabled"], found["live_version"], found["deleted_at"]) == ("active", True, 1, None)
    assert found["webhook"] == shown_later(created["webhook"])
    assert found["run_count"] == 0 or found["run_count"] == 1
    assert await outbox(db, created["id"]) == told + 1  # Prefect's deployment follows
    assert await until(lambda: answers(202))
    problem(await api.post(f"{path}/restore"), 409, "automation_not_deleted")
    problem(await api.post(f"/api/automations/{new_id()}/restore"), 404, "automation_not_found")


async def test_restored_schedules_go_on_and_catch_nothing_up(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, {**CLOCK, "trigger_config": {"schedules": ["* * * * *", "0 9 * * *"]}})
    path, rule_id = f"/api/automations/{created['id']}", UUID(created["id"])
    before = [(row["id"], row["config"], row["active"]) for row in await triggers(db, created["id"])]
    await api.delete(path)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM schedule_fires WHERE rule_id = $1", rule_id) == 0
    found = (await api.post(f"{path}/restore")).json()
    assert found["next_run_at"]
    assert [(row["id"], row["config"], row["active"]) for row in await triggers(db, created["id"])] == before
    while await fires.plan_ahead(db):
        pass
    async with db.connection() as connection:
        early = "SELECT count(*) FROM schedule_fires WHERE rule_id = $1 AND due_at < now()"
        assert await connection.fetchval(early, rule_id) == 0


@pytest.mark.parametrize("document", [{**HOOK, "enabled": False}, HAND])
async def test_what_was_off_or_a_draft_stays_so(api: httpx.AsyncClient, db: Database, document: dict[str, Any]) -> None:
    created = await made(api, document, as_draft=document is HAND)
    path = f"/api/automations/{created['id']}"
    await api.delete(path)
    found = (await api.post(f"{path}/restore")).json()
    assert (found["status"], found["live_version"]) == (created["status"], created["live_version"])
    assert not any(row["active"] for row in await triggers(db, created["id"]))


async def _age(db: Database, rule_id: UUID, days: int) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_rules SET deleted_at = now() - make_interval(days => $2) WHERE id = $1", rule_id, days
        )


async def _rows(db: Database, rule_id: UUID) -> dict[str, int]:
    async with db.connection() as connection:
        return {
            table: await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {column} = $1", rule_id)
            for table, column in (
                ("automation_rules", "id"),
                ("automation_versions", "rule_id"),
                ("automation_triggers", "rule_id"),
                ("automation_stats", "rule_id"),
            )
        }


async def test_after_thirty_days_it_is_gone_for_good(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HOOK)
    rule_id, path = UUID(created["id"]), f"/api/automations/{created['id']}"
    await api.delete(path)
    await _age(db, rule_id, 29)
    assert await forget_deleted(db) == 0
    await _age(db, rule_id, 31)
    problem(await api.post(f"{path}/restore"), 404, "automation_not_found")
    assert (await api.get("/api/automations?status=deleted")).json()["items"] == []
    alive = await made(api, HAND)
    assert await forget_deleted(db) == 1
    assert set((await _rows(db, rule_id)).values()) == {0}
    assert set((await _rows(db, UUID(alive["id"]))).values()) == {1}
    assert await forget_deleted(db) == 0


async def test_runs_stay_readable_under_their_name(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    created = await made(api, HOOK)
    rule_id = UUID(created["id"])
    async with db.transaction() as connection:
        run = NewRun(workspace_id=ada.workspace_id, rule_id=rule_id, version=1, trigger_type="manual", data={"n": 1})
        run_id = (await accept(connection, run)).run_id
    await api.delete(f"/api/automations/{created['id']}")
    await _age(db, rule_id, 31)
    assert await forget_deleted(db) == 0  # the run is not over and needs its version
    async with db.connection() as connection:
        await connection.execute("DELETE FROM run_queue WHERE run_id = $1", run_id)
    assert await forget_deleted(db) == 1
    assert await _rows(db, rule_id) == {
        "automation_rules": 1, "automation_versions": 0, "automation_triggers": 0, "automation_stats": 0,
    }  # fmt: skip
    shown = (await api.get(f"/api/automations/logs/{run_id}")).json()
    assert (shown["automation_name"], shown["trigger_data"]) == (HOOK["name"], {"n": 1})
    assert (await api.get(f"/api/automations/{rule_id}/logs")).json()["items"][0]["id"] == str(run_id)
    async with db.connection() as connection:
        await connection.execute("DELETE FROM automation_logs WHERE id = $1", run_id)
        kept = await connection.fetchrow("SELECT * FROM automation_rules WHERE id = $1", rule_id)
    assert (kept["actions"], kept["trigger_config"], kept["description"]) == (None, None, None)
    assert await forget_deleted(db) == 1
    assert (await _rows(db, rule_id))["automation_rules"] == 0
