"""Webhook ingest: verdicts, secrets, keys, kinds of bodies, the ledger."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from core.db import Database
from core.ids import new_id
from tests.api.conftest import Tenant, problem, until
from tests.api.rows import GOOD, SECRET, Webhook, add_webhook, announce, ledger, run_count, sha256, worker


@pytest.fixture
async def hook(db: Database, ada: Tenant) -> Webhook:
    return await add_webhook(db, ada)


@pytest.mark.proves("US-2.1 (1)", "R-ENG-2", "I-4")
async def test_an_accepted_event_is_a_run_and_a_delivery(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    answer = await client.post(
        f"{hook.path}?a=1", json={"lead": "é"}, headers=GOOD | {"Cookie": "x=secretcookie", "X-Thing": "t"}
    )
    assert answer.status_code == 202
    body = answer.json()
    assert body["status"] == "accepted"
    async with db.connection() as connection:
        run = await connection.fetchrow("SELECT * FROM automation_logs WHERE id = $1", UUID(body["run_id"]))
        assert (
            await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", UUID(body["run_id"])) == "queued"
        )
    assert run is not None
    assert (run["trigger_data"], run["status"], run["trigger_type"]) == ({"lead": "é"}, "queued", "webhook")
    assert run["workspace_id"] == ada.workspace_id
    assert run["trigger_context"]["query"] == {"a": "1"}
    assert run["trigger_context"]["headers"]["x-thing"] == "t"
    (delivery,) = await ledger(client, ada)
    assert (delivery["id"], delivery["run_id"]) == (body["delivery_id"], body["run_id"])
    assert (delivery["verdict"], delivery["http_status"], delivery["size"]) == (
        "accepted",
        202,
        len('{"lead":"é"}'.encode()),
    )
    assert SECRET not in json.dumps(delivery) + json.dumps(run["trigger_context"])
    assert "secretcookie" not in json.dumps(delivery) + json.dumps(run["trigger_context"])


@pytest.mark.proves("I-16", "RISK-5")
async def test_the_secret_in_the_address(client: httpx.AsyncClient, ada: Tenant, hook: Webhook) -> None:
    assert (await client.post(hook.path, params={"secret": SECRET, "b": "2"})).status_code == 202
    (delivery,) = await ledger(client, ada)
    assert delivery["query"] == {"secret": "***", "b": "2"}


@pytest.mark.proves("US-2.1 (4)", "T-3", "I-4", "RISK-5")
@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Webhook-Secret": ""}, {"X-Webhook-Secret": "wrong"}, {"X-Webhook-Secret": SECRET + " "[:0] + "x"}],
)
async def test_a_wrong_secret_is_refused_and_recorded(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook, headers: dict[str, str]
) -> None:
    answer = await client.post(hook.path, content=b'{"a": 1}', headers=headers)
    problem(answer, 401, "wrong_secret")
    assert await run_count(db) == 0
    (delivery,) = await ledger(client, ada, verdict="refused")
    assert (delivery["reason"], delivery["http_status"], delivery["has_body"]) == ("wrong_secret", 401, True)
    assert "wrong" not in json.dumps(delivery["headers"])


async def test_a_hook_without_a_secret_takes_nothing(client: httpx.AsyncClient, db: Database, hook: Webhook) -> None:
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_triggers SET webhook_secret = NULL")
    problem(await client.post(hook.path, json={}), 401, "wrong_secret")
    problem(await client.post(hook.path, json={}, headers={"X-Webhook-Secret": ""}), 401, "wrong_secret")


async def test_two_live_secrets_while_rotating(client: httpx.AsyncClient, db: Database, hook: Webhook) -> None:
    assert (await client.post(hook.path, headers=GOOD)).status_code == 202  # now the old one is cached

    async def rotate(until_: datetime) -> None:
        async with db.transaction() as connection:
            await connection.execute(
                "UPDATE automation_triggers SET webhook_secret = $1, previous_secret = $2, previous_secret_until = $3",
                sha256("new"), sha256(SECRET), until_,
            )  # fmt: skip
            await announce(connection, hook.rule_id)

    await rotate(datetime.now(UTC) + timedelta(hours=1))

    async def new_works() -> bool:
        return (await client.post(hook.path, headers={"X-Webhook-Secret": "new"})).status_code == 202

    await until(new_works)
    assert (await client.post(hook.path, headers=GOOD)).status_code == 202
    await rotate(datetime.now(UTC) - timedelta(seconds=1))

    async def old_is_out() -> bool:
        return (await client.post(hook.path, headers=GOOD)).status_code == 401

    await until(old_is_out)


async def test_unknown_hooks(client: httpx.AsyncClient, db: Database) -> None:
    for webhook_id in ("wh_unknown", "x" * 65, "%00", "..%2f"):
        answer = await client.post(f"/api/webhooks/{webhook_id}", headers=GOOD)
        assert answer.status_code == 404, webhook_id
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM deliveries") == 0


async def test_a_new_hook_answers_at_once_though_it_was_asked_for_before(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    async with db.transaction() as connection:
        await connection.execute("UPDATE automation_rules SET enabled = false")
    body = problem(await client.post(hook.path, json=1, headers=GOOD), 404, "automation_disabled")
    assert body["detail"]
    (delivery,) = await ledger(client, ada)
    assert (delivery["verdict"], delivery["reason"], delivery["http_status"]) == ("refused", "automation_disabled", 404)
    async with db.transaction() as connection:  # without a notice
        await connection.execute("UPDATE automation_rules SET enabled = true")
    assert (await client.post(hook.path, json=1, headers=GOOD)).status_code == 202


@pytest.mark.parametrize("statement", [
    "UPDATE automation_rules SET enabled = false",
    "UPDATE automation_rules SET deleted_at = now()",
    "UPDATE automation_triggers SET active = false",
])  # fmt: skip
async def test_a_change_reaches_the_cache_by_notice(
    client: httpx.AsyncClient, db: Database, hook: Webhook, statement: str
) -> None:
    assert (await client.post(hook.path, headers=GOOD)).status_code == 202
    async with db.transaction() as connection:
        await connection.execute(statement)
        await announce(connection, hook.rule_id)

    async def refused() -> bool:
        return (await client.post(hook.path, headers=GOOD)).status_code == 404

    await until(refused, seconds=2)  # sooner than the cache grows old


@pytest.mark.proves("R-ENG-4", "I-4")
@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id", "X-GitHub-Delivery"])
async def test_twenty_duplicates_at_once_are_one_run(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook, header: str
) -> None:
    answers = await asyncio.gather(
        *(client.post(hook.path, json={"n": 1}, headers=GOOD | {header: "k1"}) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["run_id"] for answer in answers}) == 1
    statuses = [answer.json()["status"] for answer in answers]
    assert (statuses.count("accepted"), statuses.count("duplicate")) == (1, 19)
    assert await run_count(db) == 1
    assert len(await ledger(client, ada)) == 20
    assert len(await ledger(client, ada, verdict="duplicate")) == 19


async def test_a_key_from_the_body(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, dedupe={"from": "path", "path": "trigger.data.event.id"})
    sent: list[Any] = [
        {"event": {"id": 7}},
        {"event": {"id": 7}, "n": 2},
        {"event": {"id": 8}},
        {"other": 1},
        {"other": 1},
    ]
    answers = [(await client.post(hook.path, json=each, headers=GOOD)).json()["status"] for each in sent]
    assert answers == ["accepted", "duplicate", "accepted", "accepted", "accepted"]


@pytest.mark.proves("I-4")
async def test_the_whole_body_as_key(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, dedupe={"from": "body"})
    answers = [(await client.post(hook.path, json={"n": n}, headers=GOOD)).json()["status"] for n in (1, 1, 2)]
    assert answers == ["accepted", "duplicate", "accepted"]
    async with db.connection() as connection:
        left = await connection.fetchval("SELECT max(expires_at - now()) FROM run_keys")
    assert left < timedelta(seconds=61)


async def test_a_long_key(client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook) -> None:
    headers = GOOD | {"Idempotency-Key": "k" * 5000}
    answers = [(await client.post(hook.path, headers=headers)).json()["status"] for _ in range(2)]
    assert answers == ["accepted", "duplicate"]


async def test_the_filter(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, filter={"path": "trigger.data.type", "op": "equals", "value": "paid"})
    answer = await client.post(hook.path, json={"type": "open"}, headers=GOOD)
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["run_id"]) == ("filtered", None)
    assert (await client.post(hook.path, json={"type": "paid"}, headers=GOOD)).json()["status"] == "accepted"
    assert await run_count(db) == 1
    (delivery,) = await ledger(client, ada, verdict="filtered")
    assert delivery["has_body"]


@pytest.mark.proves("RISK-5", "I-16")
async def test_the_rate(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, rate_per_min=3)
    answers = [await client.post(hook.path, headers=GOOD) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
    problem(answers[-1], 429, "webhook_rate")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    assert [each["http_status"] for each in await ledger(client, ada, verdict="refused")] == [429, 429]
    assert (await client.post(hook.path)).status_code == 401, "who has no secret learns nothing of the rate"


async def test_a_flood_of_refusals_is_counted(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    for _ in range(8):
        await asyncio.gather(*(client.post(hook.path) for _ in range(50)))
    async with db.connection() as connection:
        written = await connection.fetchval("SELECT count(*) FROM deliveries")
    assert 300 <= written < 390


async def test_wait_gives_the_output(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, response="wait", wait_s=20)
    async with worker(db) as engine:
        posted = asyncio.create_task(client.post(hook.path, json={"n": 1}, headers=GOOD))

        async def queued() -> bool:
            return await run_count(db) == 1

        await until(queued)
        run = await engine.claim()
        await engine.step(run, 3)
        assert not posted.done()
        await engine.end(run, 4, output={"answer": 42})
        answer = await posted
    assert (answer.status_code, answer.json()) == (200, {"answer": 42})


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_wait_for_a_run_that_ends_badly(
    client: httpx.AsyncClient, db: Database, ada: Tenant, status: str
) -> None:
    hook = await add_webhook(db, ada, response="wait", wait_s=20)
    async with worker(db) as engine:
        posted = asyncio.create_task(client.post(hook.path, json={"n": "echoed?"}, headers=GOOD))

        async def queued() -> bool:
            return await run_count(db) == 1

        await until(queued)
        run = await engine.claim()
        await engine.end(run, 2, status, error="something echoed? with inner facts")
        found = problem(await posted, 422, f"run_{status}")
    assert found["run_id"] == str(run.id)
    assert "echoed?" not in json.dumps(found)


async def test_wait_is_not_for_ever(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, response="wait", wait_s=1)
    answer = await client.post(hook.path, headers=GOOD)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")


async def test_a_duplicate_does_not_wait(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, response="wait", wait_s=1)
    headers = GOOD | {"Idempotency-Key": "k"}
    first = await client.post(hook.path, headers=headers)
    began = asyncio.get_running_loop().time()
    second = await client.post(hook.path, headers=headers)
    assert (second.status_code, second.json()["status"]) == (202, "duplicate")
    assert second.json()["run_id"] == first.json()["run_id"]
    assert asyncio.get_running_loop().time() - began < 0.9


@pytest.mark.parametrize(("overlap", "states"), [("allow", ["queued", "queued"]), ("queue", ["blocked", "blocked"])])
async def test_overlap_of_the_policy(
    client: httpx.AsyncClient, db: Database, ada: Tenant, overlap: str, states: list[str]
) -> None:
    hook = await add_webhook(db, ada, policy={"overlap": overlap, "concurrency_key": "trigger.headers.x-customer"})
    for customer in ("Anne", "Ben"):
        answer = await client.post(hook.path, headers={**GOOD, "X-Customer": customer}, json={})
        assert answer.status_code == 202
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT state, concurrency_key FROM run_queue ORDER BY run_id")
    assert [row["state"] for row in rows] == states, "who goes first is decided by the next claim"
    keys = [row["concurrency_key"] for row in rows]
    assert keys == ([None, None] if overlap == "allow" else ["=Anne", "=Ben"])


async def test_lane_and_priority_of_the_policy(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada, policy={"lane": "docker", "priority": "high"})
    await client.post(hook.path, headers=GOOD)
    async with db.connection() as connection:
        row = await connection.fetchrow("SELECT lane, priority FROM run_queue")
    assert tuple(row or ()) == ("docker", 1)


async def test_deliveries_by_pages_and_by_automation(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, hook: Webhook
) -> None:
    other = await add_webhook(db, ada)
    for _ in range(3):
        await client.post(hook.path, headers=GOOD)
    await client.post(other.path, headers=GOOD)
    first = (await client.get("/api/deliveries", headers=ada.headers, params={"limit": 3})).json()
    rest = (
        await client.get("/api/deliveries", headers=ada.headers, params={"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    ids = [each["id"] for each in first["items"] + rest["items"]]
    assert (len(ids), ids, rest["next_cursor"]) == (4, sorted(ids, reverse=True), None)
    assert len(await ledger(client, ada, automation_id=str(hook.rule_id))) == 3
    assert await ledger(client, eve) == []
    for bad in ({"cursor": "nonsense"}, {"limit": "0"}, {"limit": "201"}, {"verdict": "lost"}):
        problem(await client.get("/api/deliveries", headers=ada.headers, params=bad), 422, "invalid_request")
    foreign = {"automation_id": str(hook.rule_id)}
    problem(await client.get("/api/deliveries", headers=eve.headers, params=foreign), 404, "automation_not_found")
    unknown = {"automation_id": str(new_id())}
    problem(await client.get("/api/deliveries", headers=ada.headers, params=unknown), 404, "automation_not_found")
