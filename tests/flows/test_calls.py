"""An automation as a step: a run of its own, linked both ways, whose end is the step's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from core.errands import Errands
from core.runs import calling, queue
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.flows.test_loops import each
from tests.flows.test_recovery import take_away
from tests.waiting import until


@contextlib.asynccontextmanager
async def answering(workshop: Workshop) -> AsyncIterator[None]:
    """The service that tells callers of the ends."""
    stop = asyncio.Event()
    task = asyncio.create_task(Errands(workshop.db, calling.TOPIC, calling.wake_caller).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def child_of(workshop: Workshop, run_id: UUID) -> dict[str, Any] | None:
    async with workshop.db.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM automation_logs WHERE parent_id = $1", run_id)
    return None if row is None else dict(row)


async def test_a_called_automation_gives_its_output(workshop: Workshop) -> None:
    inner = await workshop.automation(step("say", value={"answer": 42}))
    outer = await workshop.automation(
        step("ring", automation=str(inner), payload={"q": 1}), step("say", ["a"], id="b", value="{{ previous.output }}")
    )
    async with workshop.engine(), answering(workshop):
        run = await workshop.ended(await workshop.start(outer))
    child = await child_of(workshop, run["id"])
    assert (run["status"], run["output"]) == ("success", {"answer": 42})
    assert child is not None
    assert (child["rule_id"], child["root_id"], child["depth"]) == (inner, run["id"], 2)
    assert (child["trigger_type"], child["trigger_data"]) == ("automation", {"q": 1})
    record = (await workshop.steps(run["id"]))["a"]
    assert (record["status"], record["output"]) == ("success", {"answer": 42})


async def test_the_caller_holds_no_worker_and_names_what_it_waits_for(workshop: Workshop) -> None:
    inner = await workshop.automation(step("hang", gate="call"))
    outer = await workshop.automation(step("ring", automation=str(inner)))
    async with workshop.engine(concurrency=1), answering(workshop):
        run_id = await workshop.start(outer)
        run = await workshop.wait_for(run_id, "waiting")
        child = await child_of(workshop, run_id)
        assert child is not None
        assert (run["wait"]["code"], run["wait"]["link"]) == ("run", f"/automations/logs/{child['id']}")
        await called(child["id"], "a")
        gates["call"].set()
        assert (await workshop.ended(run_id))["status"] == "success"


async def test_the_failure_of_a_called_run_is_the_steps(workshop: Workshop) -> None:
    inner = await workshop.automation(step("flaky", times=1, fatal=True))
    outer = await workshop.automation(step("ring", automation=str(inner)))
    async with workshop.engine(), answering(workshop):
        run = await workshop.ended(await workshop.start(outer))
    assert (run["status"], run["error_code"]) == ("failed", "called_run_failed")
    assert "It is broken." in run["error"]


async def test_a_cancelled_call_fails_the_step(workshop: Workshop) -> None:
    inner = await workshop.automation(step("hang"))
    outer = await workshop.automation(step("ring", automation=str(inner)))
    async with workshop.engine(), answering(workshop):
        run_id = await workshop.start(outer)
        await until(lambda: child_of(workshop, run_id))
        child = await child_of(workshop, run_id)
        assert child is not None
        async with workshop.db.transaction() as connection:
            await queue.cancel(connection, child["id"])
        run = await workshop.ended(run_id)
    assert (run["status"], run["error_code"]) == ("failed", "called_run_failed")


async def test_a_call_that_does_not_wait(workshop: Workshop) -> None:
    inner = await workshop.automation(step("say", value=1))
    outer = await workshop.automation(step("ring", automation=str(inner), wait=False))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(outer))
        child = await child_of(workshop, run["id"])
        assert child is not None
        assert run["output"] == {"run_id": str(child["id"]), "automation": "Test"}
        assert (await workshop.ended(child["id"]))["status"] == "success"


async def test_who_can_not_be_called(workshop: Workshop) -> None:
    draft, off = await workshop.automation(step("say")), await workshop.automation(step("say"))
    async with workshop.db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET live_version = NULL, name = 'Draft' WHERE id = $1", draft)
        await connection.execute("UPDATE automation_rules SET enabled = false WHERE id = $1", off)
    elsewhere = Workshop(workshop.db, draft, workshop.worker)
    foreign = await elsewhere.automation(step("say"))
    for target, code in (
        (str(draft), "automation_not_published"), (str(off), "automation_off"), (str(foreign), "automation_not_found"),
        ("No such", "automation_not_found"), ("Test", "automation_ambiguous"),
    ):  # fmt: skip
        rule = await workshop.automation(step("ring", automation=target))
        async with workshop.engine():
            run = await workshop.ended(await workshop.start(rule))
        assert run["error_code"] == code, target


async def test_three_deep_and_no_deeper(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", value="the deepest"))
    for _ in range(3):
        rule = await workshop.automation(step("ring", automation=str(rule)))
    async with workshop.engine(), answering(workshop):
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"]) == ("failed", "called_run_failed")
    async with workshop.db.connection() as connection:
        depths = await connection.fetch("SELECT depth FROM automation_logs WHERE root_id = $1 ORDER BY 1", run["id"])
        codes = await connection.fetch("SELECT error_code FROM automation_logs WHERE root_id = $1", run["id"])
    assert [row["depth"] for row in depths] == [1, 2, 3]
    assert "too_deep" in {row["error_code"] for row in codes}


async def test_a_lost_caller_starts_no_second_run(workshop: Workshop) -> None:
    inner = await workshop.automation(step("hang", gate="once"))
    outer = await workshop.automation(step("ring", automation=str(inner)), step("hang", [], id="b", gate="other"))
    async with workshop.engine("1") as first, answering(workshop):
        run_id = await workshop.start(outer)
        await until(lambda: child_of(workshop, run_id))
        await called(run_id, "b")
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            await called(run_id, "b", 2)
            for name in ("once", "other"):
                gates[name].set() if name in gates else gates.setdefault(name, asyncio.Event()).set()
            run = await workshop.ended(run_id)
    async with workshop.db.connection() as connection:
        count = await connection.fetchval("SELECT count(*) FROM automation_logs WHERE parent_id = $1", run_id)
    assert (run["status"], count, calls[f"{run_id}/a"]) == ("success", 1, 1)


async def test_a_loop_calls_once_for_each_item(workshop: Workshop) -> None:
    inner = await workshop.automation(step("say", value="done"))
    outer = await workshop.automation(
        each([1, 2, 3], step("ring", [], id="in", automation=str(inner), payload="{{ item }}"), concurrency=3)
    )
    async with workshop.engine(), answering(workshop):
        run = await workshop.ended(await workshop.start(outer))
    async with workshop.db.connection() as connection:
        rows = await connection.fetch("SELECT trigger_data FROM automation_logs WHERE parent_id = $1", run["id"])
    assert (run["status"], run["output"]) == ("success", ["done"] * 3)
    assert sorted(row["trigger_data"] for row in rows) == [1, 2, 3]
