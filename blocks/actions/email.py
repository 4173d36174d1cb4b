"""The email step: one mail through a saved account, new or as an answer."""

from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import InvalidInput
from blocks.mail.addresses import MOST_RECIPIENTS, has_control, is_message_id, message_ids
from blocks.mail.composing import LONGEST_SUBJECT, MOST_BYTES
from blocks.mail.fields import Recipient, message_id, one_line
from blocks.outcomes import Done
from blocks.sentences import said
from blocks.services import Attachment, Mail, Mailer
from blocks.values import Json, JsonObject
from blocks.words import Language, shortened, written_out

MOST_ATTACHMENTS: Final = 20
_LONGEST_TEXT: Final = 500_000
_SOMEBODY: Final[dict[Language, str]] = {"en": "somebody from the data", "fr": "un destinataire tiré des données"}


def _as_list(value: object) -> object:
    """One stands for a list of it; nothing for an empty one."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


Recipients = Annotated[list[Recipient], BeforeValidator(_as_list), Field(max_length=MOST_RECIPIENTS)]
References = Annotated[list[dict[str, JsonValue]], BeforeValidator(_as_list), Field(max_length=MOST_ATTACHMENTS)]


class Answered(BaseModel):
    """The mail that is answered, as a mail trigger's `more` tells of it."""

    model_config = ConfigDict(extra="ignore")

    message_id: str | None = None
    references: list[str] = Field(default_factory=list)
    subject: str = ""
    sender: str | None = Field(default=None, alias="from")
    reply_to: str | None = None


def _answered(value: object) -> object:
    return {"message_id": value} if isinstance(value, str) else value


