"""The recorder against a real Prefect server: what an operator finds there."""

import asyncio
import secrets
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.exceptions import ObjectNotFound

from core.db import Database
from deployments.sync import DeploymentSync
from flows.prefect_api import PrefectApi, PrefectAway
from flows.recorder import Recorder
from tests import prefect_server, published
from tests.prefect_gate import Gate
from tests.prefect_server import Server
from tests.waiting import until

pytest_plugins = ["tests.prefect_fixtures"]


@pytest.fixture
async def recorder(db: Database, prefect: PrefectApi) -> Recorder:
    return Recorder(db, prefect)


async def _queue(db: Database) -> int:
    async with db.connection() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM run_queue")
        return count


async def _run_row(db: Database, run_id: UUID) -> dict[str, datetime]:
    async with db.connection() as connection:
        return dict(await connection.fetchrow("SELECT * FROM automation_logs WHERE id = $1", run_id) or {})


async def test_a_finished_run_is_in_prefect_with_its_times(
    db: Database, prefect: PrefectApi, client: PrefectClient, recorder: Recorder
) -> None:
    made = await published.publish(db, name="Lead -> page / 100% <ok> & more")
    await DeploymentSync(db, prefect).drain()
    run_id = await published.record_run(db, made)
    assert await recorder.tick() == 1
    assert await _queue(db) == 0

    row = await _run_row(db, run_id)
    run = await client.read_flow_run(run_id)
    assert run.name == f"lead-page-100-ok-more-{str(run_id)[-8:]}"
    assert run.state is not None
    assert run.state.is_completed()
    assert run.run_count == 1
    assert set(run.tags) == {f"ws:{made.workspace_id}", "webhook"}
    assert run.parameters == {"automation_id": str(made.rule_id), "run_id": str(run_id), "version": 1}
    for told, true in (
        (run.start_time, row["started_at"]),
        (run.end_time, row["completed_at"]),
        (run.expected_start_time, row["created_at"]),
        (run.state.timestamp, row["completed_at"]),
    ):
        assert told is not None
        assert abs(told - true) < timedelta(milliseconds=50)
    assert abs(run.total_run_time - (row["completed_at"] - row["started_at"])) < timedelta(milliseconds=50)
    states = await client.read_flow_run_states(run_id)
    assert [state.type.value for state in states] == ["SCHEDULED", "RUNNING", "COMPLETED"]


async def test_tasks_logs_counts_and_graph_answer_as_for_any_run(
    db: Database, prefect: PrefectApi, client: PrefectClient, recorder: Recorder
) -> None:
    made = await published.publish(db)
    await DeploymentSync(db, prefect).drain()
    run_id = await published.record_run(
        db, made, status="failed", error="Step s2: HTTP 500", steps=("success", "failed")
    )
    await recorder.tick()

    run = await client.read_flow_run(run_id)
    assert run.state is not None
    assert run.state.is_failed()
    assert run.state.message == "Step s2: HTTP 500"
    async with db.connection() as connection:
        deployment_id = await connection.fetchval(
            "SELECT deployment_id FROM automation_rules WHERE id = $1", made.rule_id
        )
    of_deployment = await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
    )
    assert [found.id for found in of_deployment] == [run_id]
    tasks = await client.read_task_runs(
        task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run_id]))
    )
    tasks.sort(key=lambda task: task.dynamic_key)
    assert [(task.name, task.task_key, task.dynamic_key) for task in tasks] == [
        ("http-s1", "http", "s1"),
        ("http-s2", "http", "s2"),
    ]
    assert [task.state_type.value for task in tasks if task.state_type] == ["COMPLETED", "FAILED"]
    assert tasks[1].state is not None
    assert tasks[1].state.message == "HTTP 500"
    assert tasks[0].total_run_time == timedelta(milliseconds=200)
    logs = await client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])))
    assert sorted(line.message for line in logs) == ["Step s1 began.", "Step s2 began."]
    assert {line.task_run_id for line in logs} == {task.id for task in tasks}
    counted = await client.count_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])))
    assert counted == 1
    graph = await prefect.call("GET", f"/flow_runs/{run_id}/graph-v2")
    assert isinstance(graph, dict)
    assert isinstance(graph["nodes"], list)
    assert len(graph["nodes"]) == 2


async def test_results_that_a_replay_took_over_are_cached_ones(
    db: Database, client: PrefectClient, recorder: Recorder
) -> None:
    run_id = await published.record_run(db, await published.publish(db, ask=False))
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_logs SET version = -3 WHERE id = $1", run_id)
        await connection.execute(
            "UPDATE automation_action_logs SET copied_from = id, started_at = started_at - interval '3 days',"
            " completed_at = completed_at - interval '3 days' WHERE log_id = $1 AND step_id = 's1'", run_id,
        )  # fmt: skip
    await recorder.tick()
    filter_ = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
    first, second = sorted(await client.read_task_runs(flow_run_filter=filter_), key=lambda each: each.dynamic_key)
    assert (first.state_name, first.start_time, first.end_time) == ("Cached", None, None)
    assert second.state_name == "Completed"
    run = await client.read_flow_run(run_id)
    assert first.state is not None
    assert first.state.timestamp == run.start_time
    assert run.parameters["version"] == 0


