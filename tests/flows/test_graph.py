"""The shapes of a run: branches, answers, failures on purpose, and waits that hold nothing."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.runs import queue
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.waiting import until


def branch(when: Any, needs: list[str] | None = None, otherwise: str | None = "no") -> dict[str, Any]:
    return step("branch", needs, id="good", cases=[{"name": "yes", "when": when}], **{"else": otherwise})


async def _wake(workshop: Workshop, run_id: UUID, name: str, answer: dict[str, Any]) -> bool:
    async with workshop.db.connection() as connection:
        return await queue.wake(connection, run_id, name, answer)


@pytest.mark.proves("R-WF-4")
async def test_a_branch_takes_one_path_and_the_paths_join(workshop: Workshop) -> None:
    for when, taken, left in ((True, "page", "other"), ("false", "other", "page")):
        rule = await workshop.automation(
            branch(when), step("say", ["good:yes"], id="page", value="page"),
            step("say", ["good:no"], id="other", value="other"),
            {**step("say", ["page", "other"], id="tell", value="told"), "join": "any"},
        )  # fmt: skip
        async with workshop.engine():
            run = await workshop.ended(await workshop.start(rule))
        steps = await workshop.steps(run["id"])
        assert (run["status"], run["output"]) == ("success", "told")
        assert (steps[taken]["status"], steps[left]["status"]) == ("success", "skipped")
        assert steps["good"]["output"] == {"case": "yes" if taken == "page" else "no"}


async def test_a_branch_without_a_match_takes_no_path(workshop: Workshop) -> None:
    rule = await workshop.automation(branch(False, otherwise=None), step("say", ["good:yes"], id="page"))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success"
    assert (await workshop.steps(run["id"]))["page"]["status"] == "skipped"


async def test_the_answer_of_a_respond_step_is_the_runs_output(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("respond", status=201, body={"made": 1}), step("say", ["a"], id="b", value="after")
    )
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", {"made": 1})
    assert (await workshop.steps(run["id"]))["a"]["output"] == {"status": 201, "headers": {}, "body": {"made": 1}}


async def test_failing_on_purpose(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("fail", message="No address."), step("say", ["a:error"], id="b", value="told")
    )
    plain = await workshop.automation(step("fail", message="No address."))
    async with workshop.engine():
        caught = await workshop.ended(await workshop.start(rule))
        run = await workshop.ended(await workshop.start(plain))
    assert (caught["status"], caught["output"]) == ("success", "told")
    assert (run["status"], run["error_code"], run["error"]) == ("failed", "failed_on_purpose", "No address.")


async def test_a_short_delay_passes_in_place(workshop: Workshop) -> None:
    rule = await workshop.automation(step("delay", for_s=0.3), step("say", ["a"], id="b", value=1))
    async with workshop.engine():
        began = time.monotonic()
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success"
    assert time.monotonic() - began >= 0.3


async def test_a_long_delay_holds_nothing_and_goes_on_by_itself(workshop: Workshop) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=4)
    rule = await workshop.automation(
        step("say", value=1),
        step("delay", ["a"], id="b", until=moment.isoformat()),
        step("say", ["b"], id="c", value="on"),
    )
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        run = await workshop.wait_for(run_id, "waiting")
        assert run["wait"]["steps"] == ["b"]
        assert datetime.fromisoformat(run["wait"]["until"]) == moment
        assert engine.executions == {}
        async with workshop.db.connection() as connection:
            row = await connection.fetchrow("SELECT state, owner, lease_until FROM run_queue WHERE run_id = $1", run_id)
        assert tuple(row) == ("waiting", None, None)
    async with workshop.engine("2"):  # another worker, after everything was stopped
        run = await workshop.ended(run_id)
    assert (run["status"], run["output"]) == ("success", "on")
    assert run["completed_at"] >= moment
    assert calls[f"{run_id}/a"] == 1
    assert run["worked_ms"] < 3000


async def test_an_answer_wakes_a_waiting_run(workshop: Workshop) -> None:
    rule = await workshop.automation(step("ask", question="May I?"), step("say", ["a"], id="b", value="thanks"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await workshop.wait_for(run_id, "waiting")
        began = time.monotonic()
        assert await _wake(workshop, run_id, "a", {"yes": True})
        assert not await _wake(workshop, run_id, "a", {"yes": False}), "the first answer counts"
        run = await workshop.ended(run_id)
    assert time.monotonic() - began < 5
    assert run["status"] == "success"
    steps = await workshop.steps(run_id)
    assert steps["a"]["output"] == {"question": "May I?", "asked": "May I?", "answer": {"yes": True}}
    assert (calls[f"{run_id}/a"], calls[f"{run_id}/a/wake"]) == (1, 1)


async def test_an_answer_that_comes_while_another_path_works(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("ask", question="?"), step("say", ["a"], id="after", value=1), step("hang", [], id="busy", gate="busy")
    )
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "busy")
        await until(lambda: _wake(workshop, run_id, "a", {"n": 1}))
        await called(run_id, "after")
        assert (await workshop.run(run_id))["status"] == "running"
        gates["busy"].set()
        run = await workshop.ended(run_id)
    assert run["status"] == "success"


async def test_a_failure_elsewhere_ends_the_wait(workshop: Workshop) -> None:
    rule = await workshop.automation(step("ask", question="?"), step("fail", [], id="b", message="Broken."))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "failed"
    assert (await workshop.steps(run["id"]))["a"]["status"] == "skipped"


async def test_waiting_does_not_count_against_the_runs_time(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("ask", question="?"), step("delay", ["a"], id="b", for_s=0.2), max_duration_s=1
    )
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await workshop.wait_for(run_id, "waiting")
        await asyncio.sleep(1.2)
        await _wake(workshop, run_id, "a", {})
        run = await workshop.ended(run_id)
    assert run["status"] == "success", run["error"]


async def test_a_step_that_takes_long_stands_in_the_history_meanwhile(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", value=1), step("hang", ["a"], id="b", gate="long"))
    async with workshop.engine():
        run_id = await workshop.start(rule)

        async def at_work() -> bool:
            steps = await workshop.steps(run_id)
            return "b" in steps and steps["b"]["status"] == "running" and steps["a"]["status"] == "success"

        await until(at_work, seconds=5)
        gates["long"].set()
        run = await workshop.ended(run_id)
    assert run["status"] == "success"
    assert (await workshop.steps(run_id))["b"]["status"] == "success"


async def test_the_step_that_a_stop_hit_says_so(workshop: Workshop) -> None:
    for effect, status, code in (("idempotent", "failed", "run_timeout"), ("unsafe", "unknown", "in_doubt")):
        rule = await workshop.automation(step("hang", effect=effect), max_duration_s=1)
        async with workshop.engine():
            run = await workshop.ended(await workshop.start(rule))
        record = (await workshop.steps(run["id"]))["a"]
        assert (run["error_code"], record["status"], record["error_code"]) == ("run_timeout", status, code)
