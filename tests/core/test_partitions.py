"""History in monthly partitions: the right one for each row, made ahead, and droppable."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from core.db import Connection, Database
from core.ids import first_id_at, new_id
from core.runs import partitions
from core.runs.accept import NewRun, accept

RUN = """INSERT INTO automation_logs (id, rule_id, trigger_type, status, workspace_id, version, root_id)
         VALUES ($1, $2, 'manual', 'success', $2, 1, $1)"""
STEP = """INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id, step_id)
          VALUES ($1, $2, 0, 'http', 'success', $2, 's1')"""


@pytest.fixture
def db(superuser: Database) -> Database:
    """Partitions are dropped by whoever owns them."""
    return superuser


PARTITIONED = ("automation_logs", "automation_action_logs", "deliveries", "run_lines")


def month(ahead: int) -> datetime:
    first = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(ahead):
        first = (first + timedelta(days=32)).replace(day=1)
    return first


def name(table: str, ahead: int) -> str:
    return f"{table}_{month(ahead):%Y%m}"


async def home_of(connection: Connection, table: str, column: str, id_: uuid.UUID) -> str:
    found: str = await connection.fetchval(f"SELECT tableoid::regclass::text FROM {table} WHERE {column} = $1", id_)
    return found


async def drop_month(connection: Connection, ahead: int) -> None:
    for table in PARTITIONED:
        await connection.execute(f"ALTER TABLE {table} DETACH PARTITION {name(table, ahead)}")
        await connection.execute(f"DROP TABLE {name(table, ahead)}")


async def test_a_fresh_database_has_this_month_and_two_more(db: Database) -> None:
    assert await partitions.ensure(db) == []
    async with db.connection() as connection:
        for table in PARTITIONED:
            for ahead in range(3):
                assert await connection.fetchval("SELECT to_regclass($1)", name(table, ahead)) is not None


async def test_rows_go_to_their_month_and_old_ids_to_the_default(db: Database) -> None:
    async with db.connection() as connection:
        for run, part in (
            (new_id(), name("automation_logs", 0)),
            (first_id_at(month(1)), name("automation_logs", 1)),
            (uuid.UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479"), "automation_logs_default"),
            (first_id_at(month(40)), "automation_logs_default"),
        ):
            await connection.execute(RUN, run, new_id())
            await connection.execute(STEP, new_id(), run)
            assert await home_of(connection, "automation_logs", "id", run) == part
            assert await home_of(connection, "automation_action_logs", "log_id", run) == part.replace(
                "logs", "action_logs"
            )
        await connection.execute(
            "INSERT INTO run_lines (run_id, seq, at, level, text) VALUES ($1, 1, $2, 'info', 'x')", run, month(1)
        )
        assert await home_of(connection, "run_lines", "run_id", run) == name("run_lines", 1)


async def test_a_month_of_history_can_be_dropped_while_the_rest_goes_on(db: Database) -> None:
    async with db.connection() as connection:
        kept, gone = new_id(), first_id_at(month(1))
        for run in (kept, gone):
            await connection.execute(RUN, run, new_id())
            await connection.execute(STEP, new_id(), run)
        await drop_month(connection, 1)
        assert [row["id"] for row in await connection.fetch("SELECT id FROM automation_logs")] == [kept]
        assert [row["log_id"] for row in await connection.fetch("SELECT log_id FROM automation_action_logs")] == [kept]
        run = NewRun(workspace_id=new_id(), rule_id=new_id(), version=1, trigger_type="manual", data=None)
        assert not (await accept(connection, run)).duplicate


async def test_no_foreign_key_holds_a_partition(db: Database) -> None:
    async with db.connection() as connection:
        keys = await connection.fetch(
            """SELECT conrelid::regclass::text AS here, confrelid::regclass::text AS there FROM pg_constraint
               WHERE contype = 'f' AND connamespace = 'tenant_vutler'::regnamespace"""
        )
    assert keys
    for key in keys:
        assert not key["here"].startswith(PARTITIONED)
        assert not key["there"].startswith(PARTITIONED)


async def test_rows_that_waited_in_the_default_partition_move_into_their_month(db: Database) -> None:
    run, stranger = first_id_at(month(1)), uuid.UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479")
    async with db.connection() as connection:
        await drop_month(connection, 1)
        for each in (run, stranger):
            await connection.execute(RUN, each, new_id())
        await connection.execute(
            "INSERT INTO run_lines (run_id, seq, at, level, text) VALUES ($1, 1, $2, 'info', 'x')", run, month(1)
        )
        assert await home_of(connection, "automation_logs", "id", run) == "automation_logs_default"
    assert sorted(await partitions.ensure(db)) == sorted(name(table, 1) for table in PARTITIONED)
    async with db.connection() as connection:
        assert await home_of(connection, "automation_logs", "id", run) == name("automation_logs", 1)
        assert await home_of(connection, "run_lines", "run_id", run) == name("run_lines", 1)
        assert await home_of(connection, "automation_logs", "id", stranger) == "automation_logs_default"


async def test_a_new_month_has_the_keys_and_indexes_of_the_others(db: Database) -> None:
    shape = "SELECT count(*) FROM pg_indexes WHERE tablename = $1"
    async with db.connection() as connection:
        wanted = {table: await connection.fetchval(shape, table) for table in PARTITIONED}
        await drop_month(connection, 1)
    await partitions.ensure(db)
    async with db.connection() as connection:
        for table in PARTITIONED:
            assert await connection.fetchval(shape, name(table, 1)) == wanted[table]
        run = first_id_at(month(1))
        await connection.execute(RUN, run, new_id())
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(RUN, run, new_id())


async def test_workers_that_start_together_make_each_partition_once(db: Database) -> None:
    async with db.connection() as connection:
        await drop_month(connection, 1)
        await drop_month(connection, 2)
    made = await asyncio.gather(*(partitions.ensure(db) for _ in range(4)))
    assert len([part for names in made for part in names]) == 2 * len(PARTITIONED)


async def test_a_long_reader_postpones_it_and_stops_nobody(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT", "100ms")
    async with db.connection() as connection:
        await drop_month(connection, 1)
    async with db.transaction() as reader:
        await reader.fetch("SELECT id FROM automation_logs_default")
        assert await partitions.ensure(db) == []
        async with db.connection() as connection:
            await connection.execute(RUN, new_id(), new_id())
    assert len(await partitions.ensure(db)) == len(PARTITIONED)
