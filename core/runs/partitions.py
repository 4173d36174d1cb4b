"""The monthly partitions of history, made ahead so that old history can be dropped a month at a time."""

import asyncpg
import structlog

from core.db import Database

MONTHS_AHEAD = 2
LOCK_TIMEOUT = "3s"  # attaching a partition must never queue writers up behind a long reader

log = structlog.get_logger(__name__)


async def ensure(db: Database) -> list[str]:
    """Make the partitions of this month and the next ones; gives the names of new ones.

    For the worker, at start and daily. Where a long reader is in the way it gives up and leaves the rest to the next
    time: there are months of room, and until then rows of a missing month wait in the DEFAULT partition.
    """
    try:
        async with db.transaction() as connection:
            await connection.execute("SELECT set_config('lock_timeout', $1, true)", LOCK_TIMEOUT)
            rows = await connection.fetch("SELECT make_partitions($1) AS name", MONTHS_AHEAD)
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        log.warning("partitions_postponed", reason=str(error))
        return []
    made = [row["name"] for row in rows]
    if made:
        log.info("partitions_made", names=", ".join(made))
    return made
