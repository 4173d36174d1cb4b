"""Loops: items in chunks and as scopes, failures, resuming in the middle, waits inside."""

import asyncio
from typing import Any
from uuid import UUID

from core.runs import queue
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.flows.test_recovery import take_away
from tests.waiting import until


def each(items: Any, *steps: dict[str, Any], id: str = "loop", needs: list[str] | None = None, **config: Any) -> Any:
    return step("each", needs, id=id, items=items, steps=list(steps), **config)


async def test_a_light_loop_records_every_item(workshop: Workshop) -> None:
    rule = await workshop.automation(
        each(list(range(250)), step("echo", [], id="in", value="{{ item }}")),
        step("say", ["loop"], id="after", value="{{ previous.output }}"),
    )
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", list(range(250)))
    items = await workshop.items(run["id"], "in")
    assert [items[str(index)]["output"] for index in range(250)] == list(range(250))
    assert {item["status"] for item in items.values()} == {"success"}
    steps = await workshop.steps(run["id"])
    assert (steps["loop"]["status"], steps["loop"]["output"]) == ("success", list(range(250)))
    assert calls[f"{run['id']}/in"] == 250


async def test_the_steps_of_an_item_follow_each_other(workshop: Workshop) -> None:
    rule = await workshop.automation(
        each(
            ["x", "y"], step("say", [], id="one", value="{{ item }}", effect="idempotent"),
            step("say", ["one"], id="two", value="{{ previous.output }}", effect="unsafe"), concurrency=2,
        )
    )  # fmt: skip
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", ["x", "y"])
    assert set(await workshop.items(run["id"], "two")) == {"0", "1"}


async def test_a_loop_inside_a_loop(workshop: Workshop) -> None:
    rule = await workshop.automation(
        each([[1, 2], [3]], each("{{ item }}", step("echo", [], id="in", value="{{ item }}"), id="inner"))
    )
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", [[1, 2], [3]])
    assert list(await workshop.items(run["id"], "in")) == ["0.0", "0.1", "1.0"]


async def test_no_more_items_at_a_time_than_allowed(workshop: Workshop) -> None:
    rule = await workshop.automation(
        each(["l0", "l1", "l2", "l3", "l4"], step("hang", [], id="in", gate="{{ item }}"), concurrency=2)
    )
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "in", 2)
        gates["l1"].set()
        await called(run_id, "in", 3)
        await asyncio.sleep(0.05)
        assert calls[f"{run_id}/in"] == 3
        for name in ("l0", "l2", "l3", "l4"):
            gates.setdefault(name, asyncio.Event()).set()
        run = await workshop.ended(run_id)
    assert (run["status"], len(run["output"])) == ("success", 5)


async def test_an_item_that_fails_stops_the_loop(workshop: Workshop) -> None:
    rule = await workshop.automation(each([1, 2, 3, 4], step("echo", [], id="in", value="{{ item }}", fails_on=2)))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"], run["error_step"]) == ("failed", "item_failed", "loop")
    assert run["error"] == "Item 1 failed: step in: It is broken."
    assert calls[f"{run['id']}/in"] == 2


async def test_a_loop_that_keeps_going_has_null_for_what_failed(workshop: Workshop) -> None:
    for kind in ({"id": "in"}, {"id": "in", "retry": {"max_attempts": 2, "delay_s": 0}}):  # the second is not light
        inner = step("echo", [], value="{{ item }}", fails_on=2, **kind)
        rule = await workshop.automation(each([1, 2, 3], inner, keep_going=True, concurrency=3))
        async with workshop.engine():
            run = await workshop.ended(await workshop.start(rule))
        assert (run["status"], run["output"]) == ("success", [1, None, 3])
        assert (await workshop.items(run["id"], "in"))["1"]["status"] == "failed"


