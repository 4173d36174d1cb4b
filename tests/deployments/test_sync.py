"""Prefect's deployments follow the automations, and are repaired after whatever happened to them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse

from blocks.values import Json
from core.db import Database
from core.schedules import fires
from core.schedules.deployed import deployment_name, slug
from deployments.sync import DeploymentSync
from flows.prefect_api import PrefectApi, PrefectAway
from flows.scheduler import Scheduler
from tests import prefect_server
from tests.prefect_gate import Gate
from tests.prefect_server import Server
from tests.published import Published, publish
from tests.waiting import until

pytest_plugins = ["tests.prefect_fixtures"]

DAILY: Json = {"cron": "0 9 * * 1-5", "timezone": "Europe/Zurich"}
HOURLY: Json = {"every_s": 3600}


@pytest.fixture
def sync(db: Database, prefect: PrefectApi) -> DeploymentSync:
    return DeploymentSync(db, prefect)


async def _of(prefect: PrefectApi, client: PrefectClient, made: Published) -> list[DeploymentResponse]:
    found = await prefect.read(
        "/deployments/filter", {"deployments": {"tags": {"all_": [f"automation:{made.rule_id}"]}}, "sort": "NAME_ASC"}
    )
    return [await client.read_deployment(UUID(str(item["id"]))) for item in found]


async def _change(db: Database, statement: str, made: Published) -> None:
    async with db.transaction() as connection:
        await connection.execute(statement, made.rule_id)
        await connection.execute("INSERT INTO outbox (topic, key) VALUES ('deployment', $1)", made.rule_id)


async def _outbox(db: Database) -> int:
    async with db.connection() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM outbox")
        return count


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lead -> landing page", "lead-landing-page"),
        ("a/b%c&d<e>f", "a-b-c-d-e-f"),
        ("Déjà vu!", "déjà-vu"),
        ("***", ""),
        ("x" * 200, "x" * 60),
    ],
)
def test_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected


async def test_publishing_makes_the_deployment(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    made = await publish(db, DAILY, name="Lead / page % & <b>")
    assert await sync.drain() == 1
    assert await _outbox(db) == 0
    (deployment,) = await _of(prefect, client, made)
    assert deployment.name == f"lead-page-b-{made.rule_id.hex[-12:]}"
    assert deployment.description == "Lead / page % & <b>\n\nWhat it does."
    assert f"ws:{made.workspace_id}" in deployment.tags
    assert deployment.parameters == {"automation_id": str(made.rule_id)}
    assert deployment.work_pool_name is None
    assert deployment.paused is False
    (schedule,) = deployment.schedules
    assert schedule.active
    assert (schedule.schedule.cron, schedule.schedule.timezone) == ("0 9 * * 1-5", "Europe/Zurich")  # type: ignore[union-attr]
    async with db.connection() as connection:
        kept = await connection.fetchrow(
            "SELECT r.deployment_id AS own, t.deployment_id AS of_trigger FROM automation_rules r"
            " JOIN automation_triggers t ON t.rule_id = r.id WHERE r.id = $1",
            made.rule_id,
        )
    assert tuple(kept or ()) == (deployment.id, deployment.id)


async def test_each_further_schedule_has_its_own_deployment(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    made = await publish(db, DAILY, HOURLY)
    await sync.drain()
    first, second = await _of(prefect, client, made)
    assert second.name == f"{first.name}-2"
    assert [len(deployment.schedules) for deployment in (first, second)] == [1, 1]
    await _change(db, "DELETE FROM automation_triggers WHERE rule_id = $1 AND position = 1", made)
    await sync.drain()
    assert [found.id for found in await _of(prefect, client, made)] == [first.id]


async def test_switching_pauses_and_renaming_keeps_the_deployment(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    made = await publish(db, DAILY)
    await sync.drain()
    (before,) = await _of(prefect, client, made)
    await _change(db, "UPDATE automation_rules SET enabled = false, name = 'Other' WHERE id = $1", made)
    await sync.drain()
    (after,) = await _of(prefect, client, made)
    assert after.id == before.id
    assert after.name == deployment_name("Other", made.rule_id)
    assert after.paused


async def test_deleting_removes_it(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    made = await publish(db, DAILY, HOURLY)
    await sync.drain()
    await _change(db, "UPDATE automation_rules SET deleted_at = now() WHERE id = $1", made)
    await sync.drain()
    assert await _of(prefect, client, made) == []


async def test_what_agrees_is_left_alone(db: Database, server: Server, foreign: Gate) -> None:
    made = await publish(db, DAILY, HOURLY, {"run_at": "2040-01-01T00:00:00+02:00"})
    async with PrefectApi(foreign.url, server.auth) as prefect:
        sync = DeploymentSync(db, prefect)
        await sync.drain()
        foreign.requests.clear()
        await sync.sync(made.rule_id)
        changed = [line for line in foreign.requests if not line.endswith("/filter")]
    # The run of `run_at` is asked for until it is imported; the same one is found again.
    assert changed == ["POST /api/flow_runs/"]


async def test_a_prefect_that_is_not_ours_gets_a_new_deployment_for_a_new_name(
    db: Database, server: Server, foreign: Gate, prefect: PrefectApi, client: PrefectClient
) -> None:
    made = await publish(db, DAILY)
    async with PrefectApi(foreign.url, server.auth) as elsewhere:
        sync = DeploymentSync(db, elsewhere)
        await sync.drain()
        await _change(db, "UPDATE automation_rules SET name = 'Other' WHERE id = $1", made)
        await sync.drain()
    assert [found.name for found in await _of(prefect, client, made)] == [deployment_name("Other", made.rule_id)]


async def test_one_moment_becomes_one_scheduled_run(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    moment = datetime.now(UTC) + timedelta(hours=3)
    made = await publish(db, {"run_at": moment.isoformat()})
    await sync.drain()
    await sync.sync(made.rule_id)
    (deployment,) = await _of(prefect, client, made)
    runs = await prefect.read("/flow_runs/filter", {"deployments": {"id": {"any_": [str(deployment.id)]}}})
    assert len(runs) == 1
    await Scheduler(db, prefect).import_ahead(timedelta(hours=24))
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT due_at, source FROM schedule_fires WHERE rule_id = $1", made.rule_id)
    assert [tuple(row) for row in rows] == [(moment, "prefect")]
    # Moved: the run of the old moment is cancelled with the reason.
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_triggers SET config = $2 WHERE rule_id = $1",
            made.rule_id,
            {"run_at": (moment + timedelta(hours=1)).isoformat()},
        )
        await fires.replan(connection, made.rule_id)
    await Scheduler(db, prefect).import_ahead(timedelta(hours=24))
    old = await client.read_flow_run(UUID(str(runs[0]["id"])))
    assert old.state is not None
    assert old.state.is_cancelled()
    assert "not a due time" in (old.state.message or "")


async def test_an_outage_while_publishing_heals_by_itself(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    made = await publish(db, DAILY)
    async with PrefectApi(f"http://127.0.0.1:{prefect_server.free_port()}/api") as nowhere:
        with pytest.raises(PrefectAway):
            await DeploymentSync(db, nowhere).drain()
    assert await _outbox(db) == 1
    assert await sync.drain() == 1
    assert len(await _of(prefect, client, made)) == 1


async def test_the_reconciler_repairs_both_ways_and_touches_nobody_elses(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    lost, changed, gone = [await publish(db, DAILY) for _ in range(3)]
    await sync.drain()
    (deployment,) = await _of(prefect, client, lost)
    await client.delete_deployment(deployment.id)
    (deployment,) = await _of(prefect, client, changed)
    await client.update_deployment(deployment.id, DeploymentUpdate(description="changed"))
    never = await publish(db, DAILY, ask=False)
    stranger = await prefect.call(
        "POST",
        "/deployments/",
        {"name": f"stranger-{gone.rule_id}", "flow_id": str(await prefect.flow_id()), "tags": ["vutler"]},
    )
    assert isinstance(stranger, dict)
    async with db.transaction() as connection:
        await connection.execute("DELETE FROM automation_rules WHERE id = $1", gone.rule_id)

    await sync.reconcile()

    for made in (lost, changed, never):
        (found,) = await _of(prefect, client, made)
        assert not found.paused
    assert await _of(prefect, client, gone) == []
    assert await client.read_deployment(UUID(str(stranger["id"])))


@pytest.mark.proves("US-2.2 (2)", "I-15", "I-2")
async def test_a_real_cron_deployment_gets_its_run_imported_and_fired(
    db: Database, prefect: PrefectApi, client: PrefectClient, sync: DeploymentSync
) -> None:
    made = await publish(db, {"cron": "* * * * *", "timezone": "UTC"})
    await sync.drain()
    scheduler = Scheduler(db, prefect)

    async def imported() -> bool:
        await scheduler.import_ahead(timedelta(minutes=10))
        async with db.connection() as connection:
            return bool(
                await connection.fetchval(
                    "SELECT count(*) FROM schedule_fires WHERE rule_id = $1 AND prefect_run_id IS NOT NULL",
                    made.rule_id,
                )
            )

    await until(imported, seconds=15, every_s=0.5)
