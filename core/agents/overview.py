"""Agents as a list shows them: how each stands, and its last run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from core.agents import repository
from core.agents.model import Agent
from core.agents.status import Standing, standings
from core.caller import Caller
from core.db import Connection, Database

_LAST_RUNS: Final = """
SELECT r.id AS rule_id, s.last_run_id, s.last_run_at, s.last_run_status
FROM automation_rules r JOIN automation_stats s ON s.rule_id = r.id
WHERE r.workspace_id = $1 AND r.id = ANY ($2) AND s.last_run_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class LastRun:
    id: UUID | None
    at: datetime
    status: str | None


@dataclass(frozen=True, slots=True)
class Line:
    agent: Agent
    standing: Standing
    last_run: LastRun | None


class Overview:
    """The service of one process. `fallback`: there is a provider for workspaces without one."""

    def __init__(self, db: Database, *, fallback: bool = False) -> None:
        self._db = db
        self._fallback = fallback

    async def lines(self, caller: Caller, search: str | None, *, before: UUID | None, limit: int) -> list[Line]:
        """The newest first."""
        async with self._db.connection() as connection:
            agents = await repository.page(connection, caller.workspace_id, search, before, limit)
            stand = await standings(connection, caller.workspace_id, agents, fallback=self._fallback)
            runs = await _last_runs(connection, caller, [each.rule_id for each in agents if each.rule_id is not None])
        return [
            Line(each, stand[each.id], runs.get(each.rule_id) if each.rule_id is not None else None) for each in agents
        ]


async def _last_runs(connection: Connection, caller: Caller, rules: list[UUID]) -> Mapping[UUID, LastRun]:
    rows = await connection.fetch(_LAST_RUNS, caller.workspace_id, rules)
    return {row["rule_id"]: LastRun(row["last_run_id"], row["last_run_at"], row["last_run_status"]) for row in rows}
