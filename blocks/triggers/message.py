"""Somebody writes in a channel. The message is `trigger.data`: its text, author, channel and thread."""

from typing import ClassVar, Final

from pydantic import Field, field_validator

from blocks.conditions import MAX_PATTERN, pattern
from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json, JsonObject
from blocks.words import Language, listed, written_out

MOST_CHANNELS: Final = 100

_ANYWHERE: Final[dict[Language, str]] = {"en": "any open channel", "fr": "un canal ouvert"}
_OF_AGENT: Final[dict[Language, str]] = {"en": "a channel of {agent}", "fr": "un canal de {agent}"}
_AND_MAIL: Final[dict[Language, str]] = {"en": " or its mailbox", "fr": " ou sa boîte aux lettres"}
_WITH: Final[dict[Language, str]] = {"en": " with the word “{keyword}”", "fr": " avec le mot « {keyword} »"}


class MessageConfig(TriggerModel):
    channels: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_CHANNELS,
        description="ids or names; missing: those of the agent, else every open one of the workspace itself",
        json_schema_extra={"items": {"type": "string", "format": "channel"}},
    )
    connection: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="id or name of an account: every open channel of it, and no others",
        json_schema_extra={"format": "connection"},
    )
    agent: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="slug or id: whoever it is that listens",
        json_schema_extra={"format": "agent"},
    )
    mail: bool = Field(
        default=False,
        description="also the mails that come into the mailbox of the agent",
        json_schema_extra={"advanced": True},
    )
    keyword: str | None = Field(
        default=None, min_length=1, max_length=200, description="stands in the text, in capitals or not"
    )
    regex: str | None = Field(
        default=None,
        min_length=1,
        description=f"RE2 pattern found in the text, at most {MAX_PATTERN} characters; (?i) ignores case",
        json_schema_extra={"advanced": True},
    )
    mention: bool = Field(
        default=False, description="only what addresses the agent (@slug) or the account; direct messages always do"
    )
    bots: bool = Field(
        default=False,
        description="also what other bots, agents and automations write",
        json_schema_extra={"advanced": True},
    )

    @field_validator("regex")
    @classmethod
    def _compiles(cls, regex: str | None) -> str | None:
        if regex is not None:
            pattern(regex)
        return regex

    def wants_text(self, text: str) -> bool:
        """Whether a message with this text is one to start for, wherever it stands."""
        return (self.keyword is None or self.keyword.casefold() in text.casefold()) and (
            self.regex is None or pattern(self.regex).search(text) is not None
        )


class Message(Trigger[MessageConfig]):
    name = "message"
    title: ClassVar[dict[str, str]] = {"en": "Message", "fr": "Message"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts when somebody writes in a channel, here or in a connected account.",
        "fr": "Démarre quand quelqu'un écrit dans un canal, ici ou dans un compte connecté.",
    }
    phrase: ClassVar[dict[str, str]] = {
        "en": "when a message{words} arrives in {where}",
        "fr": "quand un message{words} arrive dans {where}",
    }
    Config = MessageConfig
    example: ClassVar[dict[str, Json]] = {"channels": ["general"], "keyword": "invoice"}

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        channels, agent = config.get("channels"), written_out(config.get("agent"))
        named = [text for each in channels if (text := written_out(each))] if isinstance(channels, list) else []
        keyword = written_out(config.get("keyword"))
        if named:
            where = listed(named, language)
        else:
            where = _ANYWHERE[language] if agent is None else _OF_AGENT[language].format(agent=agent)
        if agent is not None and config.get("mail") is True:
            where += _AND_MAIL[language]
        return {"where": where, "words": "" if keyword is None else _WITH[language].format(keyword=keyword)}
