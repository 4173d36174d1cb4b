"""Overlap where much happens at once: never two of one key, none forgotten, nobody locked out."""

import asyncio
import random
from dataclasses import replace
from uuid import UUID

import pytest

from core.db import Database
from core.runs import queue
from core.runs.accept import NewRun, accept
from core.runs.record import Writer
from tests.core.keyed import WORKSPACE, automation, claim, ended, rows, start
from tests.waiting import until


class Crowd:
    """Claimers that end what they claim, and note whether two of one key ever ran together."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.running: dict[UUID, set[UUID]] = {}
        self.together: list[set[UUID]] = []
        self.ran: list[UUID] = []
        self.accepting = True

    async def work(self, number: int) -> None:
        owner, rng = f"host/{number}/x", random.Random(number)
        async with Writer(self.db, owner) as writer:
            while True:
                await until(self._something, seconds=60, every_s=0.01)
                async with self.db.connection() as connection:
                    claimed = await queue.claim(connection, owner=owner, lane="warm", limit=4)
                for run in claimed:
                    beside = self.running.setdefault(run.rule_id, set())
                    if beside:
                        self.together.append({*beside, run.id})
                    beside.add(run.id)
                for run in claimed:
                    await asyncio.sleep(rng.random() / 500)
                    self.running[run.rule_id].remove(run.id)
                    self.ran.append(run.id)
                    status = "cancelled" if await self._asked(run.id) else "success"
                    assert await writer.write(ended(run, status))
                if not claimed and await self._over():
                    return

    async def _asked(self, run_id: UUID) -> bool:
        async with self.db.connection() as connection:
            return bool(await connection.fetchval("SELECT cancel_requested FROM run_queue WHERE run_id = $1", run_id))

    async def _over(self) -> bool:
        async with self.db.connection() as connection:
            left = await connection.fetchval("SELECT EXISTS (SELECT FROM run_queue WHERE state <> 'done')")
        return not left and not self.accepting

    async def _something(self) -> bool:
        """There is work, or it is over: what a notice tells a worker."""
        async with self.db.connection() as connection:
            work = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM overlap_changes) OR EXISTS (SELECT FROM run_queue WHERE state = 'queued')"
            )
        return bool(work) or await self._over()


@pytest.mark.parametrize("overlap", ["queue", "skip", "replace"])
async def test_never_two_at_once_and_none_forgotten(engine_dsn: str, overlap: str) -> None:
    """50 arrivals of one key at the same moment, several times, by ten connections, while four workers end others."""
    db = Database(engine_dsn, application="test", size=14).for_everyone()
    await db.open()
    try:
        rules = [await automation(db, overlap) for _ in range(2)]
        crowd = Crowd(db)
        workers = [asyncio.create_task(crowd.work(number)) for number in range(4)]
        accepted: list[UUID] = []
        for _ in range(3):
            accepted += await asyncio.gather(*(start(db, rules[n % 2]) for n in range(50)))
        crowd.accepting = False
        async with asyncio.timeout(60):
            await asyncio.gather(*workers)
        assert crowd.together == []
        found = await rows(db, accepted)
        states = [row["status"] for row in found]
        if overlap == "queue":
            assert states == ["success"] * 150
            assert len(crowd.ran) == 150
        else:
            other = {"skip": "skipped", "replace": "cancelled"}[overlap]
            assert set(states) <= {"success", other}
            assert {"success", other} <= set(states)
        if overlap == "replace":
            for rule in rules:
                newest = max((row for row in found if row["rule_id"] == rule), key=lambda row: row["completed_at"])
                assert newest["status"] == "success"
        async with db.connection() as connection:
            # What ended after the crowd's last look is settled by the next claim, which a worker makes each second.
            assert await queue.claim(connection, owner="host/last/x", lane="warm", limit=4) == []
            assert await connection.fetchval("SELECT count(*) FROM overlap_changes") == 0
    finally:
        await db.close()


async def test_transactions_that_accept_several_keys_in_any_order_do_not_lock_each_other_out(engine_dsn: str) -> None:
    db = Database(engine_dsn, application="test", size=14).for_everyone()
    await db.open()
    try:
        rules = [await automation(db, "queue") for _ in range(6)]
        crowd = Crowd(db)
        workers = [asyncio.create_task(crowd.work(number)) for number in range(3)]

        async def several(seed: int) -> None:
            chosen = random.Random(seed).sample(rules, len(rules))
            async with db.transaction() as connection:
                for rule in chosen:
                    await accept(connection, replace(NewRun(WORKSPACE, rule, 1, "manual", None), priority=seed % 2))

        await asyncio.gather(*(several(seed) for seed in range(20)))
        crowd.accepting = False
        async with asyncio.timeout(60):
            await asyncio.gather(*workers)
        assert crowd.together == []
        assert len(crowd.ran) == 120
        async with db.connection() as connection:
            assert (
                await connection.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
                == 0
            )
    finally:
        await db.close()


async def test_a_claim_gives_all_that_it_took_also_what_came_while_it_waited(db: Database) -> None:
    """It waits for who settles the same key; what is committed meanwhile is younger than its statement."""
    rule, other = await automation(db, "queue"), await automation(db, None)
    first = await start(db, rule)
    late = NewRun(WORKSPACE, other, 1, "manual", None)
    waiting = (
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    async with db.transaction() as settling:
        await settling.execute("SELECT pg_advisory_xact_lock(hashtextextended($1::uuid || ' ', 7))", rule)
        async with db.transaction() as accepting:
            second = (await accept(accepting, late)).run_id
            claiming = asyncio.create_task(claim(db))

            async def waits() -> bool:
                async with db.connection() as connection:
                    return bool(await connection.fetchval(waiting))

            await until(waits)
    assert {run.id for run in await claiming} == {first, second}
