"""What a workspace has used: runs, steps, credits, tokens and money by day, automation, agent or action."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg

from blocks.sentences import said
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Finding, Invalid
from core.ids import first_id_at

By = Literal["day", "automation", "agent", "action"]
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
# What models were asked and cost. By agent these are the calls alone: what else its runs spend is their automations'.
_CALLS: Final = "FROM model_calls m WHERE m.workspace_id = $1 AND m.created_at >= $2 AND m.created_at < $3"
_CALLED: Final[Mapping[By, str]] = {
    "day": _DAY.format("m.created_at"),
    "automation": "(SELECT l.rule_id::text FROM automation_logs l WHERE l.id = m.run_id)",
    "agent": "m.agent_id::text",
}


@dataclass(slots=True)
class Used:
    """`key` is a day (UTC), the id of an automation or agent, or an action; `name` what an automation or agent is
    called. Runs count on the day they were accepted, credits on the day they were settled; `money` is US dollars."""

    key: str
    name: str | None = None
    runs: int = 0
    steps: int = 0
    credits: int = 0
    tokens: int = 0
    money: float = 0


class Usage:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, caller: Caller, first: date, last: date, by: By) -> list[Used]:
        """From the first to the last day, both of them counted (UTC), in the order of the key; without days that
        nothing happened on. Raises `Invalid`."""
        days = (last - first).days + 1
        if not 1 <= days <= MOST_DAYS:
            message = said("`from` and `to` are the first and the last day of at most {most} days.", most=MOST_DAYS)
            raise Invalid("invalid_request", message, (Finding("query.from", message),))
        since = datetime.combine(first, time(), UTC)
        until = datetime.combine(last, time(), UTC) + timedelta(days=1)
        found: dict[str, Used] = {}
        async with self._db.connection() as connection:
            await _calls(connection, caller, found, by=by, since=since, until=until)
            if by == "agent":
                await _name(connection, caller, found, "agents")
                return [found[key] for key in sorted(found)]
            of_runs, of_steps, of_credits = _KEYS[by]
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
                await _name(connection, caller, found, "automation_rules")
        return [found[key] for key in sorted(found)]


def _of(found: dict[str, Used], row: asyncpg.Record) -> Used:
    return found.setdefault(row["key"], Used(row["key"]))


async def _calls(
    connection: Connection, caller: Caller, found: dict[str, Used], *, by: By, since: datetime, until: datetime
) -> None:
    key = _CALLED.get(by)
    if key is None:
        return
    for row in await connection.fetch(
        f"""SELECT {key} AS key, sum(coalesce(m.tokens_in, 0) + coalesce(m.tokens_out, 0))::bigint AS tokens,
            sum(coalesce(m.cost_usd, 0))::float AS money, ceil(sum(m.credits))::bigint AS credits,
            count(DISTINCT m.run_id) AS runs, count(DISTINCT (m.run_id, m.step_id)) AS steps
            {_CALLS} GROUP BY 1""",
        caller.workspace_id, since, until,
    ):  # fmt: skip
        if row["key"] is None:  # its run is forgotten already
            continue
        used = _of(found, row)
        used.tokens, used.money = row["tokens"], row["money"]
        if by == "agent":
            used.runs, used.steps, used.credits = row["runs"], row["steps"], row["credits"]


async def _name(
    connection: Connection, caller: Caller, found: Mapping[str, Used], table: Literal["agents", "automation_rules"]
) -> None:
    rows = await connection.fetch(
        f"SELECT id, name FROM {table} WHERE workspace_id = $1 AND id = ANY ($2)",
        caller.workspace_id,
        [UUID(key) for key in found],
    )
    for row in rows:
        found[str(row["id"])].name = row["name"]
