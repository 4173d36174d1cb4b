"""One installation of a test's own: a database, an echo server, and the processes that work on them and may die.

To be used as a plugin of pytest (`pytest_plugins`), for the fixtures `nursery` and `installation`.
"""

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
from core.db import Database
from core.ids import new_id
from core.runs import queue
from deployments import process
from deployments.prefect_settings import client_variables
from tests.e2e.nursery import ROOT, Nursery, Worker
from tests.e2e.product import free_port
from tests.echo import Echo
from tests.flows.conftest import Workshop
from tests.waiting import until

DIES_WITHIN_S = ENDS_WITHIN_S = 60.0
_LINUX = {name: value for name, value in os.environ.items() if not name.startswith(("VUTLER_", "PREFECT_"))}


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
    superuser: Database
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
        async with self.superuser.connection() as connection:
            return await audit.read(connection)

    def calls(self, run_id: UUID, step: str = "act") -> int:
        return self.echo.by_key[f"{run_id}/{step}/0"]

    @property
    def url(self) -> str:
        """Of the API, where one was started."""
        return f"http://127.0.0.1:{self.environment['VUTLER_PORT']}"

    def api(self, **variables: str) -> "subprocess.Popen[bytes]":
        """Start the API."""
        with (self.home / "api.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "deployments.serve_api"], cwd=self.home,
                env={**_LINUX, "PYTHONPATH": str(ROOT), **self.environment, **variables},
                stdout=log, stderr=log, preexec_fn=process.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509
            )  # fmt: skip

    async def api_is_ready(self) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/healthz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


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
        made = Installation(tmp_path, environment, nursery, Workshop(db, new_id(), db), superuser, echo, [])
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
