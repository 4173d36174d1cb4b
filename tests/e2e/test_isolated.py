"""The isolated lane for real: Prefect's own process worker starts the jobs, and one of them is killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import keys as core_keys
from core import settings as core_settings
from deployments import process
from deployments.prefect_settings import prefect_auth
from flows.prefect_api import PrefectApi
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

pytestmark = pytest.mark.e2e

POOL = "iso"
STARTED_WITHIN_S = 90  # a job imports Prefect in seconds, on a machine that does nothing else
TRANSFORM = {"id": "greet", "type": "transform", "config": {"value": {"hello": "{{ trigger.data.name | upper }}"}}}


def _worker_environment(product: Product, home: Path) -> dict[str, str]:
    """What an operator gives the worker of a pool: where Prefect is, and nothing of Vutler's."""
    settings = core_settings.load(product.environment)
    keep = {name: value for name, value in product.environment.items() if not name.startswith("VUTLER_")}
    return {
        **keep,
        "PREFECT_API_URL": product.prefect_url,
        "PREFECT_API_AUTH_STRING": str(prefect_auth(settings, core_keys.load(settings))),
        "PREFECT_HOME": str(home),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "VUTLER_SECRET_KEY": "not for the job " * 3,
    }


@pytest.fixture(scope="module")
def worker(product: Product) -> Iterator["subprocess.Popen[bytes]"]:
    """`prefect worker start --pool iso --type process`, which also makes the pool."""
    with tempfile.TemporaryDirectory(prefix="vutler-pool-") as home:
        log = Path(home) / "worker.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"],
                env=_worker_environment(product, Path(home)), stdout=output, stderr=output, cwd=home,
                preexec_fn=process.dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - no worker outlives its test
            )  # fmt: skip
            try:
                yield started
            finally:
                started.send_signal(signal.SIGINT)
                try:
                    started.wait(30)
                except subprocess.TimeoutExpired:
                    started.kill()
                sys.stdout.write(log.read_text(errors="replace")[-8000:])  # for the message of a failed test


@pytest.fixture
async def prefect(product: Product, worker: "subprocess.Popen[bytes]") -> AsyncIterator[PrefectApi]:
    settings = core_settings.load(product.environment)
    async with PrefectApi(product.prefect_url, prefect_auth(settings, core_keys.load(settings))) as api:

        async def there() -> bool:
            return bool(await api.read("/work_pools/filter", {"work_pools": {"name": {"any_": [POOL]}}}))

        await until("the worker has made its pool", there, STARTED_WITHIN_S)
        yield api


async def start(person: Person, automation: dict[str, Any], payload: Any = None) -> str:
    status, answer = await person.send("POST", f"/api/automations/{automation['id']}/run", {"payload": payload})
    assert status == 202, answer
    return str(answer["run_id"])


async def ended(person: Person, run_id: str, seconds: float = STARTED_WITHIN_S) -> dict[str, Any]:
    async def over() -> bool:
        return (await person.run(run_id))["status"] in ("success", "failed", "cancelled")

    await until(f"run {run_id} has ended", over, seconds)
    return await person.run(run_id)


async def flow_runs(prefect: PrefectApi, run_id: str) -> list[dict[str, Any]]:
    """Prefect's flow runs of a run of ours, by their name."""
    found = await prefect.read("/flow_runs/filter", {"work_pools": {"name": {"any_": [POOL]}}, "limit": 200})
    return [run for run in found if str(run["name"]).endswith(run_id.replace("-", "")[-8:])]


def job_process(flow_run_id: str) -> int | None:
    """The process that executes a flow run."""
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if b"prefect.engine" in command and f"PREFECT__FLOW_RUN_ID={flow_run_id}".encode() in environment:
            return int(folder.name)
    return None


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def shape(run: dict[str, Any]) -> dict[str, Any]:
    """Of a run's history what does not change from run to run."""
    steps = [
        {name: step[name] for name in ("step_id", "action_type", "status", "input", "output", "attempt", "effect")}
        for step in run["action_logs"]
    ]
    return {name: run[name] for name in ("status", "output", "error", "trigger_type", "version")} | {"steps": steps}


async def test_the_same_run_in_a_process_of_its_own(
    person: Person, prefect: PrefectApi, record_property: Callable[[str, object], None]
) -> None:
    definition = {"name": "Greeting", "trigger_type": "manual", "actions": [TRANSFORM]}
    warm = await person.create(definition)
    isolated = await person.create({**definition, "policy": {"lane": POOL}})
    expected = await ended(person, await start(person, warm, {"name": "Ada"}), 30)
    began = time.monotonic()
    run_id = await start(person, isolated, {"name": "Ada"})
    run = await ended(person, run_id)
    record_property("seconds_to_success", round(time.monotonic() - began, 1))
    assert shape(run) == shape(expected)
    assert run["output"] == {"hello": "ADA"}

    async def told() -> bool:
        return [each["state_type"] for each in await flow_runs(prefect, run_id)] == ["COMPLETED"]

    await until("Prefect's own engine told its server of the end", told, 30)
    (flow_run,) = await flow_runs(prefect, run_id)
    assert flow_run["parameters"] == {"automation_id": isolated["id"], "run_id": run_id, "version": 1}

    async def tasks() -> bool:
        found = await prefect.read("/task_runs/filter", {"flow_runs": {"id": {"any_": [flow_run["id"]]}}})
        return [(task["name"], task["state_type"]) for task in found] == [("greet", "COMPLETED")]

    await until("Prefect shows the step as a task run", tasks, 30)


