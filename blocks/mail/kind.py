"""What the kinds of mail accounts have in common."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from blocks.action import Http
from blocks.connection import Connection, FieldsT, Lender
from blocks.errors import InvalidInput
from blocks.mail.addresses import parse

_HOST: Final = r"^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?|\[?[0-9A-Fa-f:.]+\]?)$"

Host = Annotated[str, Field(min_length=1, max_length=253, pattern=_HOST, title="Host")]
Printable = r"^[^\x00-\x1f\x7f]*$"


def _address(text: str) -> str:
    return str(parse(text))


# `name <local@domain>` or bare.
MailAddress = Annotated[str, Field(max_length=500), AfterValidator(_address)]


class SessionConnection(Connection[FieldsT]):
    """Base of the kinds that speak a protocol of their own instead of signing requests."""

    async def sign(self, fields: FieldsT, lender: Lender) -> dict[str, str]:
        raise InvalidInput("connection_not_allowed", f"A connection of the kind {self.name} can't sign requests.")

    async def test(self, fields: FieldsT, http: Http, lender: Lender) -> str:
        raise InvalidInput("connection_not_testable", f"A connection of the kind {self.name} is not tested by HTTP.")


def one_line(text: str) -> str:
    """What a server said, as one short line."""
    return re.sub(r"[\s\x00-\x1f\x7f\ud800-\udfff]+", " ", text).strip()[:300]
