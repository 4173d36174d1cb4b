"""The queue: which run is claimed next, and who may touch what another one holds."""

from datetime import timedelta
from uuid import UUID

import pytest

from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, NotFound
from core.ids import new_id
from core.runs import queue
from core.runs.accept import NewRun, accept

ME, OTHER = "host/1/me", "host/2/other"


async def _accepted(db: Database, lane: str = "warm", priority: int = 0, workspace: UUID | None = None) -> UUID:
    run = NewRun(workspace or new_id(), new_id(), 1, "manual", None, lane=lane, priority=priority)
    async with db.connection() as connection:
        return (await accept(connection, run)).run_id


async def _claimed(db: Database, limit: int = 10, owner: str = ME) -> list[UUID]:
    async with db.connection() as connection:
        return [run.id for run in await queue.claim(connection, owner=owner, lane="warm", limit=limit)]


async def _state(connection: Connection, run_id: UUID) -> str:
    return str(await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", run_id))


async def _expire(connection: Connection, run_id: UUID) -> None:
    await connection.execute("UPDATE run_queue SET lease_until = now() - interval '1 s' WHERE run_id = $1", run_id)


async def test_priority_goes_before_age_and_age_decides_within_it(db: Database) -> None:
    workspace = new_id()
    low, first, second, high = [await _accepted(db, "warm", priority, workspace) for priority in (-1, 0, 0, 1)]
    assert await _claimed(db, 1) == [high]
    assert await _claimed(db, 2) == [first, second]
    assert await _claimed(db) == [low]


async def test_a_lane_and_a_time_are_waited_for(db: Database) -> None:
    await _accepted(db, lane="elsewhere")
    later = await _accepted(db)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE run_queue SET available_at = now() + $2 WHERE run_id = $1", later, timedelta(hours=1)
        )
        assert await _claimed(db) == []
        await connection.execute("UPDATE run_queue SET available_at = now() WHERE run_id = $1", later)
    assert await _claimed(db) == [later]


async def test_a_claim_waits_for_nobody(db: Database) -> None:
    taken, free = await _accepted(db), await _accepted(db)
    async with db.transaction() as elsewhere:
        await elsewhere.execute("SELECT FROM run_queue WHERE run_id = $1 FOR UPDATE", taken)
        assert await _claimed(db) == [free]


async def test_a_claim_counts_epochs_and_changes_and_keeps_the_first_start(db: Database) -> None:
    await _accepted(db)
    async with db.connection() as connection:
        (first,) = await queue.claim(connection, owner=ME, lane="warm", limit=1)
        await connection.execute("UPDATE automation_logs SET wait = '{}' WHERE id = $1", first.id)
        await queue.release(connection, owner=ME)
        (again,) = await queue.claim(connection, owner=OTHER, lane="warm", limit=1)
        assert await connection.fetchval("SELECT wait FROM automation_logs") is None
    assert (first.epoch, again.epoch) == (1, 2)
    assert (first.resumed, again.resumed) == (False, True)
    assert again.seq == first.seq + 1
    assert again.started_at == first.started_at


async def test_only_the_owner_renews_and_gives_back(db: Database) -> None:
    run_id = await _accepted(db)
    await _claimed(db)
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET lease_until = now() + interval '1 second'")
        assert await queue.renew(connection, owner=OTHER, run_ids=[run_id]) == set()
        assert await queue.renew(connection, owner=ME, run_ids=[run_id]) == {run_id}
        assert await connection.fetchval("SELECT lease_until > now() + interval '10 seconds' FROM run_queue")
        await queue.release(connection, owner=OTHER)
        assert await _state(connection, run_id) == "running"
        await queue.release(connection, owner=ME)
        assert await _state(connection, run_id) == "queued"


async def test_what_is_known_is_not_freed(db: Database) -> None:
    known, unknown, foreign = await _accepted(db), await _accepted(db), await _accepted(db)
    await _claimed(db, 2)
    await _claimed(db, 1, OTHER)
    async with db.connection() as connection:
        assert await queue.free_unknown(connection, owner=ME, known=[known]) == 1
        assert [await _state(connection, run) for run in (known, unknown, foreign)] == ["running", "queued", "running"]


async def test_only_a_dead_incarnation_of_the_same_slot_is_freed(db: Database) -> None:
    owners = ("host/1/dead", "host/1/me", "host/11/x", "host/2/x", "ghost/1/x")
    runs = {}
    for owner in owners:
        await _accepted(db)
        (runs[owner],) = await _claimed(db, 1, owner)
    async with db.connection() as connection:
        assert await queue.free_dead_incarnations(connection, host="host", slot="1", owner=ME) == 1
        assert await _state(connection, runs["host/1/dead"]) == "queued"
        assert {await _state(connection, runs[owner]) for owner in owners[1:]} == {"running"}


async def test_only_expired_leases_are_reaped(db: Database) -> None:
    expired, alive = await _accepted(db), await _accepted(db)
    await _claimed(db)
    async with db.connection() as connection:
        await _expire(connection, expired)
        assert await queue.reap(connection) == 1
        assert [await _state(connection, run) for run in (expired, alive)] == ["queued", "running"]


async def test_a_queued_run_is_cancelled_at_once_and_a_running_one_is_asked(db: Database) -> None:
    person = Caller(new_id(), new_id(), "editor")
    running, untouched = [await _accepted(db, workspace=person.workspace_id) for _ in range(2)]
    assert await _claimed(db) == [running, untouched]
    queued = await _accepted(db, workspace=person.workspace_id)
    assert await queue.request_cancel(db, person, queued) == "cancelled"
    assert await queue.request_cancel(db, person, running) == "cancelling"
    async with db.connection() as connection:
        assert await queue.cancelled_among(connection, owner=ME) == [running]
        assert await queue.cancelled_among(connection, owner=OTHER) == []
        assert await _state(connection, running) == "running"
    with pytest.raises(Conflict):
        await queue.request_cancel(db, person, queued)


async def test_nobody_cancels_a_foreign_run(db: Database) -> None:
    run_id = await _accepted(db)
    with pytest.raises(NotFound):
        await queue.request_cancel(db, Caller(new_id(), new_id(), "editor"), run_id)
