"""A job executes its run over HTTP, against the real application, exactly as a warm worker would."""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort

from api.app import create_app
from core import keys as core_keys
from core import settings as core_settings
from core.db import Database
from core.ids import new_id
from core.jobs.tokens import RunTokens
from core.runs import queue
from core.runs.accept import NewRun, accept
from core.runs.record import Entry, RunRecord, StepRecord
from flows import job_api
from flows.automation import EXECUTION, run_to_end
from flows.execution import Execution
from flows.job import execute_through, run_as_job
from flows.job_api import JobApi, JobRefused, portions
from flows.orchestration import prefect_engine
from tests.api.conftest import opened, serve
from tests.flows.actions import TEST_ACTIONS, calls, gates
from tests.flows.conftest import Workshop, called
from tests.flows.test_engine import step
from tests.waiting import until

LANE = "iso"


async def _work(execution: Execution) -> "State[None]":
    """What the flow does; no server hears of its tasks."""
    EXECUTION.set(execution)
    return await run_to_end(execution)


class Jobs:
    """Starts jobs in this process, each with a token of its own."""

    def __init__(self, workshop: Workshop, url: str, tokens: RunTokens) -> None:
        self.workshop = workshop
        self.url = url
        self.tokens = tokens

    async def accepted(self, rule: UUID, data: Any = None) -> UUID:
        async with self.workshop.db.transaction() as connection:
            return (
                await accept(connection, NewRun(self.workshop.workspace, rule, 1, "manual", data, lane=LANE))
            ).run_id

    async def execute(self, run_id: UUID, url: str | None = None) -> "State[None]":
        async with JobApi(url or self.url, str(run_id), self.tokens.issue(run_id)) as api:
            return await execute_through(api, _work, TEST_ACTIONS)

    @contextlib.asynccontextmanager
    async def started(self, run_id: UUID, url: str | None = None) -> AsyncIterator["asyncio.Task[State[None]]"]:
        task = asyncio.create_task(self.execute(run_id, url))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def queue_row(self, run_id: UUID) -> dict[str, Any]:
        async with self.workshop.db.connection() as connection:
            return dict(await connection.fetchrow("SELECT * FROM run_queue WHERE run_id = $1", run_id))

    async def take_away(self, run_id: UUID) -> None:
        """What the reaper does when the lease has run out."""
        async with self.workshop.db.connection() as connection:
            await connection.execute(
                "UPDATE run_queue SET state = 'queued', owner = NULL, lease_until = NULL WHERE run_id = $1", run_id
            )


@pytest.fixture
async def jobs(workshop: Workshop, app_dsn: str, tmp_path: Path) -> AsyncIterator[Jobs]:
    settings = core_settings.load({"VUTLER_HOME": str(tmp_path), "VUTLER_PREFECT_PORT": "1"})
    keys = core_keys.from_secret("a secret of the tests, 32 characters and more")
    app = create_app(settings, keys, Database(app_dsn, application="test api", size=5))
    async with serve(app) as served, prefect_engine():
        await opened(app)
        await until(lambda: _connected(app))
        yield Jobs(workshop, served.url, RunTokens(keys.jobs))


async def _connected(app: Any) -> bool:
    return bool(app.state.services.listener.connected)


SHAPE = ("status", "output", "error", "error_code", "error_step", "version", "wait")
STEP_SHAPE = ("status", "action_index", "input", "output", "error", "error_code", "attempt", "effect", "epoch")


async def _history(workshop: Workshop, run_id: UUID) -> list[Any]:
    run, steps = await workshop.run(run_id), await workshop.steps(run_id)
    lines = [line.split(" after ")[0] for line in await workshop.lines(run_id)]
    return [{name: run[name] for name in SHAPE}, {
        name: {each: found[each] for each in STEP_SHAPE} for name, found in steps.items()
    }, lines]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        ([step("say", value=[1, {"é": None}]),
          step("say", ["a"], id="b", value="{{ previous.output }}", effect="unsafe")], "COMPLETED"),
        ([step("flaky", times=1, retry={"max_attempts": 2, "delay_s": 0})], "COMPLETED"),
        ([step("flaky", times=9, fatal=True), step("say", ["a"], id="b")], "FAILED"),
        ([step("large", size=100_000)], "COMPLETED"),
        ([step("each", items=[1, 2, 3], steps=[{"id": "i", "type": "echo", "config": {"value": "{{ item }}"}}])],
         "COMPLETED"),
        ([step("stray", output=True)], "FAILED"),
    ],
    ids=["two", "retry", "failure", "large", "loop", "broken"],
)  # fmt: skip
async def test_the_history_is_that_of_the_warm_lane(
    jobs: Jobs, workshop: Workshop, steps: list[dict[str, Any]], end: str
) -> None:
    rule = await workshop.automation(*copy.deepcopy(steps))
    isolated = await jobs.accepted(rule)
    state = await jobs.execute(isolated)
    assert state.type.value == end
    async with workshop.engine():
        warm = await workshop.start(rule)
        await workshop.ended(warm)
    one, other = await _history(workshop, isolated), await _history(workshop, warm)
    for found in (one, other):
        for each in found[1].values():
            each["output"] = _without_ids(each["output"])
        found[0]["output"] = _without_ids(found[0]["output"])
    assert one == other
    assert (await jobs.queue_row(isolated))["state"] == "done"


