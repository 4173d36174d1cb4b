"""A worker is lost: another one goes on from the last recorded step, and the lost one writes nothing."""

from uuid import UUID

import pytest

from tests.flows.actions import calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step


async def take_away(workshop: Workshop, run_id: UUID) -> None:
    """What the reaper does when the lease has run out."""
    async with workshop.db.connection() as connection:
        await connection.execute(
            "UPDATE run_queue SET state = 'queued', owner = NULL, lease_until = NULL WHERE run_id = $1", run_id
        )


async def test_a_resumed_run_repeats_no_recorded_step(workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("say", value="first", effect="idempotent"), step("hang", ["a"], id="b", gate="resume"),
        step("say", ["b"], id="c", value="last"),
    )  # fmt: skip
    async with workshop.engine("1", lane="gone") as first:
        first.lane = "warm"
        run_id = await workshop.start(rule)
        await called(run_id, "b")
        first.lane = "gone"  # it claims nothing more
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            await called(run_id, "b", 2)
            gates["resume"].set()  # both workers' steps end now; one of them is a leftover
            run = await workshop.ended(run_id)
    assert (run["status"], run["output"]) == ("success", "last")
    assert calls[f"{run_id}/a"] == 1
    steps = await workshop.steps(run_id)
    assert steps["a"]["epoch"] == 1
    assert steps["b"]["epoch"] == 2
    lines = await workshop.lines(run_id)
    assert sum(line.startswith("Run ended") for line in lines) == 1
    assert any("goes on after an interruption" in line for line in lines)
    async with workshop.db.connection() as connection:
        seqs = await connection.fetch(
            "SELECT seq FROM automation_action_logs WHERE log_id = $1"
            " UNION ALL SELECT seq FROM run_lines WHERE run_id = $1", run_id,
        )  # fmt: skip
    assert len({row["seq"] for row in seqs}) == len(seqs)


async def test_an_unsafe_step_that_was_under_way_is_not_repeated(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="never", effect="unsafe"))
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            run = await workshop.wait_for(run_id, "waiting")
    assert (run["wait"]["code"], run["wait"]["steps"]) == ("doubt", ["a"])
    assert calls[f"{run_id}/a"] == 1


async def test_an_idempotent_step_that_was_under_way_is_repeated(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="again", effect="idempotent"))
    async with workshop.engine("1") as first:
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        first.lane = "gone"
        await take_away(workshop, run_id)
        async with workshop.engine("2"):
            await called(run_id, "a", 2)
            gates["again"].set()
            run = await workshop.ended(run_id)
    assert run["status"] == "success"


async def test_a_restarted_worker_frees_its_own_dead_incarnation(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="restart"))
    run_id = await workshop.start(rule)
    async with workshop.db.connection() as connection:
        await connection.execute(
            "UPDATE run_queue SET state = 'running', owner = 'testhost/1/dead', epoch = 1,"
            " lease_until = now() + interval '1 hour' WHERE run_id = $1", run_id,
        )  # fmt: skip
    async with workshop.engine("1"):
        await called(run_id, "a")
        gates["restart"].set()
        assert (await workshop.ended(run_id))["status"] == "success"


async def test_a_live_workers_runs_are_not_freed_by_a_namesake(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="namesake"))
    async with workshop.engine("1"):
        run_id = await workshop.start(rule)
        await called(run_id, "a")
        async with workshop.engine("1"):
            gates["namesake"].set()
            assert (await workshop.ended(run_id))["status"] == "success"
    assert calls[f"{run_id}/a"] == 1


async def test_the_reaper_finds_an_expired_lease(workshop: Workshop) -> None:
    rule = await workshop.automation(step("say", value=1))
    run_id = await workshop.start(rule)
    async with workshop.db.connection() as connection:
        await connection.execute(
            "UPDATE run_queue SET state = 'running', owner = 'elsewhere/1/x', epoch = 1,"
            " lease_until = now() - interval '1 second' WHERE run_id = $1", run_id,
        )  # fmt: skip
    async with workshop.engine("1"):
        assert (await workshop.ended(run_id))["status"] == "success"


async def test_a_worker_that_stops_gives_its_runs_back(workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="handover"))
    async with workshop.engine("1"):
        run_id = await workshop.start(rule)
        await called(run_id, "a")
    run = await workshop.run(run_id)
    assert run["status"] == "running"
    async with workshop.db.connection() as connection:
        assert await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", run_id) == "queued"
    async with workshop.engine("2"):
        await called(run_id, "a", 2)
        gates["handover"].set()
        assert (await workshop.ended(run_id))["status"] == "success"


@pytest.mark.parametrize("runs", [60])
async def test_two_workers_share_a_burst(workshop: Workshop, runs: int) -> None:
    rule = await workshop.automation(
        step("say", value=1, effect="idempotent"), step("say", ["a"], id="b", value=2, effect="idempotent")
    )
    async with workshop.engine("1"), workshop.engine("2"):
        started = [await workshop.start(rule) for _ in range(runs)]
        ended = [await workshop.ended(run_id) for run_id in started]
    assert {run["status"] for run in ended} == {"success"}
    assert all(calls[f"{run_id}/{name}"] == 1 for run_id in started for name in ("a", "b"))
