"""The due times of schedules as rows: planned ahead, fired once on the database's clock, or skipped with a reason.

A row comes from Prefect's scheduler (imported ahead, `prefect_run_id` set) or from ourselves (`plan_ahead`), whoever is
first; so an hour without Prefect, or a schedule published seconds before it is due, changes nothing. What is a due
time is decided by `core/schedules/times.py` alone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from blocks.schedule import Schedule
from blocks.values import JsonObject
from core import outbox
from core.automations.definition import PRIORITIES
from core.clock import now
from core.db import Connection, Database
from core.runs.accept import NewRun, accept
from core.schedules.times import DueTime, is_due, next_times, stored, times_after

AHEAD_S = 60.0  # all due times of the next minute stand in the table
ON_TIME_S = 60.0  # what is later than this was missed: `catch_up` decides
CANCEL = "prefect_cancel"  # topic of the outbox: Prefect's flow run `key` is not to run, `reason` says why
KEPT_DAYS = 30
SWITCHED_OFF = "The schedule was switched off."
_MISSED_AT_ONCE = 1000
_LOOK_BACK = timedelta(days=7)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

_LIVE = "t.type = 'cron' AND t.active AND r.enabled AND r.deleted_at IS NULL AND r.live_version IS NOT NULL"


def preview(schedule: Schedule, most: int = 5, after: datetime | None = None) -> list[DueTime]:
    """The next due times, as the scheduler itself finds them."""
    return next_times(schedule, after or now(), most)


async def next_run_at(connection: Connection, rule_ids: list[UUID]) -> dict[UUID, datetime]:
    """The next due time of each automation that has one."""
    rows = await connection.fetch(
        "SELECT t.rule_id, t.config, now() FROM automation_triggers t JOIN automation_rules r ON r.id = t.rule_id"
        f" WHERE t.rule_id = ANY ($1) AND {_LIVE}",
        rule_ids,
    )
    found: dict[UUID, datetime] = {}
    for row in rows:
        schedule = stored(row["config"])
        for due in next_times(schedule, row["now"], 1) if schedule else []:
            found[row["rule_id"]] = min(due.at, found.get(row["rule_id"], due.at))
    return found


async def replan(connection: Connection, rule_id: UUID) -> None:
    """Make the planned fires of an automation follow its triggers as they are now, in the caller's transaction.

    To be called after each change of the schedules, of the switch, and on deletion. What is no longer due disappears;
    new times are planned by the next `plan_ahead`, from now on.
    """
    rows = await connection.fetch(
        f"SELECT f.schedule_id, f.due_at, t.config, {_LIVE} AS live FROM schedule_fires f"
        " JOIN automation_rules r ON r.id = f.rule_id LEFT JOIN automation_triggers t ON t.id = f.schedule_id"
        " WHERE f.rule_id = $1 AND f.state = 'planned'",
        rule_id,
    )
    gone = [row for row in rows if not (row["live"] and _is_due(row["config"], row["due_at"]))]
    if gone:
        await connection.execute(
            "DELETE FROM schedule_fires f USING unnest($1::uuid[], $2::timestamptz[]) g (schedule_id, due_at)"
            " WHERE f.schedule_id = g.schedule_id AND f.due_at = g.due_at AND f.state = 'planned'",
            [row["schedule_id"] for row in gone],
            [row["due_at"] for row in gone],
        )
    await connection.execute(
        f"UPDATE automation_triggers t SET planned_until = CASE WHEN {_LIVE} THEN least(t.planned_until, now()) END"
        " FROM automation_rules r WHERE r.id = t.rule_id AND t.rule_id = $1 AND t.type = 'cron'",
        rule_id,
    )


def _is_due(config: JsonObject, at: datetime) -> bool:
    schedule = stored(config)
    return schedule is not None and is_due(schedule, at)


# The rules are looked up one by one (OFFSET keeps it so): this is asked every second and nearly always finds none.
_TO_PLAN = f"""
SELECT t.id, t.config, t.workspace_id, t.rule_id, coalesce(t.planned_until, now()) AS since, now()
FROM automation_triggers t, LATERAL (
    SELECT r.enabled, r.deleted_at, r.live_version FROM automation_rules r WHERE r.id = t.rule_id OFFSET 0) r
