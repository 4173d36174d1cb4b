"""Questions to people: a step that needs an approval, and one of which nobody knows whether it had its effect."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from core.runs import queue
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.flows.test_recovery import take_away
from tests.waiting import until


def gated(**more: Any) -> dict[str, Any]:
    return {**step("say", value="sent", effect="unsafe", **more), "approval_required": True}


async def _answer(workshop: Workshop, run_id: UUID, decision: str, **more: Any) -> None:
    async with workshop.db.connection() as connection:
        assert await queue.wake(connection, run_id, "a", {"decision": decision, "by_name": "Ada", **more})


@pytest.mark.proves("I-17", "PHASE-4")
async def test_a_gated_step_acts_only_when_approved(workshop: Workshop) -> None:
    rule = await workshop.automation(gated())
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        run = await workshop.wait_for(run_id, "waiting")
        record = (await workshop.steps(run_id))["a"]
        assert (run["wait"]["code"], record["status"], record["wait"]["ask"]["kind"]) == ("approval", "waiting", "gate")
        assert record["input"]["value"] == "sent"
        assert (calls[f"{run_id}/a"], engine.executions) == (0, {})
    async with workshop.engine("2"):
        await _answer(workshop, run_id, "approve")
        run = await workshop.ended(run_id)
    assert (run["status"], run["output"], calls[f"{run_id}/a"]) == ("success", "sent", 1)


async def test_whoever_approves_may_edit_the_input(workshop: Workshop) -> None:
    rule = await workshop.automation(gated())
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await workshop.wait_for(run_id, "waiting")
        await _answer(workshop, run_id, "approve", input={"value": "{{ item }}", "effect": "unsafe"})
        run = await workshop.ended(run_id)
    assert run["output"] == "{{ item }}", "what a person writes is data, not a template"
    assert (await workshop.steps(run_id))["a"]["input"]["value"] == "{{ item }}"


async def test_a_rejected_step_fails_and_its_error_path_goes_on(workshop: Workshop) -> None:
    rule = await workshop.automation(gated(), step("say", ["a:error"], id="b", value="sorry"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await workshop.wait_for(run_id, "waiting")
        await _answer(workshop, run_id, "reject", comment="too dear")
        run = await workshop.ended(run_id)
    record = (await workshop.steps(run_id))["a"]
    assert (run["output"], calls[f"{run_id}/a"]) == ("sorry", 0)
    assert (record["error_code"], record["error"]) == ("rejected", "Rejected by Ada: too dear.")


async def test_an_approval_outlives_the_worker_that_acts_on_it(workshop: Workshop) -> None:
    rule = await workshop.automation({
        **step("hang", gate="approved", effect="idempotent"), "approval_required": True,
    })  # fmt: skip
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await workshop.wait_for(run_id, "waiting")
        await _answer(workshop, run_id, "approve")
        await called(run_id, "a")
        await _shown(workshop, run_id)
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            await called(run_id, "a", 2)
            gates["approved"].set()
            run = await workshop.ended(run_id)
    assert run["status"] == "success"


async def _shown(workshop: Workshop, run_id: UUID) -> None:
    async def at_work() -> bool:
        return bool((await workshop.steps(run_id))["a"]["status"] == "running")

    await until(at_work)


async def _in_doubt(workshop: Workshop, **policy: Any) -> UUID:
    """A run whose unsafe step was under way when its worker was lost."""
    rule = await workshop.automation(
        {**step("hang", gate="doubt", effect="unsafe"), **policy},
        step("say", ["a"], id="b", value="{{ previous.output }}"),
    )
    gates["doubt"] = asyncio.Event()
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        first.lane = "gone"
        await take_away(workshop, run_id)
    return run_id


async def test_a_step_in_doubt_was_done(workshop: Workshop) -> None:
    run_id = await _in_doubt(workshop)
    async with workshop.engine("2"):
        await workshop.wait_for(run_id, "waiting")
        assert (await workshop.steps(run_id))["a"]["status"] == "unknown"
        await _answer(workshop, run_id, "done", output={"id": 7})
        run = await workshop.ended(run_id)
    assert (run["status"], run["output"], calls[f"{run_id}/a"]) == ("success", {"id": 7}, 1)


async def test_a_step_in_doubt_is_done_again_and_asked_about_again(workshop: Workshop) -> None:
    run_id = await _in_doubt(workshop)
    async with workshop.engine("2") as second:
        await workshop.wait_for(run_id, "waiting")
        await _answer(workshop, run_id, "repeat")
        await called(run_id, "a", 2)
        second.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("3"):
            await workshop.wait_for(run_id, "waiting")
            assert calls[f"{run_id}/a"] == 2, "the answer was for the former doubt"
            gates["doubt"].set()
            await _answer(workshop, run_id, "repeat")
            run = await workshop.ended(run_id)
    assert (run["status"], calls[f"{run_id}/a"]) == ("success", 3)


async def test_a_step_in_doubt_cancels_the_run(workshop: Workshop) -> None:
    run_id = await _in_doubt(workshop)
    async with workshop.engine("2"):
        await workshop.wait_for(run_id, "waiting")
        await _answer(workshop, run_id, "cancel")
        run = await workshop.ended(run_id)
    a = (await workshop.steps(run_id))["a"]
    assert (run["status"], calls[f"{run_id}/a"]) == ("cancelled", 1)
    assert (a["status"], a["error_code"], a["effect"]) == ("unknown", "in_doubt", "unsafe"), "nobody knows"
    assert (a["completed_at"] is not None, a["wait"]) == (True, None)


async def test_other_steps_in_doubt_stay_so_when_the_run_is_cancelled(workshop: Workshop) -> None:
    gates["doubt"] = asyncio.Event()
    unsafe = {**step("hang", gate="doubt", effect="unsafe"), "needs": []}
    rule = await workshop.automation(unsafe, {**unsafe, "id": "b"}, step("ask", [], id="c", question="?"))
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        await called(run_id, "b")
        first.lane = "gone"
        await take_away(workshop, run_id)
    async with workshop.engine("2"):
        await workshop.wait_for(run_id, "waiting")
        await _answer(workshop, run_id, "cancel")
        await workshop.ended(run_id)
    steps = await workshop.steps(run_id)
    assert [(steps[name]["status"], steps[name]["effect"]) for name in "abc"] == [
        ("unknown", "unsafe"), ("unknown", "unsafe"), ("skipped", "pure"),
    ]  # fmt: skip
    async with workshop.db.connection() as connection:
        asked = await connection.fetch("SELECT step_id, state FROM approvals WHERE run_id = $1 ORDER BY 1", run_id)
    assert ("b", "withdrawn") in [tuple(question) for question in asked]
    assert not [question for question in asked if question["state"] == "pending" and question["step_id"] != "a"]


async def test_what_was_under_way_when_a_lost_run_is_cancelled_is_in_doubt(workshop: Workshop) -> None:
    gates["doubt"] = asyncio.Event()
    begun = {**step("hang", gate="doubt", effect="unsafe"), "needs": []}
    rule = await workshop.automation(begun, {**step("hang", gate="doubt", effect="idempotent"), "id": "b", "needs": []})
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        await called(run_id, "b")
        await until(lambda: _stands(workshop, run_id, "b"), seconds=10)
        first.lane = "gone"
        async with workshop.db.connection() as connection:
            await connection.execute("UPDATE run_queue SET cancel_requested = true WHERE run_id = $1", run_id)
        await take_away(workshop, run_id)
    async with workshop.engine("2"):
        assert (await workshop.ended(run_id))["status"] == "cancelled"
    steps = await workshop.steps(run_id)
    assert [(steps[name]["status"], steps[name]["error_code"]) for name in "ab"] == [
        ("unknown", "in_doubt"), ("failed", "cancelled"),
    ]  # fmt: skip


async def _stands(workshop: Workshop, run_id: UUID, name: str) -> bool:
    return name in await workshop.steps(run_id)


async def test_in_doubt_skip_lets_it_be_and_goes_on(workshop: Workshop) -> None:
    run_id = await _in_doubt(workshop, in_doubt="skip")
    async with workshop.engine("2"):
        run = await workshop.ended(run_id)
    steps = await workshop.steps(run_id)
    assert (run["status"], calls[f"{run_id}/a"]) == ("success", 1)
    assert (steps["a"]["status"], steps["a"]["error_code"], steps["b"]["status"]) == ("skipped", "in_doubt", "success")


async def test_in_doubt_repeat_does_it_again(workshop: Workshop) -> None:
    run_id = await _in_doubt(workshop, in_doubt="repeat")
    async with workshop.engine("2"):
        await called(run_id, "a", 2)
        gates["doubt"].set()
        run = await workshop.ended(run_id)
    assert run["status"] == "success"


@pytest.mark.parametrize("policy", ["repeat", "skip"])
async def test_no_answer_follows_the_same_policy(workshop: Workshop, policy: str) -> None:
    rule = await workshop.automation({
        **step("flaky", times=1, effect="unsafe", answered=False, retry={"max_attempts": 2, "delay_s": 0}),
        "in_doubt": policy,
    })  # fmt: skip
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success"
    assert calls[f"{run['id']}/a"] == (2 if policy == "repeat" else 1)
