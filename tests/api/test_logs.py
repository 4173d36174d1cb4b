"""History: lists, filters, the run with its steps, lines, cancelling."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.db import Database
from core.ids import new_id
from tests.api.conftest import Tenant, problem
from tests.api.rows import Webhook, add_run, add_webhook, worker

LOGS = "/api/automations/logs"


@pytest.fixture
async def hook(db: Database, ada: Tenant) -> Webhook:
    return await add_webhook(db, ada)


async def listed(client: httpx.AsyncClient, tenant: Tenant, **query: Any) -> list[str]:
    answer = await client.get(LOGS, headers=tenant.headers, params=query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


@pytest.mark.proves("US-4.1 (2)", "US-4.1 (3)", "US-4.1 (4)", "US-4.1 (5)", "DOD-7", "T-5", "I-8")
async def test_a_run_from_queue_to_end(client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook) -> None:
    run_id = await add_run(db, ada, hook.rule_id, {"n": 1})
    (queued,) = (await client.get(LOGS, headers=ada.headers)).json()["items"]
    assert (queued["status"], queued["duration_ms"], queued["automation_name"]) == ("queued", None, "A webhook")
    async with worker(db) as engine:
        run = await engine.claim()
        await engine.step(run, 3, step="second", index=1, input={"a": 1}, output={"b": 2})
        await engine.step(run, 5, step="first", index=0)
        await engine.end(run, 6, "failed", error="It broke.")
    answer = await client.get(f"{LOGS}/{run_id}", headers=ada.headers)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["error"], body["error_code"], body["seq"]) == ("failed", "It broke.", "step_failed", 6)
    assert body["trigger_data"] == {"n": 1}
    assert body["duration_ms"] >= 0
    assert body["prefect_url"].endswith(f"/runs/flow-run/{run_id}")
    assert [(each["step_id"], each["action_index"]) for each in body["action_logs"]] == [("first", 0), ("second", 1)]
    second = body["action_logs"][1]
    assert (second["input"], second["output"], second["duration_ms"]) == ({"a": 1}, {"b": 2}, 1)
    assert await listed(client, ada, status="failed") == [str(run_id)]
    assert await listed(client, ada, status="success") == []


@pytest.mark.proves("US-4.1 (1)", "US-4.1 (2)", "R-OBS-1", "T-5", "I-8")
async def test_pages_and_filters(client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook) -> None:
    other = await add_webhook(db, ada)
    ids = [str(await add_run(db, ada, hook.rule_id, {"n": n})) for n in range(5)]
    cron = str(await add_run(db, ada, other.rule_id, trigger_type="cron"))
    newest_first = [cron, *reversed(ids)]
    pages: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = (await client.get(LOGS, headers=ada.headers, params={"limit": 2} | cursor)).json()
        pages += [each["id"] for each in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert (pages, cursor) == (newest_first, {"cursor": None})
    assert await listed(client, ada, trigger_type="cron") == [cron]
    assert await listed(client, ada, automation_id=str(hook.rule_id)) == newest_first[1:]
    own = await client.get(f"/api/automations/{hook.rule_id}/logs", headers=ada.headers, params={"limit": 2})
    assert [each["id"] for each in own.json()["items"]] == newest_first[1:3]
    now = datetime.now(UTC)
    assert await listed(client, ada, **{"from": (now - timedelta(hours=1)).isoformat()}) == newest_first
    assert await listed(client, ada, **{"from": (now + timedelta(minutes=1)).isoformat()}) == []
    assert await listed(client, ada, to=(now - timedelta(hours=1)).isoformat()) == []
    assert await listed(client, ada, **{"from": "0001-01-01T00:00:00Z"}) == newest_first


async def test_text_is_found_in_inputs_outputs_and_errors(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    texts = {"trigger": 'ACME "Ltd" 100%', "step": "a_b\\c", "error": 'said "no"'}
    ids = {}
    async with worker(db) as engine:
        for kind, text in texts.items():
            ids[kind] = str(await add_run(db, ada, hook.rule_id, {"t": text} if kind == "trigger" else None))
            run = await engine.claim()
            await engine.step(run, 3, output={"o": text} if kind == "step" else None)
            await engine.end(run, 4, error=text if kind == "error" else None)
    assert await listed(client, ada, q='acme "ltd"') == [ids["trigger"]]
    assert await listed(client, ada, q="0%") == [ids["trigger"]]
    assert await listed(client, ada, q="a_b\\") == [ids["step"]]
    assert await listed(client, ada, q="axb") == []
    assert await listed(client, ada, q='"no"') == [ids["error"]]
    assert await listed(client, ada, q="%") == [ids["trigger"]]


@pytest.mark.parametrize(
    "query",
    [{"status": "lost"}, {"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"from": "yesterday"},
     {"to": "2026-01-01T00:00:00"}, {"automation_id": "x"}],
)  # fmt: skip
async def test_bad_filters(client: httpx.AsyncClient, ada: Tenant, query: dict[str, Any]) -> None:
    found = problem(await client.get(LOGS, headers=ada.headers, params=query), 422, "invalid_request")
    assert [each["at"] for each in found["errors"]] == [f"query.{next(iter(query))}"]


async def test_runs_of_a_deleted_automation_stay_readable(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET deleted_at = now()")
    answer = await client.get(f"/api/automations/{hook.rule_id}/logs", headers=ada.headers)
    assert [each["id"] for each in answer.json()["items"]] == [str(run_id)]


async def test_ids_of_the_older_database(client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook) -> None:
    run_id, old_run, old_rule = await add_run(db, ada, hook.rule_id), uuid4(), uuid4()
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_logs SET legacy_id = $1", old_run)
        await connection.execute("UPDATE automation_rules SET legacy_id = $1", old_rule)
    assert (await client.get(f"{LOGS}/{old_run}", headers=ada.headers)).json()["id"] == str(run_id)
    assert (await client.get(f"{LOGS}/{old_run}/lines", headers=ada.headers)).status_code == 200
    assert await listed(client, ada, automation_id=str(old_rule)) == [str(run_id)]


async def test_large_values_are_shown_by_their_beginning(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    large = "é" * 50_000
    run_id = await add_run(db, ada, hook.rule_id, large)
    body = (await client.get(f"{LOGS}/{run_id}", headers=ada.headers)).json()
    assert body["trigger_data"] == {"$preview": '"' + "é" * 1999, "size": 100_002}
    whole = (await client.get(f"{LOGS}/{run_id}", headers=ada.headers, params={"full": "true"})).json()
    assert whole["trigger_data"] == large


async def test_an_answer_with_many_large_values_stays_bounded(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine:
        run = await engine.claim()
        for n in range(60):
            await engine.step(run, 2 * n + 3, step=f"s{n}", index=n, output="x" * 60_000)
    answer = await client.get(f"{LOGS}/{run_id}", headers=ada.headers)
    assert len(answer.content) < 2.3 * 1024 * 1024
    outputs = [each["output"] for each in answer.json()["action_logs"]]
    assert outputs[0] == "x" * 60_000
    assert set(outputs[-1]) == {"$preview", "size"}


async def test_items_of_a_loop_are_in_order(
    client: httpx.AsyncClient, db: Database, ada: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with db.connection() as connection:
        for iteration in ("10", "2", "", "2.1"):
            await connection.execute(
                "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id,"
                " step_id, iteration) VALUES ($1, $2, 0, 'for_each', 'success', $3, 's1', $4)",
                new_id(), run_id, ada.workspace_id, iteration,
            )  # fmt: skip
    steps = (await client.get(f"{LOGS}/{run_id}", headers=ada.headers)).json()["action_logs"]
    assert [each["iteration"] for each in steps] == ["", "2", "2.1", "10"]


@pytest.mark.proves("R-OBS-2", "I-21", "T-5")
async def test_lines(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, hook: Webhook) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine:
        run = await engine.claim()
        for n in range(3):
            await engine.step(run, 2 * n + 3, step=f"s{n}")
    path = f"{LOGS}/{run_id}/lines"
    first = (await client.get(path, headers=ada.headers, params={"limit": 2})).json()
    assert [(each["seq"], each["text"]) for each in first["items"]] == [(2, "s0 started"), (4, "s1 started")]
    rest = (await client.get(path, headers=ada.headers, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert ([each["seq"] for each in rest["items"]], rest["next_cursor"]) == ([6], None)
    problem(await client.get(path, headers=ada.headers, params={"cursor": "-1"}), 422, "invalid_request")
    problem(await client.get(path, headers=eve.headers), 404, "run_not_found")


async def test_cancel(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, hook: Webhook) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    path = f"{LOGS}/{run_id}/cancel"
    problem(await client.post(path, headers=eve.headers), 404, "run_not_found")
    answer = await client.post(path, headers=ada.headers)
    assert (answer.status_code, answer.json()) == (202, {"run_id": str(run_id), "status": "cancelled"})
    assert await listed(client, ada, status="cancelled") == [str(run_id)]
    problem(await client.post(path, headers=ada.headers), 409, "run_ended")
    running = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine:
        await engine.claim()
    assert (await client.post(f"{LOGS}/{running}/cancel", headers=ada.headers)).json()["status"] == "cancelling"


async def test_a_viewer_reads_and_does_not_cancel(
    client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant, hook: Webhook
) -> None:
    run_id = await add_run(db, ada, hook.rule_id)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'viewer')",
            ada.workspace_id,
            eve.user_id,
        )
    viewer = eve.headers | {"X-Workspace-Id": str(ada.workspace_id)}
    assert (await client.get(f"{LOGS}/{run_id}", headers=viewer)).status_code == 200
    problem(await client.post(f"{LOGS}/{run_id}/cancel", headers=viewer), 403, "role_missing")
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT status FROM automation_logs") == "queued"


async def test_ids_that_are_none(client: httpx.AsyncClient, ada: Tenant) -> None:
    problem(await client.get(f"{LOGS}/{new_id()}", headers=ada.headers), 404, "run_not_found")
    problem(await client.get(f"{LOGS}/17", headers=ada.headers), 404, "not_found")
    problem(await client.get(f"/api/automations/{new_id()}/logs", headers=ada.headers), 404, "automation_not_found")
    problem(await client.get(f"/api/blobs/{new_id()}", headers=ada.headers), 404, "blob_not_found")
