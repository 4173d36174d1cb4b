"""The SQL of agents. Every query is bound to a workspace."""

from typing import Final
from uuid import UUID

from blocks import registry
from blocks.values import Json
from core.agents.model import Agent
from core.db import Connection

_COLUMNS: Final = """id, workspace_id, slug, name, avatar, description, instructions, connection_id, model, settings,
    tools, channels, email, rule_id, enabled, created_by, updated_by, created_at, updated_at"""
_NAMED: Final = f"""
SELECT {_COLUMNS} FROM agents WHERE workspace_id = $1 AND deleted_at IS NULL AND (id::text = lower($2) OR slug = $2)
"""
# The one that the agent names, else the oldest of the workspace.
_PROVIDER: Final = """
SELECT id::text FROM connections WHERE workspace_id = $1 AND kind = ANY ($2)
    AND CASE WHEN $3::uuid IS NULL THEN used_by = 'editors' ELSE id = $3 END
ORDER BY id LIMIT 1
"""


async def named(connection: Connection, workspace_id: UUID, reference: str) -> Agent | None:
    """By id or slug."""
    row = await connection.fetchrow(_NAMED, workspace_id, reference)
    return None if row is None else Agent(**row)


async def locked(connection: Connection, workspace_id: UUID, reference: str) -> Agent | None:
    """As `named`; nobody else writes it until the transaction ends."""
    row = await connection.fetchrow(f"{_NAMED} FOR UPDATE", workspace_id, reference)
    return None if row is None else Agent(**row)


async def called(connection: Connection, workspace_id: UUID, name: str) -> list[Agent]:
    """Those of that name, in any case."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM agents WHERE workspace_id = $1 AND deleted_at IS NULL AND lower(name) = lower($2)",
        workspace_id, name,
    )  # fmt: skip
    return [Agent(**row) for row in rows]


async def page(
    connection: Connection, workspace_id: UUID, search: str | None, before: UUID | None, limit: int
) -> list[Agent]:
    """The newest first."""
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS} FROM agents WHERE workspace_id = $1 AND deleted_at IS NULL
            AND ($2::uuid IS NULL OR id < $2)
            AND ($3::text IS NULL OR strpos(lower(concat_ws(' ', name, slug, description)), lower($3)) > 0)
            ORDER BY id DESC LIMIT $4""",
        workspace_id, before, search, limit,
    )  # fmt: skip
    return [Agent(**row) for row in rows]


async def provider_of(connection: Connection, agent: Agent) -> str | None:
    """The id of the connection that the agent's model is reached through; None where there is none."""
    kinds = [*registry.connections_for("model")]
    found: str | None = await connection.fetchval(_PROVIDER, agent.workspace_id, kinds, agent.connection_id)
    return found


async def listens(connection: Connection, agent: Agent) -> bool:
    """Whether an automation starts with the messages of the agent's channels."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM automation_triggers WHERE workspace_id = $1 AND type = 'message' AND active"
        " AND config ->> 'agent' IN ($2, $3))",
        agent.workspace_id, agent.slug, str(agent.id),
    )  # fmt: skip
    return found


async def save(connection: Connection, agent: Agent) -> None:
    """Insert or replace everything that people set. Raises asyncpg's `UniqueViolationError` where the slug is taken."""
    channels: list[Json] = [*agent.channels]
    tools: list[Json] = [*agent.tools]
    await connection.execute(
        """INSERT INTO agents (id, workspace_id, slug, name, avatar, description, instructions, connection_id, model,
               settings, tools, channels, email, rule_id, enabled, created_by, updated_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
           ON CONFLICT (id) DO UPDATE SET slug = $3, name = $4, avatar = $5, description = $6, instructions = $7,
               connection_id = $8, model = $9, settings = $10, tools = $11, channels = $12, email = $13, rule_id = $14,
               enabled = $15, updated_by = $16, updated_at = clock_timestamp()""",
        agent.id, agent.workspace_id, agent.slug, agent.name, agent.avatar, agent.description, agent.instructions,
        agent.connection_id, agent.model, agent.settings, tools, channels, agent.email, agent.rule_id, agent.enabled,
        agent.updated_by,
    )  # fmt: skip


async def mark_deleted(connection: Connection, agent: Agent, by: UUID) -> None:
    await connection.execute(
        "UPDATE agents SET deleted_at = now(), updated_by = $3 WHERE workspace_id = $1 AND id = $2",
        agent.workspace_id, agent.id, by,
    )  # fmt: skip
