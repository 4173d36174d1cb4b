"""Credits and plans as people meet them: refusals that say what it costs, the ledger, usage, the operator's hand."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.credits import housekeeping
from core.db import Database
from core.ids import new_id
from tests import paying
from tests.api.conftest import Tenant, problem
from tests.api.rows import GOOD, Webhook, add_webhook, ledger

STEPS = [{"id": f"s{n}", "type": "http", "config": {"url": "https://example.org"}} for n in range(3)]


@pytest.fixture
async def plans(db: Database) -> None:
    await paying.load_plans(db)


async def paid_hook(db: Database, tenant: Tenant, credits: int, *, cost: int = 3, **numbers: Any) -> Webhook:
    """A webhook whose runs cost so much, in a workspace that has so much."""
    await paying.make_pay(db, tenant.workspace_id, credits, **numbers)
    hook = await add_webhook(db, tenant)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_versions SET charges = $2 WHERE rule_id = $1", hook.rule_id, {"http": cost}
        )
    return hook


async def count(db: Database, table: str) -> int:
    async with db.connection() as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return found


@pytest.mark.proves("R-ENG-6", "I-5", "T-6")
async def test_a_webhook_that_can_not_be_paid_is_a_402_and_a_delivery(
    client: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    hook = await paid_hook(db, ada, 5)
    first = await client.post(hook.path, headers=GOOD | {"Idempotency-Key": "a"}, json={"n": 1})
    assert first.status_code == 202, first.text
    refused = await client.post(hook.path, headers=GOOD | {"Idempotency-Key": "b"}, json={"n": 2})
    body = problem(refused, 402, "no_credits")
    assert (body["cost"], body["left"]) == (3, 2)
    assert "would cost 3 credits" in body["detail"]
    again = await client.post(hook.path, headers=GOOD | {"Idempotency-Key": "a"}, json={"n": 1})
    assert (again.status_code, again.json()["status"]) == (202, "duplicate")
    rows = await ledger(client, ada)
    assert [(row["verdict"], row["reason"], row["http_status"]) for row in rows] == [
        ("duplicate", None, 202), ("refused", "no_credits", 402), ("accepted", None, 202),
    ]  # fmt: skip
    assert await count(db, "automation_logs") == 1
    async with db.transaction() as connection:
        await paying.grant(connection, ada.workspace_id, 1)
    late = await client.post(hook.path, headers=GOOD | {"Idempotency-Key": "b"}, json={"n": 2})
    assert (late.status_code, late.json()["status"]) == (202, "accepted")  # what was refused left no key
    assert await paying.account(db, ada.workspace_id) == (0, 6)
    assert await paying.faults(db) == []


async def test_on_unlimited_nothing_is_counted(
    client: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    hook = await add_webhook(db, ada)
    assert (await client.post(hook.path, headers=GOOD, json={})).status_code == 202
    for table in ("credit_transfers", "credit_balances", "credit_reservations"):
        assert await count(db, table) == 0
    said = (await client.get("/api/credits", headers=ada.headers)).json()
    assert (said["plan"]["name"], said["plan"]["monthly_credits"], said["balance"]) == ("unlimited", None, 0)


@pytest.mark.proves("I-5")
async def test_fifty_at_once_spend_what_there_is_and_no_more(
    client: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    hook = await paid_hook(db, ada, 20)
    answers = await asyncio.gather(
        *(client.post(hook.path, headers=GOOD, json={"n": n}, timeout=120) for n in range(50))
    )
    assert sorted(answer.status_code for answer in answers) == [202] * 6 + [402] * 44
    assert await paying.account(db, ada.workspace_id) == (2, 18)
    assert await count(db, "automation_logs") == 6
    assert await paying.faults(db) == []


@pytest.mark.proves("T-6")
async def test_a_manual_run_is_refused_the_same_way(
    api: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    await paying.make_pay(db, ada.workspace_id, 2)
    body = {"name": "Costly", "trigger_type": "manual", "actions": STEPS}
    made = await api.post("/api/automations", json=body)
    assert made.status_code == 201, made.text
    path = f"/api/automations/{made.json()['id']}/run"
    refused = problem(await api.post(path, json={}, headers={"Idempotency-Key": "k"}), 402, "no_credits")
    assert (refused["cost"], refused["left"]) == (3, 2)
    async with db.transaction() as connection:
        await paying.grant(connection, ada.workspace_id, 1)
    assert (await api.post(path, json={}, headers={"Idempotency-Key": "k"})).status_code == 202


@pytest.mark.proves("R-PROD-2", "I-30")
async def test_runs_an_hour_and_a_month_have_an_end(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, plans: None
) -> None:
    hourly = await paid_hook(db, ada, 0, cost=0, plan="hourly", runs_per_hour=2, monthly_credits=None)
    monthly = await paid_hook(db, eve, 0, cost=0, plan="monthly", runs_per_month=1)
    for hook, code, status, taken in ((hourly, "runs_per_hour", 429, 2), (monthly, "runs_per_month", 402, 1)):
        for _ in range(taken):
            assert (await client.post(hook.path, headers=GOOD, json={})).status_code == 202
        answer = await client.post(hook.path, headers=GOOD, json={})
        problem(answer, status, code)
        assert ("retry-after" in answer.headers) == (status == 429)
    assert 1 <= int((await client.post(hourly.path, headers=GOOD, json={})).headers["retry-after"]) <= 3600


@pytest.mark.proves("R-ENG-6", "I-5")
async def test_a_workspace_may_let_its_runs_wait(
    api: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    hook = await paid_hook(db, ada, 0)
    changed = await api.patch("/api/credits", json={"when_exhausted": "queue"})
    assert changed.json()["when_exhausted"] == "queue"
    problem(await api.patch("/api/credits", json={"when_exhausted": "hope"}), 422, "invalid_request")
    answer = await api.post(hook.path, headers=GOOD, json={})
    assert answer.status_code == 202, answer.text
    run = (await api.get(f"/api/automations/logs/{answer.json()['run_id']}")).json()
    assert (run["status"], run["waiting_for"]["code"], run["credits"]) == ("queued", "credits", None)
    assert "too few credits" in run["waiting_for"]["reason"]
    assert (await api.get("/api/credits")).json()["runs_waiting"] == 1
    await housekeeping.keep(db)
    assert await state(db, run["id"]) == "blocked"
    path = f"/api/admin/workspaces/{ada.workspace_id}"
    granted = await api.patch(path, json={"grant": {"credits": 4}}, headers={"Idempotency-Key": "g"})
    again = await api.patch(path, json={"grant": {"credits": 4}}, headers={"Idempotency-Key": "g"})
    assert granted.json() == again.json()
    assert (granted.json()["balance"], granted.json()["reserved"], granted.json()["runs_waiting"]) == (1, 3, 0)
    assert await state(db, run["id"]) == "queued"
    assert await paying.faults(db) == []


async def state(db: Database, run_id: str) -> str:
    async with db.connection() as connection:
        found: str = await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", UUID(run_id))
    return found


async def test_the_ledger_is_paged_and_adds_up(api: httpx.AsyncClient, db: Database, ada: Tenant, plans: None) -> None:
    hook = await paid_hook(db, ada, 9)
    for n in range(3):
        assert (await api.post(hook.path, headers=GOOD, json={"n": n})).status_code == 202
    first = (await api.get("/api/credits", params={"limit": 3})).json()
    rest = (await api.get("/api/credits", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert (first["balance"], first["reserved"], first["granted"], first["spent"]) == (0, 9, 9, 0)
    assert rest["next_cursor"] is None
    lines = [*first["items"], *rest["items"]]
    assert sorted(line["kind"] for line in lines) == ["grant", "reserve", "reserve", "reserve"]
    assert sum(line["amount"] for line in lines if line["to_account"] == "reserved") == 9
    problem(await api.get("/api/credits", params={"cursor": "x"}), 422, "invalid_request")


@pytest.mark.proves("I-29", "D1 (2)")
async def test_usage_by_day_automation_and_action(
    api: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    hook = await paid_hook(db, ada, 9)
    run_id = UUID((await api.post(hook.path, headers=GOOD, json={})).json()["run_id"])
    async with db.transaction() as connection:
        for name in ("one", "two"):
            await connection.execute(
                "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id,"
                " step_id, started_at) VALUES ($1, $2, 0, 'http', 'success', $3, $4, now())",
                new_id(), run_id, ada.workspace_id, name,
            )  # fmt: skip
        await connection.execute("UPDATE run_queue SET state = 'done' WHERE run_id = $1", run_id)
    today = datetime.now(UTC).date().isoformat()
    for by, key, name in (
        ("day", today, None),
        ("automation", str(hook.rule_id), "A webhook"),
        ("action", "http", None),
    ):
        answer = await api.get("/api/usage", params={"by": by, "from": today, "to": today})
        assert answer.json()["items"] == [
            {"key": key, "name": name, "runs": 1, "steps": 2, "credits": 2, "tokens": 0, "money": 0}
        ]
    agent = new_id()
    async with db.transaction() as connection:
        for step in ("one", "one", "two"):
            await connection.execute(
                "INSERT INTO model_calls (id, workspace_id, agent_id, run_id, step_id, turn_id, seq, provider, model,"
                " tokens_in, tokens_out, cost_usd, credits) VALUES ($1, $2, $3, $4, $5, $1, 0, 'openai', 'm', 20, 10,"
                " 0.25, 25.5)",
                new_id(), ada.workspace_id, agent, run_id, step,
            )  # fmt: skip
    told = (await api.get("/api/usage", params={"by": "agent", "to": today})).json()["items"]
    assert told == [
        {"key": str(agent), "name": None, "runs": 1, "steps": 2, "credits": 77, "tokens": 90, "money": 0.75}
    ]
    (daily,) = (await api.get("/api/usage", params={"from": today, "to": today})).json()["items"]
    assert (daily["tokens"], daily["money"], daily["credits"]) == (90, 0.75, 2)
    assert (await api.get("/api/usage", params={"to": "2020-01-31"})).json()["items"] == []
    problem(await api.get("/api/usage", params={"from": "2020-01-01", "to": "2022-01-01"}), 422, "invalid_request")
    assert await paying.account(db, ada.workspace_id) == (7, 0)


@pytest.mark.proves("I-29")
async def test_plans_are_the_operators(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, plans: None
) -> None:
    listed = (await client.get("/api/admin/plans", headers=ada.headers)).json()
    assert [plan["name"] for plan in listed["items"]] == ["free", "builder", "pro", "team", "unlimited"]
    assert (listed["items"][0]["runs_per_month"], listed["items"][1]["runs_per_month"]) == (100, 1000)
    assert (listed["prices"]["agent"], listed["prices"]["http"], listed["prices"]["branch"]) == (5, 1, 0)
    body = {"runs_per_month": 7, "monthly_credits": 70}
    changed = await client.put("/api/admin/plans/free", json=body, headers=ada.headers)
    assert (changed.json()["pinned"], changed.json()["runs_per_month"], changed.json()["max_running"]) == (
        True,
        7,
        None,
    )
    own = await client.put("/api/admin/plans/own", json={**body, "pinned": False}, headers=ada.headers)
    assert own.status_code == 200
    await paying.load_plans(db)  # the file again: what an operator pinned stays
    names = {plan["name"]: plan for plan in (await client.get("/api/admin/plans", headers=ada.headers)).json()["items"]}
    assert names["free"]["runs_per_month"] == 7
    assert "own" not in names
    path = f"/api/admin/workspaces/{eve.workspace_id}"
    moved = (await client.patch(path, json={"plan": "free"}, headers=ada.headers)).json()
    assert (moved["workspace_id"], moved["plan"]["name"], moved["balance"]) == (str(eve.workspace_id), "free", 70)
    better = (await client.patch(path, json={"plan": "builder"}, headers=ada.headers)).json()
    assert better["balance"] == 5000
    back = (await client.patch(path, json={"plan": "free"}, headers=ada.headers)).json()
    assert (await client.patch(path, json={"plan": "builder"}, headers=ada.headers)).json()["balance"] == back[
        "balance"
    ]
    problem(await client.patch(path, json={"plan": "none"}, headers=ada.headers), 422, "plan_not_found")
    problem(await client.patch(path, json={}, headers=ada.headers), 422, "invalid_request")
    nobodys = f"/api/admin/workspaces/{new_id()}"
    problem(await client.patch(nobodys, json={"plan": "free"}, headers=ada.headers), 404, "workspace_not_found")
    for method, where, sent in (
        ("GET", "/api/admin/plans", None), ("PUT", "/api/admin/plans/free", body), ("PATCH", path, {"plan": "team"}),
    ):  # fmt: skip
        problem(await client.request(method, where, json=sent, headers=eve.headers), 403, "operator_only")
    assert await paying.faults(db) == []


async def test_only_admins_say_what_happens_without_credits(
    client: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    async with db.connection() as connection:
        await connection.execute("UPDATE workspace_members SET role = 'editor' WHERE user_id = $1", ada.user_id)
    answer = await client.patch("/api/credits", json={"when_exhausted": "queue"}, headers=ada.headers)
    problem(answer, 403, "role_missing")
    problem(await client.get("/api/usage"), 401, "token_missing")


async def test_the_plans_rate_of_webhooks_counts(
    client: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    hook = await paid_hook(db, ada, 0, cost=0, webhooks_per_min=2)
    answers = [await client.post(hook.path, headers=GOOD, json={}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert "another plan" in answers[2].json()["detail"]


async def test_the_plan_bounds_what_is_sent_to_a_run(
    api: httpx.AsyncClient, db: Database, ada: Tenant, plans: None
) -> None:
    """The same sentence at each door, and nothing was made."""
    hook = await paid_hook(db, ada, 9, payload_kb=2)
    body = {"name": "By hand", "trigger_type": "manual", "actions": STEPS[:1]}
    made = (await api.post("/api/automations", json=body)).json()
    large = {"text": "x" * 3000}
    assert (await api.post(hook.path, headers=GOOD, json={"text": "x" * 1900})).status_code == 202
    refused = problem(await api.post(hook.path, headers=GOOD, json=large), 413, "payload_too_large")
    assert refused["detail"] == (
        "The plan paying takes payloads of up to 2 KiB, and this one has 3 KiB: send less, or change the plan."
    )
    rows = await ledger(api, ada)
    assert [(row["verdict"], row["reason"], row["http_status"]) for row in rows] == [
        ("refused", "payload_too_large", 413), ("accepted", None, 202),
    ]  # fmt: skip
    again = await api.post(f"/api/deliveries/{rows[0]['id']}/redeliver", json={})
    problem(again, 413, "payload_too_large")
    path = f"/api/automations/{made['id']}/run"
    problem(await api.post(path, json={"payload": large}), 413, "payload_too_large")
    assert (await api.post(path, json={"payload": {"text": "x" * 1900}})).status_code == 202
    event = {"type": "agent.message.received", "agent": "bot", "content": "y" * 3000}
    problem(await api.post("/api/events", json=event), 413, "payload_too_large")
    assert await count(db, "automation_logs") == 2
    assert await count(db, "agent_events") == 0
    await paying.make_pay(db, ada.workspace_id, plan="roomy")
    assert (await api.post(path, json={"payload": large})).status_code == 202
