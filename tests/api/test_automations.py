"""Automations through HTTP: what is wrong is said, what is foreign is not there, what was is kept."""

import hashlib
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.db import Database
from core.ids import new_id
from tests.api.automations import CLOCK, HAND, HOOK, made, outbox, triggers
from tests.api.conftest import Tenant, problem, until


@pytest.mark.proves(
    "US-1.1 (1)", "US-1.1 (2)", "US-2.1 (1)", "US-2.1 (2)", "R-USR-1", "R-USR-2", "R-USR-4", "T-4", "DOD-2",
)  # fmt: skip
async def test_a_webhook_is_created_and_its_secret_shown_once(
    api: httpx.AsyncClient, ada: Tenant, db: Database
) -> None:
    created = await made(api, HOOK)
    hook = created["webhook"]
    assert hook["secret"].startswith("whs_")
    assert hook["url"].endswith(f"/api/webhooks/{hook['id']}")
    assert (created["status"], created["live_version"], created["draft_changed"]) == ("active", 1, False)
    assert created["created_by"] == created["updated_by"] == str(ada.user_id)
    assert [step["needs"] for step in created["actions"]] == [[], ["send"]]
    read = (await api.get(f"/api/automations/{created['id']}")).json()
    assert read["webhook"] == {"id": hook["id"], "url": hook["url"]}
    (row,) = await triggers(db, created["id"])
    assert row["webhook_secret"] == hashlib.sha256(hook["secret"].encode()).hexdigest()
    assert row["active"] is True
    assert row["config"]["rate_per_min"] == 100
    assert await outbox(db, created["id"]) == 1


async def test_a_secret_of_ones_own_is_kept_nowhere(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(
        api, {**HOOK, "trigger_type": None, "trigger_config": {"type": "webhook", "secret": "my own secret"}}
    )
    assert created["webhook"]["secret"] == "my own secret"
    (row,) = await triggers(db, created["id"])
    assert row["webhook_secret"] == hashlib.sha256(b"my own secret").hexdigest()
    async with db.connection() as connection:
        everything = await connection.fetch(
            "SELECT r::text FROM automation_rules r UNION SELECT v::text FROM automation_versions v"
        )
    assert everything
    assert "my own secret" not in str(everything)


@pytest.mark.proves("US-2.2 (3)", "US-2.2 (4)", "I-15")
async def test_a_schedule_shows_its_next_times(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, CLOCK)
    assert created["trigger_type"] == "cron"
    (schedule,) = created["schedules"]
    assert (schedule["cron"], schedule["timezone"], len(schedule["next_times"])) == ("0 9 * * *", "Europe/Zurich", 5)
    assert created["next_run_at"] == schedule["next_times"][0]
    (row,) = await triggers(db, created["id"])
    assert row["config"] == {"cron": "0 9 * * *", "timezone": "Europe/Zurich"}


async def test_every_finding_is_answered_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        "/api/automations",
        json={
            "name": "n",
            "trigger_type": "cron",
            "trigger_config": {"cron": "nope"},
            "actions": [{"type": "http"}, {"type": "x"}],
        },
    )
    found = problem(answer, 422, "automation_invalid")
    assert [each["at"] for each in found["errors"]] == [
        "trigger_config.schedules[0].cron", "actions[0].config.url", "actions[1].type",
    ]  # fmt: skip
    assert (await api.get("/api/automations")).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"NaN", b'{"name": NaN}', b'"text"', b"[]", b'{"name": "\xff"}', b'{"name": "\\u0000"}'),
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
    ],
)
async def test_bodies_that_are_no_automation(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/api/automations", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_ten_thousand_steps(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/automations", json={**HAND, "actions": [{"type": "transform"}] * 10_000})
    assert "10000" in problem(answer, 422, "automation_invalid")["errors"][0]["message"]


async def test_a_draft_may_be_unfinished_but_not_unreadable(api: httpx.AsyncClient, db: Database) -> None:
    draft = await made(api, {"name": "Started", "actions": [{"type": "http"}]}, as_draft=True)
    assert (draft["status"], draft["live_version"], draft["draft_changed"]) == ("draft", None, True)
    assert {each["at"] for each in draft["findings"]} == {"trigger_type", "actions[0].config.url"}
    assert await outbox(db, draft["id"]) == 0
    refused = await api.post(f"/api/automations/{draft['id']}/publish")
    assert len(problem(refused, 422, "automation_invalid")["errors"]) == 2
    problem(await api.post("/api/automations?as_draft=true", json={"name": 3}), 422, "automation_invalid")


