"""Previews: what they show is what fires."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.db import Database
from core.ids import new_id
from core.schedules import fires
from tests.api.automations import CLOCK, HAND, made
from tests.api.conftest import Tenant, problem


async def _preview(api: httpx.AsyncClient, rule_id: str, **query: Any) -> dict[str, Any]:
    answer = await api.get(f"/api/automations/{rule_id}/schedule/preview", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _post(api: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await api.post("/api/schedules/preview", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_is_shown_is_what_fires(api: httpx.AsyncClient, db: Database) -> None:
    schedules = ["* * * * *", {"every": "60s"}, {"cron": "0 9 * * *", "timezone": "Asia/Kathmandu"}]
    created = await made(api, {**CLOCK, "trigger_config": {"schedules": schedules}})
    shown = await _preview(api, created["id"], count=10)
    while await fires.plan_ahead(db):
        pass
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT f.due_at, t.position FROM schedule_fires f JOIN automation_triggers t ON t.id = f.schedule_id"
            " WHERE f.rule_id = $1 ORDER BY f.due_at, t.position",
            UUID(created["id"]),
        )
        planned = [(row["due_at"], row["position"]) for row in rows]
    told = [(datetime.fromisoformat(each["at"]), each["schedule"]) for each in shown["times"]]
    assert shown["active"] is True
    assert planned
    assert all(each in told for each in planned if each[0] <= told[-1][0])
    assert told == sorted(told)


async def test_the_live_version_counts_and_the_switch_is_told(api: httpx.AsyncClient) -> None:
    created = await made(api, CLOCK)
    path = f"/api/automations/{created['id']}"
    await api.patch(f"{path}?as_draft=true", json={"trigger_config": {"schedules": ["*/5 * * * *"]}})
    shown = await _preview(api, created["id"])
    assert [each["cron"] for each in shown["schedules"]] == ["0 9 * * *"]
    assert (shown["active"], len(shown["times"])) == (True, 10)
    await api.patch(path, json={"enabled": False})
    off = await _preview(api, created["id"], count=1)
    assert (off["active"], off["times"]) == (False, shown["times"][:1])


async def test_drafts_and_other_triggers(api: httpx.AsyncClient) -> None:
    draft = await made(api, CLOCK, as_draft=True)
    shown = await _preview(api, draft["id"], count=2)
    assert (shown["active"], len(shown["times"])) == (False, 2)
    hand = await made(api, HAND)
    assert await _preview(api, hand["id"]) == {"active": False, "schedules": [], "times": []}
    problem(await api.get(f"/api/automations/{new_id()}/schedule/preview"), 404, "automation_not_found")
    problem(await api.get(f"/api/automations/{hand['id']}/schedule/preview?count=101"), 422, "invalid_request")


async def test_a_clock_change_is_marked(api: httpx.AsyncClient) -> None:
    shown = await _post(api, schedules=[{"cron": "30 2 * * *", "timezone": "Europe/Berlin"}], count=100)
    again = await _post(api, trigger_config={"cron_expression": "30 2 * * *", "timezone": "Europe/Berlin"}, count=100)
    assert [each["at"] for each in shown["times"]] == [each["at"] for each in again["times"]]
    year = await _post(
        api, schedules=["30 2 28 3 *", "30 2 25 10 *", "30 2 29 3 *"], timezone="Europe/Berlin", count=60
    )
    marks = {each["local"][:16]: each["mark"] for each in year["times"]}
    assert marks["2027-03-28T03:00"] == "gap"
    assert marks["2027-03-29T02:30"] is None
    assert marks["2026-10-25T02:30" if "2026-10-25T02:30" in marks else "2037-10-25T02:30"] == "overlap"
    for each in year["times"]:
        assert datetime.fromisoformat(each["at"]) == datetime.fromisoformat(each["local"])
        assert each["at"].endswith("Z")


async def test_in_words(api: httpx.AsyncClient) -> None:
    body = {"schedules": ["0 9 * * 1-5", {"every": "1h"}], "timezone": "Europe/Zurich", "count": 3}
    english = (await api.post("/api/schedules/preview", json=body)).json()
    assert [each["sentence"] for each in english["schedules"]] == [
        "every weekday at 09:00 (Europe/Zurich)",
        "every hour",
    ]
    answer = await api.post("/api/schedules/preview", json=body, headers={"Accept-Language": "fr"})
    assert answer.headers["content-language"] == "fr"
    assert answer.json()["schedules"][0]["sentence"] == "du lundi au vendredi à 09:00 (Europe/Zurich)"
    hourly = next(each for each in english["times"] if each["schedule"] == 1)
    assert not hourly["local"].endswith("Z")  # intervals have no zone; they are shown in the given one


async def test_one_moment_and_never_again(api: httpx.AsyncClient) -> None:
    moment = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    shown = await _post(api, schedules=[{"run_at": moment.isoformat()}])
    assert [datetime.fromisoformat(each["at"]) for each in shown["times"]] == [moment]
    rare = await _post(api, schedules=["0 0 29 2 *"], count=20)
    assert all("-02-29T" in each["at"] for each in rare["times"])
    assert len(rare["times"]) == 20


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"schedules": ["0 9 * *"]}, "schedules[0].cron"),
        ({"schedules": [{"every": "5 parsecs"}]}, "schedules[0]"),
        ({"schedules": []}, "schedules"),
        ({"schedules": [7]}, "schedules[0]"),
        ({"trigger_config": {"schedules": ["0 9"], "timezone": "Mars/Base"}}, "trigger_config.schedules[0].cron"),
        ({"trigger_config": {"cron": "0 9 * * *", "timezone": "Mars"}}, "trigger_config.schedules[0].timezone"),
        ({"trigger_config": {"type": "webhook"}}, "trigger_config.type"),
        ({"schedules": ["0 9 * * *"], "timezone": "Mars/Base"}, "timezone"),
        ({"schedules": ["0 9 * * *"], "count": 0}, "count"),
        ({"schedules": ["0 9 * * *"], "count": 101}, "count"),
        ({}, "body"),
        ({"schedules": ["0 9 * * *"], "trigger_config": {}}, "body"),
    ],
)  # fmt: skip
async def test_what_is_no_schedule(api: httpx.AsyncClient, body: dict[str, Any], at: str) -> None:
    answer = await api.post("/api/schedules/preview", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["at"] == at, answer.text


async def _history(api: httpx.AsyncClient, rule_id: str, **query: Any) -> dict[str, Any]:
    answer = await api.get(f"/api/automations/{rule_id}/schedule/history", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_missed_times_can_be_read_with_the_reason(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(
        api, {**CLOCK, "trigger_config": {"schedules": [{"every": "1h"}]}, "policy": {"catch_up": "latest"}}
    )
    rule_id = UUID(created["id"])
    async with db.transaction() as connection:  # as if nothing had run for nine hours
        await connection.execute(
            "UPDATE automation_triggers SET planned_until = now() - interval '9 hours' WHERE rule_id = $1", rule_id
        )
    while await fires.plan_ahead(db):
        pass
    while await fires.fire_due(db):
        pass
    found = (await _history(api, created["id"]))["items"]
    settled = [each for each in found if each["state"] != "planned"]
    assert len(settled) in (8, 9)
    assert (settled[0]["state"], settled[0]["schedule"], settled[0]["reason"]) == ("fired", 0, None)
    run = await api.get(f"/api/automations/logs/{settled[0]['run_id']}")
    assert datetime.fromisoformat(run.json()["due_at"]) == datetime.fromisoformat(settled[0]["due_at"])
    assert all("catch_up: latest" in each["reason"] for each in settled[1:])
    pages: list[Any] = []
    cursor = None
    while page := await _history(
        api, created["id"], state="skipped", limit=3, **({"cursor": cursor} if cursor else {})
    ):
        pages += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert pages == [each for each in settled if each["state"] == "skipped"]
    await api.delete(f"/api/automations/{created['id']}")
    assert len((await _history(api, created["id"], state="skipped"))["items"]) == len(pages)


async def test_histories_that_are_not_there(api: httpx.AsyncClient, eve: Tenant) -> None:
    created = await made(api, CLOCK)
    path = f"/api/automations/{created['id']}/schedule/history"
    problem(await api.get(path, params={"cursor": "2026-11-20T08:00:00_x"}), 422, "invalid_request")
    problem(await api.get(path, params={"state": "late"}), 422, "invalid_request")
    problem(await api.get(path, headers=eve.headers), 404, "automation_not_found")


async def test_a_run_already_accepted_runs_though_its_schedule_is_switched_off(
    api: httpx.AsyncClient, db: Database
) -> None:
    created = await made(api, {**CLOCK, "trigger_config": {"schedules": ["* * * * *"]}})
    rule_id = UUID(created["id"])
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_triggers SET planned_until = now() - interval '1 minute' WHERE rule_id = $1", rule_id
        )
    while await fires.plan_ahead(db):
        pass
    assert await fires.fire_due(db)
    await api.patch(f"/api/automations/{created['id']}", json={"enabled": False})
    async with db.connection() as connection:
        states = await connection.fetch("SELECT state, cancel_requested FROM run_queue WHERE rule_id = $1", rule_id)
        planned = await connection.fetchval(
            "SELECT count(*) FROM schedule_fires WHERE rule_id = $1 AND state = 'planned'", rule_id
        )
    assert [(row["state"], row["cancel_requested"]) for row in states] == [("queued", False)]
    assert planned == 0


async def test_who_switched_it_is_shown(api: httpx.AsyncClient, ada: Tenant) -> None:
    created = await made(api, CLOCK)
    path = f"/api/automations/{created['id']}"
    assert (created["switched_at"], created["switched_by"]) == (None, None)
    off = (await api.patch(path, json={"enabled": False})).json()
    assert off["switched_by"] == str(ada.user_id)
    assert off["switched_at"]
    renamed = (await api.patch(path, json={"name": "Other"})).json()
    assert renamed["switched_at"] == off["switched_at"]
    on = (await api.put(path, json={**CLOCK, "enabled": True})).json()
    assert on["switched_at"] > off["switched_at"]
