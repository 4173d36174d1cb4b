"""Runs of one automation and key: one after another, one at most, or the newest in place of the others."""

import asyncio

import pytest

from blocks import paths
from blocks.values import Json, JsonObject
from core.caller import Caller
from core.db import Database, connect
from core.ids import new_id
from core.runs import queue, telling
from core.runs.accept import NewRun
from core.runs.channels import CANCEL, EVENTS
from core.runs.record import Entry, RunRecord, Writer
from core.runs.refused import refuse
from tests.core.keyed import OWNER, WORKSPACE, automation, claim, end, rows, settle, start, statuses


@pytest.mark.parametrize("overlap", [None, "allow"])
async def test_runs_run_beside_each_other_unless_told_otherwise(db: Database, overlap: str | None) -> None:
    rule = await automation(db, overlap)
    runs = [await start(db, rule) for _ in range(3)]
    assert [run.id for run in await claim(db)] == runs


async def test_queue_runs_one_after_another_in_order_of_arrival(db: Database) -> None:
    rule = await automation(db, "queue")
    runs = [await start(db, rule) for _ in range(3)]
    assert await statuses(db, runs) == ["queued"] * 3
    for run_id in runs:
        (run,) = await claim(db)
        assert run.id == run_id
        assert await claim(db) == []
        await end(db, run)
    assert await claim(db) == []
    assert await statuses(db, runs) == ["success"] * 3


async def test_skip_leaves_a_skipped_run_that_names_the_one_in_the_way(db: Database, dsn: str) -> None:
    rule = await automation(db, "skip")
    first = await start(db, rule)
    (run,) = await claim(db)
    notices: asyncio.Queue[str] = asyncio.Queue()
    listener = await connect(dsn, application="test")
    await listener.add_listener(EVENTS, lambda *notice: notices.put_nowait(str(notice[-1])))
    second = await start(db, rule)
    await settle(db)
    (skipped,) = await rows(db, [second])
    assert (skipped["status"], skipped["error_code"], skipped["state"]) == ("skipped", "overlap", "done")
    assert str(first) in skipped["error"]
    assert skipped["completed_at"] is not None
    notice = await asyncio.wait_for(notices.get(), 5)
    assert str(second) in notice
    assert "skipped" in notice
    await listener.close()
    await end(db, run)
    third = await start(db, rule)
    assert [run.id for run in await claim(db)] == [third]


async def test_replace_cancels_what_is_queued_or_waits_at_once(db: Database) -> None:
    rule = await automation(db, "replace")
    first = await start(db, rule)
    (run,) = await claim(db)
    async with Writer(db, OWNER) as writer:
        waits = RunRecord(run.id, rule, run.epoch, run.seq + 1, "waiting", wait={"reason": "Waits."})
        assert await writer.write(Entry(waits))
    second = await start(db, rule)
    await settle(db)
    assert await statuses(db, [first, second]) == ["cancelled", "queued"]
    third = await start(db, rule)
    assert [run.id for run in await claim(db)] == [third]
    found = await rows(db, [first, second])
    assert [(row["status"], row["error_code"], row["state"]) for row in found] == [
        ("cancelled", "replaced", "done")
    ] * 2
    assert str(second) in found[0]["error"]
    assert str(third) in found[1]["error"]


async def test_replace_asks_a_running_one_to_stop_and_starts_when_it_is_gone(db: Database, dsn: str) -> None:
    rule = await automation(db, "replace")
    first = await start(db, rule)
    (run,) = await claim(db)
    told: asyncio.Queue[str] = asyncio.Queue()
    listener = await connect(dsn, application="test")
    await listener.add_listener(CANCEL, lambda *notice: told.put_nowait(str(notice[-1])))
    between, last = await start(db, rule), await start(db, rule)
    assert await claim(db) == []
    assert await asyncio.wait_for(told.get(), 5) == str(first)
    await listener.close()
    async with db.connection() as connection:
        assert await queue.cancelled_among(connection, owner=OWNER) == [first]
    assert await statuses(db, [first, between, last]) == ["running", "cancelled", "queued"]
    await end(db, run, status="cancelled")
    assert [run.id for run in await claim(db)] == [last]
    (replaced,) = await rows(db, [first])
    assert replaced["error_code"] == "replaced"
    assert str(last) in replaced["error"]


async def test_one_that_ended_well_before_it_was_stopped_keeps_its_end(db: Database) -> None:
    rule = await automation(db, "replace")
    first = await start(db, rule)
    (run,) = await claim(db)
    await start(db, rule)
    await settle(db)
    await end(db, run)
    (row,) = await rows(db, [first])
    assert (row["status"], row["error"]) == ("success", None)


async def test_one_that_begins_to_wait_while_it_is_asked_to_stop_is_cancelled(db: Database) -> None:
    rule = await automation(db, "replace")
    first = await start(db, rule)
    (run,) = await claim(db)
    second = await start(db, rule)
    await settle(db)
    async with Writer(db, OWNER) as writer:
        assert await writer.write(Entry(RunRecord(first, rule, run.epoch, run.seq + 1, "waiting")))
    assert await statuses(db, [first]) == ["cancelled"]
    assert [run.id for run in await claim(db)] == [second]


async def test_a_user_s_cancel_that_meets_a_run_as_it_begins_to_wait(db: Database) -> None:
    run_id = await start(db, await automation(db, None))
    (run,) = await claim(db)
    assert await queue.request_cancel(db, Caller(new_id(), WORKSPACE, "editor"), run_id) == "cancelling"
    async with Writer(db, OWNER) as writer:
        assert await writer.write(Entry(RunRecord(run_id, run.rule_id, run.epoch, run.seq + 1, "waiting")))
    assert await statuses(db, [run_id]) == ["cancelled"]


