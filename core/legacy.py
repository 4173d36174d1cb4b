"""Doors for what was adopted from an older Vutler: its ids, and its workspaces that nobody owns yet."""

from typing import Final, Literal
from uuid import UUID

from core.db import Connection

_BY_LEGACY_ID: Final = {
    "automation_rules": "SELECT id FROM automation_rules WHERE legacy_id = $1",
    "automation_logs": "SELECT id FROM automation_logs WHERE legacy_id = $1",
}


async def resolve(connection: Connection, table: Literal["automation_rules", "automation_logs"], id_: UUID) -> UUID:
    """The id of a row by its id of today or by the one it had in the older database.

    Ids of today are UUIDv7 and cost no query. An unknown id comes back as it is, for the caller's own scoped query
    to find nothing: this looks across workspaces and grants nothing.
    """
    if id_.version == 7:
        return id_
    found: UUID | None = await connection.fetchval(_BY_LEGACY_ID[table], id_)
    return found or id_


async def hand_over(connection: Connection, user_id: UUID) -> int:
    """Make a user the owner of every workspace without a member; gives their number.

    For the first user of an installation (its operator): the older database knew workspaces, but none of our users.
    """
    made = await connection.fetch(
        """INSERT INTO workspace_members (workspace_id, user_id, role, created_at)
           SELECT id, $1, 'owner', clock_timestamp() FROM workspaces w
           WHERE NOT EXISTS (SELECT FROM workspace_members m WHERE m.workspace_id = w.id)
           RETURNING workspace_id""",
        user_id,
    )
    return len(made)
