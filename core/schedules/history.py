"""The due times of an automation as its people read them: what became of each, and why one was not run."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.caller import Caller
from core.db import Database
from core.runs.history import resolved_rule

_LISTED = """
SELECT f.due_at, f.schedule_id, CASE WHEN t.live THEN t.position END AS schedule, f.state, f.reason, f.run_id
FROM schedule_fires f LEFT JOIN automation_triggers t ON t.id = f.schedule_id
WHERE f.rule_id = $1 AND ($2::text IS NULL OR f.state = $2)
    AND ($3::timestamptz IS NULL OR (f.due_at, f.schedule_id) < ($3, $4))
ORDER BY f.due_at DESC, f.schedule_id DESC LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class Fire:
    """`schedule` is its number in the live version, None where it has it no more. `state` is planned, fired (`run_id`
    is the run) or skipped (`reason` says why)."""

    due_at: datetime
    schedule_id: UUID
    schedule: int | None
    state: str
    reason: str | None
    run_id: UUID | None


class FireHistory:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def listed(
        self, caller: Caller, rule_id: UUID, *, state: str | None, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[Fire]:
        """The latest first; also of a deleted automation. Raises `NotFound`."""
        due_at, schedule_id = before or (None, None)
        async with self._db.connection() as connection:
            known = await resolved_rule(connection, caller, rule_id)
            rows = await connection.fetch(_LISTED, known, state, due_at, schedule_id, limit)
        return [Fire(**row) for row in rows]
