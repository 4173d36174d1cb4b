"""Reading what a run's steps recorded before its worker was lost."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from blocks.values import Json, JsonObject
from core.db import Connection
from core.runs import blobs


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A step as it stands in history. `output` is whole, whether it was stored beside the row or not."""

    id: UUID
    step_id: str
    iteration: str
    status: str
    input: Json
    output: Json
    error: str | None
    error_code: str | None
    effect: str
    attempt: int
    seq: int
    started_at: datetime | None
    wait: JsonObject | None
    wake: JsonObject | None
    kept: Json = None  # the output as the row holds it: a reference where it is large


async def recorded_steps(connection: Connection, workspace_id: UUID, run_id: UUID) -> list[RecordedStep]:
    """In the order in which they were recorded, the items of loops among them."""
    rows = await connection.fetch(
        "SELECT id, step_id, iteration, status, input, output, error, error_code, effect, attempt, seq, started_at,"
        " wait, wake FROM automation_action_logs WHERE log_id = $1 ORDER BY seq",
        run_id,
    )
    return [await _whole(connection, workspace_id, RecordedStep(**row)) for row in rows]


async def answers(connection: Connection, run_id: UUID) -> dict[tuple[str, str], JsonObject]:
    """What woke the run's waiting steps, by step and iteration."""
    rows = await connection.fetch(
        "SELECT step_id, iteration, wake FROM automation_action_logs"
        " WHERE log_id = $1 AND status IN ('waiting', 'unknown') AND wake IS NOT NULL",
        run_id,
    )
    return {(row["step_id"], row["iteration"]): row["wake"] for row in rows}


async def _whole(connection: Connection, workspace_id: UUID, step: RecordedStep) -> RecordedStep:
    """The step with its values fetched, where the row holds references to the whole of them."""
    unfinished = step.status not in ("success", "failed", "skipped")
    given = await blobs.whole(connection, workspace_id, step.input) if unfinished else step.input
    return replace(step, input=given, output=await blobs.whole(connection, workspace_id, step.output), kept=step.output)
