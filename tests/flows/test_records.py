"""What a run leaves in its history, and what it may do before that is written."""

import asyncio
import gc
import time
from uuid import UUID

import pytest

from blocks.values import JsonObject
from core.db import Database
from core.ids import new_id
from core.runs import queue
from core.runs.accept import NewRun, accept
from flows.engine import Engine
from flows.execution import LINE_LIMIT, Execution
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.flows.test_recovery import take_away
from tests.waiting import until


async def test_the_record_of_a_pure_step_waits_for_company(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"), step("hang", ["a"], id="b", effect="pure", gate="company"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        assert await workshop.steps(run_id) == {}
        gates["company"].set()
        await workshop.ended(run_id)
    async with workshop.db.connection() as connection:
        commits = await connection.fetch("SELECT step_id, xmin::text FROM automation_action_logs ORDER BY step_id")
    assert [row["step_id"] for row in commits] == ["a", "b"]
    assert commits[0]["xmin"] == commits[1]["xmin"]


async def test_a_step_off_the_path_is_recorded_as_skipped(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"), step("say", ["a:error"], id="b"), step("say", ["a"], id="c"))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert {name: record["status"] for name, record in (await workshop.steps(run["id"])).items()} == {
        "a": "success", "b": "skipped", "c": "success",
    }  # fmt: skip


async def test_an_error_path_takes_over(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("flaky", times=9, fatal=True), step("say", ["a"], id="b"), step("say", ["a:error"], id="c", value="saved")
    )
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", "saved")
    assert (await workshop.steps(run["id"]))["a"]["status"] == "failed"


async def test_any_joins_after_a_failure_too(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("say"), step("say", ["a:error"], id="b"),
        {**step("say", ["a", "b"], id="c", value="joined"), "join": "any"},
    )  # fmt: skip
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["status"], run["output"]) == ("success", "joined")


async def test_a_step_in_doubt_is_recorded_as_unknown(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", effect="unsafe"))
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            await workshop.wait_for(run_id, "waiting")
    record = (await workshop.steps(run_id))["a"]
    assert (record["status"], record["error_code"], record["input"]["effect"]) == ("unknown", "in_doubt", "unsafe")


async def test_an_input_that_does_not_fit_is_told_and_not_executed(workshop: Workshop) -> None:
    rule = await workshop.automation(step("flaky", times="many", retry={"max_attempts": 3, "delay_s": 0}))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert (run["error_code"], run["error_step"]) == ("invalid_input", "a")
    assert "times" in run["error"]


@pytest.mark.parametrize(("effect", "times", "code"), [("unsafe", 1, None), ("idempotent", 2, "step_timeout")])
async def test_a_time_out_is_repeated_where_that_is_harmless(
    workshop: Workshop, effect: str, times: int, code: str | None
) -> None:
    rule = await workshop.automation(
        step("hang", effect=effect, timeout_s=0.2, retry={"max_attempts": 2, "delay_s": 0})
    )
    async with workshop.engine():
        run = await workshop.wait_for(await workshop.start(rule), "waiting" if code is None else "failed")
    assert (run["error_code"], calls[f"{run['id']}/a"]) == (code, times)


async def test_large_values_of_a_step_are_whole_again_on_resume(workshop: Workshop) -> None:
    text = "x" * 70_000
    rule = await workshop.automation(
        step("say", value=text, effect="idempotent"), step("hang", ["a"], id="b", gate="whole")
    )
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        record = (await workshop.steps(run_id))["a"]
        assert record["output"]["size"] == len(text) + 2
        assert record["input"]["size"] > len(text)
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2") as second:
            await called(run_id, "b", 2)
            assert second.executions[run_id].top.context("b")["previous"] == {"output": text}
            gates["whole"].set()
            await workshop.ended(run_id)


async def test_a_resumed_run_knows_what_ended_last(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("say", value=1, effect="idempotent"), step("say", ["a"], id="b", value=2, effect="idempotent"),
        step("hang", ["a", "b"], id="c", gate="order"),
    )  # fmt: skip
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "c")
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2") as second:
            await called(run_id, "c", 2)
            assert second.executions[run_id].top.context("c")["previous"] == {"output": 2}
            gates["order"].set()
            await workshop.ended(run_id)


