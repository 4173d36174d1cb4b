"""Agents as they are: a real worker's engine and a real API over one database, and model servers of the tests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from blocks import registry
from core.agents.turns import Turns
from core.caller import Caller
from core.channels.posting import Posts
from core.connections.opening import Door
from core.connections.service import Connections, Given
from core.connections.signed import Tokens
from core.db import Database
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.rendering.renderer import Renderer
from core.runs.record import Writer
from core.seal import Sealer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.flows.conftest import Workshop
from tests.vendors.openai import KEY, OpenAIServer

SEAL = Fernet.generate_key()
HERE = ["127.0.0.1", "localhost"]


@dataclass
class Office:
    """A workspace with agents, a provider, and a worker."""

    workshop: Workshop
    connections: Connections
    door: Door
    out: Outgoing
    renderer: Renderer
    caller: Caller
    db: Database
    told: list[dict[str, Any]] = field(default_factory=list)
    posts: Posts | None = None

    @property
    def workspace(self) -> UUID:
        return self.workshop.workspace

    async def provider(self, url: str, kind: str = "openai", key: str = KEY, **fields: Any) -> UUID:
        given = {"base_url": url, "api_key": key, "default_model": "gpt-5-mini", **fields}
        made = await self.connections.create(self.caller, kind, Given(f"{kind} {new_id()}", given))
        return made.id

    async def set(self, slug: str, **columns: Any) -> None:
        """Change columns of an agent."""
        names = list(columns)
        assigned = ", ".join(f"{name} = ${number + 3}" for number, name in enumerate(names))
        async with self.db.connection() as connection:
            await connection.execute(
                f"UPDATE agents SET {assigned} WHERE workspace_id = $1 AND slug = $2", self.workspace, slug,
                *columns.values(),
            )  # fmt: skip

    @contextlib.asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        identity, stop = Identity("testhost", "1", new_id().hex), asyncio.Event()
        async with Writer(self.workshop.worker, identity.owner) as writer:
            ledger = DatabaseLedger(self.workshop.worker, door=self.door)
            talks = Turns(self.workshop.worker, self.door, self.out, Tokens(), quota=10_000_000)
            tools = Tools(ledger, writer, self.renderer, self.out, "http://vutler.test", Tokens(), talks, self.posts)
            engine = Engine(identity, self.workshop.worker, tools, registry.actions(), 100)
            task = asyncio.create_task(engine.run(stop, drain_s=2))
            try:
                yield engine
            finally:
                stop.set()
                await task

    async def ask(
        self, agent: str, prompt: str, *, data: Any = None, seconds: float = 20, **config: Any
    ) -> dict[str, Any]:
        """Run an automation that asks the agent; gives the run's row when it has ended or waits."""
        step: dict[str, Any] = {key: config.pop(key) for key in ("retry", "timeout_s") if key in config}
        rule = await self.workshop.automation(
            {"id": "ask", "type": "agent", "config": {"agent": agent, "prompt": prompt, **config}, **step}
        )
        run = await self.workshop.start(rule, data)
        return await self.workshop.wait_for(run, "success", "failed", "cancelled", "waiting", seconds=seconds)

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.db.connection() as connection:
            return [dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY 1")]


@pytest.fixture
async def models() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as server:
        yield server


@pytest.fixture
async def office(db: Database, worker_db: Database) -> AsyncIterator[Office]:
    workspace, user = new_id(), new_id()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Test')", workspace)
    policy = Policy.of(HERE)
    async with Outgoing(policy) as out, Renderer(children=1) as renderer:
        door = Door(Sealer([SEAL]))
        connections = Connections(db, door, out, Tokens(), policy)
        caller = Caller(user, workspace, "owner")
        yield Office(Workshop(db, workspace, worker_db), connections, door, out, renderer, caller, db)
