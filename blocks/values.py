"""JSON, as a type and as it is read."""

import math
import re
from typing import TypeAlias

from pydantic_core import from_json

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]

# An exponent, or more digits than a float can hold. Every alternative begins with a digit, and a run of digits is
# counted at its first one only: a body of nothing but digits takes no longer than others.
_MAYBE_ENDLESS = re.compile(rb"[0-9](?:[eE]\+?[0-9]|(?<![0-9]{2})[0-9]{308})")


def read_json(raw: bytes) -> Json:
    """JSON and nothing that only looks like it: no NaN, and no 1e999, which would silently become infinity.

    Raises `ValueError` with what is wrong and where.
    """
    value: Json = from_json(raw, allow_inf_nan=False)
    if _MAYBE_ENDLESS.search(raw) and _holds_infinity(value):
        raise ValueError("a number is too large")
    return value


def _holds_infinity(value: Json) -> bool:
    """The depth is bounded by the parser."""
    match value:
        case float():
            return math.isinf(value)
        case list():
            return any(_holds_infinity(each) for each in value)
        case dict():
            return any(_holds_infinity(each) for each in value.values())
    return False
