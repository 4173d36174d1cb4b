"""What runs spend: reserved at the start, settled from the steps that ran, never more than there is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from core.caller import Caller
from core.credits import housekeeping, reserving
from core.credits.reserving import Charge, Charged
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
async def workshop(db: Database, worker_db: Database) -> AsyncIterator[Workshop]:
    """Its workspace pays; a test says how much it has."""
    await paying.load_plans(db)
    yield Workshop(db, await paying.workspace(db), worker_db)
    assert await paying.faults(db) == []


async def fund(workshop: Workshop, credits: int, **numbers: Any) -> None:
    await paying.make_pay(workshop.db, workshop.workspace, credits, **numbers)


@pytest.mark.proves("R-ENG-6", "I-29")
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
    shops = [Workshop(workshop.db, space, workshop.worker) for space in spaces]
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


async def test_a_step_that_costs_more_than_its_price_settles_above_the_reserve(workshop: Workshop) -> None:
    await fund(workshop, 30)
    rule = await workshop.automation(
        step("spend", id="a", costs=[3, 4]), step("spend", ["a"], id="b", costs=[2], effect="unsafe"),
        step("say", ["b"], id="c"),
    )  # fmt: skip
    run_id = await workshop.start(rule)
    assert await paying.account(workshop.db, workshop.workspace) == (19, 11)
    async with workshop.engine():
        run = await workshop.ended(run_id)
    assert (run["status"], run["credits"]) == ("success", 20)
    assert await paying.spent(workshop.db, workshop.workspace) == {"spend": 19, "say": 1}
    assert await paying.account(workshop.db, workshop.workspace) == (10, 0)
    assert (await workshop.steps(run_id))["b"]["output"] == {"requests": 1, "remaining": 10}


@pytest.mark.parametrize(
    ("credits", "budget", "code", "spent"),
    [
        (100, 10, "budget_exhausted", 15),  # of 4 + 4 + 4 beyond its price of 5 the budget bears 10
        (11, 100, "credits_used_up", 11),
        (100, 12, None, 17),
        (100, 0, "budget_exhausted", 5),
    ],
)
async def test_what_a_step_costs_is_bounded_by_its_budget_and_by_what_there_is(
    workshop: Workshop, credits: int, budget: int, code: str | None, spent: int
) -> None:
    await fund(workshop, credits)
    rule = await workshop.automation(step("spend", costs=[4, 4, 4], budget=budget))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["error_code"], run["credits"]) == (code, spent)
    assert await paying.account(workshop.db, workshop.workspace) == (credits - spent, 0)
    async with workshop.db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM step_charges") == 0
        refused = await connection.fetchval("SELECT refused_at IS NOT NULL FROM credit_balances")
    assert refused == (code == "credits_used_up"), "who is told that the credits are used up"


async def test_a_step_that_asks_what_is_left_stops_in_time(workshop: Workshop) -> None:
    await fund(workshop, 100)
    rule = await workshop.automation(step("spend", costs=[4, 4, 4], budget=10, careful=True))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"], run["credits"]) == ("success", {"requests": 2, "remaining": 2}, 13)


async def test_the_budget_of_a_step_holds_where_nothing_is_paid(workshop: Workshop) -> None:
    await fund(workshop, 0, monthly_credits=None, runs_per_month=None)
    rule = await workshop.automation(step("spend", costs=[4, 4], budget=7))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["error_code"], run["credits"]) == ("budget_exhausted", None)
    assert await paying.spent(workshop.db, workshop.workspace) == {}


async def test_what_a_lost_worker_charged_counts_and_is_charged_once(workshop: Workshop) -> None:
    """The requests that it made are paid, and its step's budget is what they left of it."""
    await fund(workshop, 50)
    gates["charged"] = asyncio.Event()
    rule = await workshop.automation(step("spend", id="a", costs=[4, 3], budget=12, gate="charged"))
    async with workshop.engine("1", lane="gone") as first:
        first.lane = "warm"
        run_id = await workshop.start(rule)

        async def once() -> bool:
            return await paying.spent(workshop.db, workshop.workspace) == {"spend": 4}

        await until(once)
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            await called(run_id, "a", 2)
            gates["charged"].set()
            run = await workshop.ended(run_id)
    assert (run["status"], run["credits"]) == ("success", 5 + 4 + 4 + 3)
    assert await paying.account(workshop.db, workshop.workspace) == (34, 0)


async def test_a_charge_that_is_asked_for_again_is_made_once(workshop: Workshop) -> None:
    await fund(workshop, 50)
    run_id = await workshop.start(await workshop.automation(step("spend", costs=[])))
    async with workshop.db.connection() as connection:
        (run,) = await queue.claim(connection, owner="somebody", lane="warm", limit=1)
        made = Charge(new_id(), "a", "", "spend", 4, 10)
        first, again = [await reserving.charge(connection, run, made) for _ in range(2)]
        other = await reserving.charge(connection, run, replace(made, id=new_id(), credits=9))
        late = await reserving.charge(connection, replace(run, epoch=run.epoch - 1), replace(made, id=new_id()))
    assert first == again == Charged(4, 4, 6)
    assert (other, late.credits) == (Charged(6, 10, 0), 0)
    assert await paying.account(workshop.db, workshop.workspace) == (35, 5)
    assert run_id == run.id


async def test_a_run_is_settled_once_whoever_comes_again(workshop: Workshop) -> None:
    await fund(workshop, 10)
    rule = await workshop.automation(step("say", id="a", value=1), step("flaky", ["a"], id="b", times=9, fatal=True))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    async with workshop.db.connection() as connection:
        for _ in range(2):
            await connection.execute("SELECT settle_credits($1)", run["id"])
    await asyncio.gather(*(housekeeping.settle_left_over(workshop.db) for _ in range(4)))
    assert ((await workshop.run(run["id"]))["credits"], run["credits"]) == (2, 2)
    assert await paying.account(workshop.db, workshop.workspace) == (8, 0)


async def test_what_is_over_the_reservation_is_paid_from_the_balance_as_far_as_it_goes(workshop: Workshop) -> None:
    """Prices that rose while the run was under way: the reservation first, then the balance, never below zero."""
    await fund(workshop, 9)
    rule = await workshop.automation(
        step("flaky", id="a", times=0), step("hang", ["a"], id="b", gate="dear"), step("say", ["b"], id="c")
    )
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        async with workshop.db.connection() as connection:
            await connection.execute("UPDATE action_prices SET credits = 8 WHERE action_type IN ('flaky', 'say')")
        gates["dear"].set()
        run = await workshop.ended(run_id)
    assert (run["status"], run["credits"]) == ("success", 9)
    assert await paying.spent(workshop.db, workshop.workspace) == {"flaky": 8, "say": 1}
    assert await paying.account(workshop.db, workshop.workspace) == (0, 0)
