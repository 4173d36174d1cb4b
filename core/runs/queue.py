"""Who executes which run: claim, lease, epoch, reaper, cancel.

A claim sets the owner, a lease of 15 s on the database's clock, and `epoch + 1`. Every later write of the run names
its epoch (`core/runs/record.py`); when the epoch has moved on, the writer is a leftover and records nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from blocks.values import Json, JsonObject
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, NotFound
from core.runs.channels import CANCEL, EVENTS, RUNS

LEASE_S = 15
RENEW_S = 5
REAP_S = 2
TIMER_S = 0.5


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this worker holds. `seq` is the number of its newest recorded change."""

    id: UUID
    workspace_id: UUID
    rule_id: UUID
    rule_name: str
    version: int
    epoch: int
    seq: int
    trigger_type: str
    trigger_data: Json
    trigger_context: JsonObject
    prefect_run_id: UUID | None
    created_at: datetime
    started_at: datetime
    worked_ms: int
    cancel_requested: bool
    root_id: UUID
    depth: int
    replay_of: UUID | None = None

    @property
    def resumed(self) -> bool:
        """Whether steps may be recorded already: it was begun before, or took them over from the run it replays."""
        return self.epoch > 1 or self.replay_of is not None


_CLAIM = """
WITH ready AS MATERIALIZED (
    SELECT run_id FROM run_queue
    WHERE state = 'queued' AND lane = $2 AND available_at <= now()
    ORDER BY priority DESC, run_id LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE run_queue q SET state = 'running', owner = $1, epoch = q.epoch + 1, changed_at = now(),
        lease_until = clock_timestamp() + make_interval(secs => $4)
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
    b.root_id, b.depth, b.replay_of
FROM begun b LEFT JOIN automation_rules r ON r.id = b.rule_id
ORDER BY b.id
"""


async def claim(connection: Connection, *, owner: str, lane: str, limit: int) -> list[ClaimedRun]:
    """Take up to `limit` runs of the lane, oldest first within a priority."""
    rows = await connection.fetch(_CLAIM, owner, lane, limit, float(LEASE_S))
    return [ClaimedRun(**row) for row in rows]


async def renew(connection: Connection, *, owner: str, run_ids: list[UUID]) -> set[UUID]:
    """Renew the leases of what this worker executes in one statement; gives the runs that it still holds.

    Only those: a claim whose answer was lost on the way holds runs that nobody executes.
    """
    rows = await connection.fetch(
        "UPDATE run_queue SET lease_until = clock_timestamp() + make_interval(secs => $3)"
        " WHERE owner = $1 AND state = 'running' AND run_id = ANY ($2) RETURNING run_id",
        owner,
        run_ids,
        float(LEASE_S),
    )
    return {row["run_id"] for row in rows}


def _free(condition: str, locking: str = "") -> str:
    """Send running runs back to the queue. What they worked counts, up to the moment to which their lease goes."""
    return f"""
WITH chosen AS MATERIALIZED (
    SELECT run_id, least(clock_timestamp(), lease_until) - changed_at AS worked FROM run_queue
    WHERE state = 'running' AND {condition} ORDER BY run_id FOR UPDATE {locking}
), freed AS (
    UPDATE run_queue q SET state = 'queued', owner = NULL, lease_until = NULL
    FROM chosen c WHERE q.run_id = c.run_id RETURNING q.lane
), counted AS (
    UPDATE automation_logs l SET worked_ms = l.worked_ms + greatest(extract(epoch FROM c.worked) * 1000, 0)::bigint
    FROM chosen c WHERE l.id = c.run_id
)
SELECT lane, count(*) AS runs, pg_notify($1, lane) FROM freed GROUP BY lane
"""


_FREE_UNKNOWN = _free("owner = $2 AND run_id <> ALL ($3)")
_RELEASE = _free("owner = $2")
_REAP = _free("lease_until < clock_timestamp()", "SKIP LOCKED")
_FREE_DEAD = _free("owner <> $2 AND starts_with(owner, $3)")


async def free_unknown(connection: Connection, *, owner: str, known: list[UUID]) -> int:
    """Free what a claim took whose answer never arrived; gives how many. Not while a claim is under way."""
    return _runs(await connection.fetch(_FREE_UNKNOWN, RUNS, owner, known))


async def release(connection: Connection, *, owner: str) -> None:
    """Give every run back unfinished (a worker that stops): the next claim resumes them."""
    await connection.fetch(_RELEASE, RUNS, owner)


async def reap(connection: Connection) -> int:
    """Put expired leases back into the queue; gives how many."""
    return _runs(await connection.fetch(_REAP, RUNS))


def _runs(rows: list[asyncpg.Record]) -> int:
    return sum(row["runs"] for row in rows)


async def requeue_due(connection: Connection) -> int:
    """Send waiting runs whose time has come back to the queue; gives how many."""
    rows = await connection.fetch(
        "WITH due AS (SELECT run_id FROM run_queue WHERE state = 'waiting' AND available_at <= now()"
        " ORDER BY run_id FOR UPDATE SKIP LOCKED),"
        " freed AS (UPDATE run_queue q SET state = 'queued', changed_at = now() FROM due d"
        " WHERE q.run_id = d.run_id RETURNING q.lane)"
        " SELECT lane, count(*) AS runs, pg_notify($1, lane) FROM freed GROUP BY lane",
        RUNS,
    )
    return _runs(rows)


