"""Whose runs are claimed: each workspace in its turn, none beyond the limit of its plan."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from core.db import Database
from core.ids import new_id
from core.runs import queue
from core.runs.accept import NewRun, accept
from core.runs.queue import ClaimedRun, Rotation

OWNER = "host/1/me"


async def start(db: Database, workspace: UUID, count: int = 1, *, lane: str = "warm") -> list[UUID]:
    async with db.connection() as connection:
        run = NewRun(workspace, new_id(), 1, "manual", None, lane=lane)
        return [(await accept(connection, run)).run_id for _ in range(count)]


async def workspace(db: Database, max_running: int) -> UUID:
    """One whose plan lets so many runs run at the same time."""
    made = new_id()
    async with db.connection() as connection:
        await connection.execute(
            "WITH plan AS (INSERT INTO plans VALUES ($2, $3) RETURNING name)"
            " INSERT INTO workspaces (id, name, plan) VALUES ($1, 'W', $2)",
            made, f"at most {made}", max_running,
        )  # fmt: skip
    return made


async def claim(db: Database, limit: int = 10, rotation: Rotation | None = None) -> list[ClaimedRun]:
    async with db.connection() as connection:
        return await queue.claim(connection, owner=OWNER, lane="warm", limit=limit, rotation=rotation)


def shares(runs: list[ClaimedRun]) -> Counter[UUID]:
    return Counter(run.workspace_id for run in runs)


async def done(db: Database, *run_ids: UUID) -> None:
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET state = 'done' WHERE run_id = ANY ($1)", run_ids)


async def test_a_busy_workspace_does_not_keep_the_others_waiting(db: Database) -> None:
    busy = new_id()
    await start(db, busy, 100)
    others = [new_id() for _ in range(3)]
    late = [(await start(db, each))[0] for each in others]
    claimed = await claim(db, 10)
    assert {run.id for run in claimed} >= set(late)
    assert shares(claimed)[busy] == 7, "what the others leave is not lost"


async def test_those_who_have_much_share_evenly(db: Database) -> None:
    crowd = [new_id() for _ in range(3)]
    for each in crowd:
        await start(db, each, 20)
    assert sorted(shares(await claim(db, 9)).values()) == [3, 3, 3]


async def test_a_round_comes_to_everybody_before_it_comes_again(db: Database) -> None:
    crowd = [new_id() for _ in range(12)]
    for each in crowd:
        await start(db, each, 3)
    rotation, seen = Rotation(), Counter[UUID]()
    for _ in range(4):
        seen += shares(await claim(db, 3, rotation))
    assert set(seen.values()) == {1}
    assert len(seen) == 12
    for _ in range(8):
        seen += shares(await claim(db, 3, rotation))
    assert set(seen.values()) == {3}
    assert await claim(db, 3, rotation) == []
    assert rotation.whole


async def test_workspaces_without_ready_work_take_nothing_from_the_rest(db: Database) -> None:
    for _ in range(4):
        (later,) = await start(db, new_id())
        async with db.connection() as connection:
            await connection.execute(
                "UPDATE run_queue SET available_at = now() + $2 WHERE run_id = $1", later, timedelta(hours=1)
            )
        await start(db, new_id(), lane="elsewhere")
    ready = await start(db, new_id(), 5)
    assert [run.id for run in await claim(db, 10)] == ready


@pytest.mark.proves("R-ENG-5", "I-30")
async def test_a_plan_limits_what_runs_at_the_same_time(db: Database) -> None:
    small, free = await workspace(db, 3), new_id()
    runs = await start(db, small, 5)
    await start(db, free, 2)
    rotation = Rotation()
    claimed = await claim(db, 10, rotation)
    assert (shares(claimed)[small], shares(claimed)[free]) == (3, 2)
    assert rotation.held_back
    assert [run.id for run in claimed if run.workspace_id == small] == runs[:3], "the oldest first"
    assert await claim(db) == []
    await done(db, runs[0])
    rotation.held_back = False
    assert [run.id for run in await claim(db, 10, rotation)] == [runs[3]]
    assert rotation.held_back
    await done(db, *runs[1:4])
    rotation.held_back = False
    assert [run.id for run in await claim(db, 10, rotation)] == [runs[4]]
    assert not rotation.held_back


async def test_a_waiting_run_does_not_count(db: Database) -> None:
    small = await workspace(db, 1)
    first, second = await start(db, small, 2)
    assert [run.id for run in await claim(db)] == [first]
    async with db.connection() as connection:
        await connection.execute("UPDATE run_queue SET state = 'waiting', owner = NULL WHERE run_id = $1", first)
    assert [run.id for run in await claim(db)] == [second]


@pytest.mark.proves("R-ENG-5")
async def test_many_claims_at_once_stay_below_the_limit_and_reach_it(engine_dsn: str) -> None:
    db = Database(engine_dsn, application="test", size=8).for_everyone()
    await db.open()
    try:
        small = await workspace(db, 5)
        await start(db, small, 60)
        ran, most = 0, 0
        while ran < 60:
            claimed = [run for runs in await asyncio.gather(*(claim(db, 2) for _ in range(8))) for run in runs]
            async with db.connection() as connection:
                running = await connection.fetchval("SELECT count(*) FROM run_queue WHERE state = 'running'")
            assert running == len(claimed) <= 5
            most, ran = max(most, running), ran + len(claimed)
            await done(db, *(run.id for run in claimed))
        assert most > 2, "several claims shared the limit"
    finally:
        await db.close()


async def test_workspaces_at_their_limit_hide_nobody_behind_them(db: Database) -> None:
    """A claim visits some 100 workspaces; the next goes on where it stopped."""
    async with db.connection() as connection:
        await connection.execute("INSERT INTO plans VALUES ('one', 1)")
        await connection.execute(
            "INSERT INTO workspaces (id, name, plan) SELECT first_id_at(now() - n * interval '1 hour'), 'W', 'one'"
            " FROM generate_series(1, 250) n"
        )
        await connection.execute(
            "INSERT INTO run_queue (run_id, workspace_id, rule_id, version, state)"
            " SELECT gen_random_uuid(), w.id, gen_random_uuid(), 1, state"
            " FROM workspaces w, unnest(ARRAY['running', 'queued']) state"
        )
    (wanted,) = await start(db, new_id())
    rotation, calls = Rotation(), 0
    while [run.id for run in await claim(db, 10, rotation)] != [wanted]:
        calls += 1
        assert not rotation.whole
        assert calls < 4
    assert calls >= 1
    assert rotation.held_back


async def test_a_workspace_whose_plan_is_not_there_can_t_be_made(db: Database) -> None:
    async with db.connection() as connection:
        plans = {row["name"]: row["max_running"] for row in await connection.fetch("SELECT * FROM plans")}
        assert plans["unlimited"] is None
        assert 0 < plans["free"] < plans["builder"] < plans["pro"] < plans["team"]
        with pytest.raises(Exception, match="foreign key"):
            await connection.execute("INSERT INTO workspaces (id, name, plan) VALUES ($1, 'W', 'none')", new_id())
