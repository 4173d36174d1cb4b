"""One schedule: a cron expression in a time zone, an interval, or one moment. And the presets that stand for them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from blocks.sentences import Sentence, joined, said
from blocks.values import Json, JsonObject

SHORTEST_S = 60
LONGEST_S = 366 * 24 * 3600
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_CRON_FAULTS: dict[str, Sentence] = {  # as CronSim has them
    each: each
    for each in (
        said("bad minute"), said("bad hour"), said("bad day-of-month"), said("bad month"), said("bad day-of-week"),
    )
}  # fmt: skip


class Schedule(BaseModel):
    """Exactly one of `cron` (five fields, in `timezone`), `every_s` (seconds), `run_at` (a moment with its zone)."""

    model_config = ConfigDict(extra="forbid")

    cron: str | None = Field(
        default=None, max_length=200, description="minute hour day month weekday", examples=["0 9 * * *"]
    )
    timezone: str | None = Field(default=None, max_length=60, description="IANA name, for cron; UTC when missing")
    every_s: int | None = Field(default=None, ge=SHORTEST_S, le=LONGEST_S, description="seconds between two runs")
    run_at: AwareDatetime | None = Field(default=None, description="one moment, ISO 8601 with zone")

    @field_validator("cron")
    @classmethod
    def _cron(cls, text: str | None) -> str | None:
        return None if text is None else check_cron(text)

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, name: str | None) -> str | None:
        if name is not None:
            zone(name)
        return name

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in ("cron", "every_s", "run_at") if getattr(self, name) is not None]
        if len(given) != 1:
            which = joined(given) if given else said("none")
            raise ValueError(said("Give exactly one of cron, every_s, run_at; this has {given}.", given=which))
        if self.cron is not None and self.timezone is None:
            self.timezone = "UTC"
        if self.cron is None and self.timezone is not None:
            raise ValueError("A timezone belongs to cron; every_s needs none and run_at carries its own offset.")
        return self


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises `ValueError` with a sentence."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        unknown = said("{name} is not a time zone; write an IANA name such as Europe/Zurich or UTC.", name=repr(name))
        raise ValueError(unknown) from error


@lru_cache(maxsize=1024)
def check_cron(text: str) -> str:
    """`text` with single spaces, when it is a cron expression that ever fires. Raises `ValueError` with a sentence."""
    fields = text.split()
    if len(fields) != 5:
        wrong = said(
            "A cron expression has five fields (minute hour day month weekday); {text} has {count}.",
            text=repr(text), count=len(fields),
        )  # fmt: skip
        raise ValueError(wrong)
    cleaned = " ".join(fields)
    try:
        next(CronSim(cleaned, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        why = _CRON_FAULTS.get(str(error).lower(), str(error).lower())
        raise ValueError(said("{text} is not a cron expression: {reason}.", text=repr(text), reason=why)) from error
    except StopIteration:
        raise ValueError(said("{text} never fires: there is no such day.", text=repr(text))) from None
    return cleaned


def expand(raw: JsonObject) -> JsonObject:
    """Rewrite the short forms of one schedule: `cron_expression`, `@daily`, `every: "5m"`, `preset`, local `run_at`.

    Unknown things stay as they are, for the model to refuse. Raises `ValueError` with a sentence.
    """
    found: JsonObject = {name: value for name, value in raw.items() if value is not None}
    for alias, name in (("cron_expression", "cron"), ("expression", "cron"), ("tz", "timezone")):
        if alias in found and name not in found:
            found[name] = found.pop(alias)
    if "preset" in found:
        found = _preset(found)
    if isinstance(cron := found.get("cron"), str):
        found["cron"] = _MACROS.get(cron.strip().lower(), cron)
    if "every" in found and "every_s" not in found:
        found["every_s"] = _seconds(found.pop("every"))
    if "run_at" in found:
        found = _moment(found)
    elif "every_s" in found and "cron" not in found:
        found.pop("timezone", None)
    return found


def _preset(raw: JsonObject) -> JsonObject:
    """`{"preset": "daily" | "hourly" | "weekdays" | "weekly" | "monthly", "at": "09:00", "weekday", "day"}` -> cron."""
    rest = {name: value for name, value in raw.items() if name not in ("preset", "at", "weekday", "day")}
    hour, minute = _clock(raw.get("at", "09:00"))
    match raw["preset"]:
        case "hourly":
            cron = "0 * * * *"
        case "daily":
            cron = f"{minute} {hour} * * *"
        case "weekdays":
            cron = f"{minute} {hour} * * 1-5"
        case "weekly":
            day = raw.get("weekday", "monday")
            if not isinstance(day, str) or day.lower() not in _WEEKDAYS:
                raise ValueError(said("{day} is not a weekday; write monday, tuesday ... sunday.", day=repr(day)))
            cron = f"{minute} {hour} * * {_WEEKDAYS.index(day.lower())}"
        case "monthly":
            cron = f"{minute} {hour} {raw.get('day', 1)} * *"
        case other:
            unknown = said(
                "{name} is not a preset; there are hourly, daily, weekdays, weekly and monthly.", name=repr(other)
            )
            raise ValueError(unknown)
    return {**rest, "cron": cron}


def _clock(text: Json) -> tuple[int, int]:
    hour, _, minute = text.partition(":") if isinstance(text, str) else ("", "", "")
    if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2 and int(hour) < 24 and int(minute) < 60):
        raise ValueError(said("{text} is not a time of day; write it like 09:00.", text=repr(text)))
    return int(hour), int(minute)


def _seconds(every: Json) -> Json:
    """`"5m"`, `"1h"`, `300`, `{"minutes": 5}` in seconds."""
    if isinstance(every, dict) and len(every) == 1:
        unit, amount = next(iter(every.items()))
        if unit[:1] in _UNITS and isinstance(amount, int):
            return amount * _UNITS[unit[:1]]
    if isinstance(every, str) and every[:-1].isdecimal() and len(every) <= 9 and every[-1] in _UNITS:
        return int(every[:-1]) * _UNITS[every[-1]]
    if isinstance(every, int) and not isinstance(every, bool):
        return every
    raise ValueError(said("{text} is not an interval; write 5m, 2h or 1d.", text=repr(every)))


def _moment(raw: JsonObject) -> JsonObject:
    """A `run_at` without an offset is meant in `timezone`, or in UTC."""
    rest = {name: value for name, value in raw.items() if name != "timezone"}
    name, text = raw.get("timezone"), raw["run_at"]
    if not isinstance(text, str):
        raise ValueError("run_at is a text such as 2030-01-31T09:00:00+01:00.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        wrong = said("{text} is not a moment; write it like 2030-01-31T09:00:00+01:00.", text=repr(text))
        raise ValueError(wrong) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(name) if isinstance(name, str) else UTC)
    return {**rest, "run_at": moment.isoformat()}
