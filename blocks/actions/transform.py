"""The transform step: a JSON value, its templates filled in, as the output."""

from typing import ClassVar

from pydantic import Field, JsonValue

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Done
from blocks.values import Json


class TransformInput(StepModel):
    value: JsonValue = Field(description="Any JSON value; templates in it are filled in.")


class Transform(Action[TransformInput]):
    name = "transform"
    title: ClassVar[dict[str, str]] = {"en": "Transform", "fr": "Transformer"}
    description: ClassVar[dict[str, str]] = {
        "en": "Build a new value out of the data of the run.",
        "fr": "Construire une nouvelle valeur à partir des données de l'exécution.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "shape the data", "fr": "mettre les données en forme"}
    Input = TransformInput
    Output = None  # whatever the value is
    timeout_s = 10.0
    category = "data"
    light = True
    example: ClassVar[dict[str, Json]] = {
        "value": {"name": "{{ trigger.data.name }}", "tags": ["lead", "{{ trigger.data.source }}"]}
    }

    def effect(self, given: TransformInput) -> Effect:
        return Effect.PURE

    async def run(self, given: TransformInput, context: ActionContext) -> Done:
        return Done(given.value)
