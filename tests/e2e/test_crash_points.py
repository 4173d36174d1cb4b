"""A worker (or the API) dies at each point between accepting an event and its end, and another one goes on.

Each case has a database of its own. The worker that is to die is told where by `VUTLER_CRASH_AT`; the one after it is
the same worker restarted. What was written, by whom and under which lease is noted by `bench/storm/audit.py`.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from bench.storm import audit
from core import keys as core_keys
from core import settings as core_settings
from core.crash import POINTS
from core.db import Database
from core.ids import new_id
from core.runs import queue
from deployments import process
from deployments.prefect_settings import client_variables
from tests.e2e.nursery import ROOT, Nursery, Worker
from tests.e2e.person import Person
from tests.e2e.product import free_port
from tests.echo import Echo
from tests.flows.conftest import Workshop
from tests.prefect_server import Server
from tests.waiting import until

pytest_plugins = ("tests.prefect_fixtures",)
pytestmark = pytest.mark.e2e

EFFECTS = ("pure", "idempotent", "unsafe")
ACTS = ("claimed", "before_intent", "before_effect", "after_effect", "recorded", "before_end")  # of a run that acts
WAITS = ("waiting", "woken")  # of one that waits after its act
ELSEWHERE = ("accepted", "before_told")  # in the API, in the recorder
TURNS = ("model_begun", "model_done", "tool_begun", "tool_acted", "tool_done")  # of an agent: test_agent_crashes.py
IN_DOUBT = {("before_effect", "unsafe"): 0, ("after_effect", "unsafe"): 1}  # how often it had its effect
REPEATED = {("after_effect", "idempotent")}
DIES_WITHIN_S = ENDS_WITHIN_S = 30.0
_LINUX = {name: value for name, value in os.environ.items() if not name.startswith(("VUTLER_", "PREFECT_"))}


def test_every_point_is_tried() -> None:
    assert sorted((*ACTS, *WAITS, *ELSEWHERE, *TURNS)) == sorted(POINTS)


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    settings = core_settings.load({"VUTLER_HOME": str(tmp_path_factory.mktemp("nursery"))})
    variables = client_variables(settings, core_keys.load(settings))
    with Nursery({**_LINUX, **variables}) as nursery:
        yield nursery


@dataclass
class Installation:
    """A database, an echo and the environment of the programs that work on them."""

    home: Path
    environment: dict[str, str]
    nursery: Nursery
    workshop: Workshop
    echo: Echo
    workers: list[Worker]

    def worker(self, **variables: str) -> Worker:
        """Start the (one) worker; it runs beside nobody."""
        log = self.home / f"worker-{len(self.workers)}.log"
        self.workers.append(self.nursery.start({**self.environment, **variables}, log))
        return self.workers[-1]

    async def dies(self, worker: Worker, point: str) -> None:
        async def ended() -> bool:
            return worker.has_ended()

        try:
            await until(ended, seconds=DIES_WITHIN_S)
        except TimeoutError:
            pytest.fail(f"it did not pass {point}:\n{worker.said()[-3000:]}")
        assert f"crash point {point}" in worker.said()

    async def run(self, run_id: UUID, *statuses: str) -> dict[str, Any]:
        try:
            return await self.workshop.wait_for(run_id, *statuses, seconds=ENDS_WITHIN_S)
        except TimeoutError:
            said = self.workers[-1].said()[-3000:]
            pytest.fail(f"{await self.workshop.run(run_id)} is none of {statuses}:\n{said}")

    async def wake(self, run_id: UUID) -> None:
        async with self.workshop.db.connection() as connection:
            assert await queue.wake(connection, run_id, "pause", {})

    async def noted(self) -> audit.Audit:
        async with self.workshop.db.connection() as connection:
            return await audit.read(connection)

    def calls(self, run_id: UUID, step: str = "act") -> int:
        return self.echo.by_key[f"{run_id}/{step}/0"]


@pytest.fixture
async def installation(
    dsn: str, db: Database, superuser: Database, tmp_path: Path, nursery: Nursery
) -> AsyncIterator[Installation]:
    async with Echo() as echo:
        environment = {
            "VUTLER_HOME": str(tmp_path), "VUTLER_DATABASE_URL": dsn, "VUTLER_HTTP_ALLOW_HOSTS": echo.address,
            "VUTLER_SECRET_KEY": "0123456789abcdef" * 2, "VUTLER_PREFECT_API_URL": "http://127.0.0.1:9/api",
            "VUTLER_PORT": str(free_port()),
        }  # fmt: skip
        async with superuser.connection() as connection:
            await audit.install(connection)
        made = Installation(tmp_path, environment, nursery, Workshop(db, new_id(), db), echo, [])
        yield made
        for worker in made.workers:
            worker.kill()


def act(echo: Echo, effect: str, step: str = "act") -> dict[str, Any]:
    """A step of that effect, which the echo counts by its idempotency key (a pure one has none)."""
    if effect == "pure":
        return {"id": step, "type": "transform", "config": {"value": {"n": "{{ trigger.data.n }}"}}}
    config = {"method": "POST", "url": f"{echo.url}/{step}", "json": {"n": "{{ trigger.data.n }}"}}
    return {"id": step, "type": "http", "config": {**config, "idempotent": effect == "idempotent"}}


def in_a_row(*steps: dict[str, Any]) -> list[dict[str, Any]]:
    before = (None, *steps[:-1])
    return [{**step, "needs": [one["id"]] if one else []} for one, step in zip(before, steps, strict=True)]


PAUSE = {"id": "pause", "type": "delay", "config": {"for_s": 3600}}


@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("point", [*ACTS, *WAITS])
async def test_a_worker_dies(installation: Installation, point: str, effect: str) -> None:
    """After the restart the run ends, or asks; what it did to the world it did once, or twice under one key."""
    echo, workshop = installation.echo, installation.workshop
    pause = [PAUSE] if point in WAITS else []
    rule = await workshop.automation(*in_a_row(act(echo, effect), *pause, act(echo, "idempotent", "last")))
    run_id = await workshop.start(rule, {"n": 1})
    dying = installation.worker(VUTLER_CRASH_AT=point)
    if point == "woken":
        await installation.run(run_id, "waiting")
        await installation.wake(run_id)
    await installation.dies(dying, point)

    installation.worker()
    if point == "waiting":
        await installation.run(run_id, "waiting")
        await installation.wake(run_id)
    if (point, effect) in IN_DOUBT:
        await _asks(installation, run_id)
        assert installation.calls(run_id) == IN_DOUBT[point, effect]
        assert installation.calls(run_id, "last") == 0
    else:
        run = await installation.run(run_id, "success", "failed", "cancelled")
        assert run["status"] == "success", run["error"]
        steps = await workshop.steps(run_id)
        assert {step["status"] for step in steps.values()} == {"success"}
        if effect != "pure":
            assert installation.calls(run_id) == (2 if (point, effect) in REPEATED else 1)
        assert installation.calls(run_id, "last") == (2 if point == "before_end" else 1)  # its record goes with the end
    noted = await installation.noted()
    assert noted == audit.Audit(stale=0, twice=0, rewritten=0)


async def _asks(installation: Installation, run_id: UUID) -> None:
    """The run has stopped at a step in doubt: ended because of it, or waiting with the question in words."""
    run = await installation.run(run_id, "failed", "waiting", "success")
    step = (await installation.workshop.steps(run_id))["act"]
    assert step["error_code"] == "in_doubt" or step["status"] == "unknown", step
    if run["status"] == "waiting":
        assert step["status"] == "unknown"
        assert run["wait"]["reason"]
    else:
        assert (run["status"], run["error_code"]) == ("failed", "in_doubt")


async def test_the_recorder_dies(installation: Installation, server: Server) -> None:
    """Ended runs that a dead recorder took are told by the next one."""
    workshop = installation.workshop
    prefect = {"VUTLER_PREFECT_API_URL": server.url, "VUTLER_PREFECT_AUTH": server.auth}
    runs = []
    for effect in EFFECTS:
        rule = await workshop.automation(act(installation.echo, effect))
        runs.append(await workshop.start(rule, {"n": 1}))
    await installation.dies(installation.worker(VUTLER_CRASH_AT="before_told", **prefect), "before_told")
    installation.worker(**prefect)

    async def told() -> bool:
        async with workshop.db.connection() as connection:
            return int(await connection.fetchval("SELECT count(*) FROM run_queue")) == 0

    await until(told, seconds=ENDS_WITHIN_S + 15)  # what the dead one took is free again after HELD_S
    user, _, password = server.auth.partition(":")
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    async with aiohttp.ClientSession(headers=headers) as session:
        for run_id in runs:
            async with session.get(f"{server.url}/flow_runs/{run_id}") as answer:
                assert (await answer.json())["state_type"] == "COMPLETED"
    assert [installation.calls(run_id) for run_id in runs] == [0, 1, 1]
    assert await installation.noted() == audit.Audit(stale=0, twice=0, rewritten=0)


def api(installation: Installation, **variables: str) -> "subprocess.Popen[bytes]":
    with (installation.home / "api.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "deployments.serve_api"], cwd=installation.home,
            env={**_LINUX, "PYTHONPATH": str(ROOT), **installation.environment, **variables},
            stdout=log, stderr=log, preexec_fn=process.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509
        )  # fmt: skip


async def test_the_api_dies_before_it_answers(installation: Installation) -> None:
    """The sender got no answer and sends again: it is told of the run that the first delivery has made."""
    url = f"http://127.0.0.1:{installation.environment['VUTLER_PORT']}"

    async def ready() -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    serving = api(installation, VUTLER_CRASH_AT="accepted")
    try:
        await until(ready, seconds=30)
        async with Person(url) as person:
            steps = [act(installation.echo, effect, effect) for effect in EFFECTS]
            hook = (await person.create({"name": "Crash", "trigger_type": "webhook", "actions": steps}))["webhook"]
            headers = {"X-Webhook-Secret": hook["secret"], "Idempotency-Key": "event-1"}
            sent = {"method": "POST", "path": hook["url"], "body": {"n": 1}, "anonymous": True, "headers": headers}
            with pytest.raises(aiohttp.ClientError):
                await person.send(**sent)
            assert await asyncio.to_thread(serving.wait, 10) == -signal.SIGKILL
            serving = api(installation)
            await until(ready, seconds=30)
            status, answer = await person.send(**sent)
        assert (status, answer["status"]) == (202, "duplicate")
        run_id = UUID(answer["run_id"])
        async with installation.workshop.db.connection() as connection:
            assert await connection.fetchval("SELECT array_agg(id) FROM automation_logs") == [run_id]
        installation.worker()
        assert (await installation.run(run_id, "success", "failed"))["status"] == "success"
        assert [installation.calls(run_id, effect) for effect in EFFECTS] == [0, 1, 1]
    finally:
        serving.kill()
        serving.wait()
