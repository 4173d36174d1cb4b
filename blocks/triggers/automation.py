"""Another automation's end starts a run; `trigger.data` tells of the run that ended."""

from typing import ClassVar, Final, Literal
from uuid import UUID

from pydantic import Field, field_validator

from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json, JsonObject
from blocks.words import Language

_ENDS: Final[dict[Language, dict[str, str]]] = {
    "en": {"success": "succeeds", "failed": "fails"},
    "fr": {"success": "réussit", "failed": "échoue"},
}
_OR: Final[dict[Language, str]] = {"en": " or ", "fr": " ou "}
_ANY_END: Final[dict[Language, str]] = {"en": "ends", "fr": "se termine"}


class AutomationConfig(TriggerModel):
    automation: UUID = Field(description="the automation to follow", json_schema_extra={"format": "automation"})
    on: list[Literal["success", "failed"]] = Field(
        default=["success"],
        min_length=1,
        max_length=2,
        description="which ends of its runs count",
        title="Ends that count",
    )

    @field_validator("on")
    @classmethod
    def _distinct(cls, on: list[Literal["success", "failed"]]) -> list[Literal["success", "failed"]]:
        return sorted(set(on), reverse=True)


class Automation(Trigger[AutomationConfig]):
    name = "automation"
    title: ClassVar[dict[str, str]] = {"en": "Another automation", "fr": "Une autre automatisation"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts when a run of another automation succeeds or fails.",
        "fr": "Démarre quand une exécution d'une autre automatisation réussit ou échoue.",
    }
    phrase: ClassVar[dict[str, str]] = {
        "en": "when a run of another automation {ends}",
        "fr": "quand une exécution d'une autre automatisation {ends}",
    }
    Config = AutomationConfig
    example: ClassVar[dict[str, Json]] = {
        "automation": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
        "on": ["failed"],
    }

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        on = config.get("on") or ["success"]
        ends = [word for end, word in _ENDS[language].items() if isinstance(on, list) and end in on]
        return {"ends": _OR[language].join(ends) or _ANY_END[language]}