async def wake(connection: Connection, run_id: UUID, step_id: str, answer: JsonObject, iteration: str = "") -> bool:
    """Wake a waiting step with an answer; False when it does not wait (any more) or was woken before."""
    woken: bool = await connection.fetchval("SELECT wake_step($1, $2, $3, $4)", run_id, step_id, iteration, answer)
    return woken


async def free_dead_incarnations(connection: Connection, *, host: str, slot: str, owner: str) -> int:
    """Free at once what an earlier incarnation of this very worker (host and slot) held; gives how many.

    The caller holds the slot's advisory lock, so no such incarnation is alive.
    """
    freed = _runs(await connection.fetch(_FREE_DEAD, RUNS, owner, f"{host}/{slot}/"))
    await connection.execute("DELETE FROM workers WHERE host = $1 AND slot = $2 AND owner <> $3", host, slot, owner)
    return freed


async def hold_slot(connection: Connection, *, host: str, slot: str) -> bool:
    """Whether this session now holds the lock of `host` and `slot`; it is freed when the session ends."""
    held = await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", f"worker {host}/{slot}")
    return bool(held)


async def report_alive(connection: Connection, *, owner: str, host: str, slot: str, concurrency: int) -> None:
    """Keep the worker's row fresh, and forget those that were not seen for a day."""
    await connection.execute(
        "INSERT INTO workers (owner, host, slot, concurrency) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (owner) DO UPDATE SET seen_at = now()",
        owner,
        host,
        slot,
        concurrency,
    )
    await connection.execute("DELETE FROM workers WHERE seen_at < now() - interval '1 day'")


async def report_gone(connection: Connection, *, owner: str) -> None:
    await connection.execute("DELETE FROM workers WHERE owner = $1", owner)


_CANCEL_WAITING = """
WITH stopped AS (
    UPDATE run_queue SET state = 'done', changed_at = now()
    WHERE run_id = $1 AND state IN ('queued', 'waiting') AND owner IS NULL
    RETURNING run_id
), steps AS (
    UPDATE automation_action_logs a SET status = 'skipped', completed_at = now(), seq = l.seq + 1
    FROM stopped s JOIN automation_logs l ON l.id = s.run_id
    WHERE a.log_id = s.run_id AND a.status IN ('waiting', 'running', 'unknown')
)
UPDATE automation_logs l SET status = 'cancelled', completed_at = now(), seq = seq + 1, error_code = 'cancelled',
    error = 'Cancelled before it went on.', wait = NULL
FROM stopped s WHERE l.id = s.run_id
RETURNING l.id, l.workspace_id, l.rule_id, l.seq
"""


async def request_cancel(db: Database, caller: Caller, run_id: UUID) -> str:
    """Cancel a run. Gives "cancelled" when it is over at once, "cancelling" when its worker was told to stop it.

    Raises `NotFound`, and `Conflict` (`run_ended`) when it has ended already.
    """
    caller.require("editor")
    async with db.transaction() as connection:
        status = await connection.fetchval(
            "SELECT status FROM automation_logs WHERE id = $1 AND workspace_id = $2", run_id, caller.workspace_id
        )
        if status is None:
            raise NotFound("run_not_found", "There is no such run in this workspace.")
        done = await cancel(connection, run_id)
        if done is None:
            raise Conflict("run_ended", "This run has ended already.")
        return done


async def cancel(connection: Connection, run_id: UUID) -> str | None:
    """Cancel a run on behalf of somebody who may, in the caller's transaction; None when it has ended already."""
    row = await connection.fetchrow(_CANCEL_WAITING, run_id)
    if row is not None:
        await _notify_end(connection, row)
        return "cancelled"
    running = await connection.execute(
        "UPDATE run_queue SET cancel_requested = true WHERE run_id = $1 AND state <> 'done'", run_id
    )
    if running == "UPDATE 0":
        return None
    await connection.execute("SELECT pg_notify($1, $2)", CANCEL, str(run_id))
    return "cancelling"


async def _notify_end(connection: Connection, row: asyncpg.Record) -> None:
    event = {
        "run": str(row["id"]),
        "workspace": str(row["workspace_id"]),
        "rule": str(row["rule_id"]),
        "seq": row["seq"],
        "kind": "run",
        "status": "cancelled",
    }
    await connection.execute("SELECT pg_notify($1, jsonb_build_array($2::jsonb)::text)", EVENTS, event)


async def cancelled_among(connection: Connection, *, owner: str) -> list[UUID]:
    """The runs of this worker that somebody asked to stop: the net below a missed notice."""
    rows = await connection.fetch(
        "SELECT run_id FROM run_queue WHERE owner = $1 AND state = 'running' AND cancel_requested", owner
    )
    return [row["run_id"] for row in rows]
