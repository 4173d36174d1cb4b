"""Forgetting what has served its time. History itself is cut by dropping partitions."""

from datetime import timedelta
from typing import Final

from core import idempotency
from core.audit import reading as audit
from core.clock import Clock, now
from core.db import Connection, Database
from core.ids import first_id_at

_BITE: Final = 1000  # rows, so that nobody who writes there waits for us

# What is kept of each table, in days. Mail and chat that took their news from the outbox have done so long before.
_KEPT: Final = (
    ("agent_events", "received_at", "", 30),
    ("notifications", "created_at", "", 30),
    ("outbox", "created_at", "AND topic = 'notify'", 7),
)

_SHORT: Final = """
SELECT w.id, p.history_days FROM workspaces w JOIN plans p ON p.name = w.plan WHERE p.history_days IS NOT NULL
"""
# What belongs to a run goes with it; a run that has not ended stays, and so does one that is still to be told of.
_OLD_RUNS: Final = f"""
SELECT l.id FROM automation_logs l WHERE l.workspace_id = $1 AND l.id < $2
    AND l.status IN ('success', 'failed', 'cancelled', 'skipped')
    AND NOT EXISTS (SELECT FROM run_queue q WHERE q.run_id = l.id)
ORDER BY l.id LIMIT {_BITE}
"""
_OLD_DELIVERIES: Final = f"""
DELETE FROM deliveries WHERE workspace_id = $1 AND id < $2 AND id IN (
    SELECT id FROM deliveries WHERE workspace_id = $1 AND id < $2 ORDER BY id LIMIT {_BITE})
"""
_OF_RUN: Final = (
    "DELETE FROM run_lines WHERE run_id = ANY ($1) AND at < $2",
    "DELETE FROM blobs WHERE run_id = ANY ($1)",
    "DELETE FROM approvals WHERE run_id = ANY ($1) AND state <> 'pending'",
    "DELETE FROM automation_action_logs WHERE log_id = ANY ($1)",
    "DELETE FROM automation_logs WHERE id = ANY ($1)",
)


async def forget_history(db: Database, clock: Clock = now) -> int:
    """Delete the runs and arrivals of workspaces whose plan keeps them for a number of days only; gives how many runs.
    What was spent stays in the ledger."""
    gone = 0
    async with db.connection() as connection:
        spaces = [(row["id"], row["history_days"]) for row in await connection.fetch(_SHORT)]
    for space, days in spaces:
        before = clock() - timedelta(days=days)
        bound = first_id_at(before)
        while True:
            async with db.transaction() as connection:
                runs = [row["id"] for row in await connection.fetch(_OLD_RUNS, space, bound)]
                for statement in _OF_RUN if runs else ():
                    await connection.execute(statement, runs, *([clock()] if "$2" in statement else []))
            gone += len(runs)
            if len(runs) < _BITE:
                break
        async with db.connection() as connection:
            await _in_bites(connection, _OLD_DELIVERIES, space, bound)
    return gone


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


async def _in_bites(connection: Connection, statement: str, *values: object) -> int:
    gone = 0
    while count := int((await connection.execute(statement, *values)).rpartition(" ")[2]):
        gone += count
    return gone
