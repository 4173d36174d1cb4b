"""Forgetting deleted automations when they can't be restored any more."""

from core.automations.repository import DELETED_KEPT_DAYS
from core.db import Connection, Database

_AT_ONCE = 100

# What a run under way still needs (its version) stays until it has ended.
_EXPIRED = f"""r.deleted_at <= now() - interval '{DELETED_KEPT_DAYS} days'
    AND NOT EXISTS (SELECT FROM run_queue q WHERE q.rule_id = r.id)"""

_TO_EMPTY = f"""
SELECT r.id FROM automation_rules r
WHERE {_EXPIRED} AND (r.actions IS NOT NULL OR EXISTS (SELECT FROM automation_versions v WHERE v.rule_id = r.id))
LIMIT {_AT_ONCE} FOR UPDATE SKIP LOCKED
"""

_EMPTY = """
UPDATE automation_rules SET description = NULL, trigger_type = NULL, trigger_config = NULL, actions = NULL,
    policy = '{}', layout = '{}', live_version = NULL
WHERE id = ANY ($1)
"""

_TO_DROP = f"""
DELETE FROM automation_rules WHERE id IN (
    SELECT r.id FROM automation_rules r
    WHERE {_EXPIRED} AND NOT EXISTS (SELECT FROM automation_logs l WHERE l.rule_id = r.id)
    LIMIT {_AT_ONCE} FOR UPDATE SKIP LOCKED)
RETURNING id
"""


async def forget_deleted(db: Database) -> int:
    """Forget what was deleted more than `DELETED_KEPT_DAYS` ago: definitions, versions, triggers with their secrets.

    Of an automation with runs in the history its name remains, so that they stay readable; when the last run is gone,
    so is the name. Gives how many were forgotten or dropped.
    """
    gone = 0
    while True:
        async with db.transaction() as connection:
            # In small bites, so that nobody waits for us.
            dropped = await connection.fetch(_TO_DROP)
            emptied = await _empty(connection)
        gone += len(dropped) + emptied
        if not dropped and not emptied:
            return gone


async def _empty(connection: Connection) -> int:
    rules = [row["id"] for row in await connection.fetch(_TO_EMPTY)]
    if rules:
        for table in ("automation_versions", "draft_snapshots", "automation_triggers", "automation_stats"):
            await connection.execute(f"DELETE FROM {table} WHERE rule_id = ANY ($1)", rules)
        await connection.execute(_EMPTY, rules)
    return len(rules)
