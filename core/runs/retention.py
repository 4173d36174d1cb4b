"""Forgetting what has served its time. History itself is cut by dropping partitions."""

from core import idempotency
from core.db import Database


async def forget_expired(db: Database) -> int:
    """Delete dedupe keys past their time, and answers kept for repeated requests; gives how many rows went."""
    gone = 0
    async with db.connection() as connection:
        while True:
            # In small bites, so that nobody who takes in an event waits for us.
            tag = await connection.execute(
                "DELETE FROM run_keys WHERE (trigger_id, key) IN ("
                " SELECT trigger_id, key FROM run_keys WHERE expires_at <= now() LIMIT 1000 FOR UPDATE SKIP LOCKED)"
            )
            count = int(tag.rpartition(" ")[2])
            gone += count
            if count == 0:
                break
    async with db.transaction() as connection:
        return gone + await idempotency.forget(connection)