WHERE {_LIVE} AND coalesce(t.planned_until, '-infinity') < now() + make_interval(secs => $1)
ORDER BY coalesce(t.planned_until, '-infinity') LIMIT 200 FOR UPDATE OF t SKIP LOCKED
"""


async def plan_ahead(db: Database) -> int:
    """Plan the due times up to `AHEAD_S` seconds from now that are not in the table yet, also those that were missed
    while nothing ran (7 days back at most). A part of them at a time: to be called until it gives 0, the number of
    schedules that it moved on."""
    async with db.transaction() as connection:
        rows = await connection.fetch(_TO_PLAN, AHEAD_S)
        planned: list[tuple[UUID, datetime, UUID, UUID]] = []
        until: list[datetime] = []
        for row in rows:
            times, end = plan(row["config"], row["since"], row["now"])
            planned += [(row["id"], at, row["workspace_id"], row["rule_id"]) for at in times]
            until.append(end)
        await connection.executemany(
            "INSERT INTO schedule_fires (schedule_id, due_at, workspace_id, rule_id, source)"
            " VALUES ($1, $2, $3, $4, 'vutler') ON CONFLICT DO NOTHING",
            planned,
        )
        await connection.execute(
            "UPDATE automation_triggers t SET planned_until = u.planned_until"
            " FROM unnest($1::uuid[], $2::timestamptz[]) u (id, planned_until) WHERE t.id = u.id",
            [row["id"] for row in rows],
            until,
        )
    return len(rows)


def plan(config: JsonObject, since: datetime, at: datetime) -> tuple[list[datetime], datetime]:
    """The times of the schedule in (since, at + 1.5 x AHEAD_S], and up to where nothing more is due."""
    horizon = at + timedelta(seconds=1.5 * AHEAD_S)
    schedule = stored(config)
    times: list[datetime] = []
    for due in times_after(schedule, max(since, at - _LOOK_BACK)) if schedule else ():
        if due.at > horizon:
            return times, due.at - timedelta(seconds=1)
        times.append(due.at)
        if len(times) == _MISSED_AT_ONCE:
            return times, due.at
    return times, _NEVER


_DUE = f"""
SELECT f.schedule_id, f.due_at, f.workspace_id, f.rule_id, f.prefect_run_id, r.live_version, t.config, {_LIVE} AS live,
    v.definition -> 'policy' AS policy, now(),
    (SELECT max(g.due_at) FROM schedule_fires g WHERE g.schedule_id = f.schedule_id AND g.due_at <= now()) AS newest
FROM schedule_fires f
LEFT JOIN automation_triggers t ON t.id = f.schedule_id
LEFT JOIN automation_rules r ON r.id = f.rule_id
LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
WHERE f.state = 'planned' AND f.due_at <= now()
    -- which missed time is the latest is known when all of them are planned
    AND (t.planned_until >= now() OR t.id IS NULL OR f.due_at > now() - make_interval(secs => $1))
ORDER BY f.due_at LIMIT 100 FOR UPDATE OF f SKIP LOCKED
"""


async def fire_due(db: Database) -> int:
    """Start what is due, once, whoever asks at the same time; gives how many times were settled (at most 100)."""
    async with db.transaction() as connection:
        rows = await connection.fetch(_DUE, ON_TIME_S)
        for row in sorted(rows, key=lambda each: each["workspace_id"]):  # balances are locked in one order everywhere
            reason = _why_not(row)
            if reason is None:
                await _fire(connection, row)
            else:
                await _skip(connection, row, reason)
    return len(rows)


def _why_not(row: asyncpg.Record) -> str | None:
    """Why this time is not run, or None when it is."""
    if not row["live"]:
        return SWITCHED_OFF
    if not _is_due(row["config"], row["due_at"]):
        return "The schedule was changed, and this is none of its times any more."
    return _why_missed(row)


def _why_missed(row: asyncpg.Record) -> str | None:
    late = (row["now"] - row["due_at"]).total_seconds()
    if late <= ON_TIME_S:
        return None
    policy = row["policy"] or {}
    catch_up, max_age = policy.get("catch_up", "latest"), policy.get("catch_up_max_age_s", 86400)
    if late > max_age:
        return f"Missed by {late:.0f} s; times missed by more than {max_age} s are not run (catch_up_max_age_s)."
    if catch_up == "none":
        return f"Missed by {late:.0f} s; missed times are not run (catch_up: none)."
    if catch_up == "latest" and row["newest"] > row["due_at"]:
        return "Missed, and a later time was due meanwhile; only the latest is run (catch_up: latest)."
    return None


async def _fire(connection: Connection, row: asyncpg.Record) -> None:
    policy = row["policy"] or {}
    accepted = await accept(
        connection,
        NewRun(
            workspace_id=row["workspace_id"],
            rule_id=row["rule_id"],
            version=row["live_version"],
            trigger_type="cron",
            data={"due_at": row["due_at"].isoformat()},
            trigger_id=row["schedule_id"],
            lane=policy.get("lane", "warm"),
            priority=PRIORITIES[policy.get("priority", "normal")],
            due_at=row["due_at"],
            prefect_run_id=row["prefect_run_id"],
            refused="kept",
        ),
    )
    await connection.execute(
        "UPDATE schedule_fires SET state = 'fired', run_id = $3 WHERE schedule_id = $1 AND due_at = $2",
        row["schedule_id"],
        row["due_at"],
        accepted.run_id,
    )


async def _skip(connection: Connection, row: asyncpg.Record, reason: str) -> None:
    await connection.execute(
        "UPDATE schedule_fires SET state = 'skipped', reason = $3 WHERE schedule_id = $1 AND due_at = $2",
        row["schedule_id"],
        row["due_at"],
        reason,
    )
    if row["prefect_run_id"] is not None:
        await outbox.put(connection, topic=CANCEL, key=row["prefect_run_id"], payload={"reason": reason})


async def forget_old(connection: Connection) -> None:
    """Drop what was settled `KEPT_DAYS` ago; a due time can't come back by then."""
    await connection.execute(
        "DELETE FROM schedule_fires WHERE state <> 'planned' AND due_at < now() - make_interval(days => $1)", KEPT_DAYS
    )


