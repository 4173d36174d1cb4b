"""A mailbox that is read (RFC 3501). It is opened for reading alone: nothing in it is changed or marked."""

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from blocks.connection import ConnectionFields, Lender, Way
from blocks.listening import Ear, Listens
from blocks.mail.addresses import BadAddress, parse
from blocks.mail.imap_session import Account
from blocks.mail.kind import Host, MailAddress, Printable, SessionConnection
from blocks.mail.watching import Watch, listen
from blocks.values import Json


class ImapFields(ConnectionFields):
    host: Host
    port: int | None = Field(
        default=None, ge=1, le=65535, title="Port", description="Missing: 993 with implicit TLS, 143 with STARTTLS."
    )
    tls: Literal["implicit", "starttls"] = Field(default="implicit", title="TLS")
    user: str = Field(min_length=1, max_length=320, pattern=Printable, title="User name")
    password: SecretStr = Field(min_length=1, max_length=4096, title="Password")
    folder: str = Field(default="INBOX", min_length=1, max_length=200, pattern=Printable, title="Folder")
    address: MailAddress | None = Field(
        default=None, title="Address", description="Of the mailbox, where the user name is none: its mails are ours."
    )

    @property
    def at_port(self) -> int:
        return self.port or (993 if self.tls == "implicit" else 143)

    @property
    def own(self) -> frozenset[str]:
        """The addresses whose mails nobody answers, since we wrote them."""
        found = set()
        for text in (self.user, self.address or ""):
            try:
                found.add(parse(text).email.lower())
            except BadAddress:
                continue
        return frozenset(found)


class Imap(SessionConnection[ImapFields], Listens[ImapFields]):
    name = "imap"
    title: ClassVar[dict[str, str]] = {"en": "Mailbox (IMAP)", "fr": "Boîte aux lettres (IMAP)"}
    description: ClassVar[dict[str, str]] = {
        "en": "Read the mail that comes into a mailbox.",
        "fr": "Lire le courrier qui arrive dans une boîte aux lettres.",
    }
    purpose = "mail_in"
    Fields = ImapFields
    example: ClassVar[dict[str, Json]] = {
        "host": "imap.example.org",
        "user": "ada@example.org",
        "password": "the password",
        "folder": "INBOX",
    }

    def hosts_of(self, fields: ImapFields) -> tuple[str, ...]:
        return (fields.host,)

    async def listen(self, fields: ImapFields, way: Way, ear: Ear) -> None:
        account = _account(fields)
        await listen(Watch(account, fields.at_port, way), fields.own, ear, account=account)

    async def test_by(self, fields: ImapFields, way: Way, lender: Lender) -> str:
        async with Watch(_account(fields), fields.at_port, way) as session:
            return f"{fields.host} signed in behind TLS; {fields.folder} holds {session.count} mails."


def _account(fields: ImapFields) -> Account:
    return Account(fields.host, fields.user, fields.folder, fields.tls == "implicit", fields.revealed("password"))