async def test_each_key_for_itself(db: Database) -> None:
    rule, other = await automation(db, "queue", "trigger.data.customer"), await automation(db, "queue")
    anne = await start(db, rule, {"customer": "Anne"})
    again = await start(db, rule, {"customer": "Anne"})
    number, text = await start(db, rule, {"customer": 7}), await start(db, rule, {"customer": "7"})
    missing, null = await start(db, rule, {}), await start(db, rule, {"customer": None})
    elsewhere = await start(db, other, {"customer": "Anne"})
    assert {run.id for run in await claim(db)} == {anne, number, missing, elsewhere}
    assert await statuses(db, [again, text, null]) == ["queued"] * 3


async def test_a_key_of_any_size(db: Database) -> None:
    rule = await automation(db, "queue", "trigger.data")
    big: JsonObject = {"text": "".join(new_id().hex for _ in range(3000))}
    first, _second, third = [await start(db, rule, data) for data in (big, big, {**big, "more": 1})]
    assert {run.id for run in await claim(db)} == {first, third}


@pytest.mark.parametrize(
    "path",
    [
        "trigger.data", "trigger.data.a", "trigger.data.list[1].x", 'trigger.data["odd key"]', "trigger.data['a-b']",
        "trigger.headers.x-event-id", 'trigger.headers["x-event-id"]', "trigger.query.page", "trigger.data.list.1",
        "trigger.data.text.a", "trigger.data.nothing", "trigger.data.list[9]", "trigger.data.false",
    ],
)  # fmt: skip
async def test_postgresql_reads_a_path_as_the_filters_do(db: Database, path: str) -> None:
    data: Json = {
        "a": 12,
        "list": [1, {"x": "y"}],
        "odd key": "k",
        "a-b": "d",
        "text": "t",
        "null": None,
        "false": False,
    }
    context: JsonObject = {"headers": {"x-event-id": "e"}, "query": {"page": "2"}}
    found = paths.find({"trigger": {"data": data, **context}}, paths.into_trigger(path))
    async with db.connection() as connection:
        wanted = "?"
        if not isinstance(found, paths.Missing):
            wanted = "=" + str(await connection.fetchval("SELECT $1::jsonb #>> '{}'", found))
        assert await connection.fetchval("SELECT overlap_key($1, $2, $3)", path, data, context) == wanted


async def test_what_waits_is_in_the_way_and_a_reaped_run_stays_in_it(db: Database) -> None:
    rule = await automation(db, "queue")
    first, second = await start(db, rule), await start(db, rule)
    await claim(db)
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET lease_until = now() - interval '1 s' WHERE run_id = $1", first)
        assert await queue.reap(connection) == 1
    (run,) = await claim(db)
    assert run.id == first
    async with Writer(db, OWNER) as writer:
        assert await writer.write(Entry(RunRecord(first, rule, run.epoch, run.seq + 1, "waiting")))
    assert await claim(db) == []
    async with db.connection() as connection:
        assert await queue.cancel(connection, first) == "cancelled"
    assert [run.id for run in await claim(db)] == [second]


async def test_a_blocked_run_is_cancelled_at_once(db: Database) -> None:
    rule = await automation(db, "queue")
    _, second, third = [await start(db, rule) for _ in range(3)]
    (run,) = await claim(db)
    assert await queue.request_cancel(db, Caller(new_id(), WORKSPACE, "editor"), second) == "cancelled"
    await end(db, run)
    assert [run.id for run in await claim(db)] == [third]


async def test_a_run_is_not_put_behind_the_one_that_called_it(db: Database) -> None:
    """A calls B, B calls A: the second A would wait for the first, which waits for it."""
    rule, helper = await automation(db, "queue"), await automation(db, None)
    root = await start(db, rule)
    (_,) = await claim(db)
    child = await start(db, helper, parent_id=root, root_id=root, depth=2)
    (_,) = await claim(db)
    grandchild = await start(db, rule, parent_id=child, root_id=root, depth=3)
    (row,) = await rows(db, [grandchild])
    assert (row["status"], row["error_code"]) == ("skipped", "overlap")
    assert str(root) in row["error"]


async def test_a_refused_run_replaces_nobody(db: Database) -> None:
    rule = await automation(db, "replace")
    first = await start(db, rule)
    (_,) = await claim(db)
    async with db.transaction() as connection:
        await refuse(connection, NewRun(WORKSPACE, rule, 1, "manual", None), code="too_deep", reason="No.")
    await settle(db)
    async with db.connection() as connection:
        assert await queue.cancelled_among(connection, owner=OWNER) == []
    assert await statuses(db, [first]) == ["running"]


async def test_a_locked_row_holds_up_nobody_and_is_asked_again(db: Database) -> None:
    rule = await automation(db, "replace")
    first = await start(db, rule)
    await claim(db)
    async with db.transaction() as elsewhere:
        await elsewhere.execute("SELECT FROM run_queue WHERE run_id = $1 FOR UPDATE", first)
        second = await start(db, rule)
        assert await asyncio.wait_for(claim(db), 5) == []
    await settle(db)
    async with db.connection() as connection:
        assert await queue.cancelled_among(connection, owner=OWNER) == [first]
    assert await statuses(db, [second]) == ["queued"]


async def test_prefect_is_told_of_what_is_blocked_and_what_was_skipped(db: Database) -> None:
    rule = await automation(db, "queue")
    _, blocked = await start(db, rule), await start(db, rule)
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET changed_at = now() - interval '1 minute'")
        told = await telling.take(connection)
        assert told is not None
        assert blocked in told.run_ids
        await telling.told(connection, told)
        assert await telling.take(connection) is None
