"""A mail server that takes mail: aiosmtpd, with accounts, TLS, and everything that such servers do wrong.

STARTTLS and AUTH: RFC 3207 and RFC 4954; a login is taken only under TLS. Greylisting: 451 for the first attempt to
write to somebody (RFC 6647). `cut` breaks the connection off: "before" the mail is kept, "after" it is kept and before
it is answered (RFC 1047 tells why a client can't know which), "greeting" at once.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Delivered:
    sender: str
    to: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class SmtpServer:
    """`async with SmtpServer(tls="starttls", context=...) as server: server.port`."""

    tls: Literal["implicit", "starttls", "none"] = "none"
    context: ssl.SSLContext | None = None
    user: str | None = None
    password: str = "s3cr3t-canary"
    greylist: bool = False
    refused: frozenset[str] = frozenset()
    cut: Literal["", "before", "after", "greeting"] = ""
    answer: str | None = None  # to the mail, instead of 250
    silent: bool = False  # keeps the mail and answers nothing
    size: int = 30_000_000
    delivered: list[Delivered] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # recipients that were asked for
    logins: list[tuple[str, str]] = field(default_factory=list)
    sessions: int = 0
    port: int = 0  # 0: a free one
    _server: asyncio.Server | None = None
    _grey: set[str] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        secured = self.context if self.tls == "implicit" else None
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=secured)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    def _protocol(self) -> SMTP:
        self.sessions += 1
        starttls = self.tls == "starttls"
        server = SMTP(
            self,
            hostname="mx.test",
            ident="Mail",
            data_size_limit=self.size,
            tls_context=self.context if starttls else None,
            require_starttls=starttls,
            authenticator=self._check,
            auth_required=self.user is not None,
            auth_require_tls=starttls,
            loop=asyncio.get_running_loop(),
        )
        if self.cut == "greeting":
            made = server.connection_made
            server.connection_made = lambda transport: (made(transport), transport.abort())[0]  # type: ignore[method-assign,func-returns-value,attr-defined]
        return server

    def _check(self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = data.login.decode(), data.password.decode()
        self.logins.append(given)
        return AuthResult(success=given == (self.user, self.password), handled=False)

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.seen.append(address)
        if address in self.refused:
            return "550 5.1.1 nobody of that name here"
        if self.greylist and address not in self._grey:
            self._grey.add(address)
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if self.cut == "before":
            server.transport.abort()
            return "250 lost"
        assert isinstance(envelope.content, bytes)
        if self.answer is None or self.answer.startswith("2") or not self.answer[:1].isdigit():
            self.delivered.append(Delivered(str(envelope.mail_from), tuple(envelope.rcpt_tos), envelope.content))
        if self.cut == "after":
            server.transport.abort()
        if self.silent:
            await asyncio.Event().wait()
        return self.answer or "250 2.0.0 OK queued as 4F2A"
