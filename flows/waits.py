"""What waiting steps wait for. Pure: no I/O, the time is given."""

from collections.abc import Collection
from datetime import UTC, datetime

from blocks.values import Json, JsonObject
from core.runs.resume import RecordedStep

_NEVER = datetime.max.replace(tzinfo=UTC)
_CODES = {"approval": "approval", "gate": "approval", "doubt": "doubt"}  # of a run, by the question


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


def question(step: RecordedStep) -> JsonObject | None:
    """What people were asked (`blocks/outcomes.py: Ask`), if they were."""
    asked = (step.wait or {}).get("ask")
    return asked if isinstance(asked, dict) else None


def kind(step: RecordedStep) -> str | None:
    """Of the question: "approval", "gate" or "doubt"."""
    asked = question(step)
    return None if asked is None else str(asked.get("kind"))


def of_run(steps: Collection[RecordedStep], why: str) -> JsonObject:
    """What the run itself waits for: `reason`, the steps (at most 20) and how many waits they are, when it goes on by
    itself, and where to look."""
    soonest = first(steps)
    moment = until(soonest)
    details = (soonest.wait or {}).get("details")
    called = details.get("called") if isinstance(details, dict) else None
    names: list[Json] = [*dict.fromkeys(step.step_id for step in steps)]
    return {
        "reason": why,
        "steps": names[:20],
        "count": len(steps),
        "until": moment.isoformat() if moment else None,
        "code": _CODES.get(kind(soonest) or "") or ("run" if called else "time" if moment else "event"),
        "link": f"/automations/logs/{called['run_id']}" if isinstance(called, dict) else None,
    }
