"""The private routes of our Prefect server: record runs in bulk, with their real times; rename a deployment.

Prefect's public API can't do either (no times, no ids, 66 - 220 ms of CPU a run). The recorder's JSON goes to
PostgreSQL as it is, and one statement per kind of row writes Prefect's own tables. The routes stand behind the
server's basic auth like every other. `core/runs/telling.py` makes the JSON.

One statement writes all tables: foreign keys are checked at its end, so a run and its state may name each other.
Sending the same again changes nothing, and a state that ended a run is never replaced.
"""

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Body, Depends, HTTPException, Request
from prefect.server.database import PrefectDBInterface, provide_database_interface

router = APIRouter(prefix="/vutler", tags=["Vutler"])
Database = Annotated[PrefectDBInterface, Depends(provide_database_interface)]

_ENDED = "('COMPLETED', 'FAILED', 'CANCELLED', 'CRASHED')"
_STATES = "jsonb_to_recordset({0}) AS s (type state_type, name text, at timestamptz, message text)"

_FLOW = "INSERT INTO flow (id, name) VALUES (gen_random_uuid(), 'automation') ON CONFLICT (name) DO NOTHING"

_RECORD = f"""
WITH run AS MATERIALIZED (
    SELECT r.*, f.state_type AS known FROM jsonb_to_recordset(CAST(:payload AS jsonb)) AS r
        (id uuid, deployment uuid, name text, tags jsonb, parameters jsonb, expected timestamptz, start timestamptz,
         "end" timestamptz, run_count integer, states jsonb, tasks jsonb, lines jsonb)
    LEFT JOIN flow_run f ON f.id = r.id
), run_state AS MATERIALIZED (
    SELECT r.id AS run_id, md5(concat(r.id, s.type, extract(epoch FROM s.at)))::uuid AS id, s.*
    FROM run r CROSS JOIN LATERAL {_STATES.format("r.states")}
    WHERE r.known IS NULL OR r.known NOT IN {_ENDED}
), newest AS MATERIALIZED (
    SELECT DISTINCT ON (run_id) * FROM run_state ORDER BY run_id, at DESC
), flow_runs AS (
    INSERT INTO flow_run AS f (id, flow_id, deployment_id, name, idempotency_key, parameters, tags, run_count,
        expected_start_time, next_scheduled_start_time, start_time, end_time, total_run_time,
        state_id, state_type, state_name, state_timestamp)
    SELECT r.id, (SELECT id FROM flow WHERE name = 'automation'), d.id, r.name, r.id, r.parameters, r.tags,
        coalesce(r.run_count, 0), r.expected, CASE WHEN n.type = 'SCHEDULED' THEN r.expected END, r.start, r."end",
        coalesce(r."end" - r.start, interval '0'), n.id, n.type, n.name, n.at
    FROM run r JOIN newest n ON n.run_id = r.id LEFT JOIN deployment d ON d.id = r.deployment
    ORDER BY r.id
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, parameters = excluded.parameters, tags = f.tags || (excluded.tags - ARRAY(
            SELECT jsonb_array_elements_text(f.tags))),
        run_count = excluded.run_count, next_scheduled_start_time = excluded.next_scheduled_start_time,
        start_time = excluded.start_time, end_time = excluded.end_time, total_run_time = excluded.total_run_time,
        state_id = excluded.state_id, state_type = excluded.state_type, state_name = excluded.state_name,
        state_timestamp = excluded.state_timestamp, updated = now()
    WHERE f.state_type NOT IN {_ENDED} AND f.state_id IS DISTINCT FROM excluded.state_id
        AND (excluded.state_type IN {_ENDED} OR f.state_type = 'SCHEDULED'
             OR excluded.state_timestamp >= f.state_timestamp)
), flow_run_states AS (
    INSERT INTO flow_run_state (id, flow_run_id, type, name, timestamp, message)
    SELECT id, run_id, type, name, at, message FROM run_state ON CONFLICT DO NOTHING
), task AS MATERIALIZED (
    SELECT t.*, r.id AS run_id, r.run_count AS flow_run_count
    FROM run r CROSS JOIN LATERAL jsonb_to_recordset(r.tasks) AS t
        (id uuid, key text, dynamic_key text, run_count integer, start timestamptz, "end" timestamptz, states jsonb)
), task_state AS MATERIALIZED (
    SELECT t.id AS task_id, md5(concat(t.id, s.type, extract(epoch FROM s.at)))::uuid AS id, s.*
    FROM task t CROSS JOIN LATERAL {_STATES.format("t.states")}
), newest_of_task AS MATERIALIZED (
    SELECT DISTINCT ON (task_id) * FROM task_state ORDER BY task_id, at DESC
), task_runs AS (
    INSERT INTO task_run AS t (id, flow_run_id, name, task_key, dynamic_key, run_count, flow_run_run_count,
        expected_start_time, start_time, end_time, total_run_time, state_id, state_type, state_name, state_timestamp)
    SELECT t.id, t.run_id, concat(t.key, '-', t.dynamic_key), t.key, t.dynamic_key, t.run_count,
        coalesce(t.flow_run_count, 0), t.start, t.start, t."end", coalesce(t."end" - t.start, interval '0'),
        n.id, n.type, n.name, n.at
    FROM task t JOIN newest_of_task n ON n.task_id = t.id
    ORDER BY t.id
    ON CONFLICT (id) DO UPDATE SET
        run_count = excluded.run_count, flow_run_run_count = excluded.flow_run_run_count,
        start_time = excluded.start_time, end_time = excluded.end_time, total_run_time = excluded.total_run_time,
        state_id = excluded.state_id, state_type = excluded.state_type, state_name = excluded.state_name,
        state_timestamp = excluded.state_timestamp, updated = now()
    WHERE t.state_type NOT IN {_ENDED} AND t.state_id IS DISTINCT FROM excluded.state_id
), task_run_states AS (
    INSERT INTO task_run_state (id, task_run_id, type, name, timestamp, message)
    SELECT id, task_id, type, name, at, message FROM task_state ON CONFLICT DO NOTHING
), logs AS (
    INSERT INTO log (id, name, level, flow_run_id, task_run_id, message, timestamp)
    SELECT l.id, 'vutler', l.level, r.id, l.task, l.text, l.at
    FROM run r CROSS JOIN LATERAL jsonb_to_recordset(r.lines) AS l
        (id uuid, at timestamptz, level smallint, task uuid, text text)
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM run
"""


