"""A worker's engine in the test's own process, on a real database, with actions that exist for tests only."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from blocks.values import Json
from core.automations.definition import Definition, canonical
from core.db import Database
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.runs.record import Writer
from flows.engine import Engine, Identity
from flows.execution import Tools
from flows.ledger import DatabaseLedger
from tests.flows.actions import TEST_ACTIONS, calls
from tests.waiting import until


class NoNetwork:
    """The outgoing client of tests whose steps stay at home."""

    async def request(self, *_: object, **__: object) -> Any:
        raise AssertionError("this test makes no requests")


class Verbatim:
    """A renderer for definitions whose only templates are "{{ item }}" and "{{ previous.output }}"."""

    async def render(self, value: Json, context: Mapping[str, Json], *, workspace: str) -> Json:
        match value:
            case "{{ item }}":
                return context["item"]
            case "{{ previous.output }}":
                previous = context["previous"]
                return previous["output"] if isinstance(previous, dict) else None
            case dict():
                return {name: await self.render(each, context, workspace=workspace) for name, each in value.items()}
            case list():
                return [await self.render(each, context, workspace=workspace) for each in value]
        return value


@dataclass
class Workshop:
    """Makes automations and runs, and reads what became of them."""

    db: Database  # asks across workspaces, to make and to look
    workspace: UUID
    worker: Database

    async def automation(self, *steps: dict[str, Any], **policy: Any) -> UUID:
        definition = Definition.model_validate(
            {
                "name": "Test",
                "trigger_type": "manual",
                "actions": list(steps),
                "policy": policy,
            }
        )
        rule = new_id()
        async with self.db.transaction() as connection:
            await connection.execute(
                "INSERT INTO automation_rules (id, workspace_id, name, live_version) VALUES ($1, $2, 'Test', 1)",
                rule,
                self.workspace,
            )
            await connection.execute(
                "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)",
                rule,
                canonical(definition),
            )
        return rule

    async def start(self, rule: UUID, data: Json = None) -> UUID:
        async with self.db.connection() as connection:
            return (await accept(connection, NewRun(self.workspace, rule, 1, "manual", data))).run_id

    async def run(self, run_id: UUID) -> dict[str, Any]:
        async with self.db.connection() as connection:
            return dict(await connection.fetchrow("SELECT * FROM automation_logs WHERE id = $1", run_id))

    async def steps(self, run_id: UUID) -> dict[str, dict[str, Any]]:
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT * FROM automation_action_logs WHERE log_id = $1 ORDER BY seq", run_id)
        return {row["step_id"]: dict(row) for row in rows}

    async def items(self, run_id: UUID, name: str) -> dict[str, dict[str, Any]]:
        """The records of a step inside a loop, by iteration."""
        async with self.db.connection() as connection:
            rows = await connection.fetch(
                "SELECT * FROM automation_action_logs WHERE log_id = $1 AND step_id = $2 ORDER BY seq", run_id, name
            )
        return {row["iteration"]: dict(row) for row in rows}

    async def lines(self, run_id: UUID) -> list[str]:
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT text FROM run_lines WHERE run_id = $1 ORDER BY seq", run_id)
        return [row["text"] for row in rows]

    async def wait_for(self, run_id: UUID, *statuses: str, seconds: float = 15) -> dict[str, Any]:
        async def there() -> bool:
            return (await self.run(run_id))["status"] in statuses

        await until(there, seconds=seconds, every_s=0.02)
        return await self.run(run_id)

    async def ended(self, run_id: UUID, seconds: float = 15) -> dict[str, Any]:
        return await self.wait_for(run_id, "success", "failed", "cancelled", seconds=seconds)

    @contextlib.asynccontextmanager
    async def engine(self, slot: str = "1", concurrency: int = 100, **options: Any) -> AsyncIterator[Engine]:
        async with self.running(slot, concurrency, **options) as (engine, _):
            yield engine

    @contextlib.asynccontextmanager
    async def running(
        self, slot: str = "1", concurrency: int = 100, **options: Any
    ) -> AsyncIterator[tuple[Engine, "asyncio.Task[None]"]]:
        identity = Identity("testhost", slot, new_id().hex)
        stop = asyncio.Event()
        async with Writer(self.worker, identity.owner) as writer:
            tools = Tools(DatabaseLedger(self.worker), writer, Verbatim(), NoNetwork(), "http://vutler.test")
            engine = Engine(identity, self.worker, tools, TEST_ACTIONS, concurrency, **options)
            task = asyncio.create_task(engine.run(stop, drain_s=2))
            try:
                yield engine, task
            finally:
                stop.set()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def called(run_id: UUID, step: str, times: int = 1) -> None:
    """Wait until the step's action was really called so often."""

    async def so_often() -> bool:
        return calls[f"{run_id}/{step}"] >= times

    await until(so_often, every_s=0.01)


@pytest.fixture
async def workshop(db: Database, worker_db: Database) -> Workshop:
    return Workshop(db, new_id(), worker_db)
