"""A mail arrives in a mailbox. The mail is `trigger.data`; its attachments are files of the workspace."""

from typing import ClassVar, Final

from pydantic import Field

from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json, JsonObject
from blocks.words import Language, written_out

_MAILBOX: Final[dict[Language, str]] = {"en": "a mailbox", "fr": "une boîte aux lettres"}
_OF_AGENT: Final[dict[Language, str]] = {"en": "the mailbox of {agent}", "fr": "la boîte aux lettres de {agent}"}
_FROM: Final[dict[Language, str]] = {"en": " from {sender}", "fr": " de {sender}"}
_ABOUT: Final[dict[Language, str]] = {"en": " about “{subject}”", "fr": " au sujet de « {subject} »"}


class EmailConfig(TriggerModel):
    model_config = TriggerModel.model_config | {"populate_by_name": True}

    connection: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="id or name of an account that receives mail; missing: the one of the agent",
        json_schema_extra={"format": "connection", "purpose": "mail_in"},
    )
    folder: str = Field(
        default="INBOX",
        min_length=1,
        max_length=200,
        description="of the mailbox",
        json_schema_extra={"advanced": True},
    )
    agent: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="slug or id: whoever it is that reads",
        json_schema_extra={"format": "agent"},
    )
    sender: str | None = Field(
        default=None,
        alias="from",
        min_length=1,
        max_length=200,
        description="part of the sender's name or address, in capitals or not",
    )
    subject: str | None = Field(
        default=None, min_length=1, max_length=200, description="part of the subject, in capitals or not"
    )
    bots: bool = Field(
        default=False,
        description="also automatic mails: newsletters, notices of absence, bounces",
        json_schema_extra={"advanced": True},
    )

    def wants_mail(self, *, sender: str, subject: str) -> bool:
        """Whether a mail with this sender (name and address) and subject is one to start for."""
        return (self.sender is None or self.sender.casefold() in sender.casefold()) and (
            self.subject is None or self.subject.casefold() in subject.casefold()
        )


class Email(Trigger[EmailConfig]):
    name = "email"
    title: ClassVar[dict[str, str]] = {"en": "E-mail", "fr": "E-mail"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts when a mail arrives in a mailbox.",
        "fr": "Démarre quand un e-mail arrive dans une boîte aux lettres.",
    }
    phrase: ClassVar[dict[str, str]] = {
        "en": "when a mail{who}{what} arrives in {where}",
        "fr": "quand un e-mail{who}{what} arrive dans {where}",
    }
    Config = EmailConfig
    example: ClassVar[dict[str, Json]] = {"connection": "Support mailbox", "from": "@example.com", "subject": "invoice"}

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        agent = written_out(config.get("agent"))
        sender, subject = written_out(config.get("from")), written_out(config.get("subject"))
        where = written_out(config.get("connection")) or _MAILBOX[language]
        if agent is not None:
            where = _OF_AGENT[language].format(agent=agent)
        return {
            "where": where,
            "who": "" if sender is None else _FROM[language].format(sender=sender),
            "what": "" if subject is None else _ABOUT[language].format(subject=subject),
        }
