"""What a kind is lent to listen in tests: an ear that keeps what it took, over real ways out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from blocks.listening import Heard, Pressed
from blocks.values import JsonObject
from core.connections.model import Opened
from core.connections.signed import Signed, Tokens
from core.outgoing.client import Outgoing
from core.redaction import Redactor


@dataclass
class RecordingEar:
    """Implements `blocks.listening.Ear` and `TakesPresses`. What was taken before is taken once, as by the database.

    `before` is awaited in `take` before anything is kept.
    """

    cursor: JsonObject | None = None
    channels: frozenset[str] = frozenset()
    taken: list[Heard] = field(default_factory=list)
    repeats: int = 0
    stood: int = 0
    account: str = ""
    presses: list[Pressed] = field(default_factory=list)
    before: Callable[[Sequence[Heard]], Awaitable[None]] | None = None
    _seen: set[tuple[str, str]] = field(default_factory=set)

    async def take(self, heard: Sequence[Heard], cursor: JsonObject) -> None:
        if self.before is not None:
            await self.before(heard)
        for each in heard:
            if (each.channel, each.id) in self._seen:
                self.repeats += 1
            else:
                self._seen.add((each.channel, each.id))
                self.taken.append(each)
        self.cursor = cursor

    def working(self, account: str) -> None:
        self.stood += 1
        self.account = account

    async def press(self, pressed: Pressed) -> None:
        self.presses.append(pressed)

    def texts(self, *, own: bool = False) -> list[str]:
        return [each.text for each in self.taken if own or not each.own]


async def _unnoted(_: str) -> None:
    pass


def signed(kind: str, fields: dict[str, Any], out: Outgoing, redactor: Redactor | None = None) -> Signed:
    """A connection as a run or a listener has it, for 127.0.0.1."""
    opened = Opened(UUID(int=1), "Test", kind, ["127.0.0.1"], "1", fields)
    return Signed(opened, out, Redactor() if redactor is None else redactor, Tokens(), _unnoted)
