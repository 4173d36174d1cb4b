"""Dotted paths into JSON: `trigger.data.items[0].name`, `trigger.headers["x-event-id"]`. Looked up, never executed."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from blocks.sentences import said
from blocks.values import Json

MAX_PATH = 500
_PART = re.compile(
    r"""\.?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|\.(?P<number>[0-9]{1,6})|\[(?P<index>[0-9]{1,6})\]|\[(?P<quote>["'])(?P<key>[^"'\\]{1,200})(?P=quote)\]""",
    re.ASCII,
)

Path: TypeAlias = tuple[str | int, ...]


class BadPath(ValueError):
    """The text is no path; the message says what one looks like."""


class Missing:
    """Nothing is there: not the same as null."""


MISSING: Final = Missing()


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """The keys and list positions of a path, root first. Raises `BadPath`."""
    parts: list[str | int] = []
    position = 0
    while position < len(text) and len(text) <= MAX_PATH:
        found = _PART.match(text, position)
        if found is None or (not parts and not found["name"]) or (parts and found["name"] and found[0][0] != "."):
            break
        position = found.end()
        number = found["number"] or found["index"]
        parts.append(int(number) if number else found["name"] or found["key"])
    if not parts or position < len(text):
        wrong = said(
            "{text} is not a path; write it like trigger.data.customer.id or trigger.data.items[0].",
            text=repr(text[:80]),
        )
        raise BadPath(wrong)
    return tuple(parts)


def into_trigger(text: str) -> Path:
    """A path into what arrived: `trigger.data`, `trigger.headers` or `trigger.query` and on. Raises `BadPath`."""
    path = parse(text)
    if path[0] != "trigger" or len(path) < 2 or path[1] not in ("data", "headers", "query"):
        raise BadPath(
            said("{text} must begin with trigger.data, trigger.headers or trigger.query.", text=repr(text[:80]))
        )
    return path


def find(root: Mapping[str, Json], path: Path) -> "Json | Missing":
    """The value at `path`, or `MISSING`."""
    here: Json | Missing = dict(root)
    for part in path:
        if isinstance(here, dict):
            here = here.get(str(part), MISSING)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            return MISSING
    return here