async def test_a_long_run_shows_running_then_waiting_then_its_end(
    db: Database, client: PrefectClient, recorder: Recorder
) -> None:
    made = await published.publish(db, ask=False)
    run_id = await published.record_run(db, made, status="running", steps=("success", "running"), ago_s=3)
    await recorder.tick()
    run = await client.read_flow_run(run_id)
    assert run.state is not None
    assert run.state.is_running()
    assert await recorder.tick() == 0  # told once

    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_logs SET status = 'waiting', wait = '{\"reason\": \"approval of s2\"}', seq = seq + 1"
            " WHERE id = $1",
            run_id,
        )
        await connection.execute(
            "UPDATE run_queue SET state = 'waiting', changed_at = now() - interval '1 s' WHERE run_id = $1", run_id
        )
    await recorder.tick()
    run = await client.read_flow_run(run_id)
    assert run.state is not None
    assert run.state.is_paused()
    assert run.state.message == "approval of s2"

    await published.end_run(db, run_id, "cancelled", "Cancelled by Ada.")
    await recorder.tick()
    run = await client.read_flow_run(run_id)
    assert run.state is not None
    assert run.state.is_cancelled()
    assert run.state.message == "Cancelled by Ada."
    assert await _queue(db) == 0


async def test_steps_that_finish_in_a_long_run_are_told_while_it_runs(
    db: Database, client: PrefectClient, recorder: Recorder
) -> None:
    made = await published.publish(db, ask=False)
    run_id = await published.record_run(db, made, status="running", steps=("success", "running"), ago_s=30)
    await recorder.tick()
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_action_logs SET status = 'success', completed_at = now(), seq = 9 WHERE log_id = $1"
            " AND step_id = 's2'",
            run_id,
        )
        await connection.execute("UPDATE automation_logs SET seq = 9 WHERE id = $1", run_id)
        await connection.execute("UPDATE run_queue SET told_at = told_at - interval '6 s'")
    assert await recorder.tick() == 1
    tasks = await client.read_task_runs(
        task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run_id]))
    )
    assert {task.state_type.value for task in tasks if task.state_type} == {"COMPLETED"}
    assert len(tasks) == 2


async def test_a_young_run_is_told_once(db: Database, recorder: Recorder) -> None:
    made = await published.publish(db, ask=False)
    run_id = await published.record_run(db, made, status="running", ago_s=0)
    assert await recorder.tick() == 0
    await published.end_run(db, run_id)
    assert await recorder.tick() == 1


async def test_a_run_that_waits_in_the_queue_is_shown(db: Database, client: PrefectClient, recorder: Recorder) -> None:
    made = await published.publish(db, ask=False)
    run_id = await published.record_run(db, made, status="queued", steps=(), ago_s=10)
    await recorder.tick()
    run = await client.read_flow_run(run_id)
    assert run.state is not None
    assert run.state.is_scheduled()
    assert run.deployment_id is None


async def test_prefect_away_loses_nothing(db: Database, server: Server, client: PrefectClient) -> None:
    made = await published.publish(db, ask=False)
    run_ids = [await published.record_run(db, made) for _ in range(5)]
    gone = f"http://127.0.0.1:{prefect_server.free_port()}/api"
    async with PrefectApi(gone) as nowhere:
        with pytest.raises(PrefectAway):
            await Recorder(db, nowhere).tick()
    assert await _queue(db) == 5
    async with PrefectApi(server.url, "vutler:wrong") as refused:
        with pytest.raises(PrefectAway, match="401"):
            await Recorder(db, refused).tick()
    assert await _queue(db) == 5
    stop = asyncio.Event()
    async with PrefectApi(server.url, server.auth) as back:
        running = asyncio.create_task(Recorder(db, back).run(stop))

        async def all_told() -> bool:
            return await _queue(db) == 0

        await until(all_told, seconds=20)
        stop.set()
        await running
    for run_id in run_ids:
        assert (await client.read_flow_run(run_id)).state_name == "Completed"


async def test_several_recorders_tell_each_run_once(db: Database, prefect: PrefectApi) -> None:
    made = await published.publish(db, ask=False)
    for _ in range(30):
        await published.record_run(db, made, steps=())
    recorders = [Recorder(db, prefect) for _ in range(4)]
    told = await asyncio.gather(*(recorder.tick() for recorder in recorders))
    assert sum(told) == 30
    assert await _queue(db) == 0


