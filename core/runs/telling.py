"""What Prefect is still to be told about runs, put together in PostgreSQL as the JSON that is sent.

A recorder takes some runs (`take`), sends their text as it is, and notes that they are told (`told`). What it told is
what stood in the history at one moment, so a run is forgotten here only after its recorded end was told. A recorder
that dies leaves its runs to the others after `HELD_S` seconds.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.db import Connection
from core.runs.queue import WARM
from core.schedules.deployed import TOPIC

HELD_S = 15.0
YOUNG_S = 0.7  # a run that is over by then is told once
UNSEEN_S = 5.0  # a queued run is shown in Prefect when it waits longer
REFUSED_OFTEN = 3  # attempts
GROWING_S = 5.0  # how often the finished steps of a long run are told

# Our words in Prefect's. A step that was not needed ended well; one whose effect is in doubt did not.
_TYPE = """CASE {0} WHEN 'queued' THEN 'SCHEDULED' WHEN 'running' THEN 'RUNNING' WHEN 'waiting' THEN 'PAUSED'
    WHEN 'success' THEN 'COMPLETED' WHEN 'failed' THEN 'FAILED' WHEN 'unknown' THEN 'CRASHED' ELSE 'CANCELLED' END"""
_NAME = """CASE {0} WHEN 'queued' THEN 'Scheduled' WHEN 'running' THEN 'Running' WHEN 'waiting' THEN 'Paused'
    WHEN 'success' THEN 'Completed' WHEN 'failed' THEN 'Failed' WHEN 'unknown' THEN 'InDoubt'
    WHEN 'skipped' THEN 'Skipped' ELSE 'Cancelled' END"""
_STEP_TYPE = f"CASE WHEN a.status = 'skipped' THEN 'COMPLETED' ELSE {_TYPE.format('a.status')} END"
# A result that a replay took over was not made in this run: Prefect's own word for that, and no time of another run.
_STEP_NAME = (
    f"CASE WHEN a.copied_from IS NOT NULL AND a.status = 'success' THEN 'Cached' ELSE {_NAME.format('a.status')} END"
)
_HERE = "CASE WHEN a.copied_from IS NULL THEN {0} END"

# What runs elsewhere is told by the job that runs it (core/jobs).
_OURS = f"lane = '{WARM}'"

# A run of an automation whose deployment is just being made waits for it, so that it is found under it. A deployment
# that Prefect refuses again and again holds nothing up.
_HAS_PLACE = f"""NOT EXISTS (
    SELECT FROM outbox o JOIN automation_rules r ON r.id = o.key AND r.deployment_id IS NULL AND r.deleted_at IS NULL
    WHERE o.topic = '{TOPIC}' AND o.key = run_queue.rule_id AND o.attempts <= {REFUSED_OFTEN})"""

_TAKEN = f"""
WITH finished AS MATERIALIZED (
    SELECT run_id FROM run_queue
    WHERE state = 'done' AND {_OURS} AND (telling_until IS NULL OR telling_until <= now()) AND {_HAS_PLACE}
    ORDER BY changed_at LIMIT $1 FOR UPDATE SKIP LOCKED
), moved AS MATERIALIZED (
    SELECT run_id FROM run_queue
    WHERE state IN ('running', 'waiting') AND {_OURS} AND (told IS DISTINCT FROM state OR changed_at > told_at)
        AND changed_at <= now() - make_interval(secs => $3) AND (telling_until IS NULL OR telling_until <= now())
        AND {_HAS_PLACE}
    ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED
), growing AS MATERIALIZED (
    SELECT q.run_id FROM run_queue q JOIN automation_logs l ON l.id = q.run_id
    WHERE q.state = 'running' AND q.told = 'running' AND q.told_at <= now() - make_interval(secs => $4)
        AND l.seq > q.told_seq AND (q.telling_until IS NULL OR q.telling_until <= now())
    ORDER BY q.told_at LIMIT $2 FOR UPDATE OF q SKIP LOCKED
), unseen AS MATERIALIZED (
    SELECT run_id FROM run_queue
    WHERE state IN ('queued', 'blocked') AND {_OURS} AND told IS NULL
        AND changed_at <= now() - make_interval(secs => $5)
        AND (telling_until IS NULL OR telling_until <= now()) AND {_HAS_PLACE}
        AND (SELECT count(*) FROM finished) < 10  -- not while there is more important news
    ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE run_queue q SET telling_until = now() + make_interval(secs => $6)
    FROM (TABLE finished UNION TABLE moved UNION TABLE growing UNION TABLE unseen) t
    WHERE q.run_id = t.run_id
    RETURNING q.run_id, q.changed_at, q.epoch, q.told_seq
)"""

_RUN = f"""
json_build_object(
    'id', coalesce(l.prefect_run_id, l.id),
    'deployment', coalesce(t.deployment_id, r.deployment_id),
    'name', concat_ws('-', nullif(left(trim(BOTH '-' FROM
        regexp_replace(lower(r.name), '[^[:alnum:]]+', '-', 'g')), 60), ''), right(l.id::text, 8)),
    'tags', json_build_array('ws:' || l.workspace_id, l.trigger_type),
    'parameters', json_build_object('automation_id', l.rule_id, 'run_id', l.id, 'version', greatest(l.version, 0)),
    'expected', coalesce(l.due_at, l.created_at), 'start', l.started_at, 'end', l.completed_at, 'run_count', k.epoch,
    'states', (SELECT json_agg(s) FROM (
        SELECT 'SCHEDULED' AS type, 'Scheduled' AS name, l.created_at AS at, NULL AS message
            WHERE l.prefect_run_id IS NULL
        UNION ALL SELECT 'RUNNING', 'Running', greatest(l.started_at, l.created_at + interval '1 microsecond'), NULL
            WHERE l.started_at IS NOT NULL AND l.status <> 'queued'
        UNION ALL SELECT {_TYPE.format("l.status")}, {_NAME.format("l.status")},
            greatest(coalesce(l.completed_at, k.changed_at), coalesce(l.started_at, l.created_at)
                + interval '2 microseconds'), coalesce(l.error, l.wait ->> 'reason', l.wait #>> '{{}}')
            WHERE l.status NOT IN ('queued', 'running')) s),
    'tasks', (SELECT json_agg(json_build_object(
        'id', md5(l.id || '/' || a.step_id || '/' || a.iteration)::uuid,
        'key', a.action_type, 'dynamic_key', concat_ws('-', a.step_id, nullif(a.iteration, '')),
        'run_count', a.attempt, 'start', {_HERE.format("a.started_at")}, 'end', {_HERE.format("a.completed_at")},
        'states', (SELECT json_agg(s) FROM (
            SELECT 'RUNNING' AS type, 'Running' AS name, a.started_at AS at, NULL AS message
                WHERE a.started_at IS NOT NULL AND a.copied_from IS NULL
            UNION ALL SELECT 'SCHEDULED', 'AwaitingRetry',
                greatest((f ->> 'completed_at')::timestamptz, a.started_at + interval '1 microsecond'), f ->> 'error'
                FROM jsonb_array_elements(a.attempts) f
                WHERE f ->> 'completed_at' IS NOT NULL AND a.copied_from IS NULL
            UNION ALL SELECT {_STEP_TYPE}, {_STEP_NAME}, CASE WHEN a.copied_from IS NULL THEN
                greatest(coalesce(a.completed_at, a.created_at), a.started_at + interval '2 microseconds')
                ELSE coalesce(l.started_at, l.created_at) END, a.error
                WHERE a.status <> 'running') s)
        ) ORDER BY a.seq)
        FROM automation_action_logs a
        WHERE a.log_id = l.id AND a.status <> 'pending' AND a.seq > k.since
            AND (a.iteration = '' OR a.effect <> 'pure')),  -- the items of a light loop are one task there
    'lines', (SELECT json_agg(json_build_object(
        'id', md5(l.id || '/' || n.seq)::uuid, 'at', n.at, 'text', n.text,
        'level', CASE n.level WHEN 'debug' THEN 10 WHEN 'warning' THEN 30 WHEN 'error' THEN 40 ELSE 20 END,
        'task', CASE WHEN n.step_id IS NOT NULL THEN md5(l.id || '/' || n.step_id || '/')::uuid END) ORDER BY n.seq)
        FROM run_lines n
        WHERE n.run_id = l.id AND n.at >= l.created_at - interval '1 hour' AND n.seq > k.since))
"""

_TAKE = f"""{_TAKEN}
SELECT now() AS read_at, array_agg(l.id) AS run_ids, array_agg(l.seq) AS seqs,
    array_agg(CASE WHEN l.status IN ('queued', 'running', 'waiting') THEN l.status ELSE 'done' END) AS states,
    json_agg({_RUN})::text AS payload
FROM (SELECT q.*, CASE WHEN l.status IN ('running', 'waiting') THEN q.told_seq ELSE 0 END AS since
      FROM taken q JOIN automation_logs l ON l.id = q.run_id) k
JOIN automation_logs l ON l.id = k.run_id
LEFT JOIN automation_rules r ON r.id = l.rule_id
LEFT JOIN automation_triggers t ON t.id = l.trigger_id
"""


@dataclass(frozen=True, slots=True)
class Telling:
    """Some runs as they stood at `read_at`, and the JSON array that tells it."""

    read_at: datetime
    run_ids: list[UUID]
    states: list[str]
    seqs: list[int]
    payload: bytes

    @property
    def size(self) -> int:
        return len(self.run_ids)


async def take(connection: Connection, *, most: int = 200) -> Telling | None:
    """Take up to `most` ended runs (oldest change first) and some that go on; None when there is nothing to tell."""
    row = await connection.fetchrow(_TAKE, most, max(most // 10, 1), YOUNG_S, GROWING_S, UNSEEN_S, HELD_S)
    if row is None or row["run_ids"] is None:
        return None
    return Telling(row["read_at"], row["run_ids"], row["states"], row["seqs"], row["payload"].encode())


async def told(connection: Connection, telling: Telling) -> None:
    """Prefect has recorded it: forget the ended runs, note the state of the others."""
    await connection.execute(
        """
        WITH news AS (
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[]) AS n (run_id, state, seq)
        ), held AS MATERIALIZED (  -- in the order in which workers lock their runs
            SELECT q.run_id FROM run_queue q JOIN news n ON n.run_id = q.run_id AND n.state <> 'done'
            ORDER BY q.run_id FOR UPDATE OF q
        ), gone AS (
            DELETE FROM run_queue q USING news n WHERE q.run_id = n.run_id AND n.state = 'done'
        )
        UPDATE run_queue q SET told = n.state, told_seq = n.seq, told_at = $4, telling_until = NULL
        FROM news n JOIN held h ON h.run_id = n.run_id WHERE q.run_id = n.run_id
        """,
        telling.run_ids,
        telling.states,
        telling.seqs,
        telling.read_at,
    )


async def give_back(connection: Connection, telling: Telling) -> None:
    """Prefect could not be told: anybody may try again."""
    await connection.execute(
        "WITH held AS MATERIALIZED ("
        " SELECT run_id FROM run_queue WHERE run_id = ANY ($1) ORDER BY run_id FOR UPDATE)"
        " UPDATE run_queue q SET telling_until = NULL FROM held h WHERE q.run_id = h.run_id",
        telling.run_ids,
    )
