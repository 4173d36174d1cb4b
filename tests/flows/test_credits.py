"""What runs spend: reserved at the start, settled from the steps that ran, never more than there is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.caller import Caller
from core.credits import housekeeping
from core.db import Database
from core.errors import PaymentRequired
from core.ids import new_id
from core.runs import queue, replay_rows
from core.runs.accept import NewRun, accept
from core.runs.replay_plan import Copy
from tests import paying
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_calls import answering
from tests.flows.test_engine import step
from tests.flows.test_loops import each
from tests.flows.test_recovery import take_away
from tests.waiting import until


@pytest.fixture
async def workshop(db: Database) -> AsyncIterator[Workshop]:
    """Its workspace pays; a test says how much it has."""
    await paying.load_plans(db)
    yield Workshop(db, await paying.workspace(db))
    assert await paying.faults(db) == []


async def fund(workshop: Workshop, credits: int, **numbers: Any) -> None:
    await paying.make_pay(workshop.db, workshop.workspace, credits, **numbers)


async def test_a_run_reserves_what_its_steps_cost_and_settles_what_they_did(workshop: Workshop) -> None:
    await fund(workshop, 10)
    rule = await workshop.automation(
        step("say", id="one", value=1, effect="unsafe"),
        step("flaky", ["one"], id="two", times=9, fatal=True),
        step("say", ["two"], id="never", value=3),
        step("echo", ["one"], id="free", value=4),
    )
    run_id = await workshop.start(rule)
    assert await paying.account(workshop.db, workshop.workspace) == (7, 3)
    async with workshop.engine():
        run = await workshop.ended(run_id)
    assert (run["status"], run["credits"]) == ("failed", 2)
    assert await paying.account(workshop.db, workshop.workspace) == (8, 0)
    assert await paying.spent(workshop.db, workshop.workspace) == {"say": 1, "flaky": 1}


async def test_each_item_of_a_loop_is_paid_and_the_loop_stops_before_it_can_not_be(workshop: Workshop) -> None:
    await fund(workshop, 7)
    rule = await workshop.automation(
        each(list(range(5)), step("say", [], id="in", value="{{ item }}", effect="unsafe"))
    )
    async with workshop.engine(), answering(workshop):
        good = await workshop.ended(await workshop.start(rule))
        assert (good["status"], good["credits"]) == ("success", 5)
        bad = await workshop.ended(await workshop.start(rule))
    assert (bad["status"], bad["error_code"], bad["credits"]) == ("failed", "item_failed", 2)
    assert calls[f"{bad['id']}/in"] == 2
    assert "credits_exhausted" in {item["error_code"] for item in (await workshop.items(bad["id"], "in")).values()}
    assert await paying.account(workshop.db, workshop.workspace) == (0, 0)


async def test_a_worker_that_is_lost_between_reserve_and_settle_leaves_nothing(workshop: Workshop) -> None:
    await fund(workshop, 10)
    rule = await workshop.automation(
        step("say", id="a", value=1, effect="idempotent"), step("hang", ["a"], id="b", gate="paid"),
        step("say", ["b"], id="c", value=2),
    )  # fmt: skip
    async with workshop.engine("1", lane="gone") as first:
        first.lane = "warm"
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        first.lane = "gone"
        await take_away(workshop, run_id)
        assert await paying.account(workshop.db, workshop.workspace) == (8, 2)
        async with workshop.engine("2") as second:
            await called(run_id, "b", 2)
            budget = second.executions[run_id].budget
            assert budget is not None
            assert budget.left == 1  # the first step was paid before
            gates["paid"].set()
            run = await workshop.ended(run_id)
    assert (run["status"], run["credits"]) == ("success", 2)
    assert await paying.spent(workshop.db, workshop.workspace) == {"say": 2}
    assert await paying.account(workshop.db, workshop.workspace) == (8, 0)


async def test_reservations_of_runs_that_vanished_are_given_back(workshop: Workshop) -> None:
    await fund(workshop, 10)
    rule = await workshop.automation(step("say", value=1))
    gone, under_way = [await workshop.start(rule) for _ in range(2)]
    async with workshop.db.connection() as connection:
        await connection.execute("DELETE FROM run_queue WHERE run_id = $1", gone)
    assert await housekeeping.settle_left_over(workshop.db) == 1
    assert await housekeeping.settle_left_over(workshop.db) == 0
    assert await paying.account(workshop.db, workshop.workspace) == (9, 1)
    async with workshop.db.connection() as connection:
        held = [row["run_id"] for row in await connection.fetch("SELECT run_id FROM credit_reservations")]
    assert held == [under_way]


async def test_cancelled_runs_pay_for_what_they_did(workshop: Workshop) -> None:
    await fund(workshop, 10)
    rule = await workshop.automation(
        step("say", id="a", value=1, effect="idempotent"), step("hang", ["a"], id="b"), step("say", ["b"], id="c")
    )
    caller = Caller(new_id(), workshop.workspace, "owner")
    never = await workshop.start(rule)
    assert await queue.request_cancel(workshop.db, caller, never) == "cancelled"
    assert await paying.account(workshop.db, workshop.workspace) == (10, 0)
    assert (await workshop.run(never))["credits"] == 0
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        await queue.request_cancel(workshop.db, caller, run_id)
        run = await workshop.ended(run_id)
    assert (run["status"], run["credits"]) == ("cancelled", 1)
    assert await paying.account(workshop.db, workshop.workspace) == (9, 0)


async def test_what_a_replay_takes_over_is_not_paid_twice(workshop: Workshop) -> None:
    await fund(workshop, 10)
    rule = await workshop.automation(step("say", id="a", value=1), step("say", ["a"], id="b", value=2))
    async with workshop.engine():
        first = await workshop.ended(await workshop.start(rule))
    async with workshop.db.transaction() as connection:
        again = await accept(
            connection, NewRun(workshop.workspace, rule, 1, "manual", None, replay_of=first["id"])
        )  # what is taken over is given to it in the same transaction
        await replay_rows.take_over(
            connection,
            [replay_rows.TakenOver(first["id"], again.run_id, [Copy("a", 0, whole=True)], "Replay.")],
            None,
        )
    async with workshop.engine():
        run = await workshop.ended(again.run_id)
    assert (run["status"], run["credits"], calls[f"{run['id']}/a"]) == ("success", 1, 0)
    assert await paying.spent(workshop.db, workshop.workspace) == {"say": 3}


async def test_a_called_run_pays_for_itself_and_is_skipped_when_it_can_not(workshop: Workshop) -> None:
    await fund(workshop, 3)
    inner = await workshop.automation(step("say", id="x", value=1), step("say", ["x"], id="y", value=2))
    outer = await workshop.automation(step("say", id="a", value=1), step("ring", ["a"], id="b", automation=str(inner)))
    async with workshop.engine(), answering(workshop):
        good = await workshop.ended(await workshop.start(outer))
        await fund(workshop, 1)
        bad = await workshop.ended(await workshop.start(outer))
    assert (good["status"], good["credits"]) == ("success", 1)
    assert bad["status"] == "failed"
    assert "2 credits" in bad["error"]
    assert await paying.account(workshop.db, workshop.workspace) == (0, 0)


async def test_runs_of_many_workspaces_that_end_at_once_meet_no_deadlock(workshop: Workshop) -> None:
    spaces = [await paying.workspace(workshop.db, 40) for _ in range(5)]
    shops = [Workshop(workshop.db, space) for space in spaces]
    rules = [await shop.automation(step("say", value=1, effect="idempotent")) for shop in shops]
    async with workshop.engine("1"), workshop.engine("2"):
        started = await asyncio.gather(
            *(shop.start(rule) for _ in range(20) for shop, rule in zip(shops, rules, strict=True))
        )
        for run_id in started:
            assert (await workshop.ended(run_id, seconds=60))["status"] == "success"
    assert [await paying.account(workshop.db, space) for space in spaces] == [(20, 0)] * 5


async def test_accepting_and_settling_at_once_never_goes_below_zero(workshop: Workshop) -> None:
    await fund(workshop, 30)
    rule = await workshop.automation(step("say", value=1, effect="idempotent"))
    refused: list[PaymentRequired] = []

    async def one() -> None:
        try:
            await workshop.start(rule)
        except PaymentRequired as refusal:
            refused.append(refusal)

    async with workshop.engine():
        await asyncio.gather(*(one() for _ in range(50)))
        assert [(each.cost, each.left) for each in refused] == [(1, 0)] * 20

        async def settled() -> bool:
            return await paying.account(workshop.db, workshop.workspace) == (0, 0)

        await until(settled, seconds=60)
    assert await paying.spent(workshop.db, workshop.workspace) == {"say": 30}
