"""What we rely on in Prefect, asked of the real server at each upgrade."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Pending

from blocks.values import Json
from flows.prefect_api import PrefectApi
from tests.waiting import until

pytest_plugins = ["tests.prefect_fixtures"]


async def _deploy(prefect: PrefectApi, *schedules: Json) -> UUID:
    made = await prefect.call(
        "POST",
        "/deployments/",
        {
            "name": f"contract-{uuid4().hex}",
            "flow_id": str(await prefect.flow_id()),
            "schedules": [{"schedule": schedule, "active": True} for schedule in schedules],
        },
    )
    assert isinstance(made, dict)
    return UUID(str(made["id"]))


async def test_the_server_is_healthy(prefect: PrefectApi) -> None:
    assert await prefect.call("GET", "/health") is True
    assert await prefect.call("GET", "/admin/version") == "3.8.8"


async def test_a_cron_deployment_gets_a_run_within_ten_seconds(prefect: PrefectApi, client: PrefectClient) -> None:
    deployment_id = await _deploy(prefect, {"cron": "* * * * *", "timezone": "Europe/Zurich"})
    key = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))

    async def has_runs() -> bool:
        return bool(await client.read_flow_runs(deployment_filter=key))

    await until(has_runs, seconds=10, every_s=0.25)
    runs = await client.read_flow_runs(deployment_filter=key)
    assert all(run.auto_scheduled and "auto-scheduled" in run.tags for run in runs)
    assert all(run.next_scheduled_start_time for run in runs)


async def test_reading_runs_without_any_filter_answers(client: PrefectClient) -> None:
    assert isinstance(await client.read_flow_runs(), list)


async def test_a_claimed_run_can_not_be_claimed_twice(prefect: PrefectApi, client: PrefectClient) -> None:
    body: Json = {"flow_id": str(await prefect.flow_id()), "state": {"type": "SCHEDULED"}}
    made = await prefect.call("POST", "/flow_runs/", body)
    assert isinstance(made, dict)
    run_id = UUID(str(made["id"]))
    first = await client.set_flow_run_state(run_id, Pending())
    second = await client.set_flow_run_state(run_id, Pending())
    assert (first.status, second.status) == (SetStateStatus.ACCEPT, SetStateStatus.ABORT)


async def test_an_upsert_keeps_the_id_and_an_idempotency_key_finds_the_run(prefect: PrefectApi) -> None:
    flow_id = str(await prefect.flow_id())
    body: Json = {"name": f"contract-{uuid4().hex}", "flow_id": flow_id}
    made = [await prefect.call("POST", "/deployments/", body) for _ in range(2)]
    assert isinstance(made[0], dict)
    assert isinstance(made[1], dict)
    assert made[0]["id"] == made[1]["id"]
    run: Json = {"flow_id": flow_id, "idempotency_key": uuid4().hex}
    again = [await prefect.call("POST", "/flow_runs/", run) for _ in range(2)]
    assert isinstance(again[0], dict)
    assert isinstance(again[1], dict)
    assert again[0]["id"] == again[1]["id"]


async def test_cancelling_a_scheduled_run_leaves_the_reason(prefect: PrefectApi, client: PrefectClient) -> None:
    moment = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    made = await prefect.call(
        "POST",
        "/flow_runs/",
        {
            "flow_id": str(await prefect.flow_id()),
            "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": moment}},
        },
    )
    assert isinstance(made, dict)
    run_id = UUID(str(made["id"]))
    await prefect.cancel(run_id, "The clock changed.")
    run = await client.read_flow_run(run_id)
    assert run.state is not None
    assert (run.state.name, run.state.message) == ("Skipped", "The clock changed.")
    await prefect.cancel(uuid4(), "Of a run that is gone: nothing to do.")
