"""When schedules are due, and that each due time runs once or leaves a reason."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.schedule import Schedule
from blocks.schedule_words import in_words
from blocks.values import Json, JsonObject
from core.db import Database
from core.ids import new_id
from core.schedules import fires
from core.schedules.fires import PrefectDue
from core.schedules.times import is_due, next_times, times_after
from tests.published import Published, publish

MINUTELY: Json = {"cron": "* * * * *", "timezone": "UTC"}


def _cron(expression: str, zone: str = "Europe/Berlin") -> Schedule:
    return Schedule(cron=expression, timezone=zone)


def _local(schedule: Schedule, after: str, most: int) -> list[str]:
    start = datetime.fromisoformat(after)
    return [f"{due.local:%d %H:%M%z} {due.mark or ''}".strip() for due in next_times(schedule, start, most)]


# times ------------------------------------------------------------------------------------------------------------


def test_a_time_that_the_clock_jumps_over_is_due_after_the_gap() -> None:
    assert _local(_cron("30 2 * * *"), "2027-03-27T00:00+01:00", 3) == [
        "27 02:30+0100",
        "28 03:00+0200 gap",
        "29 02:30+0200",
    ]


def test_two_times_in_one_gap_are_due_once() -> None:
    assert _local(_cron("0,30 2 * * *"), "2027-03-28T00:00+01:00", 2) == ["28 03:00+0200 gap", "29 02:00+0200"]
    assert _local(_cron("0 2,3 * * *"), "2027-03-28T00:00+01:00", 2) == ["28 03:00+0200", "29 02:00+0200"]


def test_a_time_that_the_clock_shows_twice_is_due_the_first_time() -> None:
    daily = _cron("30 2 * * *")
    assert _local(daily, "2026-10-25T00:00+02:00", 2) == ["25 02:30+0200 overlap", "26 02:30+0100"]
    between = datetime.fromisoformat("2026-10-25T00:45+00:00")  # after the first 02:30, before the second
    assert next_times(daily, between, 1)[0].at == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    second_pass = datetime.fromisoformat("2026-10-25T01:15+00:00")
    assert next_times(daily, second_pass, 1)[0].at == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_hourly_fires_in_every_real_hour_of_both_nights() -> None:
    for night in ("2026-10-24T22:30+00:00", "2027-03-27T22:30+00:00"):
        found = next_times(_cron("0 * * * *"), datetime.fromisoformat(night), 6)
        assert [b.at - a.at for a, b in pairwise(found)] == [timedelta(hours=1)] * 5


def test_a_gap_at_midnight() -> None:
    found = next_times(_cron("30 0 * * *", "America/Sao_Paulo"), datetime(2018, 11, 4, 0, 0, tzinfo=UTC), 1)
    assert (found[0].at, found[0].mark) == (datetime(2018, 11, 4, 3, 0, tzinfo=UTC), "gap")


def test_intervals_are_counted_from_the_epoch_and_moments_come_once() -> None:
    after = datetime(2026, 1, 1, 0, 7, 30, tzinfo=UTC)
    five = Schedule(every_s=300)
    assert [due.at.minute for due in next_times(five, after, 3)] == [10, 15, 20]
    assert is_due(five, datetime(2026, 1, 1, 0, 10, tzinfo=UTC))
    assert not is_due(five, datetime(2026, 1, 1, 0, 11, tzinfo=UTC))
    once = Schedule.model_validate({"run_at": "2026-01-01T02:00:00+02:00"})
    assert [due.at for due in next_times(once, datetime(2025, 1, 1, tzinfo=UTC), 5)] == [
        datetime(2026, 1, 1, tzinfo=UTC)
    ]
    assert next_times(once, datetime(2026, 1, 1, tzinfo=UTC), 5) == []


@settings(max_examples=60, deadline=None)
@given(
    minute=st.sampled_from(["0", "30", "5,35", "*/20", "10-20/5"]),
    hour=st.sampled_from(["*", "2", "1-3", "*/2", "0"]),
    weekday=st.sampled_from(["*", "0", "1-5"]),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
    start=st.integers(1_767_225_600, 1_827_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)),
)
def test_times_are_in_order_without_repeats_and_each_is_due(
    minute: str, hour: str, weekday: str, zone: str, start: datetime
) -> None:
    schedule = _cron(f"{minute} {hour} * * {weekday}", zone)
    found = next_times(schedule, start, 12)
    assert len(found) == 12
    assert all(a.at < b.at for a, b in pairwise(found))
    assert found[0].at > start
    assert all(is_due(schedule, due.at) for due in found)
    # Where the walk starts makes no difference.
    assert [due.at for due in next_times(schedule, found[3].at, 8)] == [due.at for due in found[4:]]


def test_without_clock_changes_the_library_says_the_same() -> None:
    start = datetime(2026, 6, 1, tzinfo=UTC)
    walk = CronSim("*/7 3 1,15 * 2", start.astimezone(ZoneInfo("UTC")))
    assert [due.at for due in next_times(_cron("*/7 3 1,15 * 2", "UTC"), start, 20)] == [next(walk) for _ in range(20)]


@pytest.mark.parametrize(
    ("config", "english", "french"),
    [
        (MINUTELY, "every minute (UTC)", "toutes les minutes (UTC)"),
        ({"cron": "*/15 * * * *"}, "every 15 minutes (UTC)", "toutes les 15 minutes (UTC)"),
        ({"cron": "5 * * * *"}, "every hour at minute 5 (UTC)", "chaque heure à la minute 5 (UTC)"),
        (
            {"cron": "30 9,17 * * 1-5", "timezone": "Europe/Zurich"},
            "every weekday at 09:30 and 17:30 (Europe/Zurich)",
            "du lundi au vendredi à 09:30 et 17:30 (Europe/Zurich)",
        ),
        ({"cron": "0 8 * * 1,7"}, "every Monday and Sunday at 08:00 (UTC)", "chaque lundi et dimanche à 08:00 (UTC)"),
        ({"cron": "0 8 1 * *"}, "on day 1 of every month at 08:00 (UTC)", "le 1 de chaque mois à 08:00 (UTC)"),
        (
            {"cron": "0 8 1 1 2"},
            "by the cron expression “0 8 1 1 2” (UTC)",
            "selon l'expression cron « 0 8 1 1 2 » (UTC)",
        ),
        ({"every_s": 5400}, "every 90 minutes", "toutes les 90 minutes"),
        ({"every_s": 86400}, "every day", "tous les jours"),
        (
            {"run_at": "2030-01-31T09:00:00+01:00"},
            "once, on 2030-01-31 at 09:00 (UTC+0100)",
            "une fois, le 2030-01-31 à 09:00 (UTC+0100)",
        ),
    ],
)
def test_a_schedule_in_words(config: JsonObject, english: str, french: str) -> None:
    schedule = Schedule.model_validate(config)
    assert (in_words(schedule), in_words(schedule, "fr")) == (english, french)


# planning and firing ----------------------------------------------------------------------------------------------


async def _fires(db: Database, made: Published) -> list[tuple[datetime, str, str | None, UUID | None]]:
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT due_at, state, reason, run_id FROM schedule_fires WHERE rule_id = $1 ORDER BY due_at", made.rule_id
        )
    return [tuple(row) for row in rows]


async def _set_planned_until(db: Database, made: Published, ago: timedelta) -> None:
    """As if nothing had run since then."""
    async with db.transaction() as connection:
        await connection.execute("DELETE FROM schedule_fires WHERE rule_id = $1", made.rule_id)
        await connection.execute(
            "UPDATE automation_triggers SET planned_until = now() - $2::interval WHERE rule_id = $1", made.rule_id, ago
        )


async def _now(db: Database) -> datetime:
    async with db.connection() as connection:
        moment: datetime = await connection.fetchval("SELECT now()")
        return moment


async def _settle(db: Database) -> int:
    while await fires.plan_ahead(db):
        pass
    settled = 0
    while batch := await fires.fire_due(db):
        settled += batch
    return settled


@pytest.mark.proves("R-ENG-1", "US-2.2 (2)")
async def test_a_due_time_runs_once_however_many_schedulers(db: Database) -> None:
    soon = await _now(db) + timedelta(seconds=0.2)
    made = await publish(db, {"run_at": soon.isoformat()}, policy={"priority": "high"})
    await fires.plan_ahead(db)
    assert await fires.fire_due(db) == 0  # not yet
    async with asyncio.timeout(10):
        while sum(await asyncio.gather(*(fires.fire_due(db) for _ in range(4)))) == 0:
            pass
    assert [state for _, state, _, _ in await _fires(db, made)] == ["fired"]
    async with db.connection() as connection:
        runs = await connection.fetch("SELECT * FROM automation_logs WHERE rule_id = $1", made.rule_id)
        assert await connection.fetchval("SELECT priority FROM run_queue") == 1
    assert [(run["trigger_type"], run["due_at"], run["trigger_id"]) for run in runs] == [
        ("cron", soon, made.triggers[0])
    ]


async def test_twenty_due_times_and_many_schedulers_make_twenty_runs(db: Database) -> None:
    for _ in range(20):
        made = await publish(db, {"run_at": (await _now(db) - timedelta(seconds=1)).isoformat()})
        await _set_planned_until(db, made, timedelta(seconds=30))
    while await fires.plan_ahead(db):
        pass
    settled = await asyncio.gather(*(fires.fire_due(db) for _ in range(5)))
    assert sum(settled) == 20
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == 20


async def test_the_next_minute_is_planned_and_not_more(db: Database) -> None:
    made = await publish(db, MINUTELY, {"cron": "0 0 1 1 *", "timezone": "UTC"})
    await fires.plan_ahead(db)
    planned = await _fires(db, made)
    assert 1 <= len(planned) <= 2
    assert await fires.plan_ahead(db) == 0  # nothing to look at until some of it is over


@pytest.mark.parametrize(
    ("catch_up", "runs", "words"),
    [("none", 0, "catch_up: none"), ("latest", 1, "only the latest"), ("all", 10, "")],
)
async def test_missed_times_follow_catch_up(db: Database, catch_up: str, runs: int, words: str) -> None:
    made = await publish(db, {"every_s": 3600}, policy={"catch_up": catch_up, "catch_up_max_age_s": 36000 + 1800})
    hour = (await _now(db)).replace(minute=0, second=0, microsecond=0)
    await _set_planned_until(db, made, await _now(db) - hour + timedelta(hours=9, minutes=30))
    await _settle(db)
    found = await _fires(db, made)
    missed = [fire for fire in found if fire[0] < await _now(db) - timedelta(seconds=60)]
    assert len(missed) in (9, 10)  # ten, unless the hour struck less than a minute ago
    fired = [fire for fire in missed if fire[1] == "fired"]
    assert len(fired) == min(runs, len(missed)) or (catch_up == "latest" and len(missed) == 9)
    assert all(words in (reason or "") for _, state, reason, _ in missed if state == "skipped")
    if catch_up == "latest" and fired:
        assert fired == [missed[-1]]


async def test_what_was_missed_too_long_ago_is_a_row_with_the_reason(db: Database) -> None:
    made = await publish(db, {"every_s": 3600}, policy={"catch_up": "all", "catch_up_max_age_s": 7200})
    await _set_planned_until(db, made, timedelta(hours=12))
    await _settle(db)
    skipped = [reason for _, state, reason, _ in await _fires(db, made) if state == "skipped"]
    assert 9 <= len(skipped) <= 10
    assert all(reason and "catch_up_max_age_s" in reason for reason in skipped)


async def test_a_week_of_missed_minutes_is_planned_in_pieces_and_only_the_last_runs(db: Database) -> None:
    made = await publish(db, MINUTELY, policy={"catch_up": "latest"})
    await _set_planned_until(db, made, timedelta(hours=20))
    await fires.plan_ahead(db)
    assert await fires.fire_due(db) == 0  # which one is the latest is not known yet
    await _settle(db)
    found = await _fires(db, made)
    assert len(found) >= 1200
    assert sum(state == "fired" for _, state, _, _ in found) <= 2  # the latest missed, and one that is on time


async def test_a_schedule_that_nobody_understands_stops_no_other(db: Database) -> None:
    broken = await publish(db, {"cron": "61 * * * *", "timezone": "UTC"})
    good = await publish(db, MINUTELY)
    await _settle(db)
    async with db.connection() as connection:
        assert set(await fires.next_run_at(connection, [broken.rule_id, good.rule_id])) == {good.rule_id}
    assert await _fires(db, broken) == []
    assert await _fires(db, good)


async def test_an_edited_schedule_leaves_no_ghost(db: Database) -> None:
    made = await publish(db, MINUTELY, {"every_s": 60})
    await fires.plan_ahead(db)
    assert await _fires(db, made)
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_triggers SET config = $2 WHERE id = $1",
            made.triggers[0],
            {"cron": "0 0 29 2 *", "timezone": "UTC"},
        )
        await connection.execute("DELETE FROM automation_triggers WHERE id = $1", made.triggers[1])
        await fires.replan(connection, made.rule_id)
    assert await _fires(db, made) == []
    await fires.plan_ahead(db)
    assert await _fires(db, made) == []


async def test_replanning_keeps_what_is_still_due(db: Database) -> None:
    made = await publish(db, MINUTELY)
    await fires.plan_ahead(db)
    before = await _fires(db, made)
    async with db.transaction() as connection:
        await fires.replan(connection, made.rule_id)
    assert await _fires(db, made) == before
    assert before


async def test_a_schedule_that_was_off_does_not_catch_up(db: Database) -> None:
    made = await publish(db, {"every_s": 3600})
    await _set_planned_until(db, made, timedelta(hours=5))
    for enabled in (False, True):
        async with db.transaction() as connection:
            await connection.execute("UPDATE automation_rules SET enabled = $2 WHERE id = $1", made.rule_id, enabled)
            await connection.execute(
                "UPDATE automation_triggers SET active = $2 WHERE rule_id = $1", made.rule_id, enabled
            )
            await fires.replan(connection, made.rule_id)
    await _settle(db)
    assert [fire for fire in await _fires(db, made) if fire[0] < await _now(db) - timedelta(seconds=60)] == []


async def test_a_deleted_automation_fires_nothing_even_without_replanning(db: Database) -> None:
    made = await publish(db, {"run_at": (await _now(db) + timedelta(seconds=0.1)).isoformat()})
    await fires.plan_ahead(db)
    async with db.transaction() as connection:
        await connection.execute("UPDATE automation_rules SET deleted_at = now() WHERE id = $1", made.rule_id)
    async with asyncio.timeout(10):
        while not await fires.fire_due(db):
            pass
    assert [(state, reason) for _, state, reason, _ in await _fires(db, made)] == [
        ("skipped", "The schedule was switched off.")
    ]


@pytest.mark.proves("US-2.2 (4)", "I-15")
async def test_the_next_run_is_the_earliest_of_all_schedules(db: Database) -> None:
    made = await publish(db, {"cron": "0 0 1 1 *", "timezone": "UTC"}, {"cron": "0 0 2 1 *", "timezone": "UTC"})
    off = await publish(db, MINUTELY, enabled=False)
    async with db.connection() as connection:
        found = await fires.next_run_at(connection, [made.rule_id, off.rule_id])
    assert set(found) == {made.rule_id}
    assert (found[made.rule_id].month, found[made.rule_id].day) == (1, 1)


# what Prefect's scheduler made ------------------------------------------------------------------------------------


async def _deploy(db: Database, made: Published) -> UUID:
    deployment_id = new_id()
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_triggers SET deployment_id = $2 WHERE rule_id = $1", made.rule_id, deployment_id
        )
    return deployment_id


async def test_prefects_run_is_taken_over_and_fires_under_its_id(db: Database) -> None:
    soon = await _now(db) + timedelta(seconds=0.3)
    made = await publish(db, {"run_at": soon.isoformat()})
    run = PrefectDue(new_id(), await _deploy(db, made), soon)
    assert await fires.import_runs(db, [run]) == {}
    await fires.plan_ahead(db)
    async with asyncio.timeout(10):
        while not await fires.fire_due(db):
            pass
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT prefect_run_id FROM automation_logs WHERE rule_id = $1", made.rule_id)
    assert [row["prefect_run_id"] for row in rows] == [run.run_id]
    assert await fires.import_runs(db, [run]) == {}  # seen again before the recorder told its end
    late = PrefectDue(new_id(), run.deployment_id, soon)
    assert "was run already" in (await fires.import_runs(db, [late]))[late.run_id]


async def test_prefects_wrong_time_is_cancelled_and_ours_is_planned(db: Database) -> None:
    made = await publish(db, {"cron": "30 2 * * *", "timezone": "Europe/Berlin"})
    spring = next(
        due for due in times_after(_cron("30 2 * * *"), datetime(2027, 3, 27, tzinfo=UTC)) if due.mark == "gap"
    )
    wrong = PrefectDue(new_id(), await _deploy(db, made), spring.at - timedelta(minutes=30))
    right = PrefectDue(new_id(), wrong.deployment_id, spring.at)
    refused = await fires.import_runs(db, [wrong, right])
    assert set(refused) == {wrong.run_id}
    assert [at for at, _, _, _ in await _fires(db, made)] == [spring.at]


async def test_a_run_of_before_the_schedule_was_switched_on_is_refused(db: Database) -> None:
    made = await publish(db, {"every_s": 3600})
    deployment_id = await _deploy(db, made)
    await fires.plan_ahead(db)
    old = next_times(Schedule(every_s=3600), await _now(db) - timedelta(hours=5), 1)[0].at
    run = PrefectDue(new_id(), deployment_id, old)
    assert "switched off" in (await fires.import_runs(db, [run]))[run.run_id]


async def test_runs_of_foreign_deployments_are_left_alone(db: Database) -> None:
    assert await fires.import_runs(db, [PrefectDue(new_id(), new_id(), datetime(2030, 1, 1, tzinfo=UTC))]) == {}


async def test_a_skipped_time_of_prefect_is_cancelled_there(db: Database) -> None:
    made = await publish(db, {"every_s": 3600}, policy={"catch_up": "none"})
    deployment_id = await _deploy(db, made)
    await _set_planned_until(db, made, timedelta(hours=5))
    old = next_times(Schedule(every_s=3600), await _now(db) - timedelta(hours=3), 1)[0].at
    run = PrefectDue(new_id(), deployment_id, old)
    assert await fires.import_runs(db, [run]) == {}
    await _settle(db)
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT key, payload FROM outbox WHERE topic = 'prefect_cancel'")
    assert [row["key"] for row in rows] == [run.run_id]
    assert "catch_up: none" in rows[0]["payload"]["reason"]
