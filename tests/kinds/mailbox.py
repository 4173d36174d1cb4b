"""A mailbox that nothing arrives in by itself."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from blocks.action import Http
from blocks.connection import Connection, ConnectionFields, Lender, Way
from blocks.listening import Ear, Listens
from blocks.values import Json


class MailboxFields(ConnectionFields):
    pass


class Mailbox(Connection[MailboxFields], Listens[MailboxFields]):
    name = "mailbox"
    title: ClassVar[Mapping[str, str]] = {"en": "Mailbox", "fr": "Boîte"}
    description: ClassVar[Mapping[str, str]] = {"en": "Receives.", "fr": "Reçoit."}
    purpose = "mail_in"
    Fields = MailboxFields
    hosts = ("mail.example.com",)
    example: ClassVar[dict[str, Json]] = {}

    async def sign(self, fields: MailboxFields, lender: Lender) -> dict[str, str]:
        return {}

    async def test(self, fields: MailboxFields, http: Http, lender: Lender) -> str:
        return "It works."

    async def listen(self, fields: MailboxFields, way: Way, ear: Ear) -> None:
        ear.working("us@example.com")
        await asyncio.Event().wait()