async def seconds_to_next(connection: Connection) -> float | None:
    """How long until the next planned time, on the database's clock; None without one."""
    wait: float | None = await connection.fetchval(
        "SELECT extract(epoch FROM min(due_at) - clock_timestamp())::float8 FROM schedule_fires WHERE state = 'planned'"
    )
    return wait


@dataclass(frozen=True, slots=True)
class PrefectDue:
    """A run that Prefect's scheduler made."""

    run_id: UUID
    deployment_id: UUID
    due_at: datetime


# A deployment may have carried other schedules before: what is live comes last and so stays.
_SCHEDULES_OF = f"""
SELECT t.deployment_id, t.id, t.config, t.rule_id, t.workspace_id, {_LIVE} AS live,
    least(t.planned_until, now()) AS settled_until
FROM automation_triggers t JOIN automation_rules r ON r.id = t.rule_id
WHERE t.deployment_id = ANY ($1) ORDER BY live
"""

_NEW = """
SELECT s.id AS run_id, s.deployment AS deployment_id, s.due AS due_at
FROM jsonb_to_recordset($1::text::jsonb) AS s (id uuid, deployment uuid, due timestamptz)
WHERE NOT EXISTS (SELECT FROM schedule_fires f WHERE f.prefect_run_id = s.id AND f.due_at = s.due)
ORDER BY s.due
"""


async def not_imported(connection: Connection, theirs: bytes) -> list[PrefectDue]:
    """Of the runs that Prefect's scheduler made, a JSON array of `{"id", "deployment", "due"}`, those still to take
    over."""
    return [PrefectDue(**row) for row in await connection.fetch(_NEW, theirs.decode())]


_IMPORT = """
INSERT INTO schedule_fires AS f (schedule_id, due_at, workspace_id, rule_id, source, prefect_run_id)
SELECT t.id, i.due_at, t.workspace_id, t.rule_id, 'prefect', i.run_id
FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) i (schedule_id, due_at, run_id)
JOIN automation_triggers t ON t.id = i.schedule_id
ON CONFLICT (schedule_id, due_at) DO UPDATE SET prefect_run_id = excluded.prefect_run_id WHERE f.state = 'planned'
"""

_SETTLED = """
SELECT i.run_id AS prefect_run_id, f.run_id, f.state, f.reason
FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) i (schedule_id, due_at, run_id)
JOIN schedule_fires f ON f.schedule_id = i.schedule_id AND f.due_at = i.due_at
WHERE f.prefect_run_id IS DISTINCT FROM i.run_id AND f.state <> 'planned'
"""


async def import_runs(db: Database, runs: list[PrefectDue]) -> dict[UUID, str]:
    """Take over what Prefect's scheduler made; gives the runs that Prefect is to cancel, with the reason.

    Runs of deployments that we do not know are left alone: the deployment sync will delete those.
    """
    async with db.transaction() as connection:
        rows = await connection.fetch(_SCHEDULES_OF, list({run.deployment_id for run in runs}))
        schedules = {row["deployment_id"]: row for row in rows}
        refused: dict[UUID, str] = {}
        taken: list[tuple[UUID, datetime, UUID]] = []
        for run in runs:
            row = schedules.get(run.deployment_id)
            if row is None:
                continue
            if not row["live"]:
                refused[run.run_id] = SWITCHED_OFF
            elif not _is_due(row["config"], run.due_at):
                refused[run.run_id] = "This is not a due time of the schedule (a clock change, or it was edited)."
            else:
                taken.append((row["id"], run.due_at, run.run_id))
        known = await _known(connection, taken)
        late = {row["id"]: row["settled_until"] for row in rows}
        for schedule_id, due_at, run_id in taken:
            if late[schedule_id] is not None and due_at <= late[schedule_id] and (schedule_id, due_at) not in known:
                refused[run_id] = "It was due while the schedule was switched off."
        columns = [list(column) for column in zip(*(t for t in taken if t[2] not in refused), strict=True)]
        if columns:
            await connection.execute(_IMPORT, *columns)
            for row in await connection.fetch(_SETTLED, *columns):
                refused[row["prefect_run_id"]] = row["reason"] or f"This time was run already, as {row['run_id']}."
    return refused


async def _known(connection: Connection, taken: list[tuple[UUID, datetime, UUID]]) -> set[tuple[UUID, datetime]]:
    rows = await connection.fetch(
        "SELECT f.schedule_id, f.due_at FROM unnest($1::uuid[], $2::timestamptz[]) i (schedule_id, due_at)"
        " JOIN schedule_fires f ON f.schedule_id = i.schedule_id AND f.due_at = i.due_at",
        [schedule_id for schedule_id, _, _ in taken],
        [due_at for _, due_at, _ in taken],
    )
    return {(row["schedule_id"], row["due_at"]) for row in rows}
