"""Fixtures of the test run's Prefect server; a module asks for them by `pytest_plugins`."""

from collections.abc import AsyncIterator

import pytest
from prefect.client.orchestration import PrefectClient

from flows.prefect_api import PrefectApi
from tests import prefect_gate, prefect_server
from tests.prefect_gate import Gate
from tests.prefect_server import Server


@pytest.fixture
def server() -> Server:
    return prefect_server.shared()


@pytest.fixture
async def prefect(server: Server) -> AsyncIterator[PrefectApi]:
    async with PrefectApi(server.url, server.auth) as api:
        yield api


@pytest.fixture
async def client(server: Server) -> AsyncIterator[PrefectClient]:
    """Prefect's own client."""
    async with PrefectClient(server.url, auth_string=server.auth) as client:
        yield client


@pytest.fixture
async def gate(server: Server) -> AsyncIterator[Gate]:
    """Requests wait until `gate.go` is set."""
    async with prefect_gate.serve(Gate(server, open_=False)) as gate:
        yield gate


@pytest.fixture
async def foreign(server: Server) -> AsyncIterator[Gate]:
    """A Prefect server that is not ours: it lacks our routes."""
    async with prefect_gate.serve(Gate(server, hide="/api/vutler")) as gate:
        yield gate
