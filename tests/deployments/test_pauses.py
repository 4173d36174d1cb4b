"""A deployment that is paused in Prefect switches its automation off, on a real Prefect server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse

from blocks import registry
from blocks.values import Json
from core.automations import publishing, repository
from core.automations.definition import stored
from core.db import Database
from core.ids import new_id
from core.schedules import fires
from deployments.sync import DeploymentSync
from flows.prefect_api import PrefectApi
from tests.prefect_gate import Gate
from tests.prefect_server import Server
from tests.published import Published, publish
from tests.waiting import until

pytest_plugins = ["tests.prefect_fixtures"]

MINUTELY: Json = {"cron": "* * * * *", "timezone": "UTC"}
HOURLY: Json = {"every_s": 3600}


@pytest.fixture
def sync(db: Database, prefect: PrefectApi) -> DeploymentSync:
    return DeploymentSync(db, prefect)


@pytest.fixture
async def behind(db: Database, server: Server, gate: Gate) -> AsyncIterator[DeploymentSync]:
    """Another worker's, whose requests the gate can hold up."""
    async with PrefectApi(gate.url, server.auth) as slow:
        gate.go.set()
        yield DeploymentSync(db, slow)


@pytest.fixture
async def made(db: Database, sync: DeploymentSync) -> Published:
    made = await publish(db, MINUTELY, HOURLY)
    await sync.drain()
    return made


async def _rule(db: Database, made: Published) -> dict[str, Any]:
    async with db.connection() as connection:
        return dict(await connection.fetchrow("SELECT * FROM automation_rules WHERE id = $1", made.rule_id) or {})


async def _deployments(db: Database, client: PrefectClient, made: Published) -> list[DeploymentResponse]:
    """In the order of the schedules."""
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT deployment_id FROM automation_triggers WHERE rule_id = $1 ORDER BY position", made.rule_id
        )
    return [await client.read_deployment(row["deployment_id"]) for row in rows]


async def _planned(db: Database, made: Published) -> int:
    while await fires.plan_ahead(db):
        pass
    async with db.connection() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM schedule_fires WHERE rule_id = $1 AND state = 'planned'", made.rule_id
        )
    return count


async def _switch(db: Database, made: Published, *, enabled: bool) -> None:
    """As a user does."""
    async with db.transaction() as connection:
        await repository.switch(connection, made.rule_id, enabled=enabled, by=new_id())
        rule = await repository.find(connection, made.workspace_id, made.rule_id)
        assert rule is not None
        await publishing.follow_switch(connection, rule, registry.triggers())


async def _publish_again(db: Database, made: Published, name: str) -> None:
    """As a user does who changes the name."""
    async with db.transaction() as connection:
        rule = await repository.find_locked(connection, made.workspace_id, made.rule_id)
        assert rule is not None
        document = await repository.definition_of(connection, made.rule_id, 1)
        assert document is not None
        await connection.execute("UPDATE automation_rules SET name = $2 WHERE id = $1", made.rule_id, name)
        await publishing.publish(
            connection, rule, stored({**document, "name": name}), registry.triggers(), note=None, by=None
        )


async def test_a_pause_switches_the_automation_off_and_resuming_on(
    db: Database, client: PrefectClient, sync: DeploymentSync, made: Published
) -> None:
    assert await _planned(db, made) > 0
    assert await sync.watch() == 0  # what we wrote ourselves is nobody's switch
    first, second = await _deployments(db, client, made)

    await client.pause_deployment(first.id)
    assert await sync.watch() == 1
    rule = await _rule(db, made)
    assert (rule["enabled"], rule["switched_by"]) == (False, "operator via Prefect")
    assert rule["switched_at"] is not None
    assert await _planned(db, made) == 0
    await sync.drain()
    assert [found.paused for found in await _deployments(db, client, made)] == [True, True]
    assert await sync.watch() == 0
    assert await sync.reconcile() == 0  # nobody fights it

    await client.resume_deployment(second.id)
    assert await sync.watch() == 1
    assert (await _rule(db, made))["enabled"] is True
    await sync.drain()
    assert [found.paused for found in await _deployments(db, client, made)] == [False, False]
    assert await _planned(db, made) > 0
    assert await sync.watch() == 0


