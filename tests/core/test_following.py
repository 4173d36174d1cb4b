"""Automations that follow others: which ends start them, once each, and where chains are broken off."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from blocks.values import Json, JsonObject
from core.automations.following import Following
from core.db import Database
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.runs.queue import claim
from core.runs.record import Entry, RunRecord, Writer
from tests.waiting import until

OWNER = "host/1/test"
WORKSPACE = new_id()


async def automation(
    db: Database,
    follows: UUID | None = None,
    *,
    on: Json = None,
    workspace: UUID = WORKSPACE,
    rule_id: UUID | None = None,
) -> UUID:
    """A live automation, which follows another one or starts by hand."""
    rule_id = rule_id or new_id()
    config: JsonObject = {} if follows is None else {"automation": str(follows), "on": on or ["success"]}
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO automation_rules (id, workspace_id, name, trigger_type, live_version)"
            " VALUES ($1, $2, 'One of them', 'automation', 1)",
            rule_id, workspace,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)",
            rule_id, {"policy": {"priority": "high"}},
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config) VALUES ($1, $2, $3, $4, $5)",
            new_id(), rule_id, workspace, "manual" if follows is None else "automation", config,
        )  # fmt: skip
    return rule_id


async def started(db: Database, rule_id: UUID, workspace: UUID = WORKSPACE) -> UUID:
    async with db.connection() as connection:
        run = NewRun(workspace_id=workspace, rule_id=rule_id, version=1, trigger_type="manual", data=None)
        return (await accept(connection, run)).run_id


async def ended(db: Database, status: str = "success", output: Json = None) -> UUID:
    """Claim the oldest queued run and record its end, as a worker does; gives it."""
    async with db.connection() as connection:
        (run,) = await claim(connection, owner=OWNER, lane="warm", limit=1)
    error = "It broke." if status == "failed" else None
    record = RunRecord(run.id, run.rule_id, run.epoch, run.seq + 1, status, datetime.now(UTC), output, error)
    async with Writer(db, OWNER) as writer:
        assert await writer.write(Entry(record))
    return run.id


async def runs(db: Database, rule_id: UUID) -> list[dict[str, Any]]:
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT * FROM automation_logs WHERE rule_id = $1 ORDER BY id", rule_id)
    return [dict(row) for row in rows]


async def words(db: Database) -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'ended'"))


async def test_an_end_starts_the_follower_with_its_run(db: Database) -> None:
    first = await automation(db)
    second = await automation(db, first)
    parent = await started(db, first)
    assert await ended(db, output={"score": 82}) == parent
    assert await words(db) == 1
    assert await Following(db).drain() == 1
    (run,) = await runs(db, second)
    assert (run["trigger_type"], run["parent_id"], run["root_id"], run["depth"]) == ("automation", parent, parent, 2)
    data = run["trigger_data"]
    assert (data["run_id"], data["automation_id"], data["status"]) == (str(parent), str(first), "success")
    assert data["output"] == {"score": 82}
    async with db.connection() as connection:
        queued = await connection.fetchrow("SELECT state, priority FROM run_queue WHERE run_id = $1", run["id"])
    assert queued is not None
    assert queued["state"] == "queued"
    assert queued["priority"] > 0
    assert await words(db) == 0
    assert await Following(db).drain() == 0


@pytest.mark.parametrize(
    ("on", "status", "starts"),
    [
        (["success"], "success", 1),
        (["success"], "failed", 0),
        (["failed"], "failed", 1),
        (["failed"], "success", 0),
        (["success", "failed"], "failed", 1),
        (["success", "failed"], "cancelled", 0),
    ],
)
async def test_which_ends_count(db: Database, on: Json, status: str, starts: int) -> None:
    first = await automation(db)
    second = await automation(db, first, on=on)
    await started(db, first)
    await ended(db, status)
    await Following(db).drain()
    found = await runs(db, second)
    assert len(found) == starts
    if starts and status == "failed":
        assert found[0]["trigger_data"]["error"] == "It broke."


async def test_where_nobody_follows_nothing_is_written(db: Database) -> None:
    first = await automation(db)
    await automation(db, new_id())
    await started(db, first)
    await ended(db)
    assert await words(db) == 0


async def test_a_follower_that_is_off_deleted_or_of_another_workspace_stays_quiet(db: Database) -> None:
    first = await automation(db)
    off, gone, foreign = await automation(db, first), await automation(db, first), None
    foreign = await automation(db, first, workspace=new_id())
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET enabled = false WHERE id = $1", off)
        await connection.execute("UPDATE automation_rules SET deleted_at = now() WHERE id = $1", gone)
    await started(db, first)
    await ended(db)
    assert await Following(db).drain() == 1
    for each in (off, gone, foreign):
        assert await runs(db, each) == []


async def test_two_that_start_each_other_come_to_rest(db: Database) -> None:
    """A -> B -> A: three runs, and a fourth that is skipped and says why."""
    first, second = new_id(), new_id()
    await automation(db, second, rule_id=first)
    await automation(db, first, rule_id=second)
    root = await started(db, first)
    following = Following(db)
    for _ in range(3):
        await ended(db)
        await following.drain()
    async with db.connection() as connection:
        assert await claim(connection, owner=OWNER, lane="warm", limit=9) == []
    chain = sorted([*await runs(db, first), *await runs(db, second)], key=lambda run: run["depth"])
    assert [(run["depth"], run["status"], run["rule_id"]) for run in chain] == [
        (1, "success", first),
        (2, "success", second),
        (3, "success", first),
        (4, "skipped", second),
    ]
    assert {run["root_id"] for run in chain} == {root}
    last = chain[-1]
    assert last["error_code"] == "too_deep"
    assert "broken off" in last["error"]
    assert last["completed_at"] is not None
    assert await words(db) == 0


async def test_the_same_end_worked_off_twice_starts_once(db: Database) -> None:
    first = await automation(db)
    second = await automation(db, first)
    parent = await started(db, first)
    await ended(db)
    async with db.connection() as connection:
        await connection.execute("INSERT INTO outbox (topic, key) VALUES ('ended', $1)", parent)
    await Following(db).drain()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO outbox (topic, key) VALUES ('ended', $1)", parent)
    await Following(db).drain()
    assert len(await runs(db, second)) == 1


async def test_many_workers_start_each_follower_once(db: Database) -> None:
    first = await automation(db)
    second = await automation(db, first)
    for _ in range(10):
        await started(db, first)
    for _ in range(10):
        await ended(db)
    counts = await asyncio.gather(*(Following(db).drain() for _ in range(4)))
    assert sum(counts) == 10
    assert len(await runs(db, second)) == 10


async def test_what_goes_wrong_is_kept_with_its_reason_and_holds_up_nobody(db: Database) -> None:
    broken, first = await automation(db), await automation(db)
    bad, good = await automation(db, broken), await automation(db, first)
    async with db.connection() as connection:
        await connection.execute(
            'UPDATE automation_triggers SET config = config || \'{"on": "never"}\' WHERE rule_id = $1', bad
        )
    await started(db, broken)
    await started(db, first)
    await ended(db)
    await ended(db)
    assert await Following(db).drain() >= 2
    assert len(await runs(db, good)) == 1
    async with db.connection() as connection:
        row = await connection.fetchrow("SELECT attempts, last_error FROM outbox WHERE topic = 'ended'")
    assert row is not None
    assert row["attempts"] >= 1
    assert "on" in row["last_error"]


async def test_the_service_is_woken_by_the_end(db: Database) -> None:
    first = await automation(db)
    second = await automation(db, first)
    stop = asyncio.Event()
    service = asyncio.create_task(Following(db).run(stop))
    try:
        await started(db, first)
        await ended(db)

        async def ran() -> bool:
            return len(await runs(db, second)) == 1

        await until(ran, seconds=4)  # less than its own tick
    finally:
        stop.set()
        await service
