"""Prefect as a door, on a real Prefect server: quick runs come in, cancelled ones stop."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.states import Cancelling, Scheduled

from core.db import Database
from deployments.sync import DeploymentSync
from flows.door import Door
from flows.prefect_api import PrefectApi
from flows.recorder import Recorder
from flows.scheduler import Scheduler
from tests import published
from tests.published import Published
from tests.waiting import until

pytest_plugins = ["tests.prefect_fixtures"]


@pytest.fixture
async def made(db: Database, prefect: PrefectApi) -> Published:
    made = await published.publish(db)
    await DeploymentSync(db, prefect).drain()
    return made


async def quick_run(db: Database, client: PrefectClient, made: Published, **custom: Any) -> UUID:
    """What the button "Quick run" does, and "Custom run" with its fields."""
    async with db.connection() as connection:
        deployment = await connection.fetchval("SELECT deployment_id FROM automation_rules WHERE id = $1", made.rule_id)
    return (await client.create_flow_run_from_deployment(deployment, **custom)).id


async def run_of(db: Database, prefect_run_id: UUID) -> dict[str, Any] | None:
    async with db.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM automation_logs WHERE prefect_run_id = $1", prefect_run_id)
    return dict(row) if row is not None else None


async def test_a_quick_run_is_accepted_once(
    db: Database, prefect: PrefectApi, client: PrefectClient, made: Published
) -> None:
    door = Door(db, prefect)
    made_there = await quick_run(db, client, made)
    assert await door.take_in() == 1
    assert await door.take_in() == 0
    run = await run_of(db, made_there)
    assert run is not None
    assert (run["rule_id"], run["trigger_type"], run["triggered_by"]) == (
        made.rule_id,
        "manual",
        "operator via Prefect",
    )
    assert run["status"] == "queued"


async def test_a_run_for_later_is_accepted_when_it_is_due(
    db: Database, prefect: PrefectApi, client: PrefectClient, made: Published
) -> None:
    door = Door(db, prefect)
    later = await quick_run(db, client, made, state=Scheduled(scheduled_time=datetime.now(UTC) + timedelta(hours=1)))
    soon = await quick_run(db, client, made, state=Scheduled(scheduled_time=datetime.now(UTC) + timedelta(seconds=2)))
    # Publishing again rewrites the deployment; the runs stay.
    async with db.transaction() as connection:
        await connection.execute("UPDATE automation_rules SET description = 'New' WHERE id = $1", made.rule_id)
    await DeploymentSync(db, prefect).sync(made.rule_id)
    await Scheduler(db, prefect).import_ahead(timedelta(hours=24))

    async def taken_in() -> bool:
        await door.take_in()
        return await run_of(db, soon) is not None

    await until(taken_in, seconds=15, every_s=0.2)
    assert await run_of(db, later) is None
    assert (await client.read_flow_run(later)).state_type == "SCHEDULED"


async def test_a_quick_run_of_an_automation_that_is_switched_off_is_a_run_by_hand(
    db: Database, prefect: PrefectApi, client: PrefectClient, made: Published
) -> None:
    async with db.transaction() as connection:
        await connection.execute("UPDATE automation_rules SET enabled = false WHERE id = $1", made.rule_id)
    await DeploymentSync(db, prefect).sync(made.rule_id)
    made_there = await quick_run(db, client, made)
    assert await Door(db, prefect).take_in() == 1
    assert await run_of(db, made_there) is not None


@pytest.mark.parametrize("change", [{"automation_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02"}, {"payload": {"a": 1}}])
async def test_changed_parameters_are_refused_with_the_reason(
    db: Database, prefect: PrefectApi, client: PrefectClient, made: Published, change: dict[str, Any]
) -> None:
    made_there = await quick_run(db, client, made, parameters={"automation_id": str(made.rule_id), **change})
    assert await Door(db, prefect).take_in() == 1
    assert await run_of(db, made_there) is None
    state = (await client.read_flow_run(made_there)).state
    assert state is not None
    assert state.is_cancelled()
    assert "parameters" in (state.message or "")


async def test_a_quick_run_of_a_deleted_automation_is_cancelled_with_the_reason(
    db: Database, prefect: PrefectApi, client: PrefectClient, made: Published
) -> None:
    made_there = await quick_run(db, client, made)
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET deleted_at = now() WHERE id = $1", made.rule_id)
    assert await Door(db, prefect).take_in() == 1
    assert await run_of(db, made_there) is None
    state = (await client.read_flow_run(made_there)).state
    assert state is not None
    assert state.is_cancelled()
    assert "does not exist any more" in (state.message or "")


async def test_runs_that_we_made_and_other_installations_runs_are_left_alone(
    db: Database, prefect: PrefectApi, client: PrefectClient, made: Published, dsn: str
) -> None:
    await published.record_run(db, made, status="queued", ago_s=60)
    await Recorder(db, prefect).tick()
    async with db.connection() as connection:
        before = await connection.fetchval("SELECT count(*) FROM automation_logs")
    assert await Door(db, prefect).take_in() == 0
    made_there = await quick_run(db, client, made)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == before
        await connection.execute("UPDATE installation SET value = 'someone else' WHERE key = 'id'")
    assert await Door(db, prefect).take_in() == 0
    assert (await client.read_flow_run(made_there)).state_type == "SCHEDULED"


async def test_a_run_cancelled_in_prefect_stops_here(
    db: Database, prefect: PrefectApi, client: PrefectClient, made: Published
) -> None:
    run_id = await published.record_run(db, made, status="running", ago_s=5)
    await Recorder(db, prefect).tick()
    await client.set_flow_run_state(run_id, Cancelling(), force=True)
    assert await Door(db, prefect).cancel() == 1
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT cancel_requested FROM run_queue WHERE run_id = $1", run_id)
