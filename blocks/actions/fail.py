"""The fail step: ends its path as failed, on purpose and with a reason."""

from typing import ClassVar, NoReturn

from pydantic import Field

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import InvalidInput
from blocks.values import Json


class FailInput(StepModel):
    message: str = Field(
        min_length=1,
        max_length=2000,
        description="Why, for whoever reads the run.",
        json_schema_extra={"format": "multiline"},
    )


class Fail(Action[FailInput]):
    name = "fail"
    title: ClassVar[dict[str, str]] = {"en": "Fail", "fr": "Échouer"}
    description: ClassVar[dict[str, str]] = {
        "en": "Stop here and mark the run as failed, with a reason.",
        "fr": "S'arrêter ici et marquer l'exécution comme échouée, avec une raison.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "stop the run as failed", "fr": "arrêter l'exécution en échec"}
    Input = FailInput
    Output = None
    timeout_s = 10.0
    category = "flow"
    light = True
    example: ClassVar[dict[str, Json]] = {"message": "There is no address for {{ trigger.data.name }}."}

    def effect(self, given: FailInput) -> Effect:
        return Effect.PURE

    async def run(self, given: FailInput, context: ActionContext) -> NoReturn:
        raise InvalidInput("failed_on_purpose", given.message)
