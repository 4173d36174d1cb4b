"""Reading the audit log: admins that of their workspace, operators what belongs to none."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blocks.values import Json
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Forbidden

_COLUMNS = (
    "a.id, a.at, a.user_id, a.token_id, a.actor, a.remote, a.request_id, a.action, a.object_type, a.object_id,"
    " a.before, a.after"
)
_CHOSEN = """
WHERE ($1::uuid IS NULL OR a.workspace_id = $1) AND ($2::uuid IS NULL OR a.id < $2)
  AND ($3::timestamptz IS NULL OR a.at >= $3) AND ($4::timestamptz IS NULL OR a.at < $4)
  AND ($5::uuid IS NULL OR a.user_id = $5) AND ($6::text IS NULL OR lower(a.actor) = lower($6))
  AND ($7::text IS NULL OR a.action = $7 OR starts_with(a.action, $7 || '.'))
  AND ($8::text IS NULL OR a.object_id = $8 OR a.object_type = $8)
ORDER BY a.id DESC LIMIT $9
"""
_BITE = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done. `actor` is the address at that time."""

    id: UUID
    at: datetime
    user_id: UUID | None
    token_id: UUID | None
    actor: str | None
    remote: str | None
    request_id: str | None
    action: str
    object_type: str
    object_id: str | None
    before: Json
    after: Json


@dataclass(frozen=True, slots=True)
class Sought:
    """What a list shows; None asks for nothing. `actor` is a user's id or address, `action` a whole one
    (`automation.published`) or its noun, `object` an id or a type."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: str | None = None
    object: str | None = None
    installation: bool = False


class Audit:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def listed(self, caller: Caller, sought: Sought, *, before: UUID | None, limit: int) -> list[Entry]:
        """The newest first. Raises `Forbidden`: it is for admins, and that of the installation for operators."""
        if sought.installation and not caller.is_operator:
            raise Forbidden("operator_only", "This is for the operators of this installation.")
        caller.require("admin")
        user = _id(sought.actor)
        source = "audit_of_installation()" if sought.installation else "audit_log"
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM {source} a {_CHOSEN}",
                None if sought.installation else caller.workspace_id,
                before,
                sought.since,
                sought.until,
                user,
                None if user is not None else sought.actor,
                sought.action,
                sought.object,
                limit,
            )
        return [Entry(**row) for row in rows]


async def forget(connection: Connection, days: int) -> int:
    """Remove what is older than `days` (at least 30); gives how many rows went. For the housekeeping."""
    gone = 0
    while count := await connection.fetchval("SELECT forget_audit($1, $2)", days, _BITE):
        gone += int(count)
    return gone


def _id(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
