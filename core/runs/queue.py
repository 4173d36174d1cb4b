"""Who executes which run: claim, lease, epoch, reaper, cancel.

A claim sets the owner, a lease of 15 s on the database's clock, and `epoch + 1`. Every later write of the run names
its epoch (`core/runs/record.py`); when the epoch has moved on, the writer is a leftover and records nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from blocks.values import Json, JsonObject
from core.audit import noting as audit
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, NotFound
from core.runs.channels import RUNS

WARM = "warm"  # the lane of the long-lived workers; every other lane is a work pool of Prefect
LEASE_S = 15
RENEW_S = 5
REAP_S = 2
TIMER_S = 0.5


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this worker holds. `seq` is the number of its newest recorded change. `budget`: what it may spend, and
    the prices, as credits: `{"reserved", "spent", "prices": {<action>: ...}}`; None: it pays nothing."""

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
    budget: JsonObject | None = None

    @property
    def resumed(self) -> bool:
        """Whether steps may be recorded already: it was begun before, or took them over from the run it replays."""
        return self.epoch > 1 or self.replay_of is not None


@dataclass(slots=True)
class Rotation:
    """Where a worker's round through the workspaces stands, so that each is served in its turn.

    `held_back`: a claim passed over work because its workspace runs as much as its plan lets it. `whole`: the last
    claim has seen every workspace that has work.
    """

    after: UUID | None = None
    held_back: bool = False
    whole: bool = True


_CLAIM = "SELECT * FROM claim_runs($1, $2, $3, $4, $5) ORDER BY id"
_CLAIMED = tuple(ClaimedRun.__dataclass_fields__)


async def claim(
    connection: Connection, *, owner: str, lane: str, limit: int, rotation: Rotation | None = None
) -> list[ClaimedRun]:
    """Take up to `limit` runs of the lane, a fair share of each workspace that has some; of one workspace the highest
    priority first, then the oldest. `rotation` is read and moved on."""
    rotation = rotation or Rotation()
    rows = await connection.fetch(_CLAIM, owner, lane, limit, float(LEASE_S), rotation.after)
    first = rows[0]
    rotation.after, rotation.whole = first["next_after"], first["whole"]
    rotation.held_back = rotation.held_back or first["held_back"]
    return [ClaimedRun(**{name: row[name] for name in _CLAIMED}) for row in rows if row["id"] is not None]


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
    """Send waiting runs whose time has come back to the queue; gives how many. Blocked ones whose turn has come go
    along: a claim sees to them too, but a worker that is full claims nothing."""
    await connection.execute("SELECT settle_overlap()")
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
        await audit.note(connection, caller, "run.cancelled", "run", run_id, before={"status": status})
        return done


async def cancel(connection: Connection, run_id: UUID) -> str | None:
    """Cancel a run on behalf of somebody who may, in the caller's transaction; None when it has ended already."""
    done: str | None = await connection.fetchval("SELECT cancel_run($1)", run_id)
    return done


async def cancelled_among(connection: Connection, *, owner: str) -> list[UUID]:
    """The runs of this worker that somebody asked to stop: the net below a missed notice."""
    rows = await connection.fetch(
        "SELECT run_id FROM run_queue WHERE owner = $1 AND state = 'running' AND cancel_requested", owner
    )
    return [row["run_id"] for row in rows]