async def test_a_viewer_reads_and_does_not_write(api: httpx.AsyncClient, ada: Tenant, db: Database) -> None:
    created = await made(api, HAND)
    async with db.connection() as connection:
        await connection.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_id = $1", ada.user_id)
    path = f"/api/automations/{created['id']}"
    await until(lambda: _forbidden(api, path))
    for answer in (
        await api.post("/api/automations", json=HAND), await api.put(path, json=HAND),
        await api.patch(path, json={"enabled": False}), await api.delete(path), await api.post(f"{path}/run"),
        await api.post(f"{path}/duplicate"), await api.post(f"{path}/publish"),
        await api.post(f"{path}/rollback", json={"version": 1}),
    ):  # fmt: skip
        problem(answer, 403, "role_missing")
    assert (await api.get(path)).json()["enabled"] is True


async def _forbidden(api: httpx.AsyncClient, path: str) -> bool:
    """The role is read anew within seconds."""
    return (await api.post(f"{path}/duplicate")).status_code == 403


@pytest.mark.proves("T-4", "R-PROD-1", "D1 (1)")
async def test_another_workspace_sees_nothing(api: httpx.AsyncClient, eve: Tenant) -> None:
    created = await made(api, HOOK)
    path = f"/api/automations/{created['id']}"
    hers = eve.headers
    for answer in (
        await api.get(path, headers=hers), await api.put(path, json=HAND, headers=hers),
        await api.patch(path, json={"enabled": False}, headers=hers), await api.delete(path, headers=hers),
        await api.post(f"{path}/run", headers=hers), await api.post(f"{path}/duplicate", headers=hers),
        await api.post(f"{path}/publish", headers=hers), await api.post(f"{path}/validate", headers=hers),
        await api.get(f"{path}/versions", headers=hers),
        await api.post(f"{path}/rollback", json={"version": 1}, headers=hers),
        await api.get(f"/api/automations/{new_id()}"),
    ):  # fmt: skip
        problem(answer, 404, "automation_not_found")
    assert (await api.get("/api/automations", headers=hers)).json()["items"] == []
    assert (await api.get(path)).json()["revision"] == 1
    anonymous = await api.get(path, headers={"Authorization": ""})
    assert anonymous.status_code == 401


# list -----------------------------------------------------------------------------------------------------------------


@pytest.mark.proves("US-1.2 (1)", "US-1.2 (4)", "US-1.2 (5)", "R-USR-3", "T-4", "DOD-2")
async def test_the_list_and_its_filters(api: httpx.AsyncClient, db: Database) -> None:
    hook, clock = await made(api, HOOK), await made(api, CLOCK)
    off = await made(api, {**HAND, "enabled": False, "name": "under_score"})
    draft = await made(api, {"name": "draft"}, as_draft=True)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_stats SET run_count = 7, last_run_status = 'success', last_run_id = $1"
            " WHERE rule_id = $1",
            UUID(hook["id"]),
        )

    async def ids(**params: Any) -> list[str]:
        answer = await api.get("/api/automations", params=params)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await ids() == [each["id"] for each in (draft, off, clock, hook)]
    assert await ids(status="active") == [clock["id"], hook["id"]]
    assert await ids(status="inactive") == [off["id"]]
    assert await ids(status="draft") == [draft["id"]]
    assert await ids(trigger_type="webhook") == [hook["id"]]
    assert await ids(search="LEAD") == [hook["id"]]
    assert await ids(search="100%") == [hook["id"]]
    assert await ids(search="%") == [hook["id"]]
    assert await ids(search="_") == [off["id"]]
    assert await ids(search="\\") == []
    items = {item["id"]: item for item in (await api.get("/api/automations")).json()["items"]}
    assert (items[hook["id"]]["run_count"], items[hook["id"]]["last_run_status"]) == (7, "success")
    assert (items[hook["id"]]["last_run_id"], items[off["id"]]["last_run_id"]) == (hook["id"], None)
    assert items[clock["id"]]["next_run_at"] == clock["next_run_at"]
    problem(await api.get("/api/automations?status=sleeping"), 422, "invalid_request")


