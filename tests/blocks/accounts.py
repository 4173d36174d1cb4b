"""Saved accounts without a database: opened, signing and masking as in a worker."""

from typing import Any

from blocks import registry
from blocks.services import Mail, Mailer
from core.connections.model import Opened
from core.connections.signed import Signed, Tokens
from core.ids import new_id
from core.outgoing.client import Outgoing
from core.redaction import Redactor


async def _failed(_: str) -> None: ...


def account(
    out: Outgoing, kind: str, redactor: Redactor | None = None, hosts: list[str] | None = None, **values: Any
) -> Signed:
    """An account of that kind, for the hosts that its fields name."""
    found = registry.connections()[kind]
    allowed = list(found.hosts_of(found.read(values))) if hosts is None else hosts
    opened = Opened(new_id(), "Account", kind, allowed, "1", values)
    return Signed(opened, out, redactor or Redactor(), Tokens(), _failed)


def mailer(out: Outgoing, kind: str, **values: Any) -> Mailer:
    return account(out, kind, **values).service(Mailer)


def mail(**changes: Any) -> Mail:
    given: dict[str, Any] = {
        "message_id": "<one@vutler.test>", "to": ("Ada Lovelace <ada@example.org>",), "subject": "Hello",
        "text": "How are you?",
    }  # fmt: skip
    return Mail(**(given | changes))
