"""Steps that call tools, in a real worker: what is recorded, what is asked, and how often the tool is called."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.fernet import Fernet

from blocks import registry
from core.caller import Caller
from core.connections.opening import Door
from core.connections.service import Connections, Given
from core.connections.signed import Tokens
from core.db import Database
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.runs.record import Writer
from core.seal import Sealer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.flows.conftest import Verbatim, Workshop
from tests.vendors import mcp as vendor
from tests.vendors.mcp import TOKEN, hostile, plain_tool, tickets

KEY = Fernet.generate_key()


@dataclass
class Account:
    """A workspace with connections, and a worker that may use them."""

    workshop: Workshop
    door: Door
    out: Outgoing

    async def connect(self, url: str) -> None:
        connections = Connections(self.workshop.db, self.door, self.out, Tokens(), Policy.of(["127.0.0.1"]))
        caller = Caller(new_id(), self.workshop.workspace, "owner")
        await connections.create(caller, "mcp", Given("Tickets", {"url": url, "token": TOKEN}))

    @contextlib.asynccontextmanager
    async def engine(self) -> AsyncIterator[None]:
        identity, stop = Identity("testhost", "1", new_id().hex), asyncio.Event()
        async with Writer(self.workshop.worker, identity.owner) as writer:
            ledger = DatabaseLedger(self.workshop.worker, door=self.door)
            tools = Tools(ledger, writer, Verbatim(), self.out, "http://vutler.test")
            engine = Engine(identity, self.workshop.worker, tools, registry.actions(), 100)
            task = asyncio.create_task(engine.run(stop, drain_s=2))
            try:
                yield
            finally:
                stop.set()
                await task

    async def run(self, *steps: dict[str, Any], until: tuple[str, ...] = ("success", "failed")) -> dict[str, Any]:
        rule = await self.workshop.automation(*steps)
        return await self.workshop.wait_for(await self.workshop.start(rule, None), *until)

    async def recorded(self) -> str:
        """Everything that the history holds."""
        async with self.workshop.db.connection() as connection:
            texts = [
                await connection.fetchval(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {name} t")
                for name in ("automation_logs", "automation_action_logs", "run_lines", "blobs")
            ]
        return "\n".join(filter(None, texts))


@pytest.fixture
async def account(db: Database, workshop: Workshop) -> AsyncIterator[Account]:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspaces (id, name) VALUES ($1, 'Test') ON CONFLICT DO NOTHING", workshop.workspace
        )
    async with Outgoing(Policy.of(["127.0.0.1"])) as out:
        yield Account(workshop, Door(Sealer([KEY])), out)


def step(tool: str, arguments: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    config = {"connection": "Tickets", "tool": tool, "arguments": arguments or {}}
    return {"id": "a", "type": "mcp", "config": config | more.pop("config", {}), **more}


async def test_a_tool_is_called_once_and_its_value_recorded(account: Account) -> None:
    async with tickets() as server:
        await account.connect(server.url)
        async with account.engine():
            run = await account.run(step("create_issue", {"title": "Printer"}))
            assert run["status"] == "success", run["error"]
            assert run["output"]["result"] == {"number": 1, "title": "Printer"}
            assert server.issues == ["Printer"]
            run = await account.run(step("show"))
            assert [each["media_type"] for each in run["output"]["files"]] == ["image/png", "audio/wav"]
            run = await account.run(step("fail", {"why": f"no paper {TOKEN}"}))
            assert run["status"] == "failed"
            assert "no paper ***" in run["error"]
            assert (await account.run(step("repeat_token")))["output"]["text"] == "You sent ***"
    recorded = await account.recorded()
    assert "no paper" in recorded
    assert TOKEN not in recorded


@pytest.mark.parametrize(("hints", "calls"), [({}, 1), ({"readOnlyHint": True}, 2), ({"idempotentHint": True}, 2)])
async def test_a_lost_answer_is_a_question_and_no_second_call(
    account: Account, hints: dict[str, bool], calls: int
) -> None:
    async with hostile() as server:
        server.tools = [plain_tool("act", **hints)]
        server.answers["tools/call"] = vendor.cut
        await account.connect(server.url)
        async with account.engine():
            run = await account.run(
                step("act", retry={"max_attempts": 2, "delay_s": 0}), until=("waiting", "failed", "success")
            )
    assert server.methods().count("tools/call") == calls
    assert run["status"] == ("waiting" if calls == 1 else "failed")
