"""Messages that come while an agent has not begun to answer: one run answers them all.

Their own runs wait in the queue behind it (overlap is queue, the key is the conversation). They are skipped, and what
they would have answered is kept with the run that does, so that a resumed turn finds the same again.
"""

from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.db import Connection

_TAKE: Final = """
WITH behind AS MATERIALIZED (
    SELECT q.run_id FROM run_queue mine
    JOIN run_queue q ON q.rule_id = mine.rule_id AND q.concurrency_key = mine.concurrency_key
    WHERE mine.run_id = $1 AND mine.state = 'running' AND q.state = 'blocked' AND q.run_id > mine.run_id
    ORDER BY q.run_id FOR UPDATE OF q SKIP LOCKED
), taken AS (
    INSERT INTO merged_messages (run_id, message_id, workspace_id, data)
    SELECT $1, m.id, l.workspace_id, l.trigger_data
    FROM behind b JOIN automation_logs l ON l.id = b.run_id
    JOIN messages m ON m.id::text = l.trigger_data ->> 'id' AND m.workspace_id = l.workspace_id
    ON CONFLICT DO NOTHING RETURNING data
)
SELECT b.run_id FROM behind b JOIN automation_logs l ON l.id = b.run_id
WHERE l.trigger_type IN ('message', 'email') AND EXISTS (SELECT FROM taken t WHERE t.data = l.trigger_data)
"""
_SKIP: Final = """
SELECT skip_overlapping(r, $2, 'Run %s had not begun to answer yet, so it answers this message as well.')
FROM unnest($1::uuid[]) AS r
"""
_TAKEN: Final = "SELECT data FROM merged_messages WHERE run_id = $1 ORDER BY message_id"


async def take_along(connection: Connection, run_id: UUID) -> list[JsonObject]:
    """Let this run, which is about to answer, answer every message of its conversation that came until now: their runs
    are skipped. Gives what their `trigger.data` was, in the order of arrival, with those it took along before.

    In the caller's transaction.
    """
    runs = [row["run_id"] for row in await connection.fetch(_TAKE, run_id)]
    if runs:
        await connection.execute(_SKIP, runs, run_id)
        await connection.execute("UPDATE automation_logs SET error_code = 'merged' WHERE id = ANY ($1)", runs)
    return await taken_along(connection, run_id)


async def taken_along(connection: Connection, run_id: UUID) -> list[JsonObject]:
    """What the run took along: the same after a crash."""
    return [row["data"] for row in await connection.fetch(_TAKEN, run_id)]
