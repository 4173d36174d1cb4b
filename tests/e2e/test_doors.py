"""Prefect as a door and as a guest: its own command line starts our worker, and without it everything goes on."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core import keys as core_keys
from core import settings as core_settings
from deployments.prefect_settings import client_variables
from tests.e2e.person import Person, until
from tests.e2e.product import ROOT, Product, free_port, wait_for

pytestmark = pytest.mark.e2e

WORKER_START = ("worker", "start", "--pool", "warm", "--type", "warm", "--name", "by-hand")
TRANSFORM = {"type": "transform", "config": {"value": {"hello": "{{ trigger.data.name }}"}}}


async def run_once(person: Person) -> dict[str, object]:
    made = await person.create({"name": "Hello", "trigger_type": "manual", "actions": [TRANSFORM]})
    status, answer = await person.send(
        "POST", f"/api/automations/{made['id']}/run?wait=30", {"payload": {"name": "Ada"}}
    )
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer


@contextmanager
def prefect_worker(product: Product) -> Iterator["subprocess.Popen[bytes]"]:
    """`prefect worker start --pool warm --type warm`, as an operator types it after `eval "$(vutler env)"`."""
    settings = core_settings.load(product.environment)
    environment = {**product.environment, **client_variables(settings, core_keys.load(settings))}
    log = Path(str(product.home) + ".prefect-worker.log")
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "prefect", *WORKER_START],
            env=environment, stdout=output, stderr=output, cwd=ROOT,
        )  # fmt: skip
        try:
            yield worker
        finally:
            worker.send_signal(signal.SIGINT)
            try:
                worker.wait(30)
            except subprocess.TimeoutExpired:
                worker.kill()
            log.unlink()


async def test_prefects_command_line_starts_our_worker() -> None:
    product = Product({"VUTLER_WORKERS": "0"})
    try:
        product.start()
        wait_for("the API answers", lambda: product.status("/healthz") == 200, 60)
        product.wait_prefect()
        assert product.status("/readyz") == 503
        with prefect_worker(product):
            await asyncio.to_thread(product.wait_ready, 60)
            async with Person(product.url) as person:
                answer = await run_once(person)
                assert answer["output"] == {"hello": "Ada"}
        wait_for("its engine ended with it", lambda: not _engines(product), 20)
    finally:
        product.remove()


def _engines(product: Product) -> list[int]:
    """The worker processes that live in this data folder."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_bytes()
            home = f"VUTLER_HOME={product.home}".encode() in (folder / "environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        if b"deployments.serve_worker" in command and home:
            found.append(int(folder.name))
    return found


@pytest.fixture(scope="module")
def lonely() -> Iterator[Product]:
    """A product whose Prefect server does not exist."""
    with Product({"VUTLER_PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}) as product:
        yield product


@pytest.fixture
async def person(lonely: Product) -> AsyncIterator[Person]:
    async with Person(lonely.url) as person:
        yield person


@pytest.mark.proves("R-ENG-1", "RISK-3")
async def test_without_prefect_runs_are_accepted_executed_and_scheduled(lonely: Product, person: Person) -> None:
    assert (await run_once(person))["output"] == {"hello": "Ada"}
    soon = datetime.now(UTC) + timedelta(seconds=4)
    made = await person.create({
        "name": "Once", "trigger_type": "cron", "trigger_config": {"run_at": soon.isoformat()}, "actions": [TRANSFORM],
    })  # fmt: skip

    async def fired() -> bool:
        return len(await person.runs(made["id"])) == 1

    await until("the scheduled run fired without Prefect", fired, 20)
    run = (await person.runs(made["id"]))[0]
    assert run["trigger_type"] == "cron"
    assert abs(datetime.fromisoformat(run["created_at"]) - soon) < timedelta(seconds=2)


@pytest.mark.proves("US-2.2 (5)", "RISK-3")
async def test_a_schedule_survives_a_restart_of_everything(lonely: Product, person: Person) -> None:
    due = datetime.now(UTC) + timedelta(seconds=15)
    made = await person.create({
        "name": "Later", "trigger_type": "cron", "trigger_config": {"run_at": due.isoformat()}, "actions": [TRANSFORM],
    })  # fmt: skip
    await asyncio.to_thread(lonely.stop)
    stopped = datetime.now(UTC)
    lonely.start()  # not in a thread: the product ends with the thread that started it
    await asyncio.to_thread(lonely.wait_ready)

    async def fired() -> bool:
        return len(await person.runs(made["id"])) == 1

    await until("the scheduled run fired after the restart", fired, 60)
    assert datetime.fromisoformat((await person.runs(made["id"]))[0]["created_at"]) > stopped


async def test_two_instances_run_side_by_side(lonely: Product, person: Person) -> None:
    with Product({"VUTLER_PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}) as other:
        async with Person(other.url) as neighbour:
            assert (await run_once(neighbour))["output"] == {"hello": "Ada"}
        assert other.home != lonely.home
        assert (await run_once(person))["output"] == {"hello": "Ada"}
