"""The private route of our Prefect server: guarded, idempotent, and no state that ended a run is ever replaced."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound

from flows.prefect_api import PrefectApi, PrefectAway, PrefectRefused
from tests import postgres
from tests.prefect_server import Server

pytest_plugins = ["tests.prefect_fixtures"]

TABLES = ("flow_run", "flow_run_state", "task_run", "task_run_state", "log")


def _told(run_id: str, *states: str, **more: Any) -> dict[str, Any]:
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    told = [
        {"type": state, "name": state.title(), "at": (start + timedelta(seconds=number)).isoformat(), "message": None}
        for number, state in enumerate(states)
    ]
    ended = states[-1] not in ("SCHEDULED", "RUNNING", "PAUSED")
    return {
        "id": run_id,
        "deployment": None,
        "name": f"run-{run_id[-8:]}",
        "tags": ["ws:1"],
        "parameters": {"run_id": run_id},
        "expected": start.isoformat(),
        "start": start.isoformat() if "RUNNING" in states else None,
        "end": told[-1]["at"] if ended else None,
        "run_count": 1,
        "states": told,
        "tasks": [
            {
                "id": str(uuid4()), "key": "http", "dynamic_key": "s1", "run_count": 1,
                "start": start.isoformat(), "end": told[-1]["at"], "states": told[1:] or told,
            }
        ],
        "lines": [{"id": str(uuid4()), "at": start.isoformat(), "text": "Began.", "level": 20, "task": None}],
        **more,
    }  # fmt: skip


async def _record(prefect: PrefectApi, *runs: dict[str, Any]) -> None:
    await prefect.send("POST", "/vutler/record", json.dumps(runs).encode())


def _rows(run_id: str) -> list[str]:
    """Everything that Prefect's tables hold of a run."""
    key = {
        "flow_run": f"id = '{run_id}'",
        "task_run_state": f"task_run_id IN (SELECT id FROM task_run WHERE flow_run_id = '{run_id}')",
    }
    mine = f"flow_run_id = '{run_id}'"
    return [
        postgres.run("shared_prefect", f"SELECT t FROM {table} t WHERE {key.get(table, mine)} ORDER BY id")
        for table in TABLES
    ]


async def test_the_route_is_behind_the_password(server: Server) -> None:
    run_id = str(uuid4())
    for auth in (None, "vutler:wrong"):
        async with PrefectApi(server.url, auth) as stranger:
            with pytest.raises(PrefectAway, match="401"):
                await _record(stranger, _told(run_id, "COMPLETED"))
            with pytest.raises(PrefectAway, match="401"):
                await stranger.call("PATCH", f"/vutler/deployments/{uuid4()}", {"name": "x"})
    assert _rows(run_id) == [""] * len(TABLES)


async def test_sending_it_twice_changes_nothing(prefect: PrefectApi) -> None:
    for states in (("SCHEDULED",), ("SCHEDULED", "RUNNING"), ("SCHEDULED", "RUNNING", "PAUSED"), ("RUNNING", "FAILED")):
        run_id = str(uuid4())
        told = _told(run_id, *states)
        await _record(prefect, told)
        once = _rows(run_id)
        assert all(once)
        await _record(prefect, told)
        assert _rows(run_id) == once


async def test_a_run_told_as_running_becomes_what_it_ended_as(prefect: PrefectApi, client: PrefectClient) -> None:
    run_id = str(uuid4())
    task = _told(run_id, "SCHEDULED", "RUNNING")["tasks"]
    await _record(prefect, _told(run_id, "SCHEDULED", "RUNNING", tasks=task))
    ended = _told(run_id, "SCHEDULED", "RUNNING", "COMPLETED")
    ended["tasks"][0]["id"] = task[0]["id"]
    await _record(prefect, ended)
    run = await client.read_flow_run(run_id)  # type: ignore[arg-type]
    assert run.state_name == "Completed"
    assert (await client.read_task_run(task[0]["id"])).state_name == "Completed"
    assert len(await client.read_flow_run_states(run_id)) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize("late", ["SCHEDULED", "RUNNING", "FAILED"])
async def test_an_end_is_never_replaced(prefect: PrefectApi, client: PrefectClient, late: str) -> None:
    run_id = str(uuid4())
    ended = _told(run_id, "RUNNING", "COMPLETED")
    await _record(prefect, ended)
    before = _rows(run_id)[:2]
    later = _told(run_id, "SCHEDULED", "PAUSED", "RUNNING", late, tasks=[], lines=[])
    await _record(prefect, later)
    assert _rows(run_id)[:2] == before
    assert (await client.read_flow_run(run_id)).state_name == "Completed"  # type: ignore[arg-type]


async def test_news_that_arrive_late_do_not_turn_the_run_back(prefect: PrefectApi, client: PrefectClient) -> None:
    run_id = str(uuid4())
    await _record(prefect, _told(run_id, "SCHEDULED", "RUNNING", "PAUSED"))
    await _record(prefect, _told(run_id, "SCHEDULED", "RUNNING", tasks=[]))
    assert (await client.read_flow_run(run_id)).state_name == "Paused"  # type: ignore[arg-type]


async def test_a_run_of_a_deleted_deployment_is_recorded_without_one(
    prefect: PrefectApi, client: PrefectClient
) -> None:
    run_id = str(uuid4())
    await _record(prefect, _told(run_id, "COMPLETED", deployment=str(uuid4())))
    assert (await client.read_flow_run(run_id)).deployment_id is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"7", b'[{"id": "x"}]', b'[{"id": null, "states": []}]x', b'[{"states": 3}]'],
)
async def test_nonsense_is_refused_with_a_sentence(prefect: PrefectApi, body: bytes) -> None:
    with pytest.raises(PrefectRefused, match="can't be recorded") as refused:
        await prefect.send("POST", "/vutler/record", body)
    assert refused.value.status == 422


async def test_a_batch_is_recorded_whole_or_not_at_all(prefect: PrefectApi, client: PrefectClient) -> None:
    good, bad = str(uuid4()), str(uuid4())
    with pytest.raises(PrefectRefused):
        await _record(prefect, _told(good, "COMPLETED"), _told(bad, "COMPLETED", expected="yesterday-ish"))
    with pytest.raises(ObjectNotFound):
        await client.read_flow_run(good)  # type: ignore[arg-type]


async def test_renaming_answers_for_what_is_missing_or_taken(prefect: PrefectApi) -> None:
    with pytest.raises(PrefectRefused) as missing:
        await prefect.call("PATCH", f"/vutler/deployments/{uuid4()}", {"name": "x"})
    assert missing.value.status == 404
    flow_id = str(await prefect.flow_id())
    names = [f"d-{uuid4().hex}" for _ in range(2)]
    made = [await prefect.call("POST", "/deployments/", {"name": name, "flow_id": flow_id}) for name in names]
    with pytest.raises(PrefectRefused) as taken:
        await prefect.call("PATCH", f"/vutler/deployments/{made[0]['id']}", {"name": names[1]})  # type: ignore[index,call-overload]
    assert taken.value.status == 409
