"""JSON in and out of PostgreSQL and the web: strict on the way in, never refused by `jsonb` on the way out."""

import re

import pydantic_core

from blocks.values import Json, read_json

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


class NotJson(ValueError):
    """The text is no JSON that we take: syntax, NaN, 1e999, nesting over ~200 levels, invalid UTF-8, `\\u0000`."""


def parse(text: bytes | str) -> Json:
    """Strict JSON. Raises `NotJson` with a sentence that says what is wrong and where."""
    raw = text.encode() if isinstance(text, str) else text
    if b"\\u0000" in raw and _NUL.search(raw):
        raise NotJson("the character \\u0000 is not accepted")
    try:
        return read_json(raw)
    except ValueError as error:
        raise NotJson(str(error)) from error


def load(text: bytes | str) -> Json:
    """JSON that we wrote ourselves."""
    value: Json = pydantic_core.from_json(text)
    return value


def dump(value: object) -> bytes:
    """Compact JSON that `jsonb` takes: U+0000 becomes U+FFFD, NaN and infinities become null."""
    raw = pydantic_core.to_json(value, inf_nan_mode="null")
    return _NUL.sub(rb"\1\\ufffd", raw) if b"\\u0000" in raw else raw


def dump_text(value: object) -> str:
    return dump(value).decode()
