"""Acceptance: one run per key, whatever arrives at once."""

import asyncio
from uuid import UUID

from core.db import Database
from core.ids import new_id
from core.runs.accept import Accepted, NewRun, accept


def _run(key: str | None, trigger: UUID) -> NewRun:
    return NewRun(
        workspace_id=new_id(), rule_id=new_id(), version=1, trigger_type="webhook", data={"n": 1},
        trigger_id=trigger, key=key,
    )  # fmt: skip


async def test_twenty_at_once_are_one_run(db: Database) -> None:
    trigger = new_id()

    async def one() -> Accepted:
        async with db.connection() as connection:
            return await accept(connection, _run("k", trigger))

    answers = await asyncio.gather(*(one() for _ in range(20)))
    assert len({answer.run_id for answer in answers}) == 1
    assert sum(not answer.duplicate for answer in answers) == 1
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == 1
        assert await connection.fetchval("SELECT count(*) FROM run_queue") == 1


async def test_a_key_that_ran_out_starts_anew(db: Database) -> None:
    trigger = new_id()
    async with db.connection() as connection:
        first = await accept(connection, _run("k", trigger))
        await connection.execute("UPDATE run_keys SET expires_at = now() - interval '1 second'")
        second = await accept(connection, _run("k", trigger))
    assert not second.duplicate
    assert second.run_id != first.run_id
