"""The API as it is served: the real application on a real server and port, over a fresh database."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.server import Server, server
from core import keys as core_keys
from core import settings as core_settings
from core.db import Database
from core.errors import Unavailable
from core.keys import Keys
from core.settings import Settings
from tests.api import coverage

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Tenant:
    """Somebody with a workspace of their own, signed in."""

    email: str
    token: str
    user_id: UUID
    workspace_id: UUID

    @property
    def session_id(self) -> UUID:
        claims = jwt.decode(self.token, options={"verify_signature": False})
        return UUID(claims["sid"])

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class Served:
    app: FastAPI
    url: str
    port: int


class _Prompt(Server):
    """Stops when it is told to, and not when it looks ten times a second: thousands of tests start one."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        await self.told.wait()


@asynccontextmanager
async def serve(app: FastAPI) -> AsyncIterator[Served]:
    """Run `app` on a free port, as `vutler api` does."""
    running = _Prompt(server(app, "127.0.0.1", 0).config)
    task = asyncio.create_task(running.serve())
    deadline = monotonic() + 20
    while not running.started:
        assert monotonic() < deadline, "the server did not start"
        assert not task.done(), task.exception()
        await asyncio.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(app, f"http://127.0.0.1:{port}", port)
    finally:
        running.told.set()
        await task


@pytest.fixture
def keys() -> Keys:
    return core_keys.from_secret("a secret of the tests, 32 characters and more")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Sign-up is open, so that a test can have several tenants; no Prefect server is there."""
    return core_settings.load({"VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1"})


@pytest.fixture
async def served(settings: Settings, keys: Keys, app_dsn: str) -> AsyncIterator[Served]:
    app = create_app(settings, keys, Database(app_dsn, application="test api", size=5))
    async with serve(app) as running:
        await opened(app)
        yield running


async def opened(app: FastAPI) -> None:
    """Wait for its database, which a server does not wait for."""
    await until(lambda: _is_open(app))


async def _is_open(app: FastAPI) -> bool:
    with suppress(Unavailable):
        return bool(app.state.services.listener.connected and app.state.services.db.pool)
    return False


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Talks to the server, and notes which operation answered what (tests/api/coverage.py)."""
    async with client_of(served) as found:
        yield found


@asynccontextmanager
async def client_of(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async def note(response: httpx.Response) -> None:
        coverage.note(response.request.method, response.request.url.path, response.status_code)

    async with httpx.AsyncClient(
        base_url=served.url, timeout=20, trust_env=False, event_hooks={"response": [note]}
    ) as found:
        yield found


Register = Callable[..., Awaitable[Tenant]]


@pytest.fixture
def register(client: httpx.AsyncClient) -> Register:
    """`await register()` makes a tenant; `await register("ada@example.org")` one with this address."""

    async def made(email: str | None = None) -> Tenant:
        address = email or f"u{secrets.token_hex(6)}@example.org"
        answer = await client.post(
            "/api/auth/register", json={"email": address, "password": PASSWORD, "name": address.split("@")[0]}
        )
        assert answer.status_code == 201, answer.text
        body = answer.json()
        return Tenant(address, body["access_token"], UUID(body["user"]["id"]), UUID(body["workspace"]["id"]))

    return made


@pytest.fixture
async def ada(register: Register) -> Tenant:
    return await register()


@pytest.fixture
async def eve(ada: Tenant, register: Register) -> Tenant:
    """Of another workspace, and no operator."""
    return await register()


@pytest.fixture
def api(client: httpx.AsyncClient, ada: Tenant) -> httpx.AsyncClient:
    """The client, signed in as Ada."""
    client.headers.update(ada.headers)
    return client


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 10) -> Any:
    """Poll until `condition` gives something true; gives that."""
    deadline = monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        assert monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that the answer is this problem; gives it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert body["code"] == code, body
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body
