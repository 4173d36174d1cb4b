"""Due times against an independent computation: a walk over every quarter of an hour of several years, in ten zones.

The walk knows nothing but `zoneinfo` and the rules of core/schedules/times.py in words: what the clock jumps over is
due behind the jump, once; what it shows twice is due the first time; what begins with `*` follows real time.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest

from blocks.schedule import Schedule
from core.schedules.times import times_after

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)

# Years with changes of the clock of every kind: half an hour, at midnight, a whole day that never was, in Ramadan, the
# end of summer time for ever.
ZONES = [
    ("Europe/Berlin", 2025, 2029),
    ("America/New_York", 2025, 2029),
    ("Australia/Lord_Howe", 2025, 2029),
    ("Asia/Kathmandu", 2025, 2029),
    ("Pacific/Apia", 2010, 2014),
    ("America/Sao_Paulo", 2016, 2020),
    ("Africa/Casablanca", 2024, 2028),
    ("Asia/Tehran", 2019, 2023),
    ("America/Santiago", 2024, 2028),
    ("Africa/Cairo", 2023, 2027),
    ("UTC", 2025, 2029),
]


Means = Callable[[datetime], bool]

# Cron expressions, and which clock times they mean.
BY_CLOCK: dict[str, Means] = {
    "30 2 * * *": lambda clock: (clock.hour, clock.minute) == (2, 30),
    "0 0 29 2 *": lambda clock: (clock.month, clock.day, clock.hour, clock.minute) == (2, 29, 0, 0),
    "15 0 * * 0": lambda clock: (clock.isoweekday(), clock.hour, clock.minute) == (7, 0, 15),
    "30 0,1,2,3 * * *": lambda clock: clock.hour < 4 and clock.minute == 30,
}
BY_REAL_TIME: dict[str, Means] = {
    "0 * * * *": lambda clock: clock.minute == 0,
    "*/15 * * * *": lambda clock: True,
}


@cache
def _walk(name: str, first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    """Every quarter of an hour later than `first` and before `last`: the moment (UTC), what the clock shows."""
    zone = ZoneInfo(name)
    moments = (first + number * QUARTER for number in range(1, (last - first) // QUARTER))
    return [(moment, moment.astimezone(zone).replace(tzinfo=None)) for moment in moments]


def _by_clock(means: Means, walk: list[tuple[datetime, datetime]]) -> list[tuple[datetime, str | None]]:
    shown = Counter(clock for _, clock in walk)
    found: list[tuple[datetime, str | None]] = []
    latest = walk[0][1] - QUARTER  # the furthest that the clock has shown
    for moment, clock in walk:
        if clock <= latest:
            continue  # for the second time
        jumped_over = False
        while (latest := latest + QUARTER) < clock:
            jumped_over = jumped_over or means(latest)
        if means(clock):
            found.append((moment, "overlap" if shown[clock] > 1 else None))
        elif jumped_over:
            found.append((moment, "gap"))
    return found


def _found(cron: str, zone: str, first: datetime, last: datetime) -> list[tuple[datetime, str | None]]:
    due = takewhile(lambda due: due.at < last, times_after(Schedule(cron=cron, timezone=zone), first))
    return [(each.at, each.mark) for each in due]


def _around_changes(walk: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """A day on either side of each change of the clock, and the first days of all."""
    changes = [moment for (before, shown), (moment, clock) in pairwise(walk) if moment - before != clock - shown]
    return [(walk[0][0], walk[0][0] + 3 * DAY), *((moment - DAY, moment + DAY) for moment in changes)]


@pytest.mark.parametrize(("name", "first_year", "end_year"), ZONES, ids=[name for name, *_ in ZONES])
def test_due_times(name: str, first_year: int, end_year: int) -> None:
    first, last = datetime(first_year, 1, 1, tzinfo=UTC), datetime(end_year, 1, 1, tzinfo=UTC)
    walk = _walk(name, first, last)
    for cron, means in BY_CLOCK.items():
        expected = _by_clock(means, walk)
        assert expected
        assert _found(cron, name, first, last) == expected, cron
    for begin, end in _around_changes(walk):
        inside = walk[(begin - first) // QUARTER : (end - first) // QUARTER - 1]
        for cron, means in BY_REAL_TIME.items():
            expected = [(moment, None) for moment, clock in inside if means(clock)]
            assert _found(cron, name, begin, end) == expected, (cron, begin)


def test_the_years_hold_what_they_are_meant_to_hold() -> None:
    """Else the comparison above would be one of two ways to count days."""
    marks: Counter[str] = Counter()
    jumps: Counter[timedelta] = Counter()
    for name, first_year, end_year in ZONES:
        walk = _walk(name, datetime(first_year, 1, 1, tzinfo=UTC), datetime(end_year, 1, 1, tzinfo=UTC))
        jumps.update(clock - shown - QUARTER for (_, shown), (_, clock) in pairwise(walk))
        marks.update(mark for means in BY_CLOCK.values() for _, mark in _by_clock(means, walk) if mark)
    hour, half = timedelta(hours=1), timedelta(minutes=30)
    assert {hour, -hour, half, -half, DAY} <= set(jumps)
    assert marks["gap"] >= 10
    assert marks["overlap"] >= 10
