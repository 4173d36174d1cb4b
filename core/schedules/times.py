"""When a schedule is due. Pure, and the authority: Prefect's times that are not among these are cancelled.

The rules on days with a clock change, those of Debian's cron:
- A time that the clock jumps over is due at the first moment after the gap (02:30 in a spring night becomes 03:00).
  Two times in one gap are due once.
- A time that the clock shows twice is due the first time.
- Expressions whose minute or hour begins with `*` (every 15 minutes, every hour) go by real time: they fire in every
  real hour, and a gap holds none.

Intervals are counted from 1970-01-01T00:00Z, so that every process finds the same times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim
from pydantic import ValidationError

from blocks.schedule import Schedule, zone
from blocks.values import JsonObject

_SECOND = timedelta(seconds=1)

Mark = Literal["gap", "overlap"]


@dataclass(frozen=True, slots=True)
class DueTime:
    """A moment (UTC), the same in the schedule's time zone, and whether a change of the clock touched it:
    "gap" moved it behind the jump, "overlap" is the first of two equal clock times."""

    at: datetime
    local: datetime
    mark: Mark | None = None


def times_after(schedule: Schedule, after: datetime) -> Iterator[DueTime]:
    """The due times later than `after` (aware), in order; without end, unless the schedule has one."""
    after = after.astimezone(UTC)
    if schedule.cron is not None:
        return _cron_times(schedule.cron, zone(schedule.timezone or "UTC"), after)
    if schedule.every_s is not None:
        step = schedule.every_s
        moments = (datetime.fromtimestamp(n * step, UTC) for n in count(int(after.timestamp()) // step + 1))
        return (DueTime(moment, moment) for moment in moments)
    if schedule.run_at is not None and schedule.run_at > after:
        return iter([DueTime(schedule.run_at.astimezone(UTC), schedule.run_at)])
    return iter(())


def stored(config: JsonObject) -> Schedule | None:
    """The schedule that a trigger holds; None for one that no Vutler of this version can have written."""
    try:
        return Schedule.model_validate(config)
    except ValidationError:
        return None


def next_times(schedule: Schedule, after: datetime, most: int) -> list[DueTime]:
    """The first `most` due times later than `after` (aware)."""
    return list(islice(times_after(schedule, after), most))


def is_due(schedule: Schedule, at: datetime) -> bool:
    """Whether `at` (aware) is one of the schedule's times, to the microsecond."""
    found = next_times(schedule, at - timedelta(microseconds=1), 1)
    return bool(found) and found[0].at == at


def _cron_times(cron: str, local_zone: ZoneInfo, after: datetime) -> Iterator[DueTime]:
    start = after.astimezone(local_zone)
    fixed = _is_fixed(cron)
    if fixed:
        # A walk over clock times: one that begins in the second pass of an overlap meets those of the first again,
        # which are no longer later than `after`.
        start = start.replace(fold=0)
    found = (
        DueTime(local.astimezone(UTC), local, _mark(cron, local) if fixed else None) for local in CronSim(cron, start)
    )
    return (due for due in found if due.at > after)


def _is_fixed(cron: str) -> bool:
    minute, hour = cron.split()[:2]
    return not minute.startswith("*") and not hour.startswith("*")


def _mark(cron: str, local: datetime) -> Mark | None:
    if local.replace(fold=1).utcoffset() != local.utcoffset():
        return "overlap"
    before = (local.astimezone(UTC) - _SECOND).astimezone(local.tzinfo)
    if before.utcoffset() == local.utcoffset() or before.replace(tzinfo=None) + _SECOND == local.replace(tzinfo=None):
        return None
    # `local` is the first moment after a gap: due by itself, or moved here?
    naive = local.replace(tzinfo=None)
    return None if next(CronSim(cron, naive - _SECOND)) == naive else "gap"
