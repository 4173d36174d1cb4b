"""Server-sent events as they come (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream)."""

import codecs
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """`id` is the last one that was given; `retry_ms` the last wait that was asked for."""

    name: str
    data: str
    id: str | None
    retry_ms: int | None


async def events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Every event that is complete, also those without data when they bring an id. The size is bounded by `pieces`."""
    name, data, ident, retry_ms = "", list[str](), None, None
    fresh = False  # an id came with this event
    async for line in _lines(pieces):
        if not line:
            if data or fresh:
                yield Event(name or "message", "\n".join(data), ident, retry_ms)
            name, data, fresh = "", [], False
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "event":
                name = value
            case "data":
                data.append(value)
            case "id" if "\0" not in value:
                ident, fresh = value, True
            case "retry" if value.isascii() and value.isdigit() and len(value) < 10:
                retry_ms = int(value)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Lines that are complete, whether they end in CR, LF or both, however they were cut up."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    rest: list[str] = []
    after_cr = False
    async for piece in pieces:
        text = decoder.decode(piece)
        if after_cr and text.startswith("\n"):
            text = text[1:]
        after_cr = text.endswith("\r")
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines[:-1]:
            yield "".join([*rest, line])
            rest = []
        rest.append(lines[-1])
