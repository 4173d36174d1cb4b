"""Claims whose answer is lost, leases that run out, and a database that is away in the middle of a run."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from core.db import Connection, Database
from core.runs import queue
from flows import engine as engine_module
from flows.engine import Engine
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.waiting import until


@dataclass
class Wire:
    away: bool = False
    lost: int = 0

    def answer(self) -> None:
        if self.away:
            self.lost += 1
            raise ConnectionResetError("the answer was lost")


class Interrupted(Database):
    """Loses the answers of statements while `away` is set: they are executed and nobody hears of it."""

    def __init__(self, dsn: str, *, application: str, size: int = 10) -> None:
        super().__init__(dsn, application=application, size=size)
        self.wire = Wire()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as connection:
            yield connection
        self.wire.answer()

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[Connection]:
        async with super().calling() as connection:
            yield connection
        self.wire.answer()


@pytest.fixture
async def interrupted(engine_dsn: str) -> AsyncIterator[Interrupted]:
    db = Interrupted(engine_dsn, application="test", size=6)
    await db.open()
    yield db
    await db.close()


async def test_runs_of_a_claim_whose_answer_was_lost_are_executed(interrupted: Interrupted, workshop: Workshop) -> None:
    workshop = Workshop(interrupted.for_everyone(), workshop.workspace, interrupted)
    rule = await workshop.automation(step("say", value=1))
    async with workshop.engine() as engine:
        interrupted.wire.away = True
        async with Database.connection(interrupted.for_everyone()) as connection:  # this one hears its answers
            with contextlib.suppress(ConnectionResetError):
                await workshop.start(rule)
            await until(lambda: _claimed(connection))
        interrupted.wire.away = False
        began = time.monotonic()
        async with Database.connection(interrupted.for_everyone()) as connection:
            run_id = await connection.fetchval("SELECT id FROM automation_logs")
        run = await workshop.ended(run_id)
    assert run["status"] == "success"
    assert time.monotonic() - began < queue.LEASE_S / 2, "it did not wait for the lease to run out"
    assert calls[f"{run_id}/a"] == 1
    assert engine.executions == {}


async def _claimed(connection: Connection) -> bool:
    return bool(await connection.fetchval("SELECT count(*) FROM run_queue WHERE state = 'running'"))


async def test_a_lease_is_renewed_only_for_what_is_executed(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="renewing"))
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        async with workshop.db.connection() as connection:
            await connection.execute(
                "INSERT INTO run_queue (run_id, workspace_id, rule_id, version, state, owner, epoch, lease_until)"
                " VALUES (gen_random_uuid(), $1, $2, 1, 'running', $3, 1, now() + interval '1 second')",
                workshop.workspace, rule, engine.owner,
            )  # fmt: skip
            held = await queue.renew(connection, owner=engine.owner, run_ids=list(engine.executions))
        assert held == {run_id}
        gates["renewing"].set()
        await workshop.ended(run_id)


async def test_no_effect_on_a_lease_that_may_have_run_out(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("hang", gate="expiring", effect="idempotent"), step("say", ["a"], id="b", effect="idempotent")
    )
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        execution = engine.executions[run_id]
        engine.lane = "gone"
        execution.lease_until = time.monotonic() + 1.0  # within the margin
        gates["expiring"].set()
        await until(lambda: _dropped(engine), seconds=5)
        assert execution.stop.reason == "lost"
        assert calls[f"{run_id}/b"] == 0
        assert (await workshop.run(run_id))["status"] == "running"


async def _dropped(engine: Engine) -> bool:
    return not engine.executions


async def test_a_store_waits_for_a_database_that_is_away(interrupted: Interrupted, workshop: Workshop) -> None:
    workshop = Workshop(interrupted.for_everyone(), workshop.workspace, interrupted)
    rule = await workshop.automation(step("large", size=100_000, gate="away"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        interrupted.wire.away = True
        gates["away"].set()
        await until(lambda: _lost(interrupted, 5), seconds=10)
        interrupted.wire.away = False
        run = await workshop.ended(run_id)
    assert run["status"] == "success", run["error"]
    assert calls[f"{run_id}/a"] == 1


async def _lost(db: Interrupted, times: int) -> bool:
    return db.wire.lost >= times


async def test_an_end_makes_room_at_once_where_a_plan_held_work_back(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "POLL_S", 3600)
    monkeypatch.setattr(engine_module, "HELD_BACK_POLL_S", 3600)
    async with workshop.db.connection() as connection:
        await connection.execute("INSERT INTO plans VALUES ('one', 1)")
        await connection.execute("INSERT INTO workspaces (id, name, plan) VALUES ($1, 'W', 'one')", workshop.workspace)
    rule = await workshop.automation(step("hang", gate="limited"))
    async with workshop.engine() as engine:
        first, second = await workshop.start(rule), await workshop.start(rule)
        await called(first, "a")
        await until(lambda: _held_back(engine))
        assert (await workshop.run(second))["status"] == "queued"
        gates["limited"].set()
        await workshop.ended(first)
        assert (await workshop.ended(second))["status"] == "success"


async def _held_back(engine: Engine) -> bool:
    return engine._rotation.held_back


async def test_a_run_that_replaces_another_stops_it_also_in_a_worker_that_is_full(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="replaced"), overlap="replace")
    async with workshop.engine(concurrency=1):
        first = await workshop.start(rule)
        await called(first, "a")
        gates["replaced"].clear()
        second = await workshop.start(rule)
        stopped = await workshop.ended(first)
        assert (stopped["status"], stopped["error_code"]) == ("cancelled", "replaced")
        assert str(second) in stopped["error"]
        await called(second, "a")
        gates["replaced"].set()
        assert (await workshop.ended(second))["status"] == "success"


@pytest.mark.parametrize("turns", range(3))
async def test_a_worker_that_is_woken_while_it_stops_stops(workshop: Workshop, turns: int) -> None:
    """A cancellation that meets a wake-up is not lost."""
    async with workshop.running() as (engine, task):
        await until(lambda: _waits(engine))
        began = time.monotonic()
        asyncio.get_running_loop().call_later(10, task.cancel)
        engine._wake.set()
        for _ in range(turns):
            await asyncio.sleep(0)
    assert time.monotonic() - began < 8


async def _waits(engine: Engine) -> bool:
    return bool(engine._wake._waiters)


async def test_queued_runs_of_a_key_follow_each_other(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"), overlap="queue", concurrency_key="trigger.data.k")
    async with workshop.engine(), workshop.engine(slot="2"):
        runs = [await workshop.start(rule, {"k": "same"}) for _ in range(5)]
        ended = [await workshop.ended(run_id) for run_id in runs]
    assert all(run["status"] == "success" for run in ended)
    assert all(a["completed_at"] <= b["started_at"] for a, b in itertools.pairwise(ended))
