"""The engine on Prefect: one worker in this process, real PostgreSQL, actions that count."""

import time

import pytest

from tests.flows.actions import calls, gates, keys
from tests.flows.conftest import Workshop, called


def step(kind: str, needs: list[str] | None = None, *, id: str = "a", **config: object) -> dict[str, object]:
    policy = {key: config.pop(key) for key in ("retry", "timeout_s", "on_error") if key in config}
    return {"id": id, "type": kind, "config": config, "needs": needs or [], **policy}


@pytest.mark.proves("US-1.4 (1)", "US-1.4 (3)", "US-1.4 (4)", "I-3", "I-20")
async def test_two_steps_are_recorded(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", value={"n": 1}), step("say", ["a"], id="b", value=[2]))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule, {"in": 1}))
    assert run["status"] == "success", run
    assert run["output"] == [2]
    steps = await workshop.steps(run["id"])
    assert [steps[name]["status"] for name in ("a", "b")] == ["success", "success"]
    assert steps["a"]["output"] == {"n": 1}
    assert steps["a"]["action_index"] == 0
    assert steps["b"]["duration_ms"] is not None
    lines = await workshop.lines(run["id"])
    assert lines[0].startswith("Run started")
    assert lines[-1].startswith("Run ended: success")
    async with workshop.db.connection() as connection:
        assert await connection.fetchval("SELECT run_count FROM automation_stats WHERE rule_id = $1", rule) == 1
        assert await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", run["id"]) == "done"


async def test_it_runs_on_prefect(workshop: Workshop) -> None:
    rule = await workshop.automation(step("look", retry={"max_attempts": 3}, timeout_s=7))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success", run
    seen = run["output"]
    assert seen["flow"] == "automation"
    assert seen["flow_run"] == seen["flow_run_of_task"] == str(run["id"])
    assert seen["parameters"] == {"automation_id": str(rule), "run_id": str(run["id"]), "version": 1}
    assert seen["task"] == "look"
    assert seen["task_run"] == str((await workshop.steps(run["id"]))["a"]["id"])
    assert (seen["run_count"], seen["retries"], seen["timeout_seconds"]) == (1, 2, 7)


@pytest.mark.proves("US-1.4 (5)", "R-ENG-4")
async def test_prefect_retries(workshop: Workshop) -> None:
    rule = await workshop.automation(step("flaky", times=2, retry={"max_attempts": 3, "delay_s": 0.05}))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", 3)
    record = (await workshop.steps(run["id"]))["a"]
    assert record["attempt"] == 3
    assert [attempt["code"] for attempt in record["attempts"]] == ["busy", "busy"]
    assert sum("Trying again" in line for line in await workshop.lines(run["id"])) == 2
    assert keys[f"{run['id']}/a"] == {f"{run['id']}/a/0"}, "one key over all attempts"


@pytest.mark.proves("R-ENG-4")
async def test_retry_after_is_honoured(workshop: Workshop) -> None:
    rule = await workshop.automation(step("flaky", times=1, after=0.6, retry={"max_attempts": 2, "delay_s": 0}))
    async with workshop.engine():
        began = time.monotonic()
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success"
    assert time.monotonic() - began >= 0.6


@pytest.mark.proves("US-1.4 (5)")
async def test_attempts_run_out(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("flaky", times=9, retry={"max_attempts": 2, "delay_s": 0}), step("say", ["a"], id="b")
    )
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"], run["error_step"]) == ("failed", "busy", "a")
    assert "Busy, call 2." in run["error"]
    assert "b" not in await workshop.steps(run["id"])


async def test_an_input_error_is_not_retried(workshop: Workshop) -> None:
    rule = await workshop.automation(step("flaky", times=9, fatal=True, retry={"max_attempts": 3, "delay_s": 0}))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"]) == ("failed", "broken")
    assert calls[f"{run['id']}/a"] == 1


async def test_an_unsafe_step_without_an_answer_is_in_doubt(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("flaky", times=9, effect="unsafe", answered=False, retry={"max_attempts": 3, "delay_s": 0})
    )
    async with workshop.engine():
        run = await workshop.wait_for(await workshop.start(rule), "waiting")
    assert run["wait"]["code"] == "doubt"
    assert (await workshop.steps(run["id"]))["a"]["status"] == "unknown"
    assert calls[f"{run['id']}/a"] == 1


async def test_an_unsafe_step_that_was_refused_is_retried(workshop: Workshop) -> None:
    rule = await workshop.automation(step("flaky", times=1, effect="unsafe", retry={"max_attempts": 2, "delay_s": 0}))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success"


@pytest.mark.proves("US-1.4 (6)", "US-3.1 (5)", "I-3", "RISK-2")
async def test_a_step_times_out(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", timeout_s=0.3))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"]) == ("failed", "step_timeout")


@pytest.mark.proves("R-ENG-5")
async def test_a_run_times_out(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"), max_duration_s=1)
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"]) == ("failed", "run_timeout"), run["error"]


async def test_continue_on_error(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("flaky", times=9, fatal=True, on_error="continue"), step("say", ["a"], id="b", value="on")
    )
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", "on")


async def test_parallel_steps_run_in_parallel(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("say"), step("hang", ["a"], id="b", gate="p"), step("hang", ["a"], id="c", gate="p"),
        step("say", ["b", "c"], id="d", value="both"),
    )  # fmt: skip
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        await called(run_id, "c")
        gates["p"].set()
        run = await workshop.ended(run_id)
    assert (run["status"], run["output"]) == ("success", "both")


async def test_cancel_within_a_second(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await workshop.wait_for(run_id, "running")
        began = time.monotonic()
        async with workshop.db.connection() as connection:
            await connection.execute("UPDATE run_queue SET cancel_requested = true WHERE run_id = $1", run_id)
            await connection.execute("SELECT pg_notify('vutler_cancel', $1)", str(run_id))
        run = await workshop.ended(run_id)
    assert time.monotonic() - began < 4  # a second, on a busy machine; the step hangs for ever
    assert run["status"] == "cancelled"


async def test_an_action_that_is_gone(workshop: Workshop) -> None:
    rule = await workshop.automation(step("vanished"))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["error_code"]) == ("failed", "unknown_action")


async def test_large_outputs_stand_beside_the_row(workshop: Workshop) -> None:
    rule = await workshop.automation(step("large", size=100_000))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success"
    assert run["output"]["size"] == 100_002
    async with workshop.db.connection() as connection:
        content = await connection.fetchval("SELECT content FROM blobs WHERE id::text = $1", run["output"]["$blob"])
    assert len(content) == 100_002
