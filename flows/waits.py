"""What waiting steps wait for. Pure: no I/O, the time is given."""

from collections.abc import Collection
from datetime import UTC, datetime

from core.runs.resume import RecordedStep

_NEVER = datetime.max.replace(tzinfo=UTC)


def until(step: RecordedStep) -> datetime | None:
    """When the step goes on by itself; None when only somebody else wakes it."""
    moment = (step.wait or {}).get("until")
    return datetime.fromisoformat(moment) if isinstance(moment, str) else None


def reason(step: RecordedStep) -> str:
    """The sentence that says what it waits for."""
    return str((step.wait or {}).get("reason") or "Waits.")


def is_over(step: RecordedStep, now: datetime) -> bool:
    """It was woken, or its time has come."""
    moment = until(step)
    return step.wake is not None or (moment is not None and moment <= now)


def first(steps: Collection[RecordedStep]) -> RecordedStep:
    """The one that goes on by itself first. `steps` must not be empty."""
    return min(steps, key=lambda step: until(step) or _NEVER)


def seconds_left(steps: Collection[RecordedStep], now: datetime) -> float | None:
    """Until the first goes on by itself; None when none does."""
    moments = [moment for step in steps if (moment := until(step)) is not None]
    return max((min(moments) - now).total_seconds(), 0.0) if moments else None
