"""Agent events: which automations they start, and who may tell of them."""

from typing import Any

import httpx
import pytest

from core.db import Database
from tests.api.automations import HAND, made
from tests.api.conftest import Tenant, problem, until
from tests.api.rows import data_of, run_count

MESSAGE: dict[str, Any] = {
    "type": "agent.message.received",
    "agent": "sales_pro",
    "content": "Where is my INVOICE 4711?",
    "data": {"customer": "c-17"},
}


async def listening(api: httpx.AsyncClient, **config: Any) -> str:
    """An automation with a trigger `agent_event`; gives its id."""
    trigger = {"event": "agent.message.received", **config}
    found = await made(api, HAND | {"trigger_type": "agent_event", "trigger_config": trigger})
    return str(found["id"])


async def emitted(api: httpx.AsyncClient, event: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
    answer = await api.post("/api/events", json=event or MESSAGE, headers=headers)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.proves("US-2.3", "US-2.3 (1)", "US-2.3 (3)", "DOD-3")
async def test_an_event_starts_every_automation_that_wants_it(api: httpx.AsyncClient, db: Database) -> None:
    wanting = {await listening(api), await listening(api, keyword="invoice"), await listening(api, agent="sales_pro")}
    await listening(api, event="agent.error")
    found = await emitted(api)
    assert {run["automation_id"] for run in found["runs"]} == wanting
    data = await data_of(db, found["runs"][0]["run_id"])
    assert {name: data[name] for name in MESSAGE} == MESSAGE
    assert data["id"] == found["event_id"]
    async with db.connection() as connection:
        run = await connection.fetchrow("SELECT trigger_type, depth, status FROM automation_logs LIMIT 1")
        event = await connection.fetchrow("SELECT type, agent, runs FROM agent_events")
    assert run is not None
    assert event is not None
    assert tuple(run) == ("agent_event", 1, "queued")
    assert tuple(event) == ("agent.message.received", "sales_pro", 3)


@pytest.mark.parametrize(
    ("config", "event", "starts"),
    [
        ({"agent": "code_bot"}, {}, False),
        ({"agent": "sales_pro"}, {"agent": None}, False),
        ({"keyword": "INVOICE"}, {}, True),
        ({"keyword": "refund"}, {}, False),
        ({"keyword": "straße"}, {"content": "in der STRASSE"}, True),
        ({"regex": "[0-9]{4}"}, {}, True),
        ({"regex": "^[0-9]{4}$"}, {}, False),
        ({"regex": "invoice"}, {}, False),
        ({"regex": "(?i)invoice"}, {}, True),
        ({"keyword": "invoice", "regex": "refund"}, {}, False),
        ({"keyword": "c-17"}, {"content": None}, True),
        ({"keyword": "c-17"}, {"content": ""}, False),
        ({"keyword": "x"}, {"content": None, "data": None}, False),
        ({"regex": "(a+)+$"}, {"content": "a" * 50_000 + "!"}, False),  # a bomb for others, linear here
    ],
)
@pytest.mark.proves("US-2.3 (2)")
async def test_filters(api: httpx.AsyncClient, config: dict[str, Any], event: dict[str, Any], starts: bool) -> None:
    await listening(api, **config)
    assert len((await emitted(api, MESSAGE | event))["runs"]) == int(starts)


@pytest.mark.parametrize(
    ("config", "at"),
    [
        ({"regex": "("}, "trigger_config.regex"),
        ({"regex": "(?=a)"}, "trigger_config.regex"),
        ({"regex": r"(a)\1"}, "trigger_config.regex"),
        ({"regex": "a" * 513}, "trigger_config.regex"),
        ({"event": "agent.tired"}, "trigger_config.event"),
        ({"keyword": ""}, "trigger_config.keyword"),
    ],
)
async def test_what_is_refused_at_save(api: httpx.AsyncClient, config: dict[str, Any], at: str) -> None:
    trigger = {"event": "agent.error", **config}
    answer = await api.post("/api/automations", json=HAND | {"trigger_type": "agent_event", "trigger_config": trigger})
    assert answer.status_code == 422
    assert [each["at"] for each in answer.json()["errors"]] == [at]


async def test_the_same_key_is_one_event(api: httpx.AsyncClient, db: Database) -> None:
    await listening(api)
    first = await emitted(api, **{"Idempotency-Key": "k"})
    assert await emitted(api, **{"Idempotency-Key": "k"}) == first
    assert await run_count(db) == 1
    other = await api.post("/api/events", json=MESSAGE | {"content": "x"}, headers={"Idempotency-Key": "k"})
    problem(other, 422, "idempotency_key_reused")
    assert (await emitted(api))["event_id"] != first["event_id"]


async def test_switched_off_and_draft_stay_quiet(api: httpx.AsyncClient) -> None:
    off = await listening(api)
    await api.patch(f"/api/automations/{off}", json={"enabled": False})
    await made(api, HAND | {"trigger_type": "agent_event", "trigger_config": {"event": MESSAGE["type"]}}, as_draft=True)
    assert (await emitted(api))["runs"] == []


async def test_other_workspaces_hear_nothing(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    client.headers.update(ada.headers)
    await listening(client)
    client.headers.update(eve.headers)
    assert (await emitted(client))["runs"] == []
    assert await run_count(db) == 0


async def test_what_is_refused(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    for bad in (
        {"type": "agent.tired"},
        {"content": "x"},
        {"type": "agent.error", "content": "x" * 100_001},
        {"type": "agent.error", "agent": ""},
        {"type": "agent.error", "more": 1},
    ):
        problem(await api.post("/api/events", json=bad), 422, "invalid_request")
    async with db.connection() as connection:
        await connection.execute("UPDATE workspace_members SET role = 'viewer' WHERE user_id = $1", ada.user_id)

    async def is_viewer() -> bool:
        return (await api.post("/api/events", json=MESSAGE)).status_code == 403

    await until(is_viewer)


# another automation ---------------------------------------------------------------------------------------------------


async def test_an_automation_follows_another_of_its_workspace(api: httpx.AsyncClient) -> None:
    first = await made(api, HAND)
    second = await made(
        api, HAND | {"trigger_type": "automation", "trigger_config": {"automation": first["id"], "on": ["failed"]}}
    )
    assert second["trigger_config"] == {"automation": first["id"], "on": ["failed"]}


async def test_no_automation_follows_itself_a_foreign_or_an_unknown_one(
    client: httpx.AsyncClient, ada: Tenant, eve: Tenant
) -> None:
    client.headers.update(eve.headers)
    foreign = (await made(client, HAND))["id"]
    client.headers.update(ada.headers)
    own = await made(client, HAND)
    details = []
    for followed in (foreign, "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02"):
        document = HAND | {"trigger_type": "automation", "trigger_config": {"automation": followed}}
        body = problem(await client.post("/api/automations", json=document), 422, "automation_invalid")
        assert body["errors"][0]["at"] == "trigger_config.automation"
        details.append(body["errors"][0]["message"].replace(followed, ""))
    assert details[0] == details[1]
    change = {"trigger_type": "automation", "trigger_config": {"automation": own["id"]}}
    body = problem(await client.patch(f"/api/automations/{own['id']}", json=change), 422, "automation_invalid")
    assert "follow itself" in body["errors"][0]["message"]
    answer = await client.get(f"/api/automations/{own['id']}")
    assert answer.json()["trigger_type"] == "manual"  # nothing was saved
