"""Credits for a run under way, beyond what was reserved when it was accepted."""

from core.db import Connection
from core.runs.queue import ClaimedRun


async def more(connection: Connection, run: ClaimedRun, least: int, most: int) -> int:
    """Reserve `most` credits or what is left, but nothing below `least`; gives how many. Nothing either when the run is
    not held under this epoch any more."""
    reserved: int = await connection.fetchval("SELECT reserve_more($1, $2, $3, $4)", run.id, run.epoch, least, most)
    return reserved
