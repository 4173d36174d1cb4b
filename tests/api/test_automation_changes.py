"""Changing automations: what is saved is what runs, and nobody overwrites anybody."""

import asyncio
import hashlib
from uuid import UUID

import httpx
import pytest

from core.db import Database
from core.listen import Listener
from core.runs.channels import CONFIG, OUTBOX
from tests.api.automations import CLOCK, HAND, HOOK, made, outbox, running, shown_later, triggers
from tests.api.conftest import problem, until


@pytest.mark.proves("US-1.3 (2)", "US-1.3 (3)", "R-USR-3", "T-4", "DOD-2")
async def test_put_replaces_and_publishes(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HOOK)
    answer = await api.put(f"/api/automations/{created['id']}", json={**HOOK, "name": "New name"})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed["name"], changed["live_version"], changed["revision"], changed["etag"]) == ("New name", 2, 2, '"2"')
    assert changed["updated_at"] > created["updated_at"]
    assert changed["webhook"] == shown_later(created["webhook"])
    again = (await api.put(f"/api/automations/{created['id']}", json=changed)).json()
    assert (again["live_version"], again["revision"]) == (2, 3)  # what was read can be put back: no new version
    assert await outbox(db, created["id"]) == 3


async def test_a_webhook_keeps_its_address_over_other_triggers(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    (before,) = await triggers(db, created["id"])
    clock = (await api.patch(path, json={"trigger_type": "cron", "trigger_config": {"every": "5m"}})).json()
    assert clock["webhook"] is None
    assert {row["type"]: row["active"] for row in await triggers(db, created["id"])} == {"webhook": False, "cron": True}
    back = (await api.patch(path, json={"trigger_config": {"type": "webhook"}})).json()
    assert back["webhook"] == shown_later(created["webhook"])
    rows = {row["type"]: row for row in await triggers(db, created["id"])}
    assert (rows["webhook"]["id"], rows["webhook"]["active"], rows["cron"]["active"]) == (before["id"], True, False)
    assert rows["webhook"]["webhook_secret"] == before["webhook_secret"]


async def test_what_is_saved_is_what_the_webhook_answers_with(api: httpx.AsyncClient) -> None:
    created = await made(api, HOOK)
    path, hook = f"/api/automations/{created['id']}", f"/api/webhooks/{created['webhook']['id']}"
    secret = {"X-Webhook-Secret": created["webhook"]["secret"]}
    first = await api.post(hook, json={"n": 1}, headers={**secret, "X-Event-Id": "17"})
    again = await api.post(hook, json={"n": 1}, headers={**secret, "X-Event-Id": "17"})
    assert (first.status_code, first.json()["status"], again.json()["status"]) == (202, "accepted", "duplicate")
    await api.patch(path, json={"enabled": False})
    assert await until(lambda: _answers(api, hook, secret, 404))
    await api.patch(path, json={"enabled": True, "trigger_config": {"secret": "another secret"}})
    assert await until(lambda: _answers(api, hook, secret, 401))
    assert await _answers(api, hook, {"X-Webhook-Secret": "another secret"}, 202)


async def _answers(api: httpx.AsyncClient, hook: str, secret: dict[str, str], status: int) -> bool:
    return (await api.post(hook, json={}, headers=secret)).status_code == status


async def test_a_new_secret_replaces_the_old_one(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    answer = await api.patch(path, json={"trigger_config": {"secret": "another secret"}})
    assert "secret" not in answer.json()["webhook"]
    (row,) = await triggers(db, created["id"])
    assert row["webhook_secret"] == hashlib.sha256(b"another secret").hexdigest()
    assert row["config"]["dedupe"] == {"from": "header", "name": "X-Event-Id"}
    refused = await api.patch(f"{path}?as_draft=true", json={"trigger_config": {"secret": "a third secret"}})
    assert problem(refused, 422, "automation_invalid")["errors"][0]["at"] == "trigger_config.secret"


async def test_schedules_keep_their_ids_while_they_stay_the_same(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, {**CLOCK, "trigger_config": {"schedules": ["0 9 * * *", "0 12 * * *", "0 18 * * *"]}})
    first = {row["config"]["cron"]: row["id"] for row in await triggers(db, created["id"])}
    await api.patch(
        f"/api/automations/{created['id']}", json={"trigger_config": {"schedules": ["0 18 * * *", "0 9 * * *"]}}
    )
    rows = await triggers(db, created["id"])
    active = {row["config"]["cron"]: row["id"] for row in rows if row["active"]}
    assert active == {"0 18 * * *": first["0 18 * * *"], "0 9 * * *": first["0 9 * * *"]}
    assert len(rows) == 3


@pytest.mark.proves("US-1.2 (2)", "R-USR-3", "DOD-2")
async def test_the_switch_makes_no_version_and_silences_the_triggers(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, CLOCK)
    path = f"/api/automations/{created['id']}"
    off = (await api.patch(path, json={"enabled": False})).json()
    assert (off["status"], off["live_version"], off["next_run_at"]) == ("inactive", 1, None)
    assert [row["active"] for row in await triggers(db, created["id"])] == [False]
    on = (await api.patch(path, json={"enabled": True})).json()
    assert (on["status"], on["live_version"], on["next_run_at"]) == ("active", 1, created["next_run_at"])
    assert [row["active"] for row in await triggers(db, created["id"])] == [True]
    assert await outbox(db, created["id"]) == 3
    problem(await api.patch(path, json={"enabled": "no"}), 422, "automation_invalid")
    problem(await api.patch(path, json=[]), 422, "automation_invalid")


async def test_the_switch_leaves_an_unpublished_draft_alone(api: httpx.AsyncClient) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}"
    await api.patch(f"{path}?as_draft=true", json={"name": "not yet"})
    off = (await api.patch(path, json={"enabled": False})).json()
    assert (off["live_version"], off["draft_changed"], off["name"]) == (1, True, "not yet")


async def test_patch_merges(api: httpx.AsyncClient) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    answer = await api.patch(
        path,
        json={
            "description": None,
            "policy": {"priority": "high"},
            "trigger_config": {"dedupe": None, "rate_per_min": 5},
        },
    )
    changed = answer.json()
    assert changed["description"] is None
    assert changed["policy"] == {**created["policy"], "priority": "high"}
    assert changed["trigger_config"] == {"rate_per_min": 5}
    assert changed["actions"] == created["actions"]
    refused = await api.patch(path, json={"actions": [], "policy": {"lane": "docker"}})
    assert [each["at"] for each in problem(refused, 422, "automation_invalid")["errors"]] == ["actions"]


@pytest.mark.proves("US-1.3 (4)")
async def test_no_edit_under_a_running_run(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}"
    await api.post(f"{path}/run")
    assert (await api.put(path, json=HAND)).status_code == 200  # queued is not running
    await running(db, created["id"], "running")
    changed = {"actions": [{"type": "transform", "value": 2}]}
    problem(await api.put(path, json=HAND), 409, "automation_running")
    problem(await api.patch(path, json=changed), 409, "automation_running")
    problem(
        await api.patch(path, json={"trigger_type": "cron", "trigger_config": {"every": "5m"}}),
        409,
        "automation_running",
    )
    assert (await api.patch(path, json={"name": "Names may change"})).status_code == 200
    assert (await api.patch(path, json={"enabled": False})).status_code == 200
    assert (await api.patch(f"{path}?as_draft=true", json=changed)).status_code == 200
    assert (await api.post(f"{path}/publish")).status_code == 200
    await running(db, created["id"], "waiting")
    assert (await api.put(path, json=HAND)).status_code == 200


async def test_two_editors_of_one_draft(api: httpx.AsyncClient) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}"
    answers = await asyncio.gather(
        *(
            api.patch(f"{path}?as_draft=true", json={"name": f"editor {n}"}, headers={"If-Match": created["etag"]})
            for n in range(5)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    problem(next(each for each in answers if each.status_code == 412), 412, "automation_stale")
    winner = next(each for each in answers if each.status_code == 200).json()
    assert (await api.get(path)).json()["name"] == winner["name"]
    for method in ("PUT", "PATCH"):
        stale = await api.request(method, path, json=HAND, headers={"If-Match": '"1"'})
        problem(stale, 412, "automation_stale")
    problem(await api.post(f"{path}/publish", headers={"If-Match": '"1"'}), 412, "automation_stale")
    problem(await api.put(path, json=HAND, headers={"If-Match": "yesterday"}), 422, "invalid_request")
    assert (await api.put(path, json=HAND, headers={"If-Match": "*"})).status_code == 200


async def test_a_write_waits_for_the_one_before_it_and_then_is_stale(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}"
    async with db.transaction() as connection:
        await connection.execute("UPDATE automation_rules SET revision = 2 WHERE id = $1", UUID(created["id"]))
        late = asyncio.create_task(api.put(path, json=HAND, headers={"If-Match": '"1"'}))
        await until(lambda: _somebody_waits(db))
    problem(await late, 412, "automation_stale")


async def _somebody_waits(db: Database) -> bool:
    async with db.connection() as connection:
        found: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE datname = current_database() AND NOT granted)"
        )
    return found


