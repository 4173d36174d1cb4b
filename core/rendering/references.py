"""Templates that only point at data, `{{ steps.score.output.total }}`: read once, resolved without Jinja."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from blocks.errors import InvalidInput
from blocks.values import Json
from core.rendering.lookup import into
from core.rendering.words import as_text, contents, names

MAX_SOURCE = 16_384  # bytes of one template
MAX_OUTPUT = 262_144  # bytes of what one template makes

_REFERENCE = re.compile(
    r"""\{\{\s*(?P<path>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\.\d{1,9}(?!\w)|\[\s*(?:\d{1,9}|"[^"\\]*"|'[^'\\]*')\s*\])*)\s*\}\}""",
    re.ASCII,
)
_KEY = re.compile(
    r"""\.?(?P<name>[A-Za-z_]\w*)|\.(?P<digits>\d+)|\[\s*(?:(?P<index>\d+)|["'](?P<quoted>[^"']*)["'])\s*\]"""
)
_CODE = re.compile(r"\{[{%#]")
# Names that mean something to Jinja itself.
_JINJA = "true false none True False None not and or in is if else self super loop caller range"
_WORDS = frozenset(_JINJA.split())


class TemplateFailed(InvalidInput):
    """`template_error`: the template is wrong or names what is not there. `template_limit`: it takes too much."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`path` from a name of the context to a value; `text` as it was written."""

    text: str
    path: tuple[str | int, ...]


Part = str | Reference


def excerpt(source: str) -> str:
    return source if len(source) <= 100 else source[:97] + "..."


def failed(source: str, why: str) -> TemplateFailed:
    return TemplateFailed("template_error", f"{excerpt(source)}: {why}.")


def over_limit(source: str, why: str) -> TemplateFailed:
    return TemplateFailed("template_limit", f"{excerpt(source)}: {why}.")


def _path(text: str) -> tuple[str | int, ...]:
    keys: list[str | int] = []
    for key in _KEY.finditer(text):
        number = key["digits"] or key["index"]
        keys.append(int(number) if number else key["name"] or key["quoted"] or "")
    return tuple(keys)


@lru_cache(maxsize=2048)
def parse(source: str) -> tuple[Part, ...] | None:
    """The parts of a template whose expressions are all plain references; None when it takes Jinja to render it."""
    parts: list[Part] = []
    end = 0
    for found in _REFERENCE.finditer(source):
        parts.append(source[end : found.start()])
        path = _path(found["path"])
        if path[0] in _WORDS:
            return None
        parts.append(Reference(found.group(), path))
        end = found.end()
    parts.append(source[end:])
    if any(isinstance(part, str) and _CODE.search(part) for part in parts):
        return None
    return tuple(part for part in parts if part)


def resolve(reference: Reference, context: Mapping[str, Json]) -> Json:
    """The value that `reference` names. Raises `TemplateFailed` with what was there instead."""
    value: object = context
    for place, key in enumerate(reference.path):
        try:
            value = into(value, key)
        except LookupError:
            raise failed(reference.text, _missing(reference.path[:place], key, value, context)) from None
    return value  # type: ignore[return-value] # a part of a JSON value


def _missing(path: tuple[str | int, ...], key: str | int, found: object, context: Mapping[str, Json]) -> str:
    if not path:
        return f"there is no {key!r}; there is: {names(context)}"
    what = f"item {key}" if isinstance(key, int) else f"field {key!r}"
    return f"{'.'.join(map(str, path))} has no {what}; it {contents(found)}"


def fill(source: str, parts: tuple[Part, ...], context: Mapping[str, Json]) -> Json:
    """The value of a template: of any type when it is one whole reference, else text."""
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return resolve(parts[0], context)
    text = "".join(part if isinstance(part, str) else as_text(resolve(part, context)) for part in parts)
    if len(text) > MAX_OUTPUT:
        raise over_limit(source, f"it makes more than {MAX_OUTPUT // 1024} kB")
    return text
