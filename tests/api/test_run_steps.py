"""A large run in parts: the items of its loops, one step with its values, what it runs; a page of it without values."""

from uuid import UUID

import httpx

from core.db import Database
from core.ids import new_id
from tests.api.automations import HAND, made
from tests.api.conftest import Tenant, problem
from tests.api.rows import add_run, add_webhook, worker

LOGS = "/api/automations/logs"


async def add_items(db: Database, tenant: Tenant, run_id: UUID, count: int) -> None:
    async with db.connection() as connection:
        await connection.executemany(
            "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id,"
            " step_id, iteration, output, seq) VALUES ($1, $2, 0, 'transform', $3, $4, $5, $6, '1', $7)",
            [
                (new_id(), run_id, "failed" if n == 10 else "success", tenant.workspace_id, step, str(n), 10 * n + at)
                for n in range(count)
                for at, step in enumerate(("a", "b"))
            ],
        )


async def test_items_of_loops_page_by_page(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    hook = await add_webhook(db, ada)
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine:
        await engine.step(await engine.claim(), 3, step="outer", output={"large": "x" * 100})
    await add_items(db, ada, run_id, 12)
    path = f"{LOGS}/{run_id}/steps"

    pages: list[tuple[str, str]] = []
    query: dict[str, str | int] = {"limit": 9}
    while True:
        page = (await client.get(path, headers=ada.headers, params=query)).json()
        pages += [(each["iteration"], each["step_id"]) for each in page["items"]]
        assert all(each["output"] is None for each in page["items"])
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert pages == [(str(n), step) for n in range(12) for step in ("a", "b")]

    first = (await client.get(path, headers=ada.headers, params={"status": "failed", "step_id": "b"})).json()
    assert [(each["iteration"], each["step_id"]) for each in first["items"]] == [("10", "b")]
    assert {"step_id": "a", "status": "success", "count": 11} in first["counts"]
    problem(await client.get(path, headers=ada.headers, params={"cursor": "x"}), 422, "invalid_request")
    problem(await client.get(path, headers=eve.headers), 404, "run_not_found")

    brief = await client.get(f"{LOGS}/{run_id}", headers=ada.headers, params={"values": "false", "items": "false"})
    (outer,) = brief.json()["action_logs"]
    assert (outer["step_id"], outer["output"]) == ("outer", None)


async def test_one_step_with_its_values(client: httpx.AsyncClient, db: Database, ada: Tenant, eve: Tenant) -> None:
    hook = await add_webhook(db, ada)
    run_id = await add_run(db, ada, hook.rule_id)
    async with worker(db) as engine:
        await engine.step(await engine.claim(), 3, input={"a": 1}, output="é" * 50_000)
    (step,) = (await client.get(f"{LOGS}/{run_id}", headers=ada.headers)).json()["action_logs"]
    path = f"{LOGS}/{run_id}/steps/{step['id']}"
    found = (await client.get(path, headers=ada.headers)).json()
    assert (found["input"], found["output"]["size"]) == ({"a": 1}, 100_002)
    whole = (await client.get(path, headers=ada.headers, params={"full": "true"})).json()
    assert whole["output"] == "é" * 50_000
    problem(await client.get(path, headers=eve.headers), 404, "run_not_found")
    problem(await client.get(f"{LOGS}/{run_id}/steps/{new_id()}", headers=ada.headers), 404, "step_not_found")


async def test_what_a_run_runs(api: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    found = await made(api, HAND)
    started = (await api.post(f"/api/automations/{found['id']}/run")).json()["run_id"]
    path = f"{LOGS}/{started}/definition"
    ran = (await api.get(path)).json()
    assert (ran["version"], ran["draft"], ran["definition"]["name"]) == (1, False, found["name"])
    assert set(ran["step_sentences"]) == {each["id"] for each in found["actions"]}
    await api.delete(f"/api/automations/{found['id']}")
    assert (await api.get(path)).json()["definition"] == ran["definition"]
    async with db.connection() as connection:
        await connection.execute("DELETE FROM automation_versions")
    problem(await api.get(path), 404, "version_not_kept")


async def test_runs_that_a_run_began(client: httpx.AsyncClient, db: Database, ada: Tenant) -> None:
    hook = await add_webhook(db, ada)
    first, second = [await add_run(db, ada, hook.rule_id) for _ in range(2)]
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE automation_logs SET root_id = $1, parent_id = $1, depth = 2 WHERE id = $2", first, second
        )
    begun = (await client.get(LOGS, headers=ada.headers, params={"root_id": str(first)})).json()["items"]
    assert [each["id"] for each in begun] == [str(second)]
    problem(await client.get(LOGS, headers=ada.headers, params={"root_id": "x"}), 422, "invalid_request")