def _without_ids(value: Any) -> Any:
    return {**value, "$blob": "x"} if isinstance(value, dict) and "$blob" in value else value


async def test_a_job_that_was_lost_is_resumed_from_the_last_recorded_step(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("say", value="first", effect="idempotent"), step("hang", ["a"], id="b", gate="job-resume"),
        step("large", ["b"], id="c", size=90_000),
    )  # fmt: skip
    run_id = await jobs.accepted(rule)
    async with jobs.started(run_id) as lost:
        await called(run_id, "b")
        await jobs.take_away(run_id)
        async with jobs.started(run_id) as second:
            await called(run_id, "b", 2)
            gates["job-resume"].set()
            assert (await second).is_completed()
        with pytest.raises(Abort):
            await lost
    assert calls[f"{run_id}/a"] == 1
    steps = await workshop.steps(run_id)
    assert (steps["a"]["epoch"], steps["b"]["epoch"]) == (1, 2)
    assert sum(line.startswith("Run ended") for line in await workshop.lines(run_id)) == 1


async def test_an_unsafe_step_in_doubt_asks_and_the_answer_is_followed(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang", gate="job-doubt", effect="unsafe"))
    run_id = await jobs.accepted(rule)
    async with jobs.started(run_id):
        await called(run_id, "a")
        await jobs.take_away(run_id)
        assert (await jobs.execute(run_id)).is_paused()
    assert (await workshop.run(run_id))["wait"]["code"] == "doubt"
    assert calls[f"{run_id}/a"] == 1
    async with workshop.db.transaction() as connection:
        assert await queue.wake(connection, run_id, "a", {"decision": "repeat", "by": "ada"})
    gates["job-doubt"].set()
    assert (await jobs.execute(run_id)).is_completed()
    assert calls[f"{run_id}/a"] == 2


async def test_a_cancellation_arrives_within_a_second_or_so(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"))
    run_id = await jobs.accepted(rule)
    async with jobs.started(run_id) as task:
        await called(run_id, "a")
        began = asyncio.get_running_loop().time()
        async with workshop.db.transaction() as connection:
            assert await queue.cancel(connection, run_id) == "cancelling"
        assert (await task).is_cancelled()
        assert asyncio.get_running_loop().time() - began < 4  # the promise is a second, on a quiet machine
    run = await workshop.run(run_id)
    assert (run["status"], run["error_code"]) == ("cancelled", "cancelled")


async def test_a_job_that_is_stopped_gives_its_run_back(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"))
    run_id = await jobs.accepted(rule)
    async with jobs.started(run_id) as task:
        await called(run_id, "a")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await jobs.queue_row(run_id))["state"] == "queued"


async def test_a_run_takes_no_longer_than_it_may(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(step("hang"), max_duration_s=1)
    run_id = await jobs.accepted(rule)
    state = await jobs.execute(run_id)
    assert (state.is_failed(), state.name) == (True, "TimedOut")
    assert (await workshop.run(run_id))["error_code"] == "run_timeout"


async def test_a_waiting_step_is_woken_while_another_works(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(step("ask", question="Now?"), step("hang", id="b", gate="job-busy"))
    run_id = await jobs.accepted(rule)
    async with jobs.started(run_id) as task:
        await called(run_id, "b")
        await until(lambda: _waits(workshop, run_id))
        async with workshop.db.transaction() as connection:
            assert await queue.wake(connection, run_id, "a", {"yes": True})
        await until(lambda: _woken(run_id))
        gates["job-busy"].set()
        assert (await task).is_completed()


async def _waits(workshop: Workshop, run_id: UUID) -> bool:
    return (await workshop.steps(run_id)).get("a", {}).get("status") == "waiting"


async def _woken(run_id: UUID) -> bool:
    return bool(calls[f"{run_id}/a/wake"])


async def test_a_called_automation_is_taken_in_by_the_same_commit(jobs: Jobs, workshop: Workshop) -> None:
    callee = await workshop.automation(step("say", value="called"))
    rule = await workshop.automation(
        step("ring", automation=str(callee), payload={"n": 1}, wait=False),
        step("ring", id="b", automation=str(new_id()), wait=False, on_error="continue"),
    )
    run_id = await jobs.accepted(rule)
    assert (await jobs.execute(run_id)).is_completed()
    steps = await workshop.steps(run_id)
    run = await workshop.run(UUID(steps["a"]["output"]["run_id"]))
    assert (run["parent_id"], run["rule_id"], run["trigger_data"]) == (run_id, callee, {"n": 1})
    assert steps["b"]["error_code"] == "automation_not_found"


async def test_an_unknown_action_ends_the_run(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation({"id": "a", "type": "teleport", "config": {}})
    run_id = await jobs.accepted(rule)
    assert (await jobs.execute(run_id)).is_failed()
    assert (await workshop.run(run_id))["error_code"] == "unknown_action"


async def test_a_run_that_was_cancelled_before_its_job_began(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(step("say"))
    run_id = await jobs.accepted(rule)
    async with workshop.db.transaction() as connection:
        await queue.cancel(connection, run_id)
    with pytest.raises(Abort):
        await jobs.execute(run_id)
    second = await jobs.accepted(rule)
    async with workshop.db.transaction() as connection:
        await connection.execute("UPDATE run_queue SET cancel_requested = true WHERE run_id = $1", second)
    assert (await jobs.execute(second)).is_cancelled()
    assert calls[f"{second}/a"] == 0


async def test_a_foreign_token_executes_nothing(jobs: Jobs, workshop: Workshop) -> None:
    run_id = await jobs.accepted(await workshop.automation(step("say")))
    jobs.tokens = RunTokens(b"x" * 32)
    with pytest.raises(JobRefused, match="no token"):
        await jobs.execute(run_id)
    assert (await jobs.queue_row(run_id))["state"] == "queued"


class Between:
    """A proxy before the API that can be away."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.away = False
        self.refused = 0

    async def pass_on(self, request: web.Request) -> web.Response:
        if self.away:
            self.refused += 1
            return web.Response(status=503)
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type")}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + request.path, data=await request.read(), headers=headers) as answer,
        ):
            return web.Response(status=answer.status, body=await answer.read())


@contextlib.asynccontextmanager
async def between(url: str) -> AsyncIterator[tuple[Between, str]]:
    proxy = Between(url)
    app = web.Application(client_max_size=20_000_000)
    app.router.add_post("/{path:.*}", proxy.pass_on)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield proxy, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_api_that_is_away_for_a_moment_loses_nothing(jobs: Jobs, workshop: Workshop) -> None:
    rule = await workshop.automation(
        step("hang", gate="job-away"), step("say", ["a"], id="b", value=2, effect="idempotent")
    )
    run_id = await jobs.accepted(rule)
    async with between(jobs.url) as (proxy, url), jobs.started(run_id, url) as task:
        await called(run_id, "a")
        proxy.away = True
        gates["job-away"].set()
        await until(lambda: _refused(proxy, 3))
        proxy.away = False
        assert (await task).is_completed()
    assert {name: found["status"] for name, found in (await workshop.steps(run_id)).items()} == {
        "a": "success", "b": "success",
    }  # fmt: skip


async def _refused(proxy: Between, times: int) -> bool:
    return proxy.refused >= times


async def test_a_job_that_can_not_renew_acts_no_more(
    jobs: Jobs, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = await workshop.automation(step("hang"))
    run_id = await jobs.accepted(rule)
    monkeypatch.setattr("flows.job.LEASE_S", 1)
    monkeypatch.setattr("flows.execution.LEASE_S", 3)
    monkeypatch.setattr("flows.execution.LEASE_MARGIN_S", 0)
    async with between(jobs.url) as (proxy, url), jobs.started(run_id, url) as task:
        await called(run_id, "a")
        proxy.away = True
        with pytest.raises(Abort):
            await asyncio.wait_for(task, 20)
    assert (await jobs.queue_row(run_id))["state"] == "running"  # until the reaper finds the lease over


def test_an_entry_is_sent_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = new_id()
    steps = [
        StepRecord(new_id(), run_id, new_id(), f"s{n}", n, "say", "success", 1, n, output="x" * 300) for n in range(5)
    ]
    entry = Entry(RunRecord(run_id, new_id(), 1, 9, "success"), steps, calls=[{"id": "c"}])
    monkeypatch.setattr(job_api, "PORTION", 1500)
    parts = portions(entry)
    assert [each.step_id for part in parts for each in part.steps] == [f"s{n}" for n in range(5)]
    assert len(parts) > 1
    assert [part.run.status for part in parts] == [None] * (len(parts) - 1) + ["success"]
    assert [part.calls for part in parts] == [[]] * (len(parts) - 1) + [[{"id": "c"}]]


async def test_a_process_without_a_token_executes_nothing() -> None:
    state = await run_as_job(str(new_id()), run_to_end)
    assert state.is_cancelled()
    assert "without going through Vutler" in (state.message or "")


ENV: Mapping[str, str] = {"VUTLER_API_URL": "http://127.0.0.1:1", "VUTLER_RUN_TOKEN": "vrt_x"}


def test_a_process_is_a_job_by_its_environment() -> None:
    found = core_settings.job(ENV)
    assert found is not None
    assert (found.api_url, found.token) == ("http://127.0.0.1:1", "vrt_x")
    assert "vrt_x" not in repr(found)
    assert core_settings.job({}) is None