async def test_what_a_dead_recorder_held_is_told_by_another(db: Database, recorder: Recorder) -> None:
    made = await published.publish(db, ask=False)
    await published.record_run(db, made)
    async with db.transaction() as connection:
        await connection.execute("UPDATE run_queue SET telling_until = now() + interval '15 s'")
    assert await recorder.tick() == 0
    async with db.transaction() as connection:
        await connection.execute("UPDATE run_queue SET telling_until = now() - interval '1 s'")
    assert await recorder.tick() == 1


async def test_the_end_of_a_run_that_changes_while_it_is_told_is_not_forgotten(
    db: Database, server: Server, client: PrefectClient, gate: Gate
) -> None:
    made = await published.publish(db, ask=False)
    run_id = await published.record_run(db, made, status="running", ago_s=3)
    async with PrefectApi(gate.url, server.auth) as slow:
        recorder = Recorder(db, slow)
        telling = asyncio.create_task(recorder.tick())
        await gate.arrived.wait()
        await published.end_run(db, run_id)
        gate.go.set()
        await telling
        assert await _queue(db) == 1
        await recorder.tick()
    assert await _queue(db) == 0
    assert (await client.read_flow_run(run_id)).state_name == "Completed"


async def test_one_run_that_prefect_refuses_does_not_hold_up_the_others(
    db: Database, client: PrefectClient, recorder: Recorder
) -> None:
    made = await published.publish(db, ask=False)
    good = [await published.record_run(db, made, ago_s=9 - number) for number in range(2)]
    bad = await published.record_run(db, made, ago_s=5)
    async with db.transaction() as connection:  # a value that does not fit into an index of Prefect's
        await connection.execute(
            "UPDATE automation_action_logs SET action_type = $2 WHERE log_id = $1 AND step_id = 's1'",
            bad,
            secrets.token_hex(20_000),
        )
    good.append(await published.record_run(db, made, ago_s=3))
    for _ in range(8):
        await recorder.tick()
    assert await _queue(db) == 0
    for run_id in good:
        assert (await client.read_flow_run(run_id)).state_name == "Completed"
    with pytest.raises(ObjectNotFound):
        await client.read_flow_run(bad)


async def test_a_run_made_by_prefects_scheduler_keeps_its_id_there(
    db: Database, prefect: PrefectApi, client: PrefectClient, recorder: Recorder
) -> None:
    made = await published.publish(db, ask=False)
    scheduled = await prefect.call(
        "POST",
        "/flow_runs/",
        {"flow_id": str(await prefect.flow_id()), "state": {"type": "SCHEDULED"}, "tags": ["mine"]},
    )
    assert isinstance(scheduled, dict)
    prefect_run_id = UUID(str(scheduled["id"]))
    run_id = await published.record_run(db, made, prefect_run_id=prefect_run_id)
    await recorder.tick()
    run = await client.read_flow_run(prefect_run_id)
    assert run.state_name == "Completed"
    assert run.parameters["run_id"] == str(run_id)
    assert set(run.tags) == {"mine", "webhook", f"ws:{made.workspace_id}"}


async def test_a_prefect_without_our_route_is_told_through_its_public_api(
    db: Database, server: Server, client: PrefectClient, foreign: Gate
) -> None:
    made = await published.publish(db, ask=False)
    async with PrefectApi(foreign.url, server.auth) as elsewhere:
        recorder = Recorder(db, elsewhere)
        long = await published.record_run(db, made, status="running", steps=("success", "running"), ago_s=3)
        await recorder.tick()
        key = FlowRunFilter.model_validate({"name": {"like_": str(long)[-8:]}})
        (run,) = await client.read_flow_runs(flow_run_filter=key)
        assert run.state_name == "Running"
        await published.end_run(db, long, "failed", "Step s2: HTTP 500")
        await published.record_run(db, made)
        await recorder.tick()
    assert await _queue(db) == 0
    (run,) = await client.read_flow_runs(flow_run_filter=key)
    assert run.state is not None
    assert run.state.is_failed()
    assert (run.state.message or "").startswith("Step s2: HTTP 500 (20")
    assert run.idempotency_key == str(long)
    tasks = await client.read_task_runs(
        task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run.id]))
    )
    assert {task.dynamic_key for task in tasks} == {"s1", "s2"}
    logs = await client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id])))
    assert len(logs) >= 2


async def test_a_run_waits_for_its_deployment(
    db: Database, prefect: PrefectApi, client: PrefectClient, recorder: Recorder
) -> None:
    made = await published.publish(db)
    run_id = await published.record_run(db, made)
    assert await recorder.tick() == 0
    await DeploymentSync(db, prefect).drain()
    assert await recorder.tick() == 1
    assert (await client.read_flow_run(run_id)).deployment_id is not None


async def test_a_refused_deployment_holds_nothing_up(db: Database, recorder: Recorder) -> None:
    made = await published.publish(db)
    await published.record_run(db, made)
    async with db.connection() as connection:
        await connection.execute("UPDATE outbox SET attempts = 4, available_at = now() + interval '1 minute'")
    assert await recorder.tick() == 1
