"""Jobs of isolated lanes in a real Prefect: one flow run a run, made once, scheduled again when it is needed again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient

from blocks.values import Json, JsonObject
from core.db import Database
from core.ids import new_id
from core.jobs import claims, dispatch
from core.jobs.tokens import RunTokens
from core.runs import queue, telling
from core.runs.accept import NewRun, accept
from deployments.deployment import DUE_QUEUE
from deployments.isolated import Dispatcher
from deployments.sync import DeploymentSync
from flows.door import Door
from flows.prefect_api import PrefectApi, PrefectAway
from tests import prefect_server
from tests.published import Published, publish
from tests.waiting import until

pytest_plugins = ["tests.prefect_fixtures"]

API = "http://vutler.test:8000"
TOKENS = RunTokens(b"k" * 32)


@dataclass
class Lane:
    """A pool of Prefect's with no worker: the tests are its workers."""

    db: Database
    prefect: PrefectApi
    client: PrefectClient
    pool: str
    dispatcher: Dispatcher
    sync: DeploymentSync

    async def make_pool(self) -> None:
        await self.prefect.call("POST", "/work_pools/", {"name": self.pool, "type": "process"})

    async def automation(self, *schedules: Json) -> Published:
        return await publish(self.db, *schedules, policy={"lane": self.pool})

    async def start(self, made: Published, **facts: Any) -> UUID:
        async with self.db.transaction() as connection:
            run = NewRun(made.workspace_id, made.rule_id, 1, "manual", None, lane=self.pool, **facts)
            return (await accept(connection, run)).run_id

    async def execute(self, statement: str, *arguments: Any) -> None:
        async with self.db.transaction() as connection:
            await connection.execute(statement, *arguments)

    async def row(self, run_id: UUID) -> dict[str, Any]:
        async with self.db.connection() as connection:
            found = await connection.fetchrow(
                "SELECT q.*, l.prefect_run_id, l.wait, l.status FROM automation_logs l"
                " LEFT JOIN run_queue q ON q.run_id = l.id WHERE l.id = $1",
                run_id,
            )
        return dict(found or {})

    async def flow_runs(self) -> list[JsonObject]:
        return await self.prefect.read("/flow_runs/filter", {"work_pools": {"name": {"any_": [self.pool]}}})

    async def to_be_started(self) -> list[JsonObject]:
        """What a worker of the pool is given when it asks."""
        found = await self.prefect.read(f"/work_pools/{self.pool}/get_scheduled_flow_runs", {})
        return [run for each in found if isinstance(run := each["flow_run"], dict)]

    async def set_state(self, run_id: UUID, kind: str) -> None:
        flow_run = (await self.row(run_id))["prefect_run_id"]
        await self.prefect.call("POST", f"/flow_runs/{flow_run}/set_state", {"state": {"type": kind}, "force": True})

    async def limit(self, made: Published, most: int) -> None:
        """Put the workspace on a plan of its own."""
        name = f"plan-{new_id().hex[-12:]}"
        await self.execute("INSERT INTO plans (name, max_running) VALUES ($1, $2)", name, most)
        await self.execute("INSERT INTO workspaces (id, name, plan) VALUES ($1, 'W', $2)", made.workspace_id, name)

    async def look_now(self, run_id: UUID) -> None:
        await self.execute("UPDATE run_queue SET dispatch_at = now() WHERE run_id = $1", run_id)
        await self.dispatcher.tick()


@pytest.fixture
async def lane(db: Database, prefect: PrefectApi, client: PrefectClient) -> AsyncIterator[Lane]:
    pool = f"iso-{new_id().hex[-12:]}"
    made = Lane(db, prefect, client, pool, Dispatcher(db, prefect, TOKENS, API), DeploymentSync(db, prefect))
    await made.make_pool()
    yield made
    await prefect.call("DELETE", f"/work_pools/{pool}")


@pytest.fixture
async def made(lane: Lane) -> Published:
    made = await lane.automation()
    await lane.sync.drain()
    return made


def _token(flow_run: JsonObject) -> str:
    variables: Any = flow_run["job_variables"]
    return str(variables["env"]["VUTLER_RUN_TOKEN"])


