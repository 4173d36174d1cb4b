"""A person starts the run; the payload they give is `trigger.data`."""

from typing import ClassVar

from pydantic import Field, JsonValue

from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json


class ManualConfig(TriggerModel):
    form: dict[str, JsonValue] | None = Field(
        default=None, description="JSON Schema of the input form", json_schema_extra={"format": "json-schema"}
    )


class Manual(Trigger[ManualConfig]):
    name = "manual"
    title: ClassVar[dict[str, str]] = {"en": "By hand", "fr": "À la main"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts when somebody presses Run, with a payload if they like.",
        "fr": "Démarre quand quelqu'un appuie sur Exécuter, avec des données au besoin.",
    }
    phrase: ClassVar[dict[str, str]] = {
        "en": "when somebody presses Run",
        "fr": "quand quelqu'un appuie sur Exécuter",
    }
    Config = ManualConfig
    example: ClassVar[dict[str, Json]] = {
        "form": {"type": "object", "properties": {"customer": {"type": "string", "title": "Customer"}}}
    }
