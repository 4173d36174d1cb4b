"""A run is interrupted at an awkward moment: while it is prepared, while it is written, by its own worker."""

import asyncio
from uuid import UUID

from core.db import Connection
from core.ids import new_id
from core.runs.accept import NewRun, accept
from flows.engine import Engine
from flows.execution import Execution
from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.flows.test_recovery import take_away
from tests.waiting import until


async def test_a_worker_that_claims_its_own_lost_run_again_executes_it_once(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("hang", gate="own"), step("say", ["a"], id="b", value="end", effect="idempotent")
    )
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        former = engine.executions[run_id]
        await take_away(workshop, run_id)
        await called(run_id, "a", 2)
        assert engine.executions[run_id] is not former
        assert former.stop.reason == "lost"
        gates["own"].set()
        run = await workshop.ended(run_id)
    assert (run["status"], run["output"]) == ("success", "end")
    assert calls[f"{run_id}/b"] == 1
    assert {record["epoch"] for record in (await workshop.steps(run_id)).values()} == {2}
    assert sum(line.startswith("Run ended") for line in await workshop.lines(run_id)) == 1


async def test_cancel_reaches_a_run_that_is_being_prepared(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"))
    async with workshop.engine() as engine, workshop.db.transaction() as elsewhere:
        await elsewhere.execute("LOCK TABLE automation_versions IN ACCESS EXCLUSIVE MODE")
        async with workshop.db.connection() as connection:
            new = NewRun(
                workshop.workspace, rule, 1, "manual", None, overlap="allow"
            )  # the lock holds up the policy, too
            run_id = (await accept(connection, new)).run_id
        await until(lambda: _executing(engine, run_id))
        async with workshop.db.connection() as connection:
            await connection.execute("SELECT pg_notify('vutler_cancel', $1)", str(run_id))
        run = await workshop.ended(run_id, seconds=5)
    assert (run["status"], run["error_code"]) == ("cancelled", "cancelled")


async def test_an_action_that_cancels_itself_fails_its_step(workshop: Workshop) -> None:
    rule = await workshop.automation(step("stray"))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule), seconds=5)
    assert (run["status"], run["error_code"], run["error_step"]) == ("failed", "internal_error", "a")


async def test_an_output_that_is_no_json_fails_its_step(workshop: Workshop) -> None:
    rule = await workshop.automation(step("stray", output=True, on_error="continue"), step("say", ["a"], id="b"))
    async with workshop.engine():
        run = await workshop.ended(await workshop.start(rule))
    assert run["status"] == "success", run["error"]
    assert (await workshop.steps(run["id"]))["a"]["error_code"] == "internal_error"


