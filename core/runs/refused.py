"""Runs that are not executed: they stand in history, skipped, with the reason."""

from uuid import UUID

from blocks.values import JsonObject
from core.db import Connection
from core.runs.accept import NewRun, accept
from core.runs.channels import EVENTS

_SKIP = """
WITH skipped AS (
    UPDATE run_queue SET state = 'done', changed_at = now() WHERE run_id = $1 RETURNING run_id
)
UPDATE automation_logs l SET status = 'skipped', completed_at = now(), seq = seq + 1, error_code = $2, error = $3
FROM skipped s WHERE l.id = s.run_id
RETURNING l.seq
"""


async def refuse(connection: Connection, run: NewRun, *, code: str, reason: str) -> UUID:
    """Record `run` as skipped, in the transaction of `connection` (so that nobody claims it before); gives its id.

    Of a duplicate nothing is recorded: the first one stands.
    """
    accepted = await accept(connection, run)
    if accepted.duplicate:
        return accepted.run_id
    seq = await connection.fetchval(_SKIP, accepted.run_id, code, reason)
    event: JsonObject = {
        "run": str(accepted.run_id),
        "workspace": str(run.workspace_id),
        "rule": str(run.rule_id),
        "seq": seq,
        "kind": "run",
        "status": "skipped",
    }
    await connection.execute("SELECT pg_notify($1, jsonb_build_array($2::jsonb)::text)", EVENTS, event)
    return accepted.run_id