class EmailInput(StepModel):
    connection: str = Field(
        min_length=1,
        max_length=200,
        description="The saved account that sends, by id or name.",
        json_schema_extra={"format": "connection", "purpose": "mail_out"},
    )
    to: Recipients = Field(
        default_factory=list, description="One address or a list of them; missing in an answer: who wrote the mail."
    )
    cc: Recipients = Field(default_factory=list)
    bcc: Recipients = Field(default_factory=list, json_schema_extra={"advanced": True})
    subject: Annotated[str, Field(max_length=LONGEST_SUBJECT), AfterValidator(one_line)] | None = None
    text: str | None = Field(default=None, max_length=_LONGEST_TEXT, json_schema_extra={"format": "multiline"})
    html: str | None = Field(
        default=None,
        max_length=_LONGEST_TEXT,
        description="Sent beside the text.",
        title="HTML",
        json_schema_extra={"format": "multiline", "advanced": True},
    )
    template: str | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        description="welcome, notification or reply, instead of a body.",
        json_schema_extra={"advanced": True},
    )
    values: dict[str, JsonValue] = Field(
        default_factory=dict, description="What the template fills in.", json_schema_extra={"advanced": True}
    )
    language: Literal["en", "fr"] = Field(
        default="en", description="Of the template.", json_schema_extra={"advanced": True}
    )
    reply_to_message: Annotated[Answered | None, BeforeValidator(_answered)] = Field(
        default=None,
        description='The mail that is answered: its id, or "{{ trigger.data.more }}".',
        json_schema_extra={"advanced": True},
    )
    sender: Recipient | None = Field(
        default=None,
        alias="from",
        description="Missing: the account's own address.",
        json_schema_extra={"advanced": True},
    )
    reply_to: Recipient | None = Field(
        default=None, description="Where answers go.", json_schema_extra={"advanced": True}
    )
    attachments: References = Field(
        default_factory=list,
        description='{"$file": id} or {"$blob": id} each, with a name.',
        json_schema_extra={"advanced": True},
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.to and self.reply_to_message is None:
            raise ValueError("a mail needs a recipient: give to")
        if self.template is None and not self.text and not self.html:
            raise ValueError("a mail needs a body: give text, html or template")
        if self.template is not None and (self.text or self.html):
            raise ValueError("give either a body or a template")
        if len(self.to) + len(self.cc) + len(self.bcc) > MOST_RECIPIENTS:
            raise ValueError(said("A mail goes to {most} recipients at most.", most=MOST_RECIPIENTS))
        return self


class EmailOutput(StepModel):
    message_id: str = Field(description="The service's own for it, or the one in its header.")
    recipients: int
    answer: str | None = Field(default=None, description="What the service said.")


class Email(Action[EmailInput]):
    name = "email"
    title: ClassVar[dict[str, str]] = {"en": "E-mail", "fr": "E-mail"}
    description: ClassVar[dict[str, str]] = {
        "en": "Send a mail, or answer one.",
        "fr": "Envoyer un e-mail, ou répondre à un e-mail.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "send a mail to {who}", "fr": "envoyer un e-mail à {who}"}
    Input = EmailInput
    Output = EmailOutput
    connection = "mail_out"
    credits = 1
    timeout_s = 60.0
    retry_attempts = 2
    example: ClassVar[dict[str, Json]] = {
        "connection": "Support mail",
        "to": "ada@example.org",
        "subject": "Your order",
        "text": "It is on its way, {{ trigger.data.name }}.",
    }

    def effect(self, given: EmailInput) -> Effect:
        return Effect.UNSAFE

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        to: Any = config.get("to")
        first = to[0] if isinstance(to, list) and to else to
        who = written_out(first) if isinstance(first, str) else None
        return {"who": shortened(who, 60) if who else _SOMEBODY[language]}

    async def run(self, given: EmailInput, context: ActionContext) -> Done:
        mailer = await context.service(given.connection, Mailer)  # type: ignore[type-abstract]
        mail = await _mail(given, context)
        sent = await mailer.send(mail, key=context.idempotency_key, timeout_s=context.timeout_s)
        context.log(f"The mail to {', '.join(mail.to)} was taken: {sent.get('answer')}")
        return Done(sent)


async def _mail(given: EmailInput, context: ActionContext) -> Mail:
    subject, text, html = given.subject, given.text, given.html
    answered = given.reply_to_message
    if given.template is not None:
        letter = await context.letter(given.template, given.values, given.language)
        subject, text, html = subject or letter.subject, letter.text, letter.html
    if subject is None:
        subject = _subject(answered.subject) if answered is not None else ""
    before = answered.message_id if answered and answered.message_id and is_message_id(answered.message_id) else None
    references = message_ids(" ".join(answered.references)) if answered is not None else ()
    return Mail(
        message_id=message_id(context.idempotency_key),
        to=tuple(given.to) or _writer(answered),
        cc=tuple(given.cc),
        bcc=tuple(given.bcc),
        subject=subject,
        text=text,
        html=html,
        sender=given.sender,
        reply_to=given.reply_to,
        in_reply_to=before,
        references=tuple(dict.fromkeys((*references, before))) if before else references,
        attachments=await _attachments(given.attachments, context),
    )


def _subject(of: str) -> str:
    """The subject of an answer: what is answered, with one `Re:` before it."""
    bare = "".join(" " if has_control(each) else each for each in of).strip()[: LONGEST_SUBJECT - 4]
    return bare if bare[:3].lower() == "re:" else f"Re: {bare}"


def _writer(answered: Answered | None) -> tuple[str, ...]:
    """Whom an answer goes to by itself (RFC 5322, 3.6.3)."""
    to = (answered.reply_to or answered.sender) if answered is not None else None
    if to is None:
        raise InvalidInput("invalid_input", "Whom the mail goes to is not known: give to.")
    return (to,)


async def _attachments(references: list[dict[str, JsonValue]], context: ActionContext) -> list[Attachment]:
    found: list[Attachment] = []
    left = MOST_BYTES
    for reference in references:
        found.append(await context.file(reference, left))
        left -= len(found[-1].content)
    return found
