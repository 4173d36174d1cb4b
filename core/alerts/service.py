"""Reading and resolving the alerts of a workspace."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blocks.values import JsonObject
from core.alerts.raising import tell_stream
from core.audit import noting as audit
from core.caller import Caller
from core.db import Connection, Database
from core.errors import NotFound

_ALERT = """
SELECT a.id, a.kind, a.severity, a.rule_id AS automation_id, r.name AS automation_name, a.run_id, a.root_id, a.title,
    a.text, a.facts, a.count, a.created_at, a.last_at, a.resolved_at, a.resolved_by
FROM alerts a LEFT JOIN automation_rules r ON r.id = a.rule_id
WHERE a.workspace_id = $1
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """`count`: how often it was raised while open, lately at `last_at`."""

    id: UUID
    kind: str
    severity: str
    automation_id: UUID | None
    automation_name: str | None
    run_id: UUID | None
    root_id: UUID | None
    title: str
    text: str
    facts: JsonObject
    count: int
    created_at: datetime
    last_at: datetime
    resolved_at: datetime | None
    resolved_by: UUID | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a list shows; None asks for nothing. `open`: not resolved yet."""

    open: bool | None = None
    rule_id: UUID | None = None
    kind: str | None = None


class Alerts:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def listed(self, caller: Caller, chosen: Chosen, *, before: UUID | None, limit: int) -> list[Alert]:
        """The newest first."""
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"""{_ALERT} AND ($2::uuid IS NULL OR a.id < $2)
                    AND ($3::boolean IS NULL OR (a.resolved_at IS NULL) = $3)
                    AND ($4::uuid IS NULL OR a.rule_id = $4) AND ($5::text IS NULL OR a.kind = $5)
                    ORDER BY a.id DESC LIMIT $6""",
                caller.workspace_id, before, chosen.open, chosen.rule_id, chosen.kind, limit,
            )  # fmt: skip
        return [Alert(**row) for row in rows]

    async def get(self, caller: Caller, alert_id: UUID) -> Alert:
        """Raises `NotFound`."""
        async with self._db.connection() as connection:
            return await _found(connection, caller, alert_id)

    async def resolve(self, caller: Caller, alert_id: UUID) -> Alert:
        """Close it; the same again is then a new one. Of one that is closed nothing changes. Raises `NotFound`,
        `Forbidden`."""
        caller.require("editor")
        async with self._db.transaction() as connection:
            changed = await connection.fetchrow(
                "UPDATE alerts SET resolved_at = now(), resolved_by = $3"
                " WHERE id = $1 AND workspace_id = $2 AND resolved_at IS NULL RETURNING kind, count",
                alert_id, caller.workspace_id, caller.user_id,
            )  # fmt: skip
            if changed is not None:
                after: JsonObject = {"kind": changed["kind"], "count": changed["count"]}
                await audit.note(connection, caller, "alert.resolved", "alert", alert_id, after=after)
                await tell_stream(
                    connection, caller.workspace_id, alert_id, changed["kind"], count=changed["count"], is_open=False
                )
            return await _found(connection, caller, alert_id)


async def _found(connection: Connection, caller: Caller, alert_id: UUID) -> Alert:
    row = await connection.fetchrow(f"{_ALERT} AND a.id = $2", caller.workspace_id, alert_id)
    if row is None:
        raise NotFound("alert_not_found", "There is no such alert in this workspace.")
    return Alert(**row)
