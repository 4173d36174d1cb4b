"""How fields are called: the titles, descriptions and labels of choices in the JSON Schemas of actions, triggers,
connections and tools, and of the definition.

They are English where they are declared; the French stands in `fields_fr.json`, by the English.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from blocks.values import Json, JsonObject
from blocks.words import Language

_DATA: Final = ("default", "example", "examples", "enum", "const")  # what looks like a schema in there is none
_FRENCH: Final = Path(__file__).parent / "fields_fr.json"


def title_of(name: str, field: JsonObject) -> str:
    """The title that a field was given, else its name as words: pydantic's own "For S" is none."""
    given = field.get("title")
    made = name.replace("_", " ").title()
    return given if isinstance(given, str) and given != made else name.replace("_", " ").capitalize()


def told(schema: JsonObject, language: Language) -> JsonObject:
    """The schema with the titles and descriptions of its fields in a language."""
    return _object(schema, _french() if language == "fr" else {"titles": {}, "descriptions": {}, "labels": {}})


def fields(schema: Json) -> Iterator[tuple[str, JsonObject]]:
    """Every field of a schema and of what it is made of, with its name."""
    if isinstance(schema, list):
        for each in schema:
            yield from fields(each)
    elif isinstance(schema, dict):
        for key, inner in schema.items():
            if key == "properties" and isinstance(inner, dict):
                for name, field in inner.items():
                    if isinstance(field, dict):
                        yield name, field
                        yield from fields(field)
            else:
                yield from fields(inner)


@cache
def _french() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(_FRENCH.read_text(encoding="utf-8"))
    return found


def _told(value: Json, words: dict[str, dict[str, str]]) -> Json:
    if isinstance(value, list):
        return [_told(each, words) for each in value]
    return _object(value, words) if isinstance(value, dict) else value


def _object(schema: JsonObject, words: dict[str, dict[str, str]]) -> JsonObject:
    found: JsonObject = {}
    for key, inner in schema.items():
        if key == "properties" and isinstance(inner, dict):
            found[key] = {name: _field(name, field, words) for name, field in inner.items()}
        else:
            found[key] = inner if key in _DATA else _told(inner, words)
    return found


def _field(name: str, field: Json, words: dict[str, dict[str, str]]) -> Json:
    if not isinstance(field, dict):
        return field
    told = _object(field, words)
    title = title_of(name, field)
    told["title"] = words["titles"].get(title, title)
    description = field.get("description")
    if isinstance(description, str):
        told["description"] = words["descriptions"].get(description, description)
    labels = field.get("labels")
    if isinstance(labels, dict):
        told["labels"] = {choice: words["labels"].get(str(label), label) for choice, label in labels.items()}
    return told
