"""Alerts and paused automations as the API shows them, and error automations as it takes them."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from core import settings as core_settings
from core.alerts.raising import Alarm, raise_alert
from core.automations.following import Following
from core.db import Database
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.runs.breaker import Limits
from core.settings import Settings
from tests.alarms import STORM
from tests.api.automations import HAND, HOOK, made, outbox
from tests.api.conftest import Tenant, problem, until
from tests.published import end_run

EVENT = {"type": "agent.error", "content": "It broke."}
LISTENING = HAND | {"name": "Answer", "trigger_type": "agent_event", "trigger_config": {"event": "agent.error"}}
FRENCH = {"Accept-Language": "fr"}
NOBODYS = "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1"}
    return core_settings.load(variables | {"VUTLER_BREAKER_RUNS_PER_MIN": "2"})


async def emitted(api: httpx.AsyncClient, times: int = 1) -> int:
    """Tell of an event; gives how many runs that started."""
    count = 0
    for _ in range(times):
        answer = await api.post("/api/events", json=EVENT)
        assert answer.status_code == 202, answer.text
        count += len(answer.json()["runs"])
    return count


async def listed(api: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    answer = await api.get("/api/alerts", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def raised(db: Database, tenant: Tenant, kind: str, rule_id: str) -> str:
    alarm = Alarm(tenant.workspace_id, kind, "error", STORM, UUID(rule_id))
    async with db.transaction() as connection:
        return str(await raise_alert(connection, alarm))


async def test_a_storm_pauses_the_automation_until_it_is_switched_on(
    api: httpx.AsyncClient, db: Database, ada: Tenant
) -> None:
    path = f"/api/automations/{(await made(api, LISTENING))['id']}"
    before = (await api.get(path)).json()
    assert before["paused"] is None
    assert await emitted(api, 5) == 2
    paused = (await api.get(path)).json()
    assert (paused["status"], paused["enabled"], paused["revision"]) == ("inactive", False, before["revision"] + 1)
    assert "2 times within a minute" in paused["paused"]["reason"]
    assert paused["paused"]["at"] > before["updated_at"]
    assert paused["paused"]["code"] == "rate"
    for shown in (await api.get(path, headers=FRENCH), await api.get("/api/automations", headers=FRENCH)):
        told = shown.json().get("paused") or shown.json()["items"][0]["paused"]
        assert told["reason"].startswith("D’autres exécutions et des événements l’avaient lancée 2 fois en une minute")
    (line,) = (await api.get("/api/automations")).json()["items"]
    assert line["paused"] == paused["paused"]
    assert await outbox(db, paused["id"]) == 2  # the deployment is told of both
    (alert,) = await listed(api, open="true")
    assert (alert["kind"], alert["automation_id"], alert["automation_name"]) == ("rate", paused["id"], "Answer")
    assert alert["facts"]["limit"] == 2

    # What was read can be put back, and changes the switch only where it says so.
    assert (await api.put(path, json=paused)).json()["paused"] == paused["paused"]
    assert (await api.patch(path, json={"name": "Other"})).json()["paused"] == paused["paused"]
    on = (await api.patch(path, json={"enabled": True})).json()
    assert (on["enabled"], on["paused"]) == (True, None)
    assert await emitted(api, 3) == 2  # the rate is counted from then
    assert not (await api.get(path)).json()["enabled"]
    (again,) = await listed(api)
    assert (again["id"], again["count"]) == (alert["id"], 2)
    put = await api.put(path, json=LISTENING | {"enabled": True})
    assert put.json()["paused"] is None


async def test_the_webhook_of_a_paused_automation_is_closed(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    """Worked off in another process: the caches of this one are told."""
    hooked = await made(api, HOOK)
    hook, secret = f"/api/webhooks/{hooked['webhook']['id']}", {"X-Webhook-Secret": hooked["webhook"]["secret"]}
    assert (await api.post(hook, json={}, headers=secret)).status_code == 202
    first = await made(api, failing(hooked["id"]))
    async with db.connection() as connection:
        for _ in range(3):
            run = NewRun(ada.workspace_id, UUID(first["id"]), 1, "manual", None)
            await end_run(db, (await accept(connection, run)).run_id, "failed", "It broke.")
    service = Following(db, public_url="https://vutler.test", limits=Limits(runs_per_min=2))
    assert await service.drain() == 3

    async def closed() -> bool:
        return (await api.post(hook, json={}, headers=secret)).status_code == 404

    await until(closed, seconds=4)  # less than the caches' own time
    found = (await api.get(f"/api/automations/{hooked['id']}")).json()
    assert (found["status"], found["paused"] is not None) == ("inactive", True)


async def test_lists_are_narrowed_and_paged(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    first, second = (await made(api, HAND))["id"], (await made(api, HAND))["id"]
    ids = [await raised(db, ada, kind, rule) for kind in ("rate", "failing") for rule in (first, second)]
    assert [each["id"] for each in await listed(api)] == ids[::-1]
    assert [each["id"] for each in await listed(api, automation_id=first)] == [ids[2], ids[0]]
    assert [each["id"] for each in await listed(api, kind="failing")] == [ids[3], ids[2]]
    await api.post(f"/api/alerts/{ids[3]}/resolve")
    assert [each["id"] for each in await listed(api, open="true")] == [ids[2], ids[1], ids[0]]
    assert [each["id"] for each in await listed(api, open="false")] == [ids[3]]
    page = (await api.get("/api/alerts", params={"limit": "3"})).json()
    assert [each["id"] for each in page["items"]] == ids[:0:-1]
    assert [each["id"] for each in await listed(api, cursor=page["next_cursor"])] == ids[:1]
    problem(await api.get("/api/alerts", params={"open": "perhaps"}), 422, "invalid_request")
    problem(await api.get("/api/alerts", params={"cursor": "x"}), 422, "invalid_request")


async def test_resolving(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    rule = (await made(api, HAND))["id"]
    path = f"/api/alerts/{await raised(db, ada, 'rate', rule)}"
    assert (await api.get(path)).json()["resolved_at"] is None
    done = (await api.post(f"{path}/resolve")).json()
    assert done["resolved_by"] == str(ada.user_id)
    assert (await api.post(f"{path}/resolve")).json() == done == (await api.get(path)).json()
    for bad in (await api.get(f"/api/alerts/{NOBODYS}"), await api.post(f"/api/alerts/{NOBODYS}/resolve")):
        problem(bad, 404, "alert_not_found")
    async with db.connection() as connection:
        await connection.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_id = $1", ada.user_id)

    async def is_viewer() -> bool:
        return (await api.post(f"{path}/resolve")).status_code == 403

    await until(is_viewer)
    assert (await api.get(path)).status_code == 200


async def test_one_does_not_see_the_others(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    alert_id = await raised(db, ada, "rate", str(new_id()))
    client.headers.update(eve.headers)
    assert await listed(client) == []
    problem(await client.get(f"/api/alerts/{alert_id}"), 404, "alert_not_found")


# error automations ----------------------------------------------------------------------------------------------------


def failing(target: str, **more: Any) -> dict[str, Any]:
    return HAND | {"name": "Fails", "policy": {"on_failure": {"automation": target, **more}}}


async def test_an_error_automation_of_the_workspace_is_taken(api: httpx.AsyncClient) -> None:
    target = await made(api, HAND)
    found = await made(api, failing(target["id"], alert_after=3))
    assert found["policy"]["on_failure"] == {"automation": target["id"], "alert_after": 3}
    assert found["findings"] == []


async def test_no_foreign_unknown_or_own_one_is_taken(client: httpx.AsyncClient, ada: Tenant, eve: Tenant) -> None:
    client.headers.update(eve.headers)
    foreign = (await made(client, HAND))["id"]
    client.headers.update(ada.headers)
    gone = (await made(client, HAND))["id"]
    await client.delete(f"/api/automations/{gone}")
    own = await made(client, HAND)
    said = set()
    for target in (foreign, NOBODYS, gone):
        body = problem(await client.post("/api/automations", json=failing(target)), 422, "automation_invalid")
        (error,) = body["errors"]
        assert error["at"] == "policy.on_failure.automation"
        said.add(error["message"].replace(target, ""))
    assert len(said) == 1
    body = problem(await client.post("/api/automations", json=failing("mend")), 422, "automation_invalid")
    assert [each["at"] for each in body["errors"]] == ["policy.on_failure.automation"]
    change = {"policy": {"on_failure": {"automation": own["id"]}}}
    path = f"/api/automations/{own['id']}"
    body = problem(await client.patch(path, json=change), 422, "automation_invalid")
    assert "its own error automation" in body["errors"][0]["message"]
    report = (await client.post(f"{path}/validate", json=failing(own["id"]))).json()
    assert not report["valid"]
    assert [each["at"] for each in report["findings"]] == ["policy.on_failure.automation"]


@pytest.mark.parametrize(("change", "said"), [({"enabled": False}, "is switched off"), (None, "was never published")])
async def test_one_that_sleeps_is_a_warning(api: httpx.AsyncClient, change: dict[str, Any] | None, said: str) -> None:
    target = await made(api, HAND, as_draft=change is None)
    if change is not None:
        await api.patch(f"/api/automations/{target['id']}", json=change)
    (finding,) = (await made(api, failing(target["id"])))["findings"]
    assert (finding["at"], finding["severity"]) == ("policy.on_failure.automation", "warning")
    assert said in finding["message"]
