"""The exits of a step, as its action declares them (`Action.exits`). Pure."""

from collections.abc import Iterator
from typing import Final

from blocks.values import Json, JsonObject

_EACH: Final = "[]"


def named(pattern: str, config: JsonObject) -> Iterator[str]:
    """The exits that one entry of `leads_to` names.

    `"approved"` is a name; `"{else}"` is named by that field of the config; `"{cases[].name}"` by the field `name` of
    each entry of the list `cases`. What is no text names nothing.
    """
    if not (pattern.startswith("{") and pattern.endswith("}")):
        yield pattern
        return
    found: list[Json] = [config]
    for part in pattern[1:-1].split("."):
        key = part.removesuffix(_EACH)
        found = [value[key] for value in found if isinstance(value, dict) and key in value]
        if part.endswith(_EACH):
            found = [each for value in found if isinstance(value, list) for each in value]
    yield from (value for value in found if isinstance(value, str))
