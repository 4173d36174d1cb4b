"""Whether an agent can be spoken to: processing while a worker holds a turn, offline where nobody would answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import asyncpg

from blocks import registry
from core.agents.model import Agent
from core.db import Connection

Status = Literal["online", "processing", "offline"]

_STATUS: Final = """
SELECT a.id, a.enabled, p.id AS connection_id, h.failing_since, h.error, h.error_code, EXISTS (
    SELECT FROM agent_turns t JOIN run_queue q ON q.run_id = t.run_id
    WHERE t.agent_id = a.id AND t.status = 'running' AND q.state = 'running' AND q.lease_until > now()) AS processing
FROM agents a
LEFT JOIN LATERAL (
    SELECT c.id FROM connections c WHERE c.workspace_id = a.workspace_id AND c.kind = ANY ($3)
        AND CASE WHEN a.connection_id IS NULL THEN c.used_by = 'editors' ELSE c.id = a.connection_id END
    ORDER BY c.id LIMIT 1) p ON true
LEFT JOIN provider_health h ON h.connection_id = p.id
WHERE a.workspace_id = $1 AND a.id = ANY ($2)
"""
# Who looks at a status wants it to be true: the provider is looked at for a while (core/agents/health.py).
_WATCH: Final = """
INSERT INTO provider_health AS h (connection_id, workspace_id, checked_at)
SELECT c.id, c.workspace_id, now() - interval '1 hour' FROM connections c WHERE c.id = $2 AND c.workspace_id = $1
ON CONFLICT (connection_id) DO UPDATE SET used_at = now() WHERE h.used_at < now() - interval '1 minute'
"""
# The same for whoever watches the whole workspace.
_WATCH_ALL: Final = """
INSERT INTO provider_health AS h (connection_id, workspace_id, checked_at)
SELECT c.id, c.workspace_id, now() - interval '1 hour' FROM connections c
WHERE c.workspace_id = $1 AND c.kind = ANY ($2) AND EXISTS (
    SELECT FROM agents a WHERE a.workspace_id = $1 AND a.deleted_at IS NULL AND a.enabled
        AND (a.connection_id = c.id OR (a.connection_id IS NULL AND c.used_by = 'editors')))
ON CONFLICT (connection_id) DO UPDATE SET used_at = now() WHERE h.used_at < now() - interval '1 minute'
"""
_NO_PROVIDER: Final = "The workspace has no provider of language models: add a connection to one."
WATCH_S: Final = 300.0  # between two notes of the same watcher


@dataclass(frozen=True, slots=True)
class Standing:
    """`code` and `reason` say why an agent is offline, for programs and for people; `since` when its provider began
    to fail, where that is why."""

    status: Status
    code: str | None = None
    reason: str | None = None
    since: datetime | None = None
    connection_id: UUID | None = None


async def standing(connection: Connection, agent: Agent, *, fallback: bool = False) -> Standing:
    """How the agent stands now. `fallback`: there is a provider for workspaces without one."""
    kinds = [*registry.connections_for("model")]
    row = await connection.fetchrow(_STATUS, agent.workspace_id, [agent.id], kinds)
    found = _standing(row, fallback=fallback)
    if found.connection_id is not None:
        await connection.execute(_WATCH, agent.workspace_id, found.connection_id)
    return found


async def standings(
    connection: Connection, workspace_id: UUID, agents: Sequence[Agent], *, fallback: bool = False
) -> dict[UUID, Standing]:
    """How each of them stands now, by id. Who watches the workspace keeps its providers looked at (`watch`)."""
    kinds = [*registry.connections_for("model")]
    rows = await connection.fetch(_STATUS, workspace_id, [each.id for each in agents], kinds)
    return {row["id"]: _standing(row, fallback=fallback) for row in rows}


def _standing(row: asyncpg.Record | None, *, fallback: bool) -> Standing:
    if row is None or not row["enabled"]:
        return Standing("offline", "agent_disabled", "The agent is switched off.")
    if row["connection_id"] is None and fallback:
        return Standing("processing" if row["processing"] else "online")
    if row["connection_id"] is None:
        return Standing("offline", "no_model_provider", _NO_PROVIDER)
    if row["failing_since"] is not None:
        code = row["error_code"] or "model_failed"
        return Standing("offline", code, row["error"], row["failing_since"], row["connection_id"])
    return Standing("processing" if row["processing"] else "online", connection_id=row["connection_id"])


async def watch(connection: Connection, workspace_id: UUID) -> None:
    """Somebody watches the workspace for the next `WATCH_S` seconds, and wants to be told how its agents stand."""
    await connection.execute(_WATCH_ALL, workspace_id, [*registry.connections_for("model")])
