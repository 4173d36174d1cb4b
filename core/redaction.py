"""Secrets that were opened are masked in everything that is written: as they are, in base64, escaped for URLs or JSON.

A run has a `Redactor` of its own, so that one tenant's secret never changes another one's output; the process has one
for its log (`core/journal.py`). A redactor without secrets costs one look at an empty list.
"""

import base64
import html
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Final, TypeVar
from urllib.parse import quote, quote_plus

from blocks.values import Json

MASK: Final = "***"
SHORTEST: Final = 4  # characters; shorter ones stand in too many innocent words
_MOST_IN_JOURNAL: Final = 200

T = TypeVar("T")


def variants(secret: str) -> frozenset[str]:
    """Everything that stands for the secret in a text."""
    return frozenset(each for each in _variants(secret) if len(each) >= SHORTEST)


def _variants(secret: str) -> Iterator[str]:
    yield secret
    raw = secret.encode("utf-8", "surrogatepass")
    for text in (secret, secret.strip()):
        for escaped in (quote(text, safe="", errors="replace"), quote(text, errors="replace"), quote_plus(text)):
            yield from (escaped, _lower_escapes(escaped))
        for ascii_only in (True, False):
            once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
            yield from (once, once.replace("/", "\\/"), json.dumps(once, ensure_ascii=ascii_only)[1:-1])
        yield from (html.escape(text), html.escape(text, quote=False))
    yield from (raw.hex(), raw.hex().upper())
    if len(raw) >= SHORTEST:
        for encoded in _base64(raw):
            yield from (encoded, encoded.replace("+", "-").replace("/", "_"), quote(encoded, safe=""))


def _lower_escapes(escaped: str) -> str:
    head, *rest = escaped.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])


def _base64(raw: bytes) -> Iterator[str]:
    """What is always there of `raw` in the base64 of a longer text, at each of the three places where it may begin."""
    yield base64.b64encode(raw).decode()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        first = (before * 8 + 5) // 6
        last = (before + len(raw)) * 8 // 6
        yield text[first:last]


class Redactor:
    """Knows secrets and masks them. `most`: how many are remembered, the latest ones."""

    __slots__ = ("_bytes", "_known", "_most", "_texts")

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._known: dict[str, frozenset[str]] = {}
        self._texts: tuple[str, ...] = ()
        self._bytes: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these from now on."""
        fresh = False
        for secret in filter(None, secrets):
            known = self._known.pop(secret, None)
            self._known[secret] = variants(secret) if known is None else known
            fresh = fresh or known is None
        if not fresh:
            return
        while self._most is not None and len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        # The longest first: what contains another one is masked as a whole.
        self._texts = tuple(sorted(frozenset().union(*self._known.values()), key=len, reverse=True))
        self._bytes = tuple(text.encode("utf-8", "surrogatepass") for text in self._texts)

    def text(self, text: str) -> str:
        for secret in self._texts:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def raw(self, content: bytes) -> bytes:
        for secret in self._bytes:
            if secret in content:
                content = content.replace(secret, MASK.encode())
        return content

    def json(self, value: Json) -> Json:
        """A value with every secret masked, in keys too; the value itself where there is nothing to mask."""
        if not self._texts:
            return value
        match value:
            case str():
                return self.text(value)
            case list():
                return [self.json(each) for each in value]
            case dict():
                return {self.text(key): self.json(each) for key, each in value.items()}
            case int() | float() if not isinstance(value, bool):
                return MASK if str(value) in self._texts else value
        return value

    def record(self, record: T) -> T:
        """A dataclass with every text and JSON value in it masked, in lists of such too."""
        if not self._texts or not is_dataclass(record) or isinstance(record, type):
            return record
        changed = {each.name: self._any(getattr(record, each.name)) for each in fields(record)}
        return replace(record, **changed)

    def _any(self, value: object) -> object:
        match value:
            case list():
                return [self._any(each) for each in value]
            case str() | dict():
                return self.json(value)
        return self.record(value)


journal: Final = Redactor(_MOST_IN_JOURNAL)  # of this process's log
