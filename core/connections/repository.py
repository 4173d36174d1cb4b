"""The SQL of connections. Every query is bound to a workspace."""

from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.connections.model import ConnectionRow
from core.db import Connection

_SHOWN: Final = """id, workspace_id, name, kind, settings, secret_names, hosts, used_by, created_by, updated_by,
    created_at, updated_at, last_used_at, last_tested_at, last_failed_at, last_error, (
        SELECT jsonb_build_object('state', g.state, 'since', g.since, 'error', g.error, 'account', g.account)
        FROM listening g WHERE g.connection_id = connections.id AND g.wanted) AS listening"""


async def page(connection: Connection, workspace_id: UUID, before: UUID | None, limit: int) -> list[ConnectionRow]:
    """The newest first."""
    rows = await connection.fetch(
        f"""SELECT {_SHOWN} FROM connections WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2)
            ORDER BY id DESC LIMIT $3""",
        workspace_id, before, limit,
    )  # fmt: skip
    return [ConnectionRow(**row) for row in rows]


async def find(
    connection: Connection, workspace_id: UUID, connection_id: UUID, *, lock: bool = False
) -> tuple[ConnectionRow, bytes | None] | None:
    """The row and what is sealed in it. `lock`: nobody else writes it until the transaction ends."""
    row = await connection.fetchrow(
        f"""SELECT {_SHOWN}, sealed FROM connections WHERE workspace_id = $1 AND id = $2
            {"FOR UPDATE" if lock else ""}""",
        workspace_id, connection_id,
    )  # fmt: skip
    if row is None:
        return None
    facts = dict(row)
    sealed = facts.pop("sealed")
    return ConnectionRow(**facts), sealed


async def workspace_of(connection: Connection, connection_id: UUID) -> UUID | None:
    """Whose it is, for who asks across workspaces: a request that its own service signed."""
    found: UUID | None = await connection.fetchval("SELECT workspace_id FROM connections WHERE id = $1", connection_id)
    return found


async def named(connection: Connection, workspace_id: UUID, references: list[str]) -> dict[str, ConnectionRow]:
    """Those that `references` (ids, or names in any case) mean."""
    rows = await connection.fetch(
        f"""SELECT {_SHOWN}, reference FROM unnest($2::text[]) AS reference
            JOIN connections ON id::text = lower(reference) OR lower(name) = lower(reference)
            WHERE workspace_id = $1 ORDER BY id::text = lower(reference)""",
        workspace_id, references,
    )  # fmt: skip
    found: dict[str, ConnectionRow] = {}
    for row in rows:
        facts = dict(row)
        reference = facts.pop("reference")
        found[reference] = ConnectionRow(**facts)
    return found


async def save(
    connection: Connection, row: ConnectionRow, *, settings: JsonObject, sealed: bytes | None, secret_names: list[str]
) -> None:
    """Insert or replace everything that people set. Raises asyncpg's `UniqueViolationError` where the name is taken."""
    await connection.execute(
        """INSERT INTO connections (id, workspace_id, name, kind, settings, sealed, secret_names, hosts, used_by,
               created_by, updated_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
           ON CONFLICT (id) DO UPDATE SET name = $3, settings = $5, sealed = $6, secret_names = $7, hosts = $8,
               used_by = $9, updated_by = $10, updated_at = clock_timestamp(), last_error = NULL""",
        row.id, row.workspace_id, row.name, row.kind, settings, sealed, secret_names, row.hosts, row.used_by,
        row.updated_by,
    )  # fmt: skip


async def delete(connection: Connection, workspace_id: UUID, connection_id: UUID) -> None:
    await connection.execute("DELETE FROM connections WHERE workspace_id = $1 AND id = $2", workspace_id, connection_id)


async def note_test(connection: Connection, workspace_id: UUID, connection_id: UUID, error: str | None) -> None:
    """What a test said; None: it works."""
    await connection.execute(
        """UPDATE connections SET last_tested_at = now(), last_error = $3,
               last_failed_at = CASE WHEN $3::text IS NULL THEN last_failed_at ELSE now() END
           WHERE workspace_id = $1 AND id = $2""",
        workspace_id, connection_id, error,
    )  # fmt: skip


async def note_failure(connection: Connection, workspace_id: UUID, connection_id: UUID, error: str) -> None:
    """A run was refused with it."""
    await connection.execute(
        """UPDATE connections SET last_failed_at = now(), last_error = $3 WHERE workspace_id = $1 AND id = $2
               AND (last_error IS DISTINCT FROM $3 OR last_failed_at < now() - interval '10 seconds')""",
        workspace_id, connection_id, error,
    )  # fmt: skip
