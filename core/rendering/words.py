"""JSON values in words: as the text of a template, and as what a failed look-up found instead."""

import json
from collections.abc import Iterable
from itertools import islice
from typing import TypeGuard

MAX_NAMES = 20  # field names told in an error


def as_text(value: object) -> str:
    """A value inside a text: strings as they are, null as nothing, everything else as compact JSON."""
    if isinstance(value, str):
        return str(value)
    return "" if value is None else compact(value)


def compact(value: object) -> str:
    """Compact JSON. Raises `TypeError` or `ValueError` for what is none (functions, NaN)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


_KINDS: tuple[tuple[type, str], ...] = (
    (str, "is text"),
    (bool, "is true or false"),
    (int, "is a number"),
    (float, "is a number"),
    (type(None), "is null"),
)


def contents(value: object) -> str:
    """What is there, after "it ...": for the sentence about a name that is not."""
    if isinstance(value, list | tuple):
        return f"is a list of {len(value)}"
    if isinstance(value, dict):
        return f"has: {names(value)}" if value else "is empty"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "is no data")


def names(value: Iterable[object]) -> str:
    """The first field names of an object."""
    shown = [str(name)[:40] for name in islice(value, MAX_NAMES + 1)]
    return ", ".join(shown[:MAX_NAMES]) + (" ..." if len(shown) > MAX_NAMES else "")


def is_index(key: object) -> TypeGuard[int]:
    return isinstance(key, int) and not isinstance(key, bool)
