"""What counts as the answer when nobody gave one in time."""

from uuid import UUID

from blocks.values import JsonObject
from core.db import Connection

# Whoever answered just before has the row; then its answer is given, and the UPDATE changes nothing.
_EXPIRE = """
UPDATE approvals SET
    state = CASE WHEN state = 'pending' THEN 'expired' ELSE state END,
    decided_how = CASE WHEN state = 'pending' THEN 'deadline' ELSE decided_how END,
    decided_at = CASE WHEN state = 'pending' THEN clock_timestamp() ELSE decided_at END,
    answer = CASE WHEN state <> 'pending' THEN answer ELSE jsonb_build_object(
        'decision', CASE kind WHEN 'doubt' THEN 'cancel' ELSE on_deadline END,
        'comment', NULL, 'by', NULL, 'by_name', NULL, 'how', 'deadline', 'at', clock_timestamp(),
        'input', NULL, 'values', '{}'::jsonb) END
WHERE run_id = $1 AND step_id = $2 AND iteration = $3 AND seq = (
    SELECT max(seq) FROM approvals WHERE run_id = $1 AND step_id = $2 AND iteration = $3)
RETURNING answer
"""


async def at_deadline(connection: Connection, run_id: UUID, step_id: str, iteration: str) -> JsonObject | None:
    """Close the step's question, because its time has come; gives the answer that counts.

    That is the default of the question (a step in doubt is cancelled), or the answer of whoever was quicker. None
    where the step asked nothing or its question was withdrawn. Asking again gives the same.
    """
    answer: JsonObject | None = await connection.fetchval(_EXPIRE, run_id, step_id, iteration)
    return answer