async def test_a_killed_job_goes_on_in_another(
    person: Person, prefect: PrefectApi, echo: Echo, record_property: Callable[[str, object], None]
) -> None:
    def http(path: str) -> dict[str, Any]:
        return {"method": "POST", "url": f"{echo.url}{path}", "json": {}, "idempotent": True}

    made = await person.create({
        "name": "Killed", "trigger_type": "manual", "policy": {"lane": POOL},
        "actions": [
            {"id": "first", "type": "http", "config": http("/first")},
            {"id": "second", "type": "http", "config": http("/slow?s=6")},
            {"id": "third", "type": "http", "config": http("/third")},
        ],
    })  # fmt: skip
    run_id = await start(person, made)

    async def in_the_middle() -> bool:
        steps = {step["step_id"]: step["status"] for step in (await person.run(run_id))["action_logs"]}
        return steps.get("first") == "success" and echo.by_key[f"{run_id}/second/0"] > 0

    await until("its second step is under way", in_the_middle, STARTED_WITHIN_S)
    (flow_run,) = await flow_runs(prefect, run_id)
    victim = job_process(str(flow_run["id"]))
    assert victim is not None
    environment = environment_of(victim)
    assert b"VUTLER_RUN_TOKEN=vrt_" in environment
    assert b"not for the job" not in environment
    assert b"postgres" not in environment.lower()
    os.kill(victim, signal.SIGKILL)
    killed_at = time.monotonic()

    async def resumed() -> bool:
        return echo.by_key[f"{run_id}/second/0"] > 1

    await until("its second step is under way again", resumed, STARTED_WITHIN_S)
    record_property("seconds_to_resume", round(time.monotonic() - killed_at, 1))
    run = await ended(person, run_id)
    assert run["status"] == "success", run
    assert echo.by_key[f"{run_id}/first/0"] == 1, "a recorded step was called again"
    assert [each["id"] for each in await flow_runs(prefect, run_id)] == [flow_run["id"]]


async def test_a_cancellation_reaches_a_job(
    person: Person, prefect: PrefectApi, echo: Echo, record_property: Callable[[str, object], None]
) -> None:
    slow = {"method": "POST", "url": f"{echo.url}/slow?s=60", "json": {}, "idempotent": True}
    made = await person.create({
        "name": "Cancelled", "trigger_type": "manual", "policy": {"lane": POOL},
        "actions": [{"id": "slow", "type": "http", "config": slow, "timeout_s": 90}],
    })  # fmt: skip
    run_id = await start(person, made)

    async def under_way() -> bool:
        return echo.by_key[f"{run_id}/slow/0"] > 0

    await until("its step is under way", under_way, STARTED_WITHIN_S)
    asked_at = time.monotonic()
    status, answer = await person.send("POST", f"/api/automations/logs/{run_id}/cancel")
    assert status in (200, 202), answer
    run = await ended(person, run_id, 20)
    record_property("seconds_to_cancel", round(time.monotonic() - asked_at, 1))
    assert run["status"] == "cancelled"

    async def told() -> bool:
        return [each["state_type"] for each in await flow_runs(prefect, run_id)] == ["CANCELLED"]

    await until("Prefect shows it as cancelled", told, 30)


async def test_a_wait_ends_its_job_and_another_goes_on(person: Person, prefect: PrefectApi) -> None:
    made = await person.create({
        "name": "Waiting", "trigger_type": "manual", "policy": {"lane": POOL},
        "actions": [{"id": "rest", "type": "delay", "config": {"for_s": 5}}, TRANSFORM | {"needs": ["rest"]}],
    })  # fmt: skip
    run_id = await start(person, made, {"name": "Ada"})
    run = await ended(person, run_id, STARTED_WITHIN_S * 2)
    assert (run["status"], run["output"]) == ("success", {"hello": "ADA"})
    (flow_run,) = await flow_runs(prefect, run_id)
    states = await prefect.call("GET", f"/flow_run_states/?flow_run_id={flow_run['id']}", None)
    assert isinstance(states, list)
    kinds = [each["type"] for each in states if isinstance(each, dict)]
    assert kinds.count("PAUSED") == 1, kinds
    assert kinds.count("RUNNING") == 2, kinds
