"""The automation step: runs another automation, and waits for what it gives."""

from typing import ClassVar, Final
from uuid import UUID

from pydantic import Field, JsonValue

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Call
from blocks.values import Json, JsonObject
from blocks.words import Language, written_out

_NAMED: Final[dict[Language, str]] = {"en": "the automation “{name}”", "fr": "l'automatisation « {name} »"}
_ANOTHER: Final[dict[Language, str]] = {"en": "another automation", "fr": "une autre automatisation"}


class AutomationInput(StepModel):
    automation: str = Field(
        min_length=1,
        max_length=200,
        description="Id or name of an automation of this workspace.",
        json_schema_extra={"format": "automation"},
    )
    payload: JsonValue = Field(default=None, description="Its {{ trigger.data }}.")
    wait: bool = Field(
        default=True,
        description="Wait for its end: its output is this step's, and its failure too. Else only start it.",
    )


class CallAutomation(Action[AutomationInput]):
    name = "automation"
    title: ClassVar[dict[str, str]] = {"en": "Run an automation", "fr": "Exécuter une automatisation"}
    description: ClassVar[dict[str, str]] = {
        "en": "Run another automation and go on with its output.",
        "fr": "Exécuter une autre automatisation et continuer avec son résultat.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "run {automation}", "fr": "exécuter {automation}"}
    Input = AutomationInput
    Output = None  # the output of the run
    timeout_s = 10.0  # of starting it; its run has its own time
    category = "flow"
    calls = "automation"
    example: ClassVar[dict[str, Json]] = {
        "automation": "Enrich a lead",
        "payload": {"email": "{{ trigger.data.email }}"},
        "wait": True,
    }

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        name = written_out(config.get("automation"))
        return {
            "automation": _ANOTHER[language] if name is None or _is_id(name) else _NAMED[language].format(name=name)
        }

    def effect(self, given: AutomationInput) -> Effect:
        return Effect.PURE  # the run that it starts is committed with the step's record, once

    async def run(self, given: AutomationInput, context: ActionContext) -> Call:
        return Call(given.automation, given.payload, given.wait)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
