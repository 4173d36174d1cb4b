"""Automations that start each other, put straight into the database, and a worker made of the engine's own claim and
record."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from blocks.values import Json, JsonObject
from core.automations.definition import Definition, canonical
from core.automations.following import Following
from core.db import Database
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.runs.breaker import DEFAULT, Limits
from core.runs.queue import claim
from core.runs.record import Entry, RunRecord, Writer

OWNER = "host/1/test"
WORKSPACE = new_id()


def following(db: Database, limits: Limits = DEFAULT) -> Following:
    return Following(db, public_url="https://vutler.test", limits=limits)


async def automation(
    db: Database,
    follows: UUID | None = None,
    *,
    on: Json = None,
    workspace: UUID = WORKSPACE,
    rule_id: UUID | None = None,
    name: str = "One of them",
    on_failure: JsonObject | None = None,
    published: bool = True,
    trigger_type: str | None = None,
    config: JsonObject | None = None,
) -> UUID:
    """A live automation, which follows another one or starts by hand."""
    rule_id = rule_id or new_id()
    kind = trigger_type or ("manual" if follows is None else "automation")
    if config is None:
        config = {} if follows is None else {"automation": str(follows), "on": on or ["success"]}
    definition = Definition.model_validate(
        {
            "name": name,
            "trigger_type": kind,
            "trigger_config": config,
            "actions": [{"id": "s1", "type": "transform", "config": {"value": 1}}],
            "policy": {"priority": "high", "on_failure": on_failure or {}},
        }
    )
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO automation_rules (id, workspace_id, name, trigger_type, live_version)"
            " VALUES ($1, $2, $3, $4, $5)",
            rule_id, workspace, name, kind, 1 if published else None,
        )  # fmt: skip
        if published:
            await connection.execute(
                "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)",
                rule_id, canonical(definition),
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config) VALUES ($1, $2, $3, $4, $5)",
                new_id(), rule_id, workspace, kind, config,
            )  # fmt: skip
    return rule_id


async def started(db: Database, rule_id: UUID, workspace: UUID = WORKSPACE) -> UUID:
    async with db.connection() as connection:
        run = NewRun(workspace_id=workspace, rule_id=rule_id, version=1, trigger_type="manual", data=None)
        return (await accept(connection, run)).run_id


async def ended(db: Database, status: str = "success", output: Json = None) -> UUID:
    """Claim the oldest queued run and record its end, as a worker does; gives it."""
    async with db.connection() as connection:
        (run,) = await claim(connection, owner=OWNER, lane="warm", limit=1)
    error = "It broke." if status == "failed" else None
    record = RunRecord(run.id, run.rule_id, run.epoch, run.seq + 1, status, datetime.now(UTC), output, error)
    async with Writer(db, OWNER) as writer:
        assert await writer.write(Entry(record))
    return run.id


async def runs(db: Database, rule_id: UUID) -> list[dict[str, Any]]:
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT * FROM automation_logs WHERE rule_id = $1 ORDER BY id", rule_id)
    return [dict(row) for row in rows]


async def words(db: Database) -> int:
    async with db.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'ended'"))


async def lines(db: Database, run_id: UUID) -> list[str]:
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT text FROM run_lines WHERE run_id = $1 ORDER BY seq", run_id)
    return [row["text"] for row in rows]


async def alerts(db: Database) -> list[dict[str, Any]]:
    async with db.connection() as connection:
        return [dict(row) for row in await connection.fetch("SELECT * FROM alerts ORDER BY id")]


async def rule(db: Database, rule_id: UUID) -> dict[str, Any]:
    async with db.connection() as connection:
        return dict(await connection.fetchrow("SELECT * FROM automation_rules WHERE id = $1", rule_id))


async def member(db: Database, workspace: UUID, role: str = "owner") -> UUID:
    """Somebody of the workspace; gives their id."""
    user = new_id()
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, 'Somebody', '')", user, f"{user}@x.test"
        )
        await connection.execute(
            "INSERT INTO workspaces (id, name) VALUES ($1, 'Theirs') ON CONFLICT DO NOTHING", workspace
        )
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)", workspace, user, role
        )
    return user


async def told(db: Database, user: UUID) -> list[str]:
    """The titles of what they were told."""
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT title FROM notifications WHERE user_id = $1 ORDER BY id", user)
    return [row["title"] for row in rows]