async def test_pages(api: httpx.AsyncClient) -> None:
    expected = [(await made(api, {**HAND, "name": f"n{n}"}))["id"] for n in range(5)][::-1]
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = (await api.get("/api/automations", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == expected
    problem(await api.get("/api/automations?cursor=nonsense"), 422, "invalid_request")
    problem(await api.get("/api/automations?limit=201"), 422, "invalid_request")


@pytest.mark.proves("US-1.2 (3)", "R-USR-3", "T-4", "DOD-2")
async def test_delete_is_final_for_the_rule_and_not_for_its_runs(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, CLOCK)
    path = f"/api/automations/{created['id']}"
    run_id = (await api.post(f"{path}/run")).json()["run_id"]
    deleted = await api.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    problem(await api.delete(path), 404, "automation_not_found")
    problem(await api.get(path), 404, "automation_not_found")
    assert (await api.get("/api/automations")).json()["items"] == []
    assert [row["active"] for row in await triggers(db, created["id"])] == [False]
    assert (await api.get(f"/api/automations/logs/{run_id}")).status_code == 200


@pytest.mark.proves("US-1.2 (3)", "US-2.1 (2)")
async def test_duplicate(api: httpx.AsyncClient) -> None:
    created = await made(api, HOOK)
    answer = await api.post(f"/api/automations/{created['id']}/duplicate")
    assert answer.status_code == 201, answer.text
    copy = answer.json()
    assert (copy["name"], copy["enabled"], copy["status"]) == ("Lead to CRM (copy)", False, "inactive")
    assert copy["actions"] == created["actions"]
    assert copy["webhook"]["secret"].startswith("whs_")
    assert copy["webhook"]["id"] != created["webhook"]["id"]
    long = await made(api, {**HAND, "name": "x" * 200})
    assert len((await api.post(f"/api/automations/{long['id']}/duplicate")).json()["name"]) == 200
    draft = await made(api, {"name": "unfinished"}, as_draft=True)
    assert (await api.post(f"/api/automations/{draft['id']}/duplicate")).json()["status"] == "draft"


@pytest.mark.proves("US-1.1 (3)")
async def test_validate_the_stored_one_or_a_body(api: httpx.AsyncClient) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}/validate"
    assert (await api.post(path)).json() == {"valid": True, "findings": []}
    report = (await api.post(path, json={"name": "n", "trigger_type": "manual", "actions": []})).json()
    assert report["valid"] is False
    assert [each["at"] for each in report["findings"]] == ["actions"]
    problem(await api.post(path, content=b"{"), 422, "invalid_request")
    assert (await api.get(f"/api/automations/{created['id']}")).json()["revision"] == 1


async def test_drafts_versions_and_the_way_back(api: httpx.AsyncClient) -> None:
    created = await made(api, {**HAND, "description": "one"})
    path = f"/api/automations/{created['id']}"
    draft = (await api.patch(f"{path}?as_draft=true", json={"description": "two"})).json()
    assert (draft["live_version"], draft["draft_changed"], draft["description"]) == (1, True, "two")
    published = (await api.post(f"{path}/publish", json={"note": "the second"})).json()
    assert (published["live_version"], published["draft_changed"]) == (2, False)
    back = (await api.post(f"{path}/rollback", json={"version": 1})).json()
    assert (back["live_version"], back["description"]) == (3, "one")
    page = (await api.get(f"{path}/versions?limit=2")).json()
    assert [(each["number"], each["note"], each["live"]) for each in page["items"]] == [
        (3, "Version 1 again", True), (2, "the second", False),
    ]  # fmt: skip
    rest = (await api.get(f"{path}/versions", params={"cursor": page["next_cursor"]})).json()
    assert [each["number"] for each in rest["items"]] == [1]
    problem(await api.post(f"{path}/rollback", json={"version": 9}), 404, "version_not_found")
    problem(await api.post(f"{path}/publish", json={"notes": "x"}), 422, "invalid_request")


async def test_an_adopted_automation_answers_to_its_old_id(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HAND)
    old = UUID("6f1c1b1e-6a57-4e0c-9d61-5a0c3c1c7a11")
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET legacy_id = $2 WHERE id = $1", UUID(created["id"]), old)
    assert (await api.get(f"/api/automations/{old}")).json()["id"] == created["id"]
    assert (await api.patch(f"/api/automations/{old}", json={"enabled": False})).json()["id"] == created["id"]