async def test_a_pause_by_the_interface_of_prefect_counts_as_well(
    db: Database, client: PrefectClient, sync: DeploymentSync, made: Published
) -> None:
    (first, _) = await _deployments(db, client, made)
    await client.update_deployment(first.id, DeploymentUpdate(paused=True))
    assert await sync.watch() == 1
    assert (await _rule(db, made))["enabled"] is False


async def test_a_paused_schedule_counts_as_a_pause_and_is_resumed_as_the_deployment(
    db: Database, client: PrefectClient, sync: DeploymentSync, made: Published
) -> None:
    first, second = await _deployments(db, client, made)
    (schedule,) = second.schedules
    await client.update_deployment_schedule(second.id, schedule.id, active=False)
    assert await sync.watch() == 1
    assert (await _rule(db, made))["enabled"] is False
    await sync.drain()
    after = await _deployments(db, client, made)
    assert [found.paused for found in after] == [True, True]
    assert [found.schedules[0].active for found in after] == [True, True]
    await client.resume_deployment(first.id)
    await sync.watch()
    assert (await _rule(db, made))["enabled"] is True


async def test_whoever_answers_for_it_is_told(
    db: Database, client: PrefectClient, sync: DeploymentSync, made: Published
) -> None:
    owner = new_id()
    async with db.transaction() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'W')", made.workspace_id)
        await connection.execute(
            "INSERT INTO users (id, email, name, password_hash) VALUES ($1, 'o@example.org', 'O', '-')", owner
        )
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, 'owner')",
            made.workspace_id,
            owner,
        )
    await client.pause_deployment((await _deployments(db, client, made))[0].id)
    await sync.watch()
    async with db.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM notifications WHERE user_id = $1", owner)
    assert row is not None
    assert (row["kind"], row["subject"]) == ("switched", made.rule_id)
    assert "switched off" in row["title"]
    assert "Prefect" in row["text"]


async def test_our_own_switches_are_not_taken_for_an_operators(
    db: Database, client: PrefectClient, sync: DeploymentSync, made: Published
) -> None:
    for enabled in (False, True, False):
        await _switch(db, made, enabled=enabled)
        await sync.watch()  # before Prefect is told
        await sync.drain()
        await sync.watch()
        await sync.reconcile()
        rule = await _rule(db, made)
        assert (rule["enabled"], rule["switched_by"] == "operator via Prefect") == (enabled, False)
        assert [found.paused for found in await _deployments(db, client, made)] == [not enabled] * 2


async def test_a_user_and_an_operator_at_once(
    db: Database, client: PrefectClient, sync: DeploymentSync, made: Published
) -> None:
    """Whoever is later has the last word, and both sides agree in the end."""
    first, _ = await _deployments(db, client, made)
    for round_ in range(6):
        await asyncio.gather(
            _publish_again(db, made, f"Name {round_}"),
            client.pause_deployment(first.id),
            sync._once(overdue=False),  # by the one worker that leads
        )

        async def agree() -> bool:
            await sync.watch()
            await sync.drain()
            paused = [found.paused for found in await _deployments(db, client, made)]
            return not (await _rule(db, made))["enabled"] and paused == [True, True]

        await until(agree, seconds=20)
        await client.resume_deployment(first.id)
        await sync.watch()
        await sync.drain()
        assert (await _rule(db, made))["enabled"]


async def test_a_pause_between_our_look_and_our_write_is_kept(
    sync: DeploymentSync, behind: DeploymentSync, gate: Gate, client: PrefectClient, made: Published
) -> None:
    db = sync._db
    (first, _) = await _deployments(db, client, made)
    async with db.transaction() as connection:
        await connection.execute("UPDATE automation_rules SET description = 'New' WHERE id = $1", made.rule_id)
    gate.hold("POST /api/deployments/")
    writing = asyncio.create_task(behind.sync(made.rule_id))
    await asyncio.wait_for(gate.held.wait(), 10)
    await client.pause_deployment(first.id)
    gate.release.set()
    await writing
    assert (await _rule(db, made))["enabled"] is False
    await sync.drain()
    assert [found.paused for found in await _deployments(db, client, made)] == [True, True]


