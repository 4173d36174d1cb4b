"""One run held by one job: the queue's rules (`core/runs/queue.py`) for a run that is named.

Every statement names run and owner, so that a job whose lease went to another can't touch the run any more.
"""

from uuid import UUID

from core.db import Connection
from core.errors import Conflict
from core.jobs.wire import Renewal
from core.runs.queue import LEASE_S, WARM, ClaimedRun

_CLAIM = """
WITH ready AS MATERIALIZED (
    SELECT run_id FROM run_queue
    WHERE run_id = $2 AND state = 'queued' AND lane <> $4 AND available_at <= now() FOR UPDATE
), claimed AS (
    UPDATE run_queue q SET state = 'running', owner = $1, epoch = q.epoch + 1, changed_at = now(),
        lease_until = clock_timestamp() + make_interval(secs => $3)
    FROM ready WHERE q.run_id = ready.run_id
    RETURNING q.run_id, q.epoch, q.cancel_requested
), begun AS (
    UPDATE automation_logs l SET status = 'running', started_at = coalesce(l.started_at, now()), seq = l.seq + 1,
        wait = NULL
    FROM claimed c WHERE l.id = c.run_id
    RETURNING l.*, c.epoch, c.cancel_requested
)
SELECT b.id, b.workspace_id, b.rule_id, coalesce(r.name, '') AS rule_name, b.version, b.epoch, b.seq, b.trigger_type,
    b.trigger_data, b.trigger_context, b.prefect_run_id, b.created_at, b.started_at, b.worked_ms, b.cancel_requested,
    b.root_id, b.depth,
    CASE WHEN b.credits IS NOT NULL THEN run_budget(b.id, b.credits, b.epoch) END AS budget
FROM begun b LEFT JOIN automation_rules r ON r.id = b.rule_id
"""

# The workspace's limit, its lock taken; nothing where it has none.
_LIMIT = """
SELECT p.max_running, q.workspace_id, pg_advisory_xact_lock(hashtextextended(q.workspace_id::text, 8))
FROM run_queue q JOIN workspaces w ON w.id = q.workspace_id JOIN plans p ON p.name = w.plan
WHERE q.run_id = $1 AND p.max_running IS NOT NULL
"""
_RUNNING = "SELECT count(*) FROM run_queue WHERE state = 'running' AND workspace_id = $1"

# Without the trigger's data, which may be large and which only the claim hands out.
_HELD = """
SELECT l.id, l.workspace_id, l.rule_id, '' AS rule_name, l.version, q.epoch, l.seq, l.trigger_type,
    NULL AS trigger_data, '{}'::jsonb AS trigger_context, l.prefect_run_id, l.created_at, l.started_at, l.worked_ms,
    q.cancel_requested, l.root_id, l.depth
FROM run_queue q JOIN automation_logs l ON l.id = q.run_id
WHERE q.run_id = $1 AND q.owner = $2 AND q.state = 'running'
"""

_RENEW = """
UPDATE run_queue SET lease_until = clock_timestamp() + make_interval(secs => $3)
WHERE run_id = $1 AND owner = $2 AND state = 'running'
RETURNING cancel_requested, (SELECT count(*) FROM automation_action_logs
    WHERE log_id = $1 AND status IN ('waiting', 'unknown') AND wake IS NOT NULL) AS answers
"""

_WHY_NOT = {
    "running": ("run_held", "A job or a worker is executing this run already."),
    "waiting": ("run_waits", "This run waits; it goes on when it is woken."),
    "queued": ("run_not_ready", "This run is not for a job, or its time has not come."),
}


async def claim(connection: Connection, run_id: UUID, owner: str) -> ClaimedRun:
    """Take the run, if it is queued in an isolated lane. Raises `Conflict` with the reason.

    In a transaction: whoever claims for a workspace with a limit holds its lock until the commit, as `claim_runs` does.
    """
    limit = await connection.fetchrow(_LIMIT, run_id)
    if limit is not None and await connection.fetchval(_RUNNING, limit["workspace_id"]) >= limit["max_running"]:
        raise Conflict("plan_limit", "The workspace runs as many runs as its plan lets it; this one starts after them.")
    row = await connection.fetchrow(_CLAIM, owner, run_id, float(LEASE_S), WARM)
    if row is None:
        state = await connection.fetchval("SELECT state FROM run_queue WHERE run_id = $1", run_id)
        raise Conflict(*_WHY_NOT.get(str(state), ("run_ended", "This run has ended.")))
    return ClaimedRun(**row)


async def held(connection: Connection, run_id: UUID, owner: str) -> ClaimedRun | None:
    """The run, if `owner` holds it; without its trigger's data."""
    row = await connection.fetchrow(_HELD, run_id, owner)
    return None if row is None else ClaimedRun(**row)


async def renew(connection: Connection, run_id: UUID, owner: str) -> Renewal:
    row = await connection.fetchrow(_RENEW, run_id, owner, float(LEASE_S))
    if row is None:
        return Renewal(held=False)
    return Renewal(held=True, cancel=row["cancel_requested"], answers=row["answers"])
