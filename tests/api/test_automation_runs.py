"""Running automations by hand, once per Idempotency-Key."""

import asyncio
import json
from uuid import UUID

import httpx
import pytest

from core.db import Database
from tests.api.automations import HAND, made
from tests.api.conftest import Register, Tenant, problem, until


@pytest.mark.proves("US-1.5 (2)", "US-1.5 (4)", "I-8")
async def test_run_by_hand(api: httpx.AsyncClient, ada: Tenant, db: Database) -> None:
    created = await made(api, {**HAND, "enabled": False, "policy": {"priority": "high"}})
    answer = await api.post(f"/api/automations/{created['id']}/run", json={"payload": {"n": 1}})
    assert answer.status_code == 202
    started = answer.json()
    assert started["status_url"].endswith(f"/api/automations/logs/{started['run_id']}")
    async with db.connection() as connection:
        run = await connection.fetchrow("SELECT * FROM automation_logs WHERE id = $1", UUID(started["run_id"]))
        queued = await connection.fetchrow("SELECT * FROM run_queue WHERE run_id = $1", UUID(started["run_id"]))
    assert run is not None
    assert (run["trigger_type"], run["trigger_data"], run["version"]) == ("manual", {"n": 1}, 1)
    assert run["triggered_by"] == str(ada.user_id)
    assert queued is not None
    assert (queued["state"], queued["priority"], queued["lane"]) == ("queued", 1, "warm")


async def test_a_draft_does_not_run(api: httpx.AsyncClient) -> None:
    draft = await made(api, HAND, as_draft=True)
    answer = await api.post(f"/api/automations/{draft['id']}/run")
    assert "publish" in problem(answer, 409, "automation_not_published")["detail"]


async def test_waiting_for_the_result(api: httpx.AsyncClient, db: Database) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}/run"
    waiting = asyncio.create_task(api.post(f"{path}?wait=20", json={"payload": 1}))
    run_id = await until(lambda: _only_run(db))
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_logs SET status = 'success', output = $2, completed_at = now() WHERE id = $1",
            run_id,
            {"a": 1},
        )
    answer = await waiting
    assert answer.status_code == 200
    assert (answer.json()["run_id"], answer.json()["status"], answer.json()["output"]) == (
        str(run_id),
        "success",
        {"a": 1},
    )
    assert (await api.post(f"{path}?wait=1")).status_code == 202
    problem(await api.post(f"{path}?wait=61"), 422, "invalid_request")
    problem(await api.post(path, json={"data": 1}), 422, "invalid_request")


async def _only_run(db: Database) -> UUID | None:
    async with db.connection() as connection:
        found: UUID | None = await connection.fetchval("SELECT id FROM automation_logs")
    return found


async def test_idempotency_key(api: httpx.AsyncClient, eve: Tenant, db: Database) -> None:
    created = await made(api, HAND)
    path = f"/api/automations/{created['id']}/run"
    key = {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(*(api.post(path, json={"payload": 1}, headers=key) for _ in range(20)))
    good = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["run_id"] for answer in good}) == 1
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "idempotency_in_flight")
    again = await api.post(path, json={"payload": 1}, headers=key)
    assert again.json()["run_id"] == good[0].json()["run_id"]
    problem(await api.post(path, json={"payload": 2}, headers=key), 422, "idempotency_key_reused")
    problem(await api.post(path, headers={"Idempotency-Key": "x" * 201}), 422, "idempotency_key_invalid")
    other = await api.post(path, json={"payload": 1}, headers={"Idempotency-Key": "k2"})
    assert other.json()["run_id"] != good[0].json()["run_id"]
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == 2
        await connection.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    assert (await api.post(path, json={"payload": 2}, headers=key)).status_code == 202


async def test_a_failed_start_leaves_no_key_behind(api: httpx.AsyncClient) -> None:
    draft = await made(api, HAND, as_draft=True)
    path = f"/api/automations/{draft['id']}"
    key = {"Idempotency-Key": "k1"}
    problem(await api.post(f"{path}/run", headers=key), 409, "automation_not_published")
    await api.post(f"{path}/publish")
    assert (await api.post(f"{path}/run", headers=key)).status_code == 202


async def test_a_payload_over_the_limit(api: httpx.AsyncClient, register: Register) -> None:
    created = await made(api, HAND)
    body = json.dumps({"payload": "x" * (1024 * 1024)})
    answer = await api.post(f"/api/automations/{created['id']}/run", content=body)
    assert answer.status_code == 413
