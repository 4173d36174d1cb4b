"""Time starts a run: cron expressions, intervals, single moments."""

from typing import ClassVar

from pydantic import Field

from blocks.schedule import Schedule
from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json

MOST_SCHEDULES = 20


class CronConfig(TriggerModel):
    schedules: list[Schedule] = Field(min_length=1, max_length=MOST_SCHEDULES)


class Cron(Trigger[CronConfig]):
    name = "cron"
    aliases = ("schedule",)
    title: ClassVar[dict[str, str]] = {"en": "Schedule", "fr": "Planification"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts at set times: every few minutes, daily, weekly, by cron expression, or once.",
        "fr": "Démarre à des moments fixés : toutes les quelques minutes, chaque jour, chaque semaine, selon une "
        "expression cron, ou une seule fois.",
    }
    Config = CronConfig
    example: ClassVar[dict[str, Json]] = {"schedules": [{"cron": "0 9 * * 1-5", "timezone": "Europe/Zurich"}]}