async def test_a_queued_run_becomes_one_flow_run_of_the_pool(lane: Lane, made: Published) -> None:
    run_id = await lane.start(made)
    assert await lane.dispatcher.tick() == 1
    assert await lane.dispatcher.tick() == 0
    (flow_run,) = await lane.to_be_started()
    assert flow_run["parameters"] == {"automation_id": str(made.rule_id), "run_id": str(run_id), "version": 1}
    variables: Any = flow_run["job_variables"]
    assert variables["env"]["VUTLER_API_URL"] == API
    assert variables["env"]["VUTLER_DATABASE_URL"] == variables["env"]["VUTLER_SECRET_KEY"] == ""
    assert TOKENS.read(_token(flow_run)).run_id == run_id
    row = await lane.row(run_id)
    assert str(row["prefect_run_id"]) == str(row["flow_run_id"]) == flow_run["id"]
    assert row["wait"]["code"] == "lane"
    assert row["wait"]["reason"] == f"Waits for a worker of the work pool {lane.pool} to start its job."
    deployment = await lane.client.read_deployment(UUID(str(flow_run["deployment_id"])))
    assert deployment.entrypoint == "flows.automation.automation"


async def test_a_workspace_gets_no_more_jobs_than_its_plan_lets_it_have_runs(lane: Lane, made: Published) -> None:
    await lane.limit(made, 2)
    runs = [await lane.start(made) for _ in range(4)]
    assert await lane.dispatcher.tick() == 2
    assert await lane.dispatcher.tick() == 0
    await lane.execute("UPDATE run_queue SET state = 'running', epoch = 1 WHERE run_id = $1", runs[0])
    assert await lane.dispatcher.tick() == 0, "one runs, one is being started"
    await lane.execute("UPDATE run_queue SET state = 'done' WHERE run_id = $1", runs[0])
    await lane.dispatcher.tick()
    assert (await lane.row(runs[2]))["prefect_run_id"] is not None
    assert (await lane.row(runs[3]))["prefect_run_id"] is None


async def test_a_flood_of_one_workspace_does_not_delay_the_jobs_of_another(lane: Lane, made: Published) -> None:
    other = await lane.automation()
    await lane.sync.drain()
    for _ in range(60):
        await lane.start(made)
    late = await lane.start(other)
    async with lane.db.transaction() as connection:
        assert late in [item.run_id for item in await dispatch.take(connection, most=20)]


async def test_a_job_that_does_not_come_is_looked_after(lane: Lane, made: Published) -> None:
    run_id = await lane.start(made)
    await lane.dispatcher.tick()
    (first,) = await lane.to_be_started()
    await lane.look_now(run_id)
    (again,) = await lane.to_be_started()
    assert again["id"] == first["id"]
    assert _token(again) != _token(first), "a run that waits long has a fresh token"
    await lane.set_state(run_id, "PENDING")
    await lane.execute("UPDATE run_queue SET changed_at = now() - interval '1 minute' WHERE run_id = $1", run_id)
    await lane.look_now(run_id)
    assert await lane.to_be_started() == [], "it is said to be starting"
    await lane.set_state(run_id, "CRASHED")
    await lane.look_now(run_id)
    assert [run["id"] for run in await lane.to_be_started()] == [first["id"]]
    await lane.set_state(run_id, "PENDING")
    for _ in range(3):
        await lane.look_now(run_id)
    assert [run["id"] for run in await lane.to_be_started()] == [first["id"]], "it was starting for too long"
    assert len(await lane.flow_runs()) == 1


@pytest.mark.parametrize("state", ["CRASHED", "PAUSED", "RUNNING"])
async def test_a_run_that_was_queued_again_gets_its_next_job_at_once(lane: Lane, made: Published, state: str) -> None:
    run_id = await lane.start(made)
    await lane.dispatcher.tick()
    (first,) = await lane.to_be_started()
    async with lane.db.transaction() as connection:
        await claims.claim(connection, run_id, "isolated/x")
    await lane.set_state(run_id, state)
    await lane.execute(
        "UPDATE run_queue SET lease_until = now() - interval '1 second', changed_at = now() - interval '1 minute'"
        " WHERE run_id = $1",
        run_id,
    )
    assert await lane.dispatcher.tick() == 0, "it is held"
    async with lane.db.transaction() as connection:
        assert await queue.reap(connection) == 1
    assert await lane.dispatcher.tick() == 1
    (again,) = await lane.to_be_started()
    assert again["id"] == first["id"]
    assert again["state_name"] == "Resuming"