async def test_an_old_look_at_prefect_is_not_taken_for_a_switch(
    sync: DeploymentSync, behind: DeploymentSync, gate: Gate, client: PrefectClient, made: Published
) -> None:
    """A worker reads Prefect, is held up, and meanwhile another one has written a user's switch."""
    db = sync._db
    gate.hold("POST /api/deployments/filter", answer=True)
    looking = asyncio.create_task(behind.sync(made.rule_id))
    await asyncio.wait_for(gate.held.wait(), 10)
    await _switch(db, made, enabled=False)
    await sync.drain()
    await _switch(db, made, enabled=True)
    gate.release.set()
    await looking
    for _ in range(2):
        await sync.watch()
        await sync.drain()
    rule = await _rule(db, made)
    assert (rule["enabled"], rule["switched_by"] == "operator via Prefect") == (True, False)
    assert [found.paused for found in await _deployments(db, client, made)] == [False, False]


async def test_what_another_worker_wrote_since_we_looked_up_what_we_know_is_no_operators(
    sync: DeploymentSync, behind: DeploymentSync, gate: Gate, client: PrefectClient, made: Published
) -> None:
    db = sync._db
    gate.hold("POST /api/deployments/filter")
    looking = asyncio.create_task(behind.sync(made.rule_id))
    await asyncio.wait_for(gate.held.wait(), 10)
    await _switch(db, made, enabled=False)
    await sync.drain()
    asked = gate.release
    gate.hold("POST /api/deployments/filter", answer=True)
    asked.set()
    await asyncio.wait_for(gate.held.wait(), 10)  # the answer says: paused
    await _switch(db, made, enabled=True)
    gate.release.set()
    await looking
    await sync.drain()
    assert (await _rule(db, made))["enabled"] is True
    assert [found.paused for found in await _deployments(db, client, made)] == [False, False]


async def test_a_prefect_that_is_not_ours_is_watched_as_well(
    db: Database, server: Server, foreign: Gate, client: PrefectClient, made: Published
) -> None:
    (first, _) = await _deployments(db, client, made)
    async with PrefectApi(foreign.url, server.auth) as elsewhere:
        sync = DeploymentSync(db, elsewhere)
        assert await sync.watch() == 0
        await client.pause_deployment(first.id)
        assert await sync.watch() == 1
        assert (await _rule(db, made))["enabled"] is False
        await sync.drain()
        assert await sync.reconcile() == 0


async def test_within_seconds_and_by_itself(
    db: Database, client: PrefectClient, sync: DeploymentSync, made: Published
) -> None:
    stop = asyncio.Event()
    running = [asyncio.create_task(each.run(stop)) for each in (sync, DeploymentSync(db, sync._prefect))]
    try:
        for act, enabled in ((client.pause_deployment, False), (client.resume_deployment, True)):
            deployment: UUID = (await _deployments(db, client, made))[0].id
            await act(deployment)

            async def followed(enabled: bool = enabled) -> bool:
                return bool((await _rule(db, made))["enabled"] is enabled)

            await until(followed, seconds=45)
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*running), 10)


async def test_one_worker_leads_and_another_follows(
    db: Database, client: PrefectClient, prefect: PrefectApi, made: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that write at once could take each other for an operator."""
    looks: list[str] = []

    class Seen(DeploymentSync):
        def __init__(self, name: str) -> None:
            super().__init__(db, prefect)
            self.name = name

        async def drain(self) -> int:
            looks.append(self.name)
            return await super().drain()

    monkeypatch.setattr("deployments.sync.LEAD_S", 3.0)
    monkeypatch.setattr("deployments.sync._STAND_BY_S", 0.1)
    stops = {name: asyncio.Event() for name in "abc"}
    running = {name: asyncio.create_task(Seen(name).run(stop)) for name, stop in stops.items()}

    async def by(names: set[str]) -> bool:
        return set(looks) <= names and len(looks) >= 4

    try:
        await until(lambda: by(set(looks[:1])))
        first = looks[0]
        stops[first].set()  # in good order: another leads at once
        await running[first]
        looks.clear()
        await until(lambda: by(set(looks[:1])), seconds=20)
        second = looks[0]
        assert second != first
        running[second].cancel()  # without a word: when its time is over
        looks.clear()
        (third,) = {*stops} - {first, second}
        await until(lambda: by({third}), seconds=20)
    finally:
        for stop in stops.values():
            stop.set()
        await asyncio.gather(*running.values(), return_exceptions=True)
