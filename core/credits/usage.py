"""What a workspace has used: runs, steps and credits by day, automation or action."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg

from core.caller import Caller
from core.db import Connection, Database
from core.errors import Finding, Invalid
from core.ids import first_id_at

By = Literal["day", "automation", "action"]
MOST_DAYS: Final = 366

# Ids carry the time, so that only the partitions of that time are read. $2 and $3 are ids, $4 and $5 moments.
_RUNS: Final = "FROM automation_logs l WHERE l.workspace_id = $1 AND l.id >= $2 AND l.id < $3 AND l.status <> 'skipped'"
_STEPS: Final = """
FROM automation_logs l JOIN automation_action_logs a ON a.log_id = l.id AND a.log_id >= $2 AND a.log_id < $3
WHERE l.workspace_id = $1 AND l.id >= $2 AND l.id < $3 AND a.status IN ('success', 'failed', 'unknown')
    AND a.copied_from IS NULL
"""
_SPENT: Final = """
FROM credit_transfers t
WHERE t.workspace_id = $1 AND t.to_account = 'spent' AND t.created_at >= $2 AND t.created_at < $3
"""
_DAY: Final = "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
_KEYS: Final[Mapping[By, tuple[str, str, str]]] = {
    "day": (_DAY.format("l.created_at"), _DAY.format("l.created_at"), _DAY.format("t.created_at")),
    "automation": ("l.rule_id::text", "l.rule_id::text", "t.rule_id::text"),
    "action": ("", "a.action_type", "t.action_type"),
}


@dataclass(slots=True)
class Used:
    """`key` is a day (UTC), the id of an automation, or an action; `name` what an automation is called. Runs count on
    the day they were accepted, credits on the day they were settled."""

    key: str
    name: str | None = None
    runs: int = 0
    steps: int = 0
    credits: int = 0


class Usage:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, caller: Caller, first: date, last: date, by: By) -> list[Used]:
        """From the first to the last day, both of them counted (UTC), in the order of the key; without days that
        nothing happened on. Raises `Invalid`."""
        days = (last - first).days + 1
        if not 1 <= days <= MOST_DAYS:
            message = f"`from` and `to` are the first and the last day of at most {MOST_DAYS} days."
            raise Invalid("invalid_request", message, (Finding("query.from", message),))
        since = datetime.combine(first, time(), UTC)
        until = datetime.combine(last, time(), UTC) + timedelta(days=1)
        of_runs, of_steps, of_credits = _KEYS[by]
        found: dict[str, Used] = {}
        async with self._db.connection() as connection:
            ids = (caller.workspace_id, first_id_at(since), first_id_at(until))
            if of_runs:
                for row in await connection.fetch(f"SELECT {of_runs} AS key, count(*) AS n {_RUNS} GROUP BY 1", *ids):
                    _of(found, row).runs = row["n"]
            runs = "" if of_runs else ", count(DISTINCT a.log_id) AS runs"
            for row in await connection.fetch(
                f"SELECT {of_steps} AS key, count(*) AS n{runs} {_STEPS} GROUP BY 1", *ids
            ):
                used = _of(found, row)
                used.steps, used.runs = row["n"], row["runs"] if runs else used.runs
            spent = f"SELECT {of_credits} AS key, sum(t.amount)::bigint AS n {_SPENT} GROUP BY 1"
            for row in await connection.fetch(spent, caller.workspace_id, since, until):
                _of(found, row).credits = row["n"]
            if by == "automation":
                await _name(connection, caller, found)
        return [found[key] for key in sorted(found)]


def _of(found: dict[str, Used], row: asyncpg.Record) -> Used:
    return found.setdefault(row["key"], Used(row["key"]))


async def _name(connection: Connection, caller: Caller, found: Mapping[str, Used]) -> None:
    rows = await connection.fetch(
        "SELECT id, name FROM automation_rules WHERE workspace_id = $1 AND id = ANY ($2)",
        caller.workspace_id,
        [UUID(key) for key in found],
    )
    for row in rows:
        found[str(row["id"])].name = row["name"]
