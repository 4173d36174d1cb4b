"""Automations that follow others: which ends start them, once each, and where chains are broken off."""

import asyncio

import pytest

from blocks.values import Json
from core.db import Database
from core.ids import new_id
from core.runs.queue import claim
from tests.core.chains import (
    OWNER,
    WORKSPACE,
    alerts,
    automation,
    ended,
    following,
    lines,
    member,
    rule,
    runs,
    started,
    told,
    words,
)
from tests.waiting import until


async def test_an_end_starts_the_follower_with_its_run(db: Database) -> None:
    first = await automation(db)
    second = await automation(db, first)
    parent = await started(db, first)
    assert await ended(db, output={"score": 82}) == parent
    assert await words(db) == 1
    assert await following(db).drain() == 1
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
    assert await following(db).drain() == 0


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
    await following(db).drain()
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
    assert await following(db).drain() == 1
    for each in (off, gone, foreign):
        assert await runs(db, each) == []


async def test_two_that_start_each_other_come_to_rest(db: Database) -> None:
    """A -> B -> A: three runs, and an alert about the fourth, which is not made."""
    owner, first, second = await member(db, WORKSPACE), new_id(), new_id()
    await automation(db, second, rule_id=first, name="Orders")
    await automation(db, first, rule_id=second, name="Stock")
    root = await started(db, first)
    service = following(db)
    for _ in range(3):
        await ended(db)
        await service.drain()
    async with db.connection() as connection:
        assert await claim(connection, owner=OWNER, lane="warm", limit=9) == []
    chain = sorted([*await runs(db, first), *await runs(db, second)], key=lambda run: run["depth"])
    assert [(run["depth"], run["status"], run["rule_id"]) for run in chain] == [
        (1, "success", first),
        (2, "success", second),
        (3, "success", first),
    ]
    assert {run["root_id"] for run in chain} == {root}
    (alert,) = await alerts(db)
    assert (alert["kind"], alert["rule_id"], alert["root_id"], alert["count"]) == ("too_deep", second, root, 1)
    assert alert["facts"]["chain"] == [
        {"run_id": str(run["id"]), "automation_id": str(run["rule_id"]), "automation": name}
        for run, name in zip(chain, ("Orders", "Stock", "Orders"), strict=True)
    ]
    assert alert["facts"]["not_started"] == {"automation_id": str(second), "automation": "Stock"}
    assert "Orders -> Stock -> Orders -> Stock" in alert["text"]
    (line,) = await lines(db, chain[-1]["id"])
    assert line.startswith("Stock was not started: it would be run 4")
    assert await told(db, owner) == [alert["title"]]
    assert (await rule(db, second))["enabled"]  # a circle alone pauses nobody
    assert await words(db) == 0


async def test_the_same_end_worked_off_twice_starts_once(db: Database) -> None:
    first = await automation(db)
    second = await automation(db, first)
    parent = await started(db, first)
    await ended(db)
    async with db.connection() as connection:
        await connection.execute("INSERT INTO outbox (topic, key) VALUES ('ended', $1)", parent)
    await following(db).drain()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO outbox (topic, key) VALUES ('ended', $1)", parent)
    await following(db).drain()
    assert len(await runs(db, second)) == 1


async def test_many_workers_start_each_follower_once(db: Database) -> None:
    first = await automation(db)
    second = await automation(db, first)
    for _ in range(10):
        await started(db, first)
    for _ in range(10):
        await ended(db)
    counts = await asyncio.gather(*(following(db).drain() for _ in range(4)))
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
    assert await following(db).drain() >= 2
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
    service = asyncio.create_task(following(db).run(stop))
    try:
        await started(db, first)
        await ended(db)

        async def ran() -> bool:
            return len(await runs(db, second)) == 1

        await until(ran, seconds=4)  # less than its own tick
    finally:
        stop.set()
        await service
