"""What the world is still to be told: rows written in the transaction that decided it, worked off behind.

Rows of one key are worked off together and never by two processes at once; work that is lost (a killed process) comes
back after `HELD_S`.
"""

from dataclasses import dataclass
from uuid import UUID

from blocks.values import JsonObject
from core.db import Connection
from core.runs.channels import OUTBOX

HELD_S = 60
_LONGEST_WAIT_S = 300


@dataclass(frozen=True, slots=True)
class Errand:
    """All that waits under one key of a topic. `payload` is the newest row's."""

    key: UUID
    payload: JsonObject
    ids: tuple[int, ...]
    attempts: int


async def put(connection: Connection, *, topic: str, key: UUID, payload: JsonObject | None = None) -> None:
    """Add a row, in the caller's transaction, and wake those who work off the topic."""
    await connection.execute(
        "WITH added AS (INSERT INTO outbox (topic, key, payload) VALUES ($1, $2, $3) RETURNING topic)"
        " SELECT pg_notify($4, topic) FROM added",
        topic,
        key,
        payload or {},
        OUTBOX,
    )


_TAKE = """
WITH taken AS (
    UPDATE outbox o SET attempts = o.attempts + 1, available_at = now() + make_interval(secs => $3)
    WHERE o.topic = $1 AND o.key IN (
        SELECT w.key FROM outbox w WHERE w.topic = $1
        GROUP BY w.key HAVING max(w.available_at) <= now() ORDER BY min(w.id) LIMIT $2)
    RETURNING o.id, o.key, o.payload, o.attempts
)
SELECT key, (array_agg(payload ORDER BY id DESC))[1] AS payload, array_agg(id) AS ids, max(attempts) AS attempts
FROM taken GROUP BY key ORDER BY min(id)
"""


async def take(connection: Connection, topic: str, *, most: int = 20) -> list[Errand]:
    """Take the oldest keys that nobody is at. Call it in a transaction of its own: takers go one after the other."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('outbox ' || $1, 0))", topic)
    rows = await connection.fetch(_TAKE, topic, most, float(HELD_S))
    return [Errand(row["key"], row["payload"], tuple(row["ids"]), row["attempts"]) for row in rows]


async def done(connection: Connection, errand: Errand) -> None:
    """Forget what was worked off; rows that came meanwhile stay."""
    await connection.execute("DELETE FROM outbox WHERE id = ANY ($1)", list(errand.ids))


async def mark(connection: Connection, errand: Errand, facts: JsonObject) -> None:
    """Note something beside what its rows say."""
    await connection.execute("UPDATE outbox SET payload = payload || $2 WHERE id = ANY ($1)", list(errand.ids), facts)


async def failed(
    connection: Connection, errand: Errand, error: str, *, wait: bool = True, undone: bool = False
) -> None:
    """Put it back with the reason, to be tried again later each time (1 s, 2 s ... 5 min); without `wait` (nobody was
    there to refuse it) at once, and the attempt does not count. `undone`: the transaction that took it was rolled
    back, so that the attempt is counted here."""
    wait_s = min(2.0 ** min(errand.attempts - 1, 10), _LONGEST_WAIT_S) if wait else 0.0
    await connection.execute(
        "UPDATE outbox SET available_at = now() + make_interval(secs => $2), last_error = $3,"
        " attempts = attempts + $4 WHERE id = ANY ($1)",
        list(errand.ids),
        wait_s,
        error[:1000],
        int(undone) - int(not wait),
    )
