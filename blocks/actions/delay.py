"""The delay step: goes on after a while or at a moment. Beyond a few seconds the run holds no worker meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from blocks import wait_words
from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Done, Outcome, Wait
from blocks.schedule_words import duration
from blocks.values import Json, JsonObject
from blocks.words import Language

IN_PLACE_S = 3.0  # shorter pauses are not worth giving the run back
LONGEST_S = 366 * 86_400
_SOME_TIME: dict[Language, str] = {"en": "a while", "fr": "un moment"}
_UNTIL: dict[Language, str] = {"en": "until {:%Y-%m-%d %H:%M %Z}", "fr": "jusqu'au {:%Y-%m-%d %H:%M %Z}"}


class DelayInput(StepModel):
    for_s: float | None = Field(default=None, ge=0, le=LONGEST_S, description="Seconds to wait.", title="Seconds")
    until: AwareDatetime | None = Field(default=None, description="The moment to go on at, with its zone.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.for_s is None) == (self.until is None):
            raise ValueError("give either for_s or until")
        return self


class Delay(Action[DelayInput]):
    name = "delay"
    title: ClassVar[dict[str, str]] = {"en": "Wait", "fr": "Attendre"}
    description: ClassVar[dict[str, str]] = {
        "en": "Go on after a while, or at a given moment.",
        "fr": "Continuer après un certain temps, ou à un moment donné.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "wait {time}", "fr": "attendre {time}"}
    Input = DelayInput
    Output = None
    timeout_s = 60.0
    category = "flow"
    example: ClassVar[dict[str, Json]] = {"for_s": 3600}

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        try:
            given = DelayInput.model_validate(config)
        except ValidationError:  # a template, or an unfinished draft
            return {"time": _SOME_TIME[language]}
        if given.until is not None:
            return {"time": _UNTIL[language].format(given.until)}
        return {"time": duration(round(given.for_s or 0), language)}

    def effect(self, given: DelayInput) -> Effect:
        return Effect.PURE

    async def run(self, given: DelayInput, context: ActionContext) -> Outcome:
        now = datetime.now(UTC)
        until = given.until or now + timedelta(seconds=given.for_s or 0)
        left = (until - now).total_seconds()
        if left > IN_PLACE_S:
            return Wait(reason=wait_words.until(until), until=until)
        await asyncio.sleep(max(left, 0))
        return Done(None)