async def test_a_woken_run_waits_for_its_former_job_to_end(lane: Lane, made: Published) -> None:
    run_id = await lane.start(made)
    await lane.dispatcher.tick()
    await lane.set_state(run_id, "RUNNING")
    await lane.execute("UPDATE run_queue SET epoch = 1, changed_at = now() WHERE run_id = $1", run_id)
    await lane.dispatcher.tick()
    assert await lane.to_be_started() == []
    await lane.set_state(run_id, "PAUSED")
    await lane.look_now(run_id)
    assert len(await lane.to_be_started()) == 1


async def test_a_lost_answer_makes_no_second_flow_run(lane: Lane, made: Published) -> None:
    run_id = await lane.start(made)
    await lane.dispatcher.tick()
    await lane.execute("UPDATE run_queue SET flow_run_id = NULL WHERE run_id = $1", run_id)
    await lane.look_now(run_id)
    assert len(await lane.flow_runs()) == 1
    assert (await lane.row(run_id))["flow_run_id"] is not None


async def test_without_its_pool_a_run_says_what_it_waits_for(lane: Lane) -> None:
    lane.pool, pool = f"iso-{new_id().hex[-12:]}", lane.pool
    made = await lane.automation()
    await lane.sync.drain()
    run_id = await lane.start(made)
    await lane.dispatcher.tick()
    assert f"the work pool {lane.pool} must exist" in (await lane.row(run_id))["wait"]["reason"]
    await lane.make_pool()
    await lane.sync.sync(made.rule_id)
    await lane.look_now(run_id)
    assert len(await lane.to_be_started()) == 1
    await lane.prefect.call("DELETE", f"/work_pools/{lane.pool}")
    second = await lane.start(made)
    await lane.dispatcher.tick()
    reason = f"There is no work pool {lane.pool} in Prefect: make it, or choose another lane."
    assert (await lane.row(second))["wait"]["reason"] == reason
    lane.pool = pool


async def test_an_outage_of_prefect_is_waited_out(lane: Lane, made: Published) -> None:
    run_id = await lane.start(made)
    async with PrefectApi(f"http://127.0.0.1:{prefect_server.free_port()}/api") as nowhere:
        with pytest.raises(PrefectAway):
            await Dispatcher(lane.db, nowhere, TOKENS, API).tick()
    assert "can't be reached" in (await lane.row(run_id))["wait"]["reason"]
    await lane.look_now(run_id)
    assert len(await lane.to_be_started()) == 1


async def test_due_runs_go_through_acceptance_and_not_to_the_pools_worker(lane: Lane) -> None:
    made = await lane.automation({"every_s": 3600})
    await lane.sync.drain()
    (deployment,) = await lane.prefect.read(
        "/deployments/filter", {"deployments": {"tags": {"all_": [f"automation:{made.rule_id}"]}}}
    )
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == (lane.pool, DUE_QUEUE)
    assert deployment["paused"] is False
    quick = await lane.prefect.call("POST", f"/deployments/{deployment['id']}/create_flow_run", {})
    assert isinstance(quick, dict)
    assert await lane.to_be_started() == [], "a worker would start it without a token"
    await until(lambda: _taken_in(lane, made))
    await lane.dispatcher.tick()
    (flow_run,) = await lane.to_be_started()
    assert flow_run["id"] != quick["id"]
    taken = await lane.client.read_flow_run(UUID(str(quick["id"])))
    assert taken.state is not None
    assert (taken.state.is_completed(), taken.state.name) == (True, "TakenIn")
    assert str(flow_run["id"]) in (taken.state.message or "")
    await Door(lane.db, lane.prefect).take_in()
    async with lane.db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == 1