async def test_concurrent_changes_of_different_parts_are_all_kept(api: httpx.AsyncClient) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}"
    await asyncio.gather(api.patch(path, json={"name": "A"}), api.patch(path, json={"description": "B"}))
    found = (await api.get(path)).json()
    assert (found["name"], found["description"]) == ("A", "B")
    assert found["draft_changed"] is False


async def test_changes_are_announced(api: httpx.AsyncClient, db: Database) -> None:
    heard: list[tuple[str, str]] = []
    listener = Listener(db.dsn, application="test listener")
    for channel in (CONFIG, OUTBOX):
        listener.on(channel, lambda payload, channel=channel: heard.append((channel, payload)))  # type: ignore[misc]
    task = asyncio.create_task(listener.run())
    try:
        await until(lambda: _connected(listener))
        created = await made(api, HAND)
        expected = {(CONFIG, created["id"]), (OUTBOX, "deployment")}
        await until(lambda: _heard(heard, expected))
        for change in ({"enabled": False}, {"name": "x"}):
            heard.clear()
            await api.patch(f"/api/automations/{created['id']}", json=change)
            await until(lambda: _heard(heard, expected))
        heard.clear()
        await api.delete(f"/api/automations/{created['id']}")
        await until(lambda: _heard(heard, expected))
    finally:
        task.cancel()


async def _connected(listener: Listener) -> bool:
    return listener.connected


async def _heard(heard: list[tuple[str, str]], expected: set[tuple[str, str]]) -> bool:
    return expected <= set(heard)