@router.post("/record")
async def record(request: Request, database: Database) -> dict[str, int]:
    """Record a JSON array of runs in one transaction. 422 when it is no such array: nothing of it is recorded."""
    payload = await request.body()
    try:
        async with database.session_context(begin_transaction=True) as session:
            await session.execute(sa.text(_FLOW))
            recorded = await session.scalar(sa.text(_RECORD), {"payload": payload.decode()})
    except (sa.exc.DBAPIError, UnicodeDecodeError) as error:
        if isinstance(error, sa.exc.DBAPIError) and not _is_refusal(error):
            raise
        raise HTTPException(422, f"These runs can't be recorded: {error}"[:600]) from error
    return {"recorded": recorded or 0}


def _is_refusal(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL refused the values (SQLSTATE classes 22, 23 and 54), so that sending them again is no use."""
    return str(getattr(error.orig, "sqlstate", None) or "")[:2] in ("22", "23", "54")


@router.patch("/deployments/{deployment_id}", status_code=204)
async def rename(deployment_id: UUID, name: Annotated[str, Body(embed=True, min_length=1)], database: Database) -> None:
    """Give a deployment another name; it keeps its id, and so its runs. 404 without one, 409 when the name is taken."""
    statement = sa.text("UPDATE deployment SET name = :name, updated = now() WHERE id = :id")
    try:
        async with database.session_context(begin_transaction=True) as session:
            changed = await session.execute(statement, {"name": name, "id": deployment_id})
    except sa.exc.IntegrityError as error:
        raise HTTPException(409, f"A deployment named {name} exists already.") from error
    if not getattr(changed, "rowcount", 0):
        raise HTTPException(404, f"There is no deployment {deployment_id}.")