async def _taken_in(lane: Lane, made: Published) -> bool:
    await Door(lane.db, lane.prefect).take_in()
    async with lane.db.connection() as connection:
        return bool(await connection.fetchval("SELECT count(*) FROM automation_logs WHERE rule_id = $1", made.rule_id))


async def test_the_deployment_follows_the_lane(lane: Lane, made: Published) -> None:
    async def deployment() -> JsonObject:
        (found,) = await lane.prefect.read(
            "/deployments/filter", {"deployments": {"tags": {"all_": [f"automation:{made.rule_id}"]}}}
        )
        return found

    before = await deployment()
    await lane.prefect.call("PATCH", f"/work_pools/{lane.pool}/queues/{DUE_QUEUE}", {"is_paused": False})
    await lane.execute(
        'UPDATE automation_versions SET definition = \'{"policy": {"lane": "warm"}}\' WHERE rule_id = $1',
        made.rule_id,
    )
    await lane.sync.sync(made.rule_id)
    warm = await deployment()
    assert (warm["id"], warm["work_pool_name"]) == (before["id"], None)
    await lane.execute(
        "UPDATE automation_versions SET definition = jsonb_build_object('policy', jsonb_build_object('lane', $2::text))"
        " WHERE rule_id = $1",
        made.rule_id,
        lane.pool,
    )
    await lane.sync.sync(made.rule_id)
    after = await deployment()
    assert (after["id"], after["work_pool_name"]) == (before["id"], lane.pool)
    due = await lane.prefect.call("GET", f"/work_pools/{lane.pool}/queues/{DUE_QUEUE}")
    assert isinstance(due, dict)
    assert due["is_paused"] is True


async def test_a_cancelled_run_gets_no_job(lane: Lane, made: Published) -> None:
    asked, there = await lane.start(made), await lane.start(made)
    await lane.execute("UPDATE run_queue SET cancel_requested = true WHERE run_id = $1", asked)
    await lane.dispatcher.tick()
    assert (await lane.row(asked))["status"] == "cancelled"
    await lane.set_state(there, "CANCELLED")
    await lane.look_now(there)
    assert (await lane.row(there))["status"] == "cancelled"
    assert len(await lane.flow_runs()) == 1


@pytest.mark.parametrize(
    ("status", "said", "told"),
    [
        ("cancelled", "SCHEDULED", "CANCELLED"), ("failed", "PAUSED", "FAILED"), ("success", "COMPLETED", "COMPLETED"),
        ("success", "RUNNING", "COMPLETED"), ("failed", "CRASHED", "CRASHED"),
    ],
)  # fmt: skip
async def test_ended_runs_are_seen_through_and_forgotten(
    lane: Lane, made: Published, status: str, said: str, told: str
) -> None:
    run_id = await lane.start(made)
    await lane.dispatcher.tick()
    if said != "SCHEDULED":
        await lane.set_state(run_id, said)
    await lane.execute("UPDATE automation_logs SET status = $2, completed_at = now() WHERE id = $1", run_id, status)
    await lane.execute("UPDATE run_queue SET state = 'done', changed_at = now() WHERE run_id = $1", run_id)
    async with lane.db.transaction() as connection:
        assert await telling.take(connection) is None, "the recorder has no part in it"
    await lane.dispatcher.tick()
    if said == "RUNNING":
        assert (await lane.row(run_id))["state"] == "done", "its job is about to tell Prefect itself"
        await lane.execute(
            "UPDATE run_queue SET changed_at = now() - interval '1 minute', telling_until = NULL WHERE run_id = $1",
            run_id,
        )
        await lane.dispatcher.tick()
    assert (await lane.row(run_id))["state"] is None
    flow_run = await lane.client.read_flow_run((await lane.row(run_id))["prefect_run_id"])
    assert flow_run.state is not None
    assert flow_run.state.type.value == told


async def test_the_warm_lane_gets_no_jobs(lane: Lane, made: Published) -> None:
    lane.pool, pool = "warm", lane.pool
    run_id = await lane.start(made)
    assert await lane.dispatcher.tick() == 0
    assert (await lane.row(run_id))["flow_run_id"] is None
    lane.pool = pool
