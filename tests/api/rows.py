"""Automations and runs made by hand, and a worker made of the engine's own claim and record."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx

from blocks.values import Json, JsonObject
from core.db import Connection, Database
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.runs.channels import CONFIG
from core.runs.queue import ClaimedRun, claim
from core.runs.record import Entry, LineRecord, RunRecord, StepRecord, Writer
from tests.api.conftest import Tenant

SECRET = "whs_of the tests"
GOOD = {"X-Webhook-Secret": SECRET}
OWNER = "host/1/test"


@dataclass(frozen=True)
class Webhook:
    rule_id: UUID
    trigger_id: UUID
    webhook_id: str

    @property
    def path(self) -> str:
        return f"/api/webhooks/{self.webhook_id}"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def add_webhook(db: Database, tenant: Tenant, policy: JsonObject | None = None, **config: Json) -> Webhook:
    """A published automation with a webhook of this configuration."""
    hook = Webhook(new_id(), new_id(), f"wh_{new_id().hex}")
    definition: JsonObject = {"policy": policy or {}}
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO automation_rules (id, workspace_id, name, trigger_type, live_version, draft_changed)"
            " VALUES ($1, $2, 'A webhook', 'webhook', 1, false)",
            hook.rule_id,
            tenant.workspace_id,
        )
        await connection.execute(
            "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)", hook.rule_id, definition
        )
        await connection.execute(
            "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, webhook_id, webhook_secret)"
            " VALUES ($1, $2, $3, 'webhook', $4, $5, $6)",
            hook.trigger_id,
            hook.rule_id,
            tenant.workspace_id,
            config,
            hook.webhook_id,
            sha256(SECRET),
        )
    return hook


async def announce(connection: Connection, rule_id: UUID) -> None:
    await connection.execute("SELECT pg_notify($1, $2)", CONFIG, str(rule_id))


async def add_run(db: Database, tenant: Tenant, rule_id: UUID, data: Json = None, trigger_type: str = "manual") -> UUID:
    async with db.connection() as connection:
        made = await accept(
            connection,
            NewRun(workspace_id=tenant.workspace_id, rule_id=rule_id, version=1, trigger_type=trigger_type, data=data),
        )
    return made.run_id


async def ledger(client: httpx.AsyncClient, tenant: Tenant, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/deliveries", headers=tenant.headers, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def data_of(db: Database, run_id: str) -> Any:
    async with db.connection() as connection:
        return await connection.fetchval("SELECT trigger_data FROM automation_logs WHERE id = $1", UUID(run_id))


async def run_count(db: Database) -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM automation_logs"))


class Worker:
    """Executes by saying so."""

    def __init__(self, db: Database, writer: Writer) -> None:
        self._db = db
        self.writer = writer

    async def claim(self) -> ClaimedRun:
        async with self._db.connection() as connection:
            (run,) = await claim(connection, owner=OWNER, lane="warm", limit=1)
        return run

    async def step(self, run: ClaimedRun, seq: int, status: str = "success", **more: Json) -> None:
        """Record one step (`step`, `index`, `output`, `error` ...) and a line about it, whose seq is one less."""
        name = str(more.pop("step", "first"))
        now = datetime.now(UTC)
        step = StepRecord(
            id=new_id(), run_id=run.id, workspace_id=run.workspace_id, step_id=name,
            action_index=int(str(more.pop("index", 0))), action_type="transform", status=status, epoch=run.epoch,
            seq=seq, started_at=now, completed_at=now, duration_ms=1, input=more.pop("input", None),
            output=more.pop("output", None),
        )  # fmt: skip
        assert not more
        line = LineRecord(run.id, seq - 1, now, "info", name, f"{name} started")
        assert await self.writer.write(
            Entry(
                RunRecord(run.id, run.rule_id, run.epoch, seq), [step], [line], [_event(run, seq, "step", status, name)]
            )
        )

    async def end(
        self, run: ClaimedRun, seq: int, status: str = "success", output: Json = None, error: str | None = None
    ) -> None:
        record = RunRecord(
            run.id,
            run.rule_id,
            run.epoch,
            seq,
            status,
            datetime.now(UTC),
            output,
            error,
            "step_failed" if error else None,
        )
        assert await self.writer.write(Entry(record, [], [], [_event(run, seq, "run", status)]))

    def hint(self, run: ClaimedRun, step: str) -> None:
        self.writer.hint(_event(run, 0, "step", "running", step) | {"provisional": True})


@asynccontextmanager
async def worker(db: Database) -> AsyncIterator[Worker]:
    async with Writer(db, OWNER) as writer:
        yield Worker(db, writer)


def _event(run: ClaimedRun, seq: int, kind: str, status: str, step: str | None = None) -> JsonObject:
    event: JsonObject = {
        "run": str(run.id), "workspace": str(run.workspace_id), "rule": str(run.rule_id), "seq": seq, "kind": kind,
        "status": status,
    }  # fmt: skip
    return event if step is None else event | {"step": step}
