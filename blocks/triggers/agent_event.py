"""Something happened to an agent: a task done, a message received, an error. The event is `trigger.data`."""

from typing import ClassVar, Final, Literal, TypeAlias

from pydantic import Field, field_validator

from blocks.conditions import MAX_PATTERN, pattern
from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json, JsonObject
from blocks.words import Language, written_out

EventType: TypeAlias = Literal["agent.task.completed", "agent.message.received", "agent.error"]

_ANY_AGENT: Final[dict[Language, str]] = {"en": "an agent", "fr": "un agent"}
_ANY_EVENT: Final[dict[Language, str]] = {"en": "reports an event", "fr": "signale un événement"}
_EVENTS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "agent.task.completed": "completes a task",
        "agent.message.received": "receives a message",
        "agent.error": "reports an error",
    },
    "fr": {
        "agent.task.completed": "termine une tâche",
        "agent.message.received": "reçoit un message",
        "agent.error": "signale une erreur",
    },
}
_WITH: Final[dict[Language, str]] = {"en": " with the word “{keyword}”", "fr": " avec le mot « {keyword} »"}


class AgentEventConfig(TriggerModel):
    event: EventType
    agent: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="slug or id; missing: every agent",
        json_schema_extra={"format": "agent"},
    )
    keyword: str | None = Field(
        default=None, min_length=1, max_length=200, description="stands in the content, in capitals or not"
    )
    regex: str | None = Field(
        default=None,
        min_length=1,
        description=f"RE2 pattern found in the content, at most {MAX_PATTERN} characters; (?i) ignores case",
        json_schema_extra={"advanced": True},
    )

    @field_validator("regex")
    @classmethod
    def _compiles(cls, regex: str | None) -> str | None:
        if regex is not None:
            pattern(regex)
        return regex

    def wants(self, event: str, agent: str | None, text: str) -> bool:
        """Whether this event, of this agent and with this content, is one to start for."""
        return (
            event == self.event
            and (self.agent is None or self.agent == agent)
            and (self.keyword is None or self.keyword.casefold() in text.casefold())
            and (self.regex is None or pattern(self.regex).search(text) is not None)
        )


class AgentEvent(Trigger[AgentEventConfig]):
    name = "agent_event"
    title: ClassVar[dict[str, str]] = {"en": "Agent event", "fr": "Événement d'agent"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts when an agent completes a task, receives a message or reports an error.",
        "fr": "Démarre quand un agent termine une tâche, reçoit un message ou signale une erreur.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "when {agent} {event}{words}", "fr": "quand {agent} {event}{words}"}
    Config = AgentEventConfig
    example: ClassVar[dict[str, Json]] = {
        "event": "agent.message.received",
        "agent": "sales_pro",
        "keyword": "invoice",
    }

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        event, keyword = str(config.get("event")), written_out(config.get("keyword"))
        return {
            "agent": written_out(config.get("agent")) or _ANY_AGENT[language],
            "event": _EVENTS[language].get(event, _ANY_EVENT[language]),
            "words": "" if keyword is None else _WITH[language].format(keyword=keyword),
        }