async def test_a_failure_that_was_recorded_before_the_worker_was_lost_ends_the_run(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"), step("say", ["a"], id="b"))
    run_id = await workshop.start(rule)
    async with workshop.db.connection() as connection:
        await connection.execute("UPDATE run_queue SET epoch = 1 WHERE run_id = $1", run_id)
        await connection.execute(
            "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id, step_id,"
            " error, error_code) VALUES ($1, $1, 0, 'say', 'failed', $2, 'a', 'Busy.', 'busy')",
            run_id, workshop.workspace,
        )  # fmt: skip
    async with workshop.engine():
        run = await workshop.ended(run_id)
    assert (run["status"], run["error"], run["error_code"], run["error_step"]) == ("failed", "Busy.", "busy", "a")
    assert calls[f"{run_id}/a"] == calls[f"{run_id}/b"] == 0


async def test_templates_see_what_arrived(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="arrived"))
    context: JsonObject = {"headers": {"x-kind": "1"}, "query": {"q": "2"}}
    async with workshop.engine() as engine:
        async with workshop.db.connection() as connection:
            run = NewRun(workshop.workspace, rule, 1, "webhook", {"n": 1}, context=context)
            run_id = (await accept(connection, run)).run_id
        await called(run_id, "a")
        execution = engine.executions[run_id]
        assert execution.context(execution.top, "a")["trigger"] == {"data": {"n": 1}, "type": "webhook"} | context
        gates["arrived"].set()
        await workshop.ended(run_id)


