"""The next run of nine o'clock each morning is the next nine o'clock, where the automation's people are."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from blocks.schedule import Schedule
from core.db import Database
from core.schedules import fires
from core.schedules.times import next_times
from tests.published import publish

NINE = "0 9 * * *"


@pytest.mark.proves("T-2")
@pytest.mark.parametrize(
    ("after", "zone", "expected"),
    [
        ("2026-06-01T08:59:59+00:00", "UTC", "2026-06-01T09:00:00+00:00"),
        ("2026-06-01T09:00:00+00:00", "UTC", "2026-06-02T09:00:00+00:00"),
        ("2026-12-31T23:30:00+00:00", "UTC", "2027-01-01T09:00:00+00:00"),
        ("2026-06-01T08:00:00+00:00", "Europe/Zurich", "2026-06-02T07:00:00+00:00"),
        ("2026-06-01T08:00:00+00:00", "America/New_York", "2026-06-01T13:00:00+00:00"),
        ("2026-10-24T12:00:00+00:00", "Europe/Zurich", "2026-10-25T08:00:00+00:00"),  # the night the clock goes back
    ],
)
def test_it_is_the_next_nine(after: str, zone: str, expected: str) -> None:
    (due,) = next_times(Schedule(cron=NINE, timezone=zone), datetime.fromisoformat(after), 1)
    assert due.at == datetime.fromisoformat(expected)


@pytest.mark.proves("T-2", "I-15")
async def test_it_is_the_one_that_is_shown(db: Database) -> None:
    made = await publish(db, {"cron": NINE, "timezone": "Europe/Zurich"})
    before = datetime.now(UTC)
    async with db.connection() as connection:
        found = (await fires.next_run_at(connection, [made.rule_id]))[made.rule_id]
    local = found.astimezone(ZoneInfo("Europe/Zurich"))
    assert (local.hour, local.minute, local.second) == (9, 0, 0)
    assert before < found <= before + timedelta(hours=25)  # a day with a clock change may have 25
