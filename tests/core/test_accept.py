"""Acceptance: one run per key, whatever arrives at once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from core.db import Database, connect
from core.ids import new_id
from core.runs.accept import Accepted, Delivery, NewRun, accept
from core.runs.channels import RUNS
from core.runs.retention import forget_expired


def _run(key: str | None, trigger: UUID) -> NewRun:
    return NewRun(
        workspace_id=new_id(), rule_id=new_id(), version=1, trigger_type="webhook", data={"n": 1},
        trigger_id=trigger, key=key,
    )  # fmt: skip


async def test_twenty_at_once_are_one_run(db: Database) -> None:
    trigger = new_id()

    async def one() -> Accepted:
        async with db.connection() as connection:
            return await accept(connection, _run("k", trigger))

    answers = await asyncio.gather(*(one() for _ in range(20)))
    assert len({answer.run_id for answer in answers}) == 1
    assert sum(not answer.duplicate for answer in answers) == 1
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == 1
        assert await connection.fetchval("SELECT count(*) FROM run_queue") == 1


async def test_a_key_that_ran_out_starts_anew(db: Database) -> None:
    trigger = new_id()
    async with db.connection() as connection:
        first = await accept(connection, _run("k", trigger))
        await connection.execute("UPDATE run_keys SET expires_at = now() - interval '1 second'")
        second = await accept(connection, _run("k", trigger))
    assert not second.duplicate
    assert second.run_id != first.run_id


async def test_a_key_lasts_as_long_as_it_was_given(db: Database) -> None:
    run = replace(_run("k", new_id()), key_ttl=timedelta(days=30))
    async with db.connection() as connection:
        await accept(connection, run)
        assert await connection.fetchval("SELECT expires_at > now() + interval '29 days' FROM run_keys")


async def test_only_keys_past_their_time_are_forgotten(db: Database) -> None:
    trigger = new_id()
    async with db.connection() as connection:
        await accept(connection, _run("old", trigger))
        await connection.execute("UPDATE run_keys SET expires_at = now() - interval '1 second'")
        young = await accept(connection, _run("young", trigger))
        assert await forget_expired(db) == 1
        assert (await accept(connection, _run("young", trigger))).run_id == young.run_id


async def test_everything_that_is_known_of_a_run_is_kept(db: Database) -> None:
    root, parent, former, made_there, due = new_id(), new_id(), new_id(), new_id(), datetime(2026, 3, 1, tzinfo=UTC)
    run = replace(
        _run(None, new_id()), priority=1, lane="pool", root_id=root, parent_id=parent, depth=3, replay_of=former,
        prefect_run_id=made_there, due_at=due, triggered_by="Ann", context={"headers": {"h": "1"}, "query": {"q": "2"}},
        delivery=Delivery(new_id(), 7, "text/plain", "192.0.2.1"),
    )  # fmt: skip
    async with db.connection() as connection:
        made = (await accept(connection, run)).run_id
        row = await connection.fetchrow(
            "SELECT l.*, q.lane, q.priority, d.size, d.remote, d.headers, d.run_id FROM automation_logs l"
            " JOIN run_queue q ON q.run_id = l.id JOIN deliveries d ON d.id = l.delivery_id"
        )
    facts = ("root_id", "parent_id", "depth", "replay_of", "prefect_run_id", "due_at", "triggered_by", "lane")
    assert [row[fact] for fact in facts] == [root, parent, 3, former, made_there, due, "Ann", "pool"]
    assert (row["priority"], row["size"], row["remote"], row["headers"]) == (1, 7, "192.0.2.1", {"h": "1"})
    assert row["run_id"] == made


async def test_a_run_without_a_parent_is_its_own_root(db: Database) -> None:
    async with db.connection() as connection:
        made = await accept(connection, _run(None, new_id()))
        assert await connection.fetchval("SELECT root_id FROM automation_logs") == made.run_id


async def test_a_worker_is_woken(db: Database, dsn: str) -> None:
    lanes: asyncio.Queue[object] = asyncio.Queue()
    listener = await connect(dsn, application="test")
    await listener.add_listener(RUNS, lambda *notice: lanes.put_nowait(notice[-1]))
    try:
        async with db.connection() as connection:
            await accept(connection, _run(None, new_id()))
        assert await asyncio.wait_for(lanes.get(), 5) == "warm"
    finally:
        await listener.close()
