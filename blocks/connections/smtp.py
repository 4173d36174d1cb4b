"""An account on a mail server that sends (RFC 5321, RFC 4954, RFC 8314)."""

import asyncio
from typing import ClassVar, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from blocks.connection import TEST_S, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput
from blocks.mail.addresses import parse
from blocks.mail.composing import compose, recipients
from blocks.mail.kind import Host, MailAddress, Printable, SessionConnection
from blocks.mail.smtp_session import Envelope, Login, Progress, Socket, hand_over, session, translated
from blocks.services import Mail, Mailer
from blocks.values import Json, JsonObject

PORTS: Final = frozenset({25, 465, 587, 2525})
_USUAL: Final = {"implicit": 465, "starttls": 587, "none": 25}


class SmtpFields(ConnectionFields):
    host: Host
    port: int | None = Field(
        default=None, ge=1, le=65535, title="Port", description="Missing: 465 with implicit TLS, 587 with STARTTLS."
    )
    tls: Literal["implicit", "starttls", "none"] = Field(
        default="starttls",
        title="TLS",
        description="implicit: from the first byte; starttls: asked for, and required; none: only to a host that the"
        " operator allows, and without a password.",
    )
    user: str | None = Field(default=None, min_length=1, max_length=320, pattern=Printable, title="User name")
    password: SecretStr | None = Field(
        default=None, min_length=1, max_length=4096, title="Password", json_schema_extra={"writeOnly": True}
    )
    sender: MailAddress = Field(title="Sender", description="Ada <ada@example.org>: what mails come from by default.")

    @model_validator(mode="after")
    def _signs_in_safely(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("a user name and a password go together")
        if self.tls == "none" and self.password is not None:
            raise ValueError("a password is sent under TLS only: choose implicit or starttls")
        return self

    @property
    def at_port(self) -> int:
        return self.port or _USUAL[self.tls]


class Smtp(SessionConnection[SmtpFields]):
    name = "smtp"
    title: ClassVar[dict[str, str]] = {"en": "Mail server (SMTP)", "fr": "Serveur de courrier (SMTP)"}
    description: ClassVar[dict[str, str]] = {
        "en": "Send mail through an account on a mail server.",
        "fr": "Envoyer du courrier par un compte sur un serveur.",
    }
    purpose = "mail_out"
    Fields = SmtpFields
    example: ClassVar[dict[str, Json]] = {
        "host": "smtp.example.org",
        "port": 587,
        "tls": "starttls",
        "user": "ada@example.org",
        "password": "the password",
        "sender": "Ada <ada@example.org>",
    }

    def hosts_of(self, fields: SmtpFields) -> tuple[str, ...]:
        return (fields.host,)

    def service(self, fields: SmtpFields, way: Way) -> Mailer:
        return SmtpMailer(fields, way)

    async def test_by(self, fields: SmtpFields, way: Way, lender: Lender) -> str:
        return await SmtpMailer(fields, way).greet()


class SmtpMailer(Mailer):
    """One account; every mail has a session of its own."""

    def __init__(self, fields: SmtpFields, way: Way) -> None:
        self._fields = fields
        self._way = way
        self._login = Login(fields.host, fields.tls, fields.user, fields.revealed("password") or None)

    async def greet(self) -> str:
        """Sign in and leave again; gives what was found in a sentence."""
        progress = Progress()
        try:
            async with asyncio.timeout(TEST_S), session(self._login, await self._connect(TEST_S), progress):
                signed = "signed in" if self._fields.user else "answered"
        except TimeoutError as error:
            raise translated(error, self._fields.host, answered=True) from error
        return f"{self._fields.host} {signed}{' behind TLS' if self._fields.tls != 'none' else ''}."

    async def send(self, mail: Mail, *, key: str, timeout_s: float) -> JsonObject:
        sender, to, progress = parse(mail.sender or self._fields.sender), recipients(mail), Progress()
        envelope = Envelope(sender, to, compose(mail, sender))
        host = self._fields.host
        try:
            async with (
                asyncio.timeout(timeout_s),
                session(self._login, await self._connect(timeout_s), progress) as client,
            ):
                answer = await hand_over(client, host, envelope, progress)
        except TimeoutError as error:
            raise translated(error, host, answered=not progress.handing_over) from error
        return {"message_id": mail.message_id, "answer": answer, "recipients": len(to)}

    async def _connect(self, timeout_s: float) -> Socket:
        """Without TLS to no port by itself, so that only what the operator allows is reached."""
        bare = self._fields.tls == "none"
        try:
            return await self._way.connect(
                self._fields.host, self._fields.at_port, ports=frozenset() if bare else PORTS, timeout_s=timeout_s
            )
        except InvalidInput as error:
            if not bare or error.code != "blocked_address":
                raise
            raise InvalidInput(
                "blocked_address",
                f"Mail is sent without TLS only to a host that the operator allows with VUTLER_HTTP_ALLOW_HOSTS, and"
                f" {self._fields.host} is none of them.",
            ) from error
