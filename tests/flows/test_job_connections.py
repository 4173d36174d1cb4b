"""A job of an isolated lane signs its requests too, with what the API hands out for its own run and nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State

from api.app import create_app
from core import keys as core_keys
from core import settings as core_settings
from core import tenancy
from core.caller import Caller
from core.connections.service import Given
from core.db import Database
from core.ids import new_id
from core.jobs.tokens import RunTokens
from core.runs.accept import NewRun, accept
from flows.automation import EXECUTION, run_to_end
from flows.execution import Execution
from flows.job import execute_through
from flows.job_api import JobApi, JobRefused
from flows.orchestration import prefect_engine
from tests.api.conftest import opened, serve
from tests.flows.conftest import Workshop
from tests.oauth import Service
from tests.waiting import until

KEYS = core_keys.from_secret("a secret of the tests, 32 characters and more")
TOKENS = RunTokens(KEYS.jobs)


class Lane:
    def __init__(self, workshop: Workshop, url: str, services: Any, caller: Caller) -> None:
        self.workshop = workshop
        self.url = url
        self.services = services
        self.caller = caller

    async def accepted(self, rule: UUID) -> UUID:
        async with self.workshop.db.transaction() as connection:
            return (
                await accept(connection, NewRun(self.workshop.workspace, rule, 1, "manual", None, lane="iso"))
            ).run_id

    def api(self, run_id: UUID, token: str | None = None) -> JobApi:
        return JobApi(self.url, str(run_id), token or TOKENS.issue(run_id))


async def _work(execution: Execution) -> "State[None]":
    EXECUTION.set(execution)
    return await run_to_end(execution)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with Service() as found:
        yield found


@pytest.fixture
async def lane(db: Database, worker_db: Database, app_dsn: str, tmp_path: Path) -> AsyncIterator[Lane]:
    workshop = Workshop(db, new_id(), worker_db)
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workshop.workspace)
    variables = {"VUTLER_HOME": str(tmp_path), "VUTLER_PREFECT_PORT": "1", "VUTLER_HTTP_ALLOW_HOSTS": "127.0.0.1"}
    app = create_app(core_settings.load(variables), KEYS, Database(app_dsn, application="test api", size=5))

    async def connected() -> bool:
        return bool(app.state.services.listener.connected)

    async with serve(app) as served, prefect_engine():
        await opened(app)
        await until(connected)
        yield Lane(workshop, served.url, app.state.services, Caller(new_id(), workshop.workspace, "owner"))


async def make(lane: Lane, service: Service, name: str, token: str) -> None:
    given = Given(name, {"token": token}, [service.address])
    tenancy.enter(lane.caller.workspace_id)
    await lane.services.connections.create(lane.caller, "http_bearer", given)


def get(service: Service, path: str = "/bearer") -> dict[str, Any]:
    return {"id": "a", "type": "http", "config": {"url": service.url + path, "connection": "CRM"}}


async def test_a_job_signs_and_records_nothing_of_it(lane: Lane, service: Service) -> None:
    await make(lane, service, "CRM", service.token)
    run_id = await lane.accepted(await lane.workshop.automation(get(service)))
    async with lane.api(run_id) as api:
        assert (await execute_through(api, _work)).is_completed()
    run = await lane.workshop.run(run_id)
    assert (run["status"], run["output"]["status"], run["output"]["body"]["plain"]) == ("success", 200, "***")
    assert service.token not in str(run)
    assert service.token not in str(await lane.workshop.steps(run_id))
    failing = await lane.accepted(await lane.workshop.automation(get(service, "/bearer?status=401&text=1")))
    async with lane.api(failing) as api:
        state = await execute_through(api, _work)
    assert state.is_failed()
    assert "Not you: ***" in str(state.message)
    tenancy.enter(lane.caller.workspace_id)
    (row,) = await lane.services.connections.listing(lane.caller, before=None, limit=5)
    assert row.last_error == "The service refused the credentials (status 401)."


async def test_it_gets_what_its_own_version_names_while_it_holds_the_run(lane: Lane, service: Service) -> None:
    await make(lane, service, "CRM", service.token)
    await make(lane, service, "Other", "another-canary")
    run_id = await lane.accepted(await lane.workshop.automation(get(service)))

    async def refused(api: JobApi, name: str) -> tuple[int, str]:
        with pytest.raises(JobRefused) as refusal:
            await api.send("connection", b'{"reference": "%s"}' % name.encode())
        return refusal.value.status, refusal.value.code

    async with lane.api(run_id) as api:
        assert await refused(api, "CRM") == (409, "run_not_held")
        await api.claim()
        opened = await api.send("connection", b'{"reference": "CRM"}')
        assert isinstance(opened, dict)
        assert opened["values"] == {"token": service.token}
        assert await refused(api, "Other") == (422, "connection_not_allowed")
        assert await refused(api, "{{ x }}") == (422, "connection_not_allowed")
    async with lane.api(run_id) as other_job:
        assert await refused(other_job, "CRM") == (409, "run_not_held")
    async with lane.api(run_id, TOKENS.issue(new_id())) as stranger:
        assert (await refused(stranger, "CRM"))[0] == 404
