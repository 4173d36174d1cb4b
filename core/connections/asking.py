"""Asking a service whether a connection works."""

from collections.abc import Callable
from dataclasses import dataclass

from blocks.errors import ActionError
from core.connections.signed import Signed
from core.redaction import Redactor


@dataclass(frozen=True, slots=True)
class Tested:
    """`message` says what was found, in a sentence without any secret."""

    ok: bool
    message: str
    code: str | None = None


async def asked(opened: Callable[[], Signed], redactor: Redactor) -> Tested:
    """What the service says; `opened` may find that the connection can't be used at all."""
    try:
        return Tested(True, redactor.text(await opened().test()))
    except ActionError as error:
        return Tested(False, redactor.text(error.message), error.code)


async def unnoted(_: str) -> None:
    """The test itself notes what it found."""
