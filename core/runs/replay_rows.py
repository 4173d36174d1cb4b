"""The SQL of replays: former runs, what their steps recorded, and what is taken over from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from blocks.action import Action
from blocks.outcomes import Choose
from blocks.values import Json, JsonObject
from core import legacy
from core.caller import Caller
from core.db import Connection
from core.errors import NotFound
from core.runs.history import Wanted, conditions, resolved_rule
from core.runs.replay_plan import Copy, Recorded

# Steps of a definition only: what happened inside loops is copied without being looked at.
_STEPS = """
SELECT log_id, step_id, action_type, status, effect, started_at IS NOT NULL AS began, error_code,
    CASE WHEN action_type = ANY ($2) THEN output END AS output
FROM automation_action_logs WHERE log_id = ANY ($1) AND iteration = '' ORDER BY log_id, action_index
"""
_RUN = "l.id, l.rule_id, l.version, l.status, l.trigger_type, l.trigger_id, l.error_step"
_FOLLOWERS = """
SELECT count(DISTINCT t.rule_id) FROM automation_triggers t JOIN automation_rules r ON r.id = t.rule_id
WHERE t.type = 'automation' AND t.active AND t.config ->> 'automation' = ANY ($1) AND r.enabled
    AND r.deleted_at IS NULL AND r.workspace_id = $2
"""
_BEGUN = """
UPDATE automation_logs l SET replay_id = $2,
    seq = 1 + (SELECT count(*) FROM automation_action_logs a WHERE a.log_id = l.id)
WHERE l.id = ANY ($1) RETURNING l.id, l.seq
"""
_LINES = """
INSERT INTO run_lines (run_id, seq, at, level, text)
SELECT n.run_id, n.seq, $3, 'info', n.text FROM unnest($1::uuid[], $2::int[], $4::text[]) AS n (run_id, seq, text)
"""
RUNS_AT_ONCE: Final = 50  # of whole runs: their copies are numbered together


@dataclass(frozen=True, slots=True)
class FormerRun:
    """A run of the workspace, without its input."""

    id: UUID
    rule_id: UUID
    version: int
    status: str
    trigger_type: str
    trigger_id: UUID | None
    error_step: str | None


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a new run takes from the former one, and the line that its log begins with."""

    former: UUID
    run: UUID
    copies: Sequence[Copy]
    line: str


async def former_run(connection: Connection, caller: Caller, run_id: UUID) -> FormerRun:
    """By id, or by the id it had in the database it was adopted from. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT {_RUN} FROM automation_logs l WHERE l.id = $1 AND l.workspace_id = $2",
        await legacy.resolve(connection, "automation_logs", run_id),
        caller.workspace_id,
    )
    if row is None:
        raise NotFound("run_not_found", "There is no such run in this workspace.")
    return FormerRun(**row)


async def selected(connection: Connection, caller: Caller, wanted: Wanted, limit: int) -> list[FormerRun]:
    """The runs of a filter, the oldest first. Raises `NotFound` for an automation that is not of this workspace."""
    rule_id = wanted.rule_id and await resolved_rule(connection, caller, wanted.rule_id)
    where, values = conditions(caller, wanted, rule_id, None)
    rows = await connection.fetch(
        f"SELECT {_RUN} FROM automation_logs l WHERE {where} ORDER BY l.id LIMIT {int(limit)}", *values
    )
    return [FormerRun(**row) for row in rows]


async def recorded(
    connection: Connection, run_ids: Sequence[UUID], actions: Mapping[str, Action[Any]]
) -> dict[UUID, dict[str, Recorded]]:
    """What the steps of these runs recorded, by run and step."""
    choosing = [name for name, action in actions.items() if type(action).recall is not Action.recall]
    found: dict[UUID, dict[str, Recorded]] = {run_id: {} for run_id in run_ids}
    for row in await connection.fetch(_STEPS, list(run_ids), choosing):
        columns = dict(row)
        run_id, step_id, output = (columns.pop(name) for name in ("log_id", "step_id", "output"))
        action = actions.get(row["action_type"])
        chosen = action.recall(output) if action is not None and row["status"] == "success" else None
        if isinstance(chosen, Choose):
            columns |= {"choice": chosen.case, "only": chosen.only}
        found[run_id][step_id] = Recorded(**columns)
    return found


async def input_of(connection: Connection, run_id: UUID) -> tuple[Json, JsonObject]:
    """`trigger.data` of a run, and the headers and query that came with it."""
    row = await connection.fetchrow("SELECT trigger_data, trigger_context FROM automation_logs WHERE id = $1", run_id)
    if row is None:
        raise NotFound("run_not_found", "There is no such run in this workspace.")
    return row["trigger_data"], row["trigger_context"]


async def followers(connection: Connection, caller: Caller, rule_ids: Sequence[UUID]) -> int:
    """How many live automations start when a run of these ends."""
    count: int = await connection.fetchval(_FOLLOWERS, [str(each) for each in rule_ids], caller.workspace_id)
    return count


async def replayed(connection: Connection, run_ids: Sequence[UUID]) -> int:
    """How many of these runs were replayed before."""
    count: int = await connection.fetchval(
        "SELECT count(DISTINCT replay_of) FROM automation_logs WHERE replay_of = ANY ($1)", list(run_ids)
    )
    return count


async def take_over(connection: Connection, runs: Sequence[TakenOver], replay_id: UUID | None) -> None:
    """Give accepted runs what they take from the former ones, in the transaction that accepted them."""
    for start in range(0, len(runs), RUNS_AT_ONCE):
        some = [(each.former, each.run, copy) for each in runs[start : start + RUNS_AT_ONCE] for copy in each.copies]
        await connection.execute(
            "SELECT copy_steps($1, $2, $3, $4, $5)",
            [former for former, _, _ in some],
            [run for _, run, _ in some],
            [copy.step_id for _, _, copy in some],
            [copy.index for _, _, copy in some],
            [copy.whole for _, _, copy in some],
        )
    ids = [each.run for each in runs]
    seqs = {row["id"]: row["seq"] for row in await connection.fetch(_BEGUN, ids, replay_id)}
    lines = [each.line for each in runs]
    await connection.execute(_LINES, ids, [seqs[run] for run in ids], datetime.now(UTC), lines)
    await connection.execute("SELECT keep_blobs($1)", ids)
