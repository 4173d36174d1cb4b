"""Sending a mail: the author fixes the account and whom it may write to, the model writes it."""

from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field

from blocks.action import Effect
from blocks.mail.addresses import parse
from blocks.mail.composing import LONGEST_SUBJECT
from blocks.mail.fields import Recipient, message_id, one_line
from blocks.services import Mail, Mailer
from blocks.tool import Tool, ToolContext, ToolModel
from blocks.values import Json, JsonObject

_MOST: Final = 20  # recipients of one mail
_LONGEST_TEXT: Final = 100_000  # characters


def _pattern(text: str) -> str:
    """An address, or `@` and a domain."""
    if text.startswith("@"):
        parse(f"somebody{text}")
    else:
        parse(text)
    return text


class EmailArguments(ToolModel):
    to: list[Recipient] = Field(min_length=1, max_length=_MOST, description="mail addresses")
    subject: Annotated[str, Field(max_length=LONGEST_SUBJECT), AfterValidator(one_line)]
    text: str = Field(min_length=1, max_length=_LONGEST_TEXT, description="plain text")


class EmailSettings(ToolModel):
    connection: str = Field(
        min_length=1, max_length=200, description="the saved account that sends, by id or name",
        json_schema_extra={"format": "connection", "purpose": "mail_out"},
    )  # fmt: skip
    recipients: list[Annotated[str, Field(max_length=320), AfterValidator(_pattern)]] = Field(
        default_factory=list,
        max_length=100,
        description="the only ones that it may write to: addresses, or a domain such as @example.com; empty: everybody,"
        " and then each mail needs an approval once the agent has read something from outside",
    )


class SendEmail(Tool[EmailArguments, EmailSettings]):
    name = "send_email"
    title: ClassVar[dict[str, str]] = {"en": "Send mails", "fr": "Envoyer des e-mails"}
    description: ClassVar[dict[str, str]] = {
        "en": "Sends mails to the people that you allow.",
        "fr": "Envoie des e-mails aux personnes que vous autorisez.",
    }
    guide = "Send a mail in plain text."
    Arguments = EmailArguments
    Settings = EmailSettings
    sends_out = True
    connection = "mail_out"
    example: ClassVar[JsonObject] = {"connection": "Support mail", "recipients": ["@example.com"]}

    def effect(self, arguments: EmailArguments) -> Effect:
        return Effect.UNSAFE

    def listed(self, arguments: EmailArguments, settings: EmailSettings) -> bool:
        return bool(settings.recipients) and not _others(arguments, settings)

    def described(self, settings: EmailSettings) -> str:
        return f"{self.guide} To: {', '.join(settings.recipients)}." if settings.recipients else self.guide

    async def run(self, arguments: EmailArguments, settings: EmailSettings, context: ToolContext) -> Json:
        if settings.recipients and (others := _others(arguments, settings)):
            return {"error": f"It may not be sent to {', '.join(others)}; only to {', '.join(settings.recipients)}."}
        mailer = await context.service(settings.connection, Mailer)  # type: ignore[type-abstract]
        mail = Mail(
            message_id=message_id(context.idempotency_key), to=tuple(arguments.to), subject=arguments.subject,
            text=arguments.text,
        )  # fmt: skip
        return await mailer.send(mail, key=context.idempotency_key, timeout_s=min(context.timeout_s, 60.0))


def _others(arguments: EmailArguments, settings: EmailSettings) -> list[str]:
    """Those whom the author has not named."""
    allowed = {each.lower() if each.startswith("@") else parse(each).email.lower() for each in settings.recipients}
    found = []
    for each in arguments.to:
        email = parse(each).email.lower()
        if email not in allowed and email[email.rindex("@") :] not in allowed:
            found.append(email)
    return found
