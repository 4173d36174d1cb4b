"""Queued runs of isolated lanes that need a job, and ended ones whose job may not have told Prefect.

A run needs a job when it was queued anew since its last one was asked for (`dispatched_epoch`: a job that claims moves
the epoch on), or when that one has not claimed it for a while (`dispatch_at`). Who takes a run has it for `HELD_S`.
Workspaces get the same share of each turn, and no more jobs than their plan lets them have runs at the same time.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.db import Connection
from core.runs.queue import WARM
from core.sentences import kept

HELD_S: Final = 30.0  # also: how long a first job may take to claim before it is looked after
LONGEST_S: Final = 600.0  # between two looks at a job that has not claimed


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A run that needs a job. `flow_run_id` is Prefect's flow run of its earlier jobs, `prefect_run_id` may also be a
    run that Prefect's scheduler or an operator made. `looks` counts up while nobody claims; 1 is the first."""

    run_id: UUID
    workspace_id: UUID
    rule_id: UUID
    rule_name: str
    version: int
    lane: str
    trigger_type: str
    prefect_run_id: UUID | None
    flow_run_id: UUID | None
    deployment_id: UUID | None
    looks: int
    again: bool
    settled: bool  # it was queued a while ago: whatever executed it before is over
    cancel_requested: bool


_TAKE = """
WITH needy AS MATERIALIZED (
    SELECT DISTINCT workspace_id FROM run_queue
    WHERE state = 'queued' AND lane <> $1 AND available_at <= now()
        AND (dispatched_epoch IS DISTINCT FROM epoch OR dispatch_at <= now())
), shares AS MATERIALIZED (
    SELECT n.workspace_id, least(ceil($2::integer / (count(*) OVER ())::numeric), CASE
        WHEN p.max_running IS NOT NULL THEN greatest(0, p.max_running - (
            SELECT count(*) FROM run_queue b
            WHERE b.workspace_id = n.workspace_id AND (b.state = 'running'
                OR b.state = 'queued' AND b.lane <> $1 AND b.dispatched_epoch = b.epoch AND b.dispatch_at > now())))
        END) AS share  -- least leaves out the null of who has no limit
    FROM needy n LEFT JOIN workspaces w ON w.id = n.workspace_id LEFT JOIN plans p ON p.name = w.plan
), chosen AS MATERIALIZED (
    SELECT q.run_id FROM shares s, LATERAL (
        SELECT r.run_id FROM run_queue r
        WHERE r.state = 'queued' AND r.lane <> $1 AND r.workspace_id = s.workspace_id AND r.available_at <= now()
            AND (r.dispatched_epoch IS DISTINCT FROM r.epoch OR r.dispatch_at <= now())
        ORDER BY r.priority DESC, r.run_id LIMIT s.share FOR UPDATE SKIP LOCKED) q
), taken AS (
    UPDATE run_queue q SET dispatched_epoch = q.epoch,
        dispatches = CASE WHEN q.dispatched_epoch = q.epoch THEN least(q.dispatches + 1, 100) ELSE 1 END,
        dispatch_at = now() + make_interval(secs => $3)
    FROM chosen c WHERE q.run_id = c.run_id
    RETURNING q.*
)
SELECT t.run_id, t.workspace_id, t.rule_id, coalesce(r.name, '') AS rule_name, t.version, t.lane, l.trigger_type,
    l.prefect_run_id, t.flow_run_id, coalesce(g.deployment_id, r.deployment_id) AS deployment_id,
    t.dispatches AS looks, t.epoch > 0 AS again, t.changed_at < now() - interval '15 seconds' AS settled,
    t.cancel_requested
FROM taken t
JOIN automation_logs l ON l.id = t.run_id
LEFT JOIN automation_rules r ON r.id = t.rule_id
LEFT JOIN automation_triggers g ON g.id = l.trigger_id
ORDER BY t.priority DESC, t.run_id
"""


async def take(connection: Connection, *, most: int) -> list[Dispatch]:
    """Take about `most` runs that need a job, at least one of each workspace that may have another."""
    return [Dispatch(**row) for row in await connection.fetch(_TAKE, WARM, most, HELD_S)]


async def made(connection: Connection, item: Dispatch, flow_run_id: UUID) -> None:
    """Remember Prefect's flow run of the job, for its next job and for the history's link."""
    await connection.execute(
        "WITH known AS (UPDATE run_queue SET flow_run_id = $2 WHERE run_id = $1)"
        " UPDATE automation_logs SET prefect_run_id = $2 WHERE id = $1",
        item.run_id,
        flow_run_id,
    )


async def look_again(connection: Connection, item: Dispatch, seconds: float, reason: str) -> None:
    """Come back to a run that nobody has claimed by then; meanwhile `reason`, a sentence, says what it waits for."""
    await connection.execute(
        "WITH late AS (UPDATE run_queue SET dispatch_at = now() + make_interval(secs => $2)"
        " WHERE run_id = $1 AND state = 'queued' AND dispatched_epoch = epoch RETURNING run_id)"
        " UPDATE automation_logs l SET wait = jsonb_build_object('reason', $3::text, 'code', 'lane', 'kept', $4::jsonb)"
        " FROM late WHERE l.id = late.run_id AND l.status IN ('queued', 'running', 'waiting')",
        item.run_id,
        seconds,
        str(reason),
        kept(reason),
    )


async def not_yet(connection: Connection, item: Dispatch, seconds: float, reason: str) -> None:
    """The same where no job was asked for: this look does not count."""
    await connection.execute(
        "UPDATE run_queue SET dispatches = greatest(dispatches - 1, 0)"
        " WHERE run_id = $1 AND state = 'queued' AND dispatched_epoch = epoch",
        item.run_id,
    )
    await look_again(connection, item, seconds, reason)


@dataclass(frozen=True, slots=True)
class Ended:
    """A run of an isolated lane that is over. `grace`: its job may just be about to tell Prefect."""

    run_id: UUID
    status: str
    error: str | None
    prefect_run_id: UUID | None
    grace: bool


_ENDED = """
WITH chosen AS MATERIALIZED (
    SELECT run_id FROM run_queue
    WHERE state = 'done' AND lane <> $1 AND (telling_until IS NULL OR telling_until <= now())
    ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE run_queue q SET telling_until = now() + make_interval(secs => $3)
    FROM chosen c WHERE q.run_id = c.run_id
    RETURNING q.run_id, q.changed_at
)
SELECT t.run_id, l.status, l.error, l.prefect_run_id,
    t.changed_at > now() - interval '10 seconds' AS grace
FROM taken t JOIN automation_logs l ON l.id = t.run_id
"""


async def ended(connection: Connection, *, most: int, every_s: float) -> list[Ended]:
    """Take up to `most` runs that are over; those that are not forgotten come again in `every_s` seconds."""
    return [Ended(**row) for row in await connection.fetch(_ENDED, WARM, most, every_s)]


async def forget(connection: Connection, item: Ended) -> None:
    """Prefect knows of the end: the queue need not."""
    await connection.execute("DELETE FROM run_queue WHERE run_id = $1 AND state = 'done'", item.run_id)
