"""What the preview shows is what the scheduler plans: over changes of the clock, however its turns fall."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import example, given, settings
from hypothesis import strategies as st

from blocks.schedule import Schedule
from core.db import Database
from core.schedules import fires
from core.schedules.fires import PrefectDue
from core.schedules.preview import upcoming
from tests.published import publish

ZONES = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo",
    "Africa/Casablanca", "Asia/Tehran", "America/Santiago", "Africa/Cairo", "UTC",
]  # fmt: skip
# Around these moments clocks change, or a 29 February is; each in at least one of the zones.
EVENINGS = [
    datetime(2027, 3, 27, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2027, 3, 14, 3, tzinfo=UTC),
    datetime(2026, 11, 1, 2, tzinfo=UTC), datetime(2026, 10, 3, 12, tzinfo=UTC), datetime(2027, 4, 3, 12, tzinfo=UTC),
    datetime(2011, 12, 29, 20, tzinfo=UTC), datetime(2018, 11, 3, 20, tzinfo=UTC), datetime(2028, 2, 28, 8, tzinfo=UTC),
]  # fmt: skip
HOURS = 30

crons = st.builds(
    "{} {} {} * {}".format,
    st.sampled_from(["0", "30", "15,45", "*/20", "7-37/10"]),
    st.sampled_from(["*", "0", "1-3", "2", "*/2", "23"]),
    st.sampled_from(["*", "29", "*/2"]),
    st.sampled_from(["*", "0", "1-5"]),
)
schedules = st.one_of(
    st.builds(Schedule, cron=crons, timezone=st.sampled_from(ZONES)),
    st.builds(Schedule, every_s=st.sampled_from([300, 900, 5400, 86400])),
)


@settings(max_examples=60, deadline=None)
@given(
    schedule=schedules,
    start=st.sampled_from(EVENINGS),
    minutes=st.integers(0, 600),
    turns=st.lists(st.integers(45, 7000), min_size=1, max_size=12),
)
@example(Schedule(cron="30 2 * * *", timezone="Europe/Berlin"), EVENINGS[0], 0, [60])
@example(Schedule(cron="30 2 * * *", timezone="Europe/Berlin"), EVENINGS[1], 0, [61, 1800])
def test_what_is_shown_is_what_is_planned(schedule: Schedule, start: datetime, minutes: int, turns: list[int]) -> None:
    """`turns` are the seconds between two turns of the planner: a minute when all is well, an hour after an outage."""
    start += timedelta(minutes=minutes)
    planned: list[datetime] = []
    since, now, turn = start, start, 0
    while now < start + timedelta(hours=HOURS):
        now += timedelta(seconds=turns[turn % len(turns)])
        turn += 1
        times, since = fires.plan(schedule.model_dump(mode="json", exclude_none=True), since, now)
        planned += times
    horizon = now + timedelta(seconds=1.5 * fires.AHEAD_S)
    shown: list[datetime] = []
    while not shown or shown[-1] <= horizon:  # as somebody who pages on
        shown += [each.at for each in upcoming([schedule], shown[-1] if shown else start, 50)]
    assert planned == [at for at in shown if at <= horizon]


async def test_a_time_imported_while_the_schedule_was_edited_does_not_fire(db: Database) -> None:
    """The import read the schedule as it was, and wrote after the edit had cleared what was planned."""
    made = await publish(db, {"every_s": 60})
    async with db.transaction() as connection:
        due = await connection.fetchval("SELECT date_trunc('minute', now())")
        await connection.execute(
            "UPDATE automation_triggers SET config = $2 WHERE rule_id = $1",
            made.rule_id,
            {"cron": "0 0 29 2 *", "timezone": "UTC"},
        )
        await fires.replan(connection, made.rule_id)
        await connection.execute(
            "INSERT INTO schedule_fires (schedule_id, due_at, workspace_id, rule_id, source)"
            " VALUES ($1, $2, $3, $4, 'prefect')",
            made.triggers[0],
            due,
            made.workspace_id,
            made.rule_id,
        )
    while await fires.plan_ahead(db):
        pass
    while await fires.fire_due(db):
        pass
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT state, reason FROM schedule_fires WHERE rule_id = $1", made.rule_id)
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == 0
    assert [row["state"] for row in rows] == ["skipped"]
    assert "changed" in rows[0]["reason"]


async def test_prefects_run_of_a_schedule_that_was_switched_off_is_refused(db: Database) -> None:
    made = await publish(db, {"every_s": 3600}, enabled=False)
    run = PrefectDue(uuid4(), uuid4(), datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_triggers SET deployment_id = $2 WHERE rule_id = $1", made.rule_id, run.deployment_id
        )
    assert await fires.import_runs(db, [run]) == {run.run_id: fires.SWITCHED_OFF}
