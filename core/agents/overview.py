"""Agents as a list shows them: how each stands, and its last run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from core.agents import repository
from core.agents.model import Agent
from core.agents.status import Standing, standings
from core.caller import Caller
from core.db import Connection, Database

_CARRIED: Final = """
SELECT r.id AS rule_id, r.trigger_type, s.last_run_id, s.last_run_at, s.last_run_status
FROM automation_rules r LEFT JOIN automation_stats s ON s.rule_id = r.id
WHERE r.workspace_id = $1 AND r.id = ANY ($2)
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
    trigger_type: str | None  # of the automation that it carries


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
            rules = await _carried(connection, caller, [each.rule_id for each in agents if each.rule_id is not None])
        nothing = (None, None)
        return [
            Line(each, stand[each.id], *(nothing if each.rule_id is None else rules.get(each.rule_id, nothing)))
            for each in agents
        ]


async def _carried(
    connection: Connection, caller: Caller, rules: list[UUID]
) -> Mapping[UUID, tuple[LastRun | None, str | None]]:
    rows = await connection.fetch(_CARRIED, caller.workspace_id, rules)
    return {row["rule_id"]: (_last_run(row), row["trigger_type"]) for row in rows}


def _last_run(row: asyncpg.Record) -> LastRun | None:
    if row["last_run_at"] is None:
        return None
    return LastRun(row["last_run_id"], row["last_run_at"], row["last_run_status"])
