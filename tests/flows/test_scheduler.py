"""The scheduler's loop, with Prefect away: schedules run as well."""

import asyncio
from datetime import UTC, datetime, timedelta

from core.db import Database
from core.schedules import fires
from flows.prefect_api import PrefectApi
from flows.scheduler import Scheduler
from tests.prefect_server import free_port
from tests.published import publish
from tests.waiting import until


async def test_an_automation_published_just_before_its_time_runs_without_prefect(db: Database) -> None:
    async with PrefectApi(f"http://127.0.0.1:{free_port()}/api") as away:
        stop = asyncio.Event()
        running = [asyncio.create_task(Scheduler(db, away).run(stop)) for _ in range(2)]
        due = datetime.now(UTC) + timedelta(seconds=2)
        made = await publish(db, {"run_at": due.isoformat()})

        async def has_run() -> bool:
            async with db.connection() as connection:
                return bool(
                    await connection.fetchval("SELECT count(*) FROM automation_logs WHERE rule_id = $1", made.rule_id)
                )

        await until(has_run, seconds=10)
        stop.set()
        await asyncio.wait_for(asyncio.gather(*running), 5)
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT due_at, created_at FROM automation_logs WHERE rule_id = $1", made.rule_id)
    assert [row["due_at"] for row in rows] == [due]
    assert timedelta(0) <= rows[0]["created_at"] - due < timedelta(seconds=1)


async def test_old_fires_are_forgotten(db: Database) -> None:
    made = await publish(db, {"every_s": 3600})
    async with db.transaction() as connection:
        await connection.executemany(
            "INSERT INTO schedule_fires (schedule_id, due_at, workspace_id, rule_id, state, source)"
            " VALUES ($1, now() - make_interval(days => $2), $3, $3, 'fired', 'vutler')",
            [(made.triggers[0], days, made.rule_id) for days in (1, 29, 31, 60)],
        )
        await fires.forget_old(connection)
        assert await connection.fetchval("SELECT count(*) FROM schedule_fires") == 2
