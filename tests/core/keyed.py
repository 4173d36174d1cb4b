"""Runs with a key, for tests of overlap: made, claimed and ended as the product does."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from blocks.values import Json, JsonObject
from core.db import Database
from core.ids import new_id
from core.runs import queue
from core.runs.accept import NewRun, accept
from core.runs.queue import ClaimedRun
from core.runs.record import Entry, RunRecord, Writer

OWNER = "host/1/me"
WORKSPACE = new_id()


async def automation(db: Database, overlap: str | None, key: str | None = None) -> UUID:
    rule = new_id()
    policy: JsonObject = {} if overlap is None else {"overlap": overlap, "concurrency_key": key}
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO automation_rules (id, workspace_id, name, live_version) VALUES ($1, $2, 'A', 1)",
            rule, WORKSPACE,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)", rule, {"policy": policy}
        )
    return rule


async def start(db: Database, rule: UUID, data: Json = None, **more: Any) -> UUID:
    async with db.connection() as connection:
        return (await accept(connection, NewRun(WORKSPACE, rule, 1, "manual", data, **more))).run_id


async def claim(db: Database, limit: int = 10) -> list[ClaimedRun]:
    async with db.connection() as connection:
        return await queue.claim(connection, owner=OWNER, lane="warm", limit=limit)


async def settle(db: Database) -> None:
    async with db.connection() as connection:
        await queue.requeue_due(connection)


def ended(run: ClaimedRun, status: str = "success") -> Entry:
    return Entry(RunRecord(run.id, run.rule_id, run.epoch, run.seq + 1, status, datetime.now(UTC)))


async def end(db: Database, *runs: ClaimedRun, status: str = "success") -> None:
    async with Writer(db, OWNER) as writer:
        assert all(await asyncio.gather(*(writer.write(ended(run, status)) for run in runs)))


async def rows(db: Database, run_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    async with db.connection() as connection:
        found = await connection.fetch(
            "SELECT l.*, q.state FROM automation_logs l LEFT JOIN run_queue q ON q.run_id = l.id WHERE id = ANY ($1)",
            run_ids,
        )
    by_id = {row["id"]: row for row in found}
    return [by_id[run_id] for run_id in run_ids]


async def statuses(db: Database, run_ids: Sequence[UUID]) -> list[str]:
    return [row["status"] for row in await rows(db, run_ids)]
