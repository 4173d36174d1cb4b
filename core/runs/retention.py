"""Forgetting what has served its time. History itself is cut by dropping partitions."""

from typing import Final

from core import idempotency
from core.audit import reading as audit
from core.db import Connection, Database

_BITE: Final = 1000  # rows, so that nobody who writes there waits for us

# What is kept of each table, in days. Mail and chat that took their news from the outbox have done so long before.
_KEPT: Final = (
    ("agent_events", "received_at", "", 30),
    ("notifications", "created_at", "", 30),
    ("outbox", "created_at", "AND topic = 'notify'", 7),
)


async def forget_expired(db: Database, *, audit_days: int = 365) -> int:
    """Delete dedupe keys past their time, answers kept for repeated requests, old events and notifications, and what
    of the audit log is older than `audit_days`; gives how many rows went."""
    async with db.connection() as connection:
        gone = await _in_bites(
            connection,
            "DELETE FROM run_keys WHERE (trigger_id, key) IN ("
            f" SELECT trigger_id, key FROM run_keys WHERE expires_at <= now() LIMIT {_BITE} FOR UPDATE SKIP LOCKED)",
        )
        for table, moment, also, days in _KEPT:
            gone += await _in_bites(
                connection,
                f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table}"
                f" WHERE {moment} < now() - make_interval(days => {days}) {also} LIMIT {_BITE} FOR UPDATE SKIP LOCKED)",
            )
        gone += await audit.forget(connection, audit_days)
    async with db.transaction() as connection:
        return gone + await idempotency.forget(connection)


async def _in_bites(connection: Connection, statement: str) -> int:
    gone = 0
    while count := int((await connection.execute(statement)).rpartition(" ")[2]):
        gone += count
    return gone
