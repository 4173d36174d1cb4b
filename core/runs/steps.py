"""The steps of a run one by one, where a run has too many of them, or too large ones, to be read at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.automations.definition import canonical
from core.caller import Caller
from core.db import Database
from core.errors import NotFound
from core.runs.history import STEP, STEP_WITHOUT_VALUES, History, StepRun
from core.runs.pinned import load_definition

_PLACE: Final = "string_to_array(nullif(iteration, ''), '.')::int[]"
_FIRST: Final = "'{}'::int[]"


@dataclass(frozen=True, slots=True)
class Counted:
    """So many runs of a step inside loops are in that state."""

    step_id: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run runs. The number of a draft is 0."""

    version: int
    draft: bool
    definition: JsonObject


class Steps:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._history = History(db)

    async def items(
        self, caller: Caller, run_id: UUID, step_ids: Sequence[str], status: str | None, *,
        after: tuple[str, int] | None, limit: int,
    ) -> list[StepRun]:  # fmt: skip
        """What ran inside loops, item by item, without inputs and outputs; `after` is (iteration, seq) of the last one
        known. Raises `NotFound`."""
        run = await self._history.run(caller, run_id)
        values: list[object] = [run.id, int(limit)]
        where = ["log_id = $1", "iteration <> ''"]
        if step_ids:
            values.append(list(step_ids))
            where.append(f"step_id = ANY (${len(values)})")
        if status is not None:
            values.append(status)
            where.append(f"status = ${len(values)}")
        if after is not None:
            values += [[int(part) for part in after[0].split(".")], after[1]]
            place = f"coalesce({_PLACE}, {_FIRST})"
            where.append(f"({place}, seq) > (${len(values) - 1}::int[], ${len(values)}::int)")
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {STEP_WITHOUT_VALUES} FROM automation_action_logs WHERE {' AND '.join(where)}"
                f" ORDER BY {_PLACE}, seq LIMIT $2",
                *values,
            )
        return [StepRun(**row) for row in rows]

    async def counted(self, caller: Caller, run_id: UUID) -> list[Counted]:
        """How the steps inside loops stand. Raises `NotFound`."""
        run = await self._history.run(caller, run_id)
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                "SELECT step_id, status, count(*) AS count FROM automation_action_logs"
                " WHERE log_id = $1 AND iteration <> '' GROUP BY 1, 2 ORDER BY 1, 2",
                run.id,
            )
        return [Counted(**row) for row in rows]

    async def one(self, caller: Caller, run_id: UUID, step_run_id: UUID) -> StepRun:
        """With its values. Raises `NotFound`."""
        run = await self._history.run(caller, run_id)
        async with self._db.connection() as connection:
            row = await connection.fetchrow(
                f"SELECT {STEP} FROM automation_action_logs WHERE log_id = $1 AND id = $2", run.id, step_run_id
            )
        if row is None:
            raise NotFound("step_not_found", "This run has no such step.")
        return StepRun(**row)

    async def definition(self, caller: Caller, run_id: UUID) -> Ran:
        """What the run runs, also of an automation that was changed or deleted since. Raises `NotFound`."""
        run = await self._history.run(caller, run_id)
        async with self._db.connection() as connection:
            number = await connection.fetchval("SELECT version FROM automation_logs WHERE id = $1", run.id)
            try:
                found = await load_definition(connection, run.automation_id, number)
            except (LookupError, ValueError) as error:  # gone, or written before a definition had its present shape
                message = "The version that this run ran on is not kept any more."
                raise NotFound("version_not_kept", message) from error
        return Ran(run.version, run.draft, canonical(found))
