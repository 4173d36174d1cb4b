"""Time starts a run: cron expressions, intervals, single moments."""

from typing import ClassVar

from pydantic import Field, ValidationError

from blocks.schedule import Schedule
from blocks.schedule_words import in_words
from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json, JsonObject
from blocks.words import Language, listed

MOST_SCHEDULES = 20
_SOME_TIMES: dict[Language, str] = {"en": "at set times", "fr": "à des moments fixés"}


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
    phrase: ClassVar[dict[str, str]] = {"en": "{times}", "fr": "{times}"}
    Config = CronConfig
    example: ClassVar[dict[str, Json]] = {"schedules": [{"cron": "0 9 * * 1-5", "timezone": "Europe/Zurich"}]}

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        try:
            schedules = CronConfig.model_validate(config).schedules
        except ValidationError:  # an unfinished draft
            return {"times": _SOME_TIMES[language]}
        return {"times": listed([in_words(each, language) for each in schedules], language)}