async def test_a_resumed_run_has_the_time_that_is_left(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"), max_duration_s=3600)
    run_id = await workshop.start(rule)
    async with workshop.db.connection() as connection:
        await connection.execute("UPDATE automation_logs SET worked_ms = 3600 * 1000")
    async with workshop.engine():
        assert (await workshop.ended(run_id))["error_code"] == "run_timeout"


async def test_what_a_lost_worker_worked_counts_up_to_its_lease(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", value=1))
    run_id = await workshop.start(rule)
    async with workshop.db.connection() as connection:
        await connection.execute(
            "UPDATE run_queue SET state = 'running', owner = 'gone/1/x', epoch = 1,"
            " changed_at = now() - interval '2 hours', lease_until = now() - interval '110 minutes'"
        )
        assert await queue.reap(connection) == 1
        worked = await connection.fetchval("SELECT worked_ms FROM automation_logs WHERE id = $1", run_id)
    assert worked == 10 * 60 * 1000


async def test_a_run_that_prefect_made_keeps_its_id_there(workshop: Workshop) -> None:
    rule, made_there = await workshop.automation(step("look")), new_id()
    run = NewRun(workshop.workspace, rule, 1, "manual", None, prefect_run_id=made_there)
    async with workshop.engine():
        async with workshop.db.connection() as connection:
            run_id = (await accept(connection, run)).run_id
        seen = (await workshop.ended(run_id))["output"]
    assert seen["flow_run"] == seen["flow_run_of_task"] == str(made_there)


async def test_a_thousand_lines_are_kept_and_the_rest_is_counted(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="lines"))
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        for number in range(LINE_LIMIT + 50):
            engine.executions[run_id].line(f"{number} " + "y" * 9000)
        gates["lines"].set()
        await workshop.ended(run_id)
    lines = await workshop.lines(run_id)
    assert len(lines) == LINE_LIMIT + 2
    assert lines[-2] == "53 more lines were not kept."
    assert max(map(len, lines)) == 8192


async def test_nothing_is_sent_when_the_lease_ran_out_during_the_commit(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", effect="unsafe"))
    async with workshop.engine() as engine:
        async with workshop.db.transaction() as elsewhere:
            await elsewhere.execute("LOCK TABLE automation_action_logs IN EXCLUSIVE MODE")
            run_id = await workshop.start(rule)
            await until(lambda: _writing(workshop.db))
            engine.lane = "gone"
            engine.executions[run_id].lease_until = time.monotonic()
        await until(lambda: _empty(engine))
    assert calls[f"{run_id}/a"] == 0


async def test_cancel_stops_every_branch(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"), step("hang", id="b"))
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        await called(run_id, "b")
        engine.executions[run_id].halt("cancel")
        assert (await workshop.ended(run_id))["status"] == "cancelled"
        assert not [task for task in asyncio.all_tasks() if "_run_step" in repr(task.get_coro())]


async def test_cancel_is_found_without_its_notice(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        async with workshop.db.connection() as connection:
            await connection.execute("UPDATE run_queue SET cancel_requested = true WHERE run_id = $1", run_id)
        assert (await workshop.ended(run_id, seconds=5))["status"] == "cancelled"


async def test_a_cancel_outlives_the_worker_that_was_asked(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"))
    run_id = await workshop.start(rule)
    async with workshop.db.connection() as connection:
        await connection.execute("UPDATE run_queue SET cancel_requested = true WHERE run_id = $1", run_id)
    async with workshop.engine():
        assert (await workshop.ended(run_id))["status"] == "cancelled"
    assert calls[f"{run_id}/a"] == 0


async def test_a_worker_executes_no_more_than_it_may(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="room"))
    async with workshop.engine(concurrency=2) as engine:
        runs = [await workshop.start(rule) for _ in range(3)]
        await called(runs[0], "a")
        await called(runs[1], "a")
        assert set(engine.executions) == set(runs[:2])
        gates["room"].set()
        assert {(await workshop.ended(run_id, seconds=5))["status"] for run_id in runs} == {"success"}


async def test_a_worker_that_stops_lets_a_run_end(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="drain", effect="pure"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        await until(lambda: _workers(workshop, 1))
        asyncio.get_running_loop().call_later(0.3, gates["drain"].set)
    assert (await workshop.run(run_id))["status"] == "success"
    assert await _workers(workshop, 0)


async def test_a_worker_that_stops_halts_what_it_gives_back(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"))
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        execution = engine.executions[run_id]
    assert execution.stop.reason == "shutdown"
    assert engine.executions == {}


async def test_a_worker_keeps_its_leases_and_lets_go_of_what_it_lost(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"))
    async with workshop.engine() as engine:
        kept, lost = await workshop.start(rule), await workshop.start(rule)
        await called(kept, "a")
        await called(lost, "a")
        before, gone = engine.executions[kept].lease_until, engine.executions[lost]
        async with workshop.db.connection() as connection:
            await connection.execute("UPDATE run_queue SET owner = 'elsewhere/1/x' WHERE run_id = $1", lost)
        await until(lambda: _renewed(engine, kept, before))
        assert gone.stop.reason == "lost"
        assert engine.executions[kept].stop.reason is None


async def test_runs_of_one_automation_do_not_share_their_attempts(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("flaky", times=1, retry={"max_attempts": 2, "delay_s": 0.3, "jitter": False, "backoff": "fixed"})
    )
    async with workshop.engine():
        runs = [await workshop.start(rule) for _ in range(3)]
        assert {(await workshop.ended(run_id))["status"] for run_id in runs} == {"success"}
    assert [calls[f"{run_id}/a"] for run_id in runs] == [2, 2, 2]


async def test_a_run_is_pinned_to_its_version(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", value="one"))
    async with workshop.engine():
        assert (await workshop.ended(await workshop.start(rule)))["output"] == "one"
        async with workshop.db.connection() as connection:
            await connection.execute(
                "INSERT INTO automation_versions (rule_id, number, definition) SELECT rule_id, 2,"
                " jsonb_set(definition, '{actions,0,config,value}', '\"two\"') FROM automation_versions"
            )
            second = await accept(connection, NewRun(workshop.workspace, rule, 2, "manual", None))
        assert (await workshop.ended(second.run_id))["output"] == "two"
        assert (await workshop.ended(await workshop.start(rule)))["output"] == "one"


async def test_an_ended_run_leaves_nothing_in_memory(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"))
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await workshop.ended(run_id)
        await until(lambda: _empty(engine))
        await until(lambda: _forgotten(run_id))


async def _writing(db: Database) -> bool:
    async with db.connection() as connection:  # in a transaction of its own: one transaction sees one moment of it
        return bool(
            await connection.fetchval(
                "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE datname = current_database() AND NOT granted"
            )
        )


async def _renewed(engine: Engine, run_id: UUID, before: float) -> bool:
    return engine.executions[run_id].lease_until > before


async def _workers(workshop: Workshop, number: int) -> bool:
    async with workshop.db.connection() as connection:
        return bool(await connection.fetchval("SELECT count(*) = $1 FROM workers", number))


async def _empty(engine: Engine) -> bool:
    return not engine.executions


async def _forgotten(run_id: UUID) -> bool:
    gc.collect()
    return not [found for found in gc.get_objects() if isinstance(found, Execution) and found.run.id == run_id]