async def test_a_loop_goes_on_in_the_middle(workshop: Workshop) -> None:
    rule = await workshop.automation(
        each(["m0", "m1", "m2"], step("hang", [], id="in", gate="{{ item }}"), concurrency=2),
    )
    gates["m0"] = asyncio.Event()
    gates["m0"].set()
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "in", 3)  # m0 has ended, m1 and m2 are under way
        await until(lambda: _recorded(workshop, run_id, "0"))
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            await called(run_id, "in", 5)
            for name in ("m1", "m2"):
                gates[name].set()
            run = await workshop.ended(run_id)
    assert (run["status"], run["output"]) == ("success", ["through"] * 3)
    assert calls[f"{run_id}/in"] == 5, "what had a record was not done again"
    assert calls[f"{run_id}/loop"] <= 2


async def _recorded(workshop: Workshop, run_id: UUID, iteration: str) -> bool:
    item = (await workshop.items(run_id, "in")).get(iteration)
    return item is not None and item["status"] == "success"


async def test_items_that_wait_hold_nothing_and_go_on_one_by_one(workshop: Workshop) -> None:
    rule = await workshop.automation(
        each(["a", "b"], step("ask", [], id="q", question="{{ item }}"), concurrency=2),
        step("say", ["loop"], id="after", value="{{ previous.output }}"),
    )
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        run = await workshop.wait_for(run_id, "waiting")
        assert (run["wait"]["steps"], engine.executions) == (["q"], {})
        assert (await workshop.steps(run_id))["loop"]["status"] == "waiting"
        assert await _wake(workshop, run_id, "q", "1", {"said": 2})
        await until(lambda: _has(workshop, run_id, "1"))
        await workshop.wait_for(run_id, "waiting")
    async with workshop.engine("2"):
        assert await _wake(workshop, run_id, "q", "0", {"said": 1})
        run = await workshop.ended(run_id)
    assert (run["status"], [one["answer"]["said"] for one in run["output"]]) == ("success", [1, 2])
    assert calls[f"{run_id}/q"] == 2


async def test_an_item_is_woken_while_another_works(workshop: Workshop) -> None:
    inner = [
        step("branch", [], id="which", cases=[{"name": "ask", "when": "{{ item }}"}], **{"else": "hang"}),
        step("ask", ["which:ask"], id="q", question="?"),
        step("hang", ["which:hang"], id="busy", gate="loop-busy"),
    ]
    rule = await workshop.automation(each([1, 0], *inner, concurrency=2))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "busy")
        await until(lambda: _waits(workshop, run_id))
        assert await _wake(workshop, run_id, "q", "0", {})
        await called(run_id, "q/wake")
        assert (await workshop.run(run_id))["status"] == "running"
        gates["loop-busy"].set()
        run = await workshop.ended(run_id)
    assert run["status"] == "success"


async def test_a_cancel_ends_the_loop_and_its_items(workshop: Workshop) -> None:
    rule = await workshop.automation(each([1, 2], step("hang", [], id="in"), concurrency=2))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "in", 2)
        async with workshop.db.transaction() as connection:
            await queue.cancel(connection, run_id)
        run = await workshop.ended(run_id)
    steps = await workshop.steps(run_id)
    assert run["status"] == "cancelled"
    assert steps["loop"]["status"] == "skipped"
    assert {item["status"] for item in (await workshop.items(run_id, "in")).values()} == {"failed"}


async def test_large_items_are_kept_beside_the_run(workshop: Workshop) -> None:
    rule = await workshop.automation(each([1, 2], step("large", [], id="in", size=70_000, effect="pure")))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success"
    assert [one["size"] for one in run["output"]] == [70_002, 70_002]


async def _waits(workshop: Workshop, run_id: UUID) -> bool:
    item = (await workshop.items(run_id, "q")).get("0")
    return item is not None and item["status"] == "waiting"


async def _has(workshop: Workshop, run_id: UUID, iteration: str) -> bool:
    return (await workshop.items(run_id, "q"))[iteration]["status"] == "success"


async def _wake(workshop: Workshop, run_id: UUID, name: str, iteration: str, answer: dict[str, Any]) -> bool:
    async with workshop.db.connection() as connection:
        return await queue.wake(connection, run_id, name, answer, iteration)