async def test_a_worker_that_stops_gives_back_what_it_never_began(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"))
    async with workshop.engine(lane="elsewhere") as engine:
        run_id = await workshop.start(rule)
        async with workshop.db.connection() as connection:  # a claim whose answer the stop cut off
            await connection.execute(
                "UPDATE run_queue SET state = 'running', owner = $2, epoch = 1, lease_until = now() + interval '1 hour'"
                " WHERE run_id = $1", run_id, engine.owner,
            )  # fmt: skip
    async with workshop.db.connection() as connection:
        assert await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", run_id) == "queued"


async def test_a_worker_that_stops_waits_for_what_it_is_writing(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", effect="idempotent"), step("hang", ["a"], id="b", effect="pure"))

    async def hold_up() -> None:
        async with workshop.db.transaction() as elsewhere:
            await _stop_records(elsewhere)
            held_up.set()
            await until(lambda: _halted(engine, run_id))

    held_up = asyncio.Event()
    async with workshop.engine() as engine:
        run_id = new_id()  # until it is known
        holding = asyncio.create_task(hold_up())
        await held_up.wait()
        run_id = await workshop.start(rule)
        await called(run_id, "b")
    await holding
    assert (await workshop.steps(run_id))["a"]["status"] == "success"


async def test_an_effect_is_recorded_while_a_pure_step_takes_its_time(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", effect="unsafe"), step("hang", ["a"], id="b", effect="pure", gate="b"))
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        await until(lambda: _recorded(workshop, run_id, "a"))
        gates["b"].set()
        assert (await workshop.ended(run_id))["status"] == "success"


async def test_an_effect_is_recorded_while_another_branch_goes_on(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("hang", gate="done"), step("hang", id="b", gate="branch"), step("say", ["a", "b"], id="c")
    )
    async with workshop.engine():
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        await called(run_id, "b")
        gates["done"].set()
        await until(lambda: _recorded(workshop, run_id, "a"))
        gates["branch"].set()
        assert (await workshop.ended(run_id))["status"] == "success"


async def test_an_effect_that_ends_during_a_write_is_written_next(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("hang", gate="w1"), step("hang", id="b", gate="w2"), step("hang", id="c", gate="w3")
    )
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        for name in ("a", "b", "c"):
            await called(run_id, name)
        async with workshop.db.transaction() as elsewhere:
            await _stop_records(elsewhere)
            gates["w1"].set()
            await until(lambda: _ended_here(engine, run_id, "a"))
            gates["w2"].set()
            await until(lambda: _ended_here(engine, run_id, "b"))
        await until(lambda: _recorded(workshop, run_id, "b"))
        gates["w3"].set()
        assert (await workshop.ended(run_id))["status"] == "success"


async def test_a_retried_step_waits_for_the_record_that_its_first_attempt_waited_for(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("say", effect="idempotent"),
        step("say", ["a"], id="b", effect="idempotent", timeout_s=0.2, retry={"max_attempts": 2, "delay_s": 0}),
    )
    async with workshop.engine() as engine:
        async with workshop.db.transaction() as elsewhere:
            await _stop_records(elsewhere)
            run_id = await workshop.start(rule)
            await until(lambda: _ended_here(engine, run_id, "b"))
            assert calls[f"{run_id}/b"] == 0
        assert (await workshop.ended(run_id))["error_code"] == "step_timeout"


async def test_an_unsafe_step_that_was_never_sent_is_not_in_doubt(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("say", effect="unsafe", timeout_s=0.2, retry={"max_attempts": 2, "delay_s": 0}),
    )
    async with workshop.engine() as engine:
        async with workshop.db.transaction() as elsewhere:
            await _stop_records(elsewhere)
            run_id = await workshop.start(rule)
            await until(lambda: _ended_here(engine, run_id, "a"))
        run = await workshop.ended(run_id)
    assert (run["error_code"], calls[f"{run_id}/a"]) == ("step_timeout", 0)
    assert (await workshop.steps(run_id))["a"]["attempt"] == 2


async def _executing(engine: Engine, run_id: UUID) -> bool:
    return run_id in engine.executions


async def _halted(engine: Engine, run_id: UUID) -> bool:
    return run_id in engine.executions and engine.executions[run_id].stop.reason == "shutdown"


async def _ended_here(engine: Engine, run_id: UUID, name: str) -> bool:
    return run_id in engine.executions and name in engine.executions[run_id].top.plan.ended


async def _recorded(workshop: Workshop, run_id: UUID, name: str) -> bool:
    found = (await workshop.steps(run_id)).get(name)
    return found is not None and found["status"] == "success"


async def _stop_records(connection: Connection) -> None:
    """Nobody writes a step until the transaction of `connection` ends."""
    await connection.execute("LOCK TABLE automation_action_logs IN EXCLUSIVE MODE")


async def test_a_lease_reported_lost_while_the_end_is_being_written_stops_nothing(workshop: Workshop) -> None:
    """Whoever renews sees that the run is not held a moment before its worker hears that the end is written."""
    rule = await workshop.automation(step("hang", gate="leaving"))
    gates["leaving"] = asyncio.Event()
    async with workshop.engine() as engine:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        execution = engine.executions[run_id]
        async with workshop.db.transaction() as elsewhere:
            await _stop_records(elsewhere)
            gates["leaving"].set()
            await until(lambda: _leaves(execution))
            execution.halt("lost")
        await workshop.ended(run_id)
        await until(lambda: _is_over(execution))
    assert execution.stop.reason is None


async def _leaves(execution: Execution) -> bool:
    return execution._leaving


async def _is_over(execution: Execution) -> bool:
    return execution.ended
