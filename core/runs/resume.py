"""Reading what a run's steps recorded before its worker was lost."""

from dataclasses import dataclass, replace
from uuid import UUID

from blocks.values import Json
from core import jsontext
from core.db import Connection
from core.runs.blobs import REFERENCE


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A step as it stands in history. `output` is whole, whether it was stored beside the row or not."""

    id: UUID
    step_id: str
    status: str
    output: Json
    error: str | None
    error_code: str | None
    effect: str
    attempt: int
    seq: int


async def recorded_steps(connection: Connection, workspace_id: UUID, run_id: UUID) -> list[RecordedStep]:
    """In the order in which they were recorded."""
    rows = await connection.fetch(
        "SELECT id, step_id, status, output, error, error_code, effect, attempt, seq FROM automation_action_logs"
        " WHERE log_id = $1 AND iteration = '' ORDER BY seq",
        run_id,
    )
    return [await _whole(connection, workspace_id, RecordedStep(**row)) for row in rows]


async def _whole(connection: Connection, workspace_id: UUID, step: RecordedStep) -> RecordedStep:
    """The step with its output fetched, where the row holds a reference to the whole of it."""
    output = step.output
    if not isinstance(output, dict) or output.get("whole") is not True:
        return step
    content = await connection.fetchval(
        "SELECT content FROM blobs WHERE id = $1 AND workspace_id = $2", UUID(str(output[REFERENCE])), workspace_id
    )
    return replace(step, output=jsontext.load(content) if content is not None else None)


async def last_seq(connection: Connection, run_id: UUID) -> int:
    """The highest number that any recorded change of the run carries."""
    return int(
        await connection.fetchval(
            "SELECT greatest((SELECT seq FROM automation_logs WHERE id = $1),"
            " (SELECT max(seq) FROM automation_action_logs WHERE log_id = $1),"
            " (SELECT max(seq) FROM run_lines WHERE run_id = $1))",
            run_id,
        )
    )
