"""Every write of a result, noted beside it in the same transaction: by whom, and under whose lease.

The note is taken by triggers, so nothing the product says of itself is trusted. A worker writes under the name
`vutler worker <slot>`; the owner of a lease is `host/slot/incarnation`.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

INSTALL = """
CREATE SCHEMA IF NOT EXISTS storm;
CREATE TABLE IF NOT EXISTS storm.writes (
    id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT clock_timestamp(), kind text NOT NULL,
    run_id uuid NOT NULL, step text, was text, becomes text NOT NULL, write_epoch integer, lease_epoch integer,
    owner text, writer text NOT NULL DEFAULT current_setting('application_name'));

CREATE OR REPLACE FUNCTION storm.note_step() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO storm.writes (kind, run_id, step, was, becomes, write_epoch, lease_epoch, owner)
    SELECT 'step', NEW.log_id, concat_ws('/', NEW.step_id, coalesce(nullif(NEW.iteration, ''), '0')),
           CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status, NEW.epoch, q.epoch, q.owner
    FROM (SELECT) nothing LEFT JOIN tenant_vutler.run_queue q ON q.run_id = NEW.log_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER storm_note AFTER INSERT OR UPDATE OF status ON tenant_vutler.automation_action_logs
    FOR EACH ROW EXECUTE FUNCTION storm.note_step();

CREATE OR REPLACE FUNCTION storm.note_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO storm.writes (kind, run_id, was, becomes, lease_epoch, owner)
    SELECT 'run', NEW.id, OLD.status, NEW.status, q.epoch, q.owner
    FROM (SELECT) nothing LEFT JOIN tenant_vutler.run_queue q ON q.run_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER storm_note AFTER UPDATE OF status ON tenant_vutler.automation_logs FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.status IN ('success', 'failed', 'cancelled', 'skipped'))
    EXECUTE FUNCTION storm.note_run();
"""

# By a worker whose lease was over: another epoch, nobody's run any more, or another worker's.
_STALE = """
SELECT count(*) FROM storm.writes
WHERE writer LIKE 'vutler worker %' AND becomes IN ('running', 'waiting', 'unknown', 'success', 'failed')
  AND (write_epoch <> lease_epoch OR owner IS NULL
       OR split_part(owner, '/', 2) <> split_part(split_part(writer, ' ', 3), '/', 1))
"""
_TWICE = """
SELECT count(*) FROM (
    SELECT FROM storm.writes WHERE kind = 'step' AND becomes IN ('success', 'failed', 'skipped')
    GROUP BY run_id, step HAVING count(*) > 1) again
"""
_REWRITTEN = """
SELECT count(*) FROM storm.writes WHERE kind = 'run' AND was IN ('success', 'failed', 'cancelled', 'skipped')
"""

_FENCE = "WHERE q.epoch = r.epoch AND q.owner = p_owner AND q.state = 'running'"


@dataclass(frozen=True, slots=True)
class Audit:
    """What must be 0: writes under a lease that was over, results of steps written twice, ends written over."""

    stale: int
    twice: int
    rewritten: int


async def install(connection: "asyncpg.Connection[Any]") -> None:
    await connection.execute(INSTALL)


async def read(connection: "asyncpg.Connection[Any]") -> Audit:
    return Audit(*[int(await connection.fetchval(query)) for query in (_STALE, _TWICE, _REWRITTEN)])


async def remove_fence(connection: "asyncpg.Connection[Any]") -> None:
    """Have `record_runs` believe whoever writes, as if there were no epochs: the audit must find out.

    Raises `LookupError` when the function does not read as it did when this was written.
    """
    text: str = await connection.fetchval(
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = 'record_runs'"
        " AND pronamespace = 'tenant_vutler'::regnamespace"
    )
    if text.count(_FENCE) != 1:
        raise LookupError(f"record_runs has no line {_FENCE!r}: say here how its fence reads now")
    await connection.execute(text.replace(_FENCE, ""))
