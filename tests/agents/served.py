"""The API as it is served, with a worker's engine beside it in the same process. Fixtures; import them by name."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from blocks import registry
from core import keys as core_keys
from core import settings as core_settings
from core.agents.turns import Turns
from core.connections.opening import Door
from core.connections.signed import Tokens
from core.db import Database
from core.ids import new_id
from core.keys import Keys
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs.record import Writer
from core.seal import Sealer
from core.settings import Settings
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.vendors.openai import KEY, OpenAIServer

HERE = "127.0.0.1,localhost"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return core_settings.load({
        "VUTLER_HOME": str(tmp_path), "VUTLER_SIGNUP": "open", "VUTLER_PREFECT_PORT": "1",
        "VUTLER_HTTP_ALLOW_HOSTS": HERE,
    })  # fmt: skip


@pytest.fixture
async def worker(worker_db: Database, settings: Settings, keys: Keys) -> AsyncIterator[None]:
    """Executes runs, as `vutler worker` does."""
    identity, stop = Identity("testhost", "1", new_id().hex), asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        out = await stack.enter_async_context(Outgoing(Policy.of(HERE.split(","))))
        renderer = await stack.enter_async_context(Renderer(children=1))
        writer = await stack.enter_async_context(Writer(worker_db, identity.owner))
        door = Door(Sealer(core_keys.sealing(settings, keys)))
        talks = Turns(worker_db, door, out, Tokens(), quota=10_000_000)
        ledger = DatabaseLedger(worker_db, door=door)
        tools = Tools(ledger, writer, renderer, out, settings.public_url, Tokens(), talks)
        engine = Engine(identity, worker_db, tools, registry.actions(), 100)
        task = asyncio.create_task(engine.run(stop, drain_s=2))
        yield
        stop.set()
        await task


@pytest.fixture
async def models() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def provider(api: httpx.AsyncClient, models: OpenAIServer) -> dict[str, Any]:
    """A connection of Ada's workspace to the model server."""
    answer = await api.post(
        "/api/connections",
        json={
            "kind": "openai", "name": "OpenAI",
            "fields": {"api_key": KEY, "base_url": models.url, "default_model": "gpt-5-mini"},
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made
