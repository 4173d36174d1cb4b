"""What an agent's calls of models came to, by day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from blocks.sentences import said
from core.agents import repository
from core.caller import Caller
from core.db import Database
from core.errors import Finding, Invalid, NotFound

MOST_DAYS: Final = 366

_BY_DAY: Final = """
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS calls,
    count(*) FILTER (WHERE outcome NOT IN ('begun', 'done')) AS failed,
    coalesce(sum(tokens_in), 0)::bigint AS tokens_in, coalesce(sum(tokens_out), 0)::bigint AS tokens_out,
    coalesce(sum(cost_usd), 0)::float8 AS cost_usd
FROM model_calls WHERE workspace_id = $1 AND agent_id = $2 AND created_at >= $3 AND created_at < $4
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Day:
    """Of calls under way `cost_usd` is the most that they may come to; 0 where no price is known."""

    day: date
    calls: int
    failed: int
    tokens_in: int
    tokens_out: int
    cost_usd: float


class AgentUsage:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, caller: Caller, reference: str, first: date, last: date) -> list[Day]:
        """From the first to the last day, both of them counted (UTC), without days that nothing happened on. Raises
        `NotFound`, `Invalid`."""
        days = (last - first).days + 1
        if not 1 <= days <= MOST_DAYS:
            message = said("Choose 1 to {most} days, the first before the last.", most=MOST_DAYS)
            raise Invalid("invalid_request", "The days are not valid.", (Finding("query.from", message),))
        async with self._db.connection() as connection:
            agent = await repository.named(connection, caller.workspace_id, reference)
            if agent is None:
                raise NotFound("agent_not_found", f"There is no agent {reference[:100]} in this workspace.")
            begin = datetime.combine(first, time.min, UTC)
            rows = await connection.fetch(_BY_DAY, caller.workspace_id, agent.id, begin, begin + timedelta(days=days))
        return [Day(**row) for row in rows]
