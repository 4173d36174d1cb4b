"""A line in the log of a run that has ended: what came of it."""

from typing import Literal
from uuid import UUID

from blocks.values import JsonObject
from core.db import Connection
from core.runs.channels import EVENTS

_NEXT = """
UPDATE automation_logs SET seq = seq + 1
WHERE id = $1 AND status IN ('success', 'failed', 'cancelled', 'skipped')
RETURNING seq, workspace_id, rule_id
"""
_ADD = "INSERT INTO run_lines (run_id, seq, at, level, text) VALUES ($1, $2, clock_timestamp(), $3, $4)"


async def add_line(connection: Connection, run_id: UUID, level: Literal["info", "warning"], text: str) -> bool:
    """Add it behind the others, in the transaction of `connection`.

    False where the run goes on (its worker alone writes its log, and numbers the lines) or is gone.
    """
    row = await connection.fetchrow(_NEXT, run_id)
    if row is None:
        return False
    await connection.execute(_ADD, run_id, row["seq"], level, text)
    event: JsonObject = {
        "run": str(run_id), "workspace": str(row["workspace_id"]), "rule": str(row["rule_id"]), "seq": row["seq"],
        "kind": "line",
    }  # fmt: skip
    await connection.execute("SELECT pg_notify($1, jsonb_build_array($2::jsonb)::text)", EVENTS, event)
    return True
