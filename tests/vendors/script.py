"""What a model server of the tests says: answers in a row, or a function of the request; and how it goes wrong."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Say:
    """A text; `hold`: it, or the last piece of its stream, waits until `Script.release` is called."""

    text: str
    hold: bool = False
    usage: tuple[int, int] = (11, 7)  # tokens in, out


@dataclass(frozen=True)
class CallTools:
    """Calls of tools, each a name and its arguments (a text stands as it is: garbage too)."""

    calls: Sequence[tuple[str, Any]]
    text: str = ""
    usage: tuple[int, int] = (23, 9)


@dataclass(frozen=True)
class Refuse:
    """The model itself says no."""

    text: str = "I can't help with that."


@dataclass(frozen=True)
class Fail:
    """An answer that is an error: `kind` names one that the vendor documents (see each server)."""

    kind: str
    retry_after: str | None = None


@dataclass(frozen=True)
class Garbage:
    """Status 200 and something that is no answer of this API."""

    body: bytes = b"<html>It works!</html>"
    content_type: str = "text/html"


@dataclass(frozen=True)
class Slow:
    """No answer for so long."""

    seconds: float = 3600


@dataclass(frozen=True)
class Cut:
    """The connection is cut: before the answer, or (`late`) in its middle."""

    late: bool = False


Answer = Say | CallTools | Refuse | Fail | Garbage | Slow | Cut
Function = Callable[[dict[str, Any]], Answer]


@dataclass
class Script:
    """`answers` are used up one after the other; when they are, `otherwise` answers. `asked` are the request bodies."""

    answers: list[Answer] = field(default_factory=list)
    otherwise: Function = lambda _: Say("Hello!")
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    held: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self, body: dict[str, Any]) -> Answer:
        return self.answers.pop(0) if self.answers else self.otherwise(body)

    def release(self) -> None:
        self.held.set()


def pieces(text: str) -> list[str]:
    """A text in pieces of a few characters, as models stream it; never fewer than two."""
    size = max(1, min(8, len(text) // 2))
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]
