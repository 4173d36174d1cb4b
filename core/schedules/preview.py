"""What a schedule will do, told before it does it: the very times that will fire, and the sentence in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from blocks.schedule import Schedule, zone
from blocks.sentences import reason
from blocks.triggers.cron import CronConfig
from blocks.values import Json, JsonObject
from core.automations import repository, shortforms
from core.automations.service import Automations
from core.caller import Caller
from core.clock import now
from core.db import Database
from core.errors import Finding, Invalid
from core.places import place
from core.schedules.times import Mark, times_after
from core.sentences import sentence

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A due time of schedule number `schedule`: `at` in UTC, `local` in its zone, and what the clock does there."""

    schedule: int
    at: datetime
    local: datetime
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`active`: these times will start runs, as things are."""

    schedules: list[Schedule]
    times: list[Upcoming]
    active: bool = False


class Previews:
    """The service of one process."""

    def __init__(self, db: Database, automations: Automations) -> None:
        self._db = db
        self._automations = automations

    async def of_automation(self, caller: Caller, rule_id: UUID, most: int) -> Preview:
        """The schedules of the live version, of a draft where nothing was published. Raises `NotFound`."""
        async with self._db.connection() as connection:
            rule = await self._automations.found(connection, caller, rule_id)
            document: JsonObject | None = rule.document
            if rule.live_version is not None:
                document = await repository.definition_of(connection, rule.id, rule.live_version)
            moment: datetime = await connection.fetchval("SELECT now()")
        schedules = _schedules(document or {})
        active = rule.enabled and rule.live_version is not None and bool(schedules)
        return Preview(schedules, upcoming(schedules, moment, most), active)


def of_config(config: Json, most: int, timezone: str | None = None) -> Preview:
    """The schedules of a `trigger_config` in any form that can be saved, or of a plain list of them.

    `timezone` holds where a schedule names none. Raises `Invalid` with the places as they were sent.
    """
    listed = isinstance(config, list)
    raw: JsonObject = {"schedules": config} if listed else dict(config) if isinstance(config, dict) else {}
    if timezone is not None:
        raw.setdefault("timezone", timezone)
    findings = _zone_findings(timezone)
    schedules: list[Schedule] = []
    if not findings:
        expanded = shortforms.expand({"trigger_type": "cron", "trigger_config": raw})
        findings = expanded.findings
        try:
            schedules = CronConfig.model_validate(expanded.document["trigger_config"]).schedules
        except ValidationError as error:
            details = error.errors(include_url=False)
            findings += [Finding(place(("trigger_config", *each["loc"])), sentence(each)) for each in details]
    if findings:
        faults = [Finding(_sent_at(each.at, listed=listed), each.message) for each in findings]
        raise Invalid("schedule_invalid", "This is no schedule; `errors` says where.", tuple(faults))
    return Preview(schedules, upcoming(schedules, now(), most, timezone))


def upcoming(schedules: Sequence[Schedule], after: datetime, most: int, timezone: str | None = None) -> list[Upcoming]:
    """The first `most` due times of all the schedules together, as the scheduler itself finds them.

    Intervals, which have no zone, are shown in `timezone`.
    """

    def numbered(number: int, schedule: Schedule) -> Iterator[Upcoming]:
        for due in times_after(schedule, after):
            local = due.at.astimezone(zone(timezone)) if timezone and schedule.every_s is not None else due.local
            yield Upcoming(number, due.at, local, due.mark)

    streams = [numbered(number, schedule) for number, schedule in enumerate(schedules)]
    return list(islice(merge(*streams, key=lambda each: each.at), most))


def _schedules(document: JsonObject) -> list[Schedule]:
    if document.get("trigger_type") != "cron":
        return []
    try:
        return CronConfig.model_validate(document.get("trigger_config")).schedules
    except ValidationError:  # an unfinished draft
        return []


def _zone_findings(timezone: str | None) -> list[Finding]:
    try:
        zone(timezone or "UTC")
    except ValueError as error:
        return [Finding("timezone", reason(error))]
    return []


def _sent_at(at: str, *, listed: bool) -> str:
    return at.removeprefix("trigger_config.") if listed else at
