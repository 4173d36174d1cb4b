"""Forms that people fill in: a small, closed part of JSON Schema (2020-12), so that a form that is hostile or copied
from anywhere can neither reach the network nor take long.

References and combinations are left out: what remains visits each value with one piece of the schema. Patterns are
RE2 (linear time).
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import Draft202012Validator, extend
from referencing import Registry

from blocks import conditions
from blocks.sentences import reason, said
from blocks.values import Json, JsonObject

MOST_PARTS: Final = 500  # everything in the schema, counted: keys, items, texts
DEEPEST: Final = 20
MOST_FAULTS: Final = 50
MOST_VALUES: Final = 1_000  # everything in an answer, counted alike
_KEYWORDS: Final = frozenset({
    "$schema", "title", "description", "default", "examples", "type", "enum", "const", "format",
    "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
    "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
})  # fmt: skip
_JUDGED: Final = _KEYWORDS - {
    "$schema", "title", "description", "default", "examples", "format", "properties", "items", "additionalProperties",
}  # fmt: skip
_ELSEWHERE: Final = frozenset({"patternProperties", "$ref", "allOf", "anyOf", "oneOf"})  # names properties, too
_MOST_FOREIGN: Final = 20_000
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class BadForm(ValueError):
    """The schema is none that a form may have; the text says why and where."""


def check(form: JsonObject) -> JsonObject:
    """The form itself, when it is one. Raises `BadForm`."""
    if sum(1 for _ in _parts(form)) > MOST_PARTS:
        raise BadForm(said("The form is too large; it may have {most} parts.", most=MOST_PARTS))
    if form.get("type") != "object":
        raise BadForm('A form is a JSON Schema with "type": "object" and "properties".')
    if form.get("$schema", _DIALECT) not in (_DIALECT, _DIALECT + "#"):
        raise BadForm(said("Forms are written in {dialect}; leave $schema out.", dialect=_DIALECT))
    _check_keywords(form, "form")
    try:
        Draft202012Validator.check_schema(form)
    except SchemaError as error:
        wrong = said(
            "This is no JSON Schema: {reason} (at {at}).", reason=error.message[:200], at=_place("form", error)
        )
        raise BadForm(wrong) from error
    return form


def judged(foreign: JsonObject) -> JsonObject | None:
    """What of somebody else's schema is one for forms: the rest of it is left to whoever wrote it. None: nothing is."""
    if sum(1 for _ in _parts(foreign)) > _MOST_FOREIGN:
        return None
    kept = _judged(foreign, 0)
    try:
        return check({**kept, "type": "object"})
    except BadForm:
        return None


def is_of_arguments(foreign: JsonObject) -> bool:
    """Whether somebody else's schema is one of an object, refers to nothing outside itself and is not too deep."""
    if foreign.get("type", "object") != "object" or not _is_closed(foreign):
        return False
    try:
        Draft202012Validator.check_schema({**foreign, "$schema": _DIALECT})
    except SchemaError:
        return False
    return True


def faults(form: JsonObject, values: Json, *, most: int = MOST_VALUES) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with an answer: places in `values`, and sentences. `form` was checked before."""
    if sum(1 for _ in _parts(values)) > most:
        yield (), f"These are too many values; an answer may have {most}."
        return
    for error in islice(_Validator(form, registry=Registry()).iter_errors(values), MOST_FAULTS):
        yield tuple(error.absolute_path), f"{error.message[:300]}."


def _check_keywords(schema: Json, at: str, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise BadForm(said("The form is nested too deeply; {most} levels are allowed.", most=DEEPEST))
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise BadForm(said("There must be an object at {at}.", at=at))
    for keyword in schema:
        if keyword not in _KEYWORDS:
            raise BadForm(said("{keyword} (at {at}) is not available in forms.", keyword=repr(keyword[:40]), at=at))
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            conditions.pattern(pattern)
        except conditions.BadPattern as error:
            raise BadForm(said("{fault} (at {at}.pattern).", fault=reason(error), at=at)) from error
    inner = schema.get("properties")
    for name, each in inner.items() if isinstance(inner, dict) else ():
        _check_keywords(each, f"{at}.properties.{name[:40]}", depth + 1)
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            _check_keywords(schema[keyword], f"{at}.{keyword}", depth + 1)


def _judged(schema: JsonObject, depth: int) -> JsonObject:
    """A schema that allows at least what `schema` allows."""
    if depth > DEEPEST:
        return {}
    kept = {word: value for word, value in schema.items() if word in _JUDGED}
    if not isinstance(kept.get("pattern", ""), str) or not _is_pattern(str(kept.get("pattern", ""))):
        del kept["pattern"]
    properties = schema.get("properties")
    if isinstance(properties, dict):
        kept["properties"] = {
            name: _judged(each, depth + 1) if isinstance(each, dict) else {} for name, each in properties.items()
        }
    items, more = schema.get("items"), schema.get("additionalProperties")
    if isinstance(items, dict) and "prefixItems" not in schema:
        kept["items"] = _judged(items, depth + 1)
    if more is not None and not (_ELSEWHERE & set(schema)):
        kept["additionalProperties"] = _judged(more, depth + 1) if isinstance(more, dict) else more
    return kept


def _is_closed(schema: JsonObject) -> bool:
    """References are to its own definitions alone, and it is no deeper than `DEEPEST` schemas are."""
    defined = schema.get("$defs", schema.get("definitions", {}))
    places = {f"#/{word}/{name}" for word in ("$defs", "definitions") for name in _names(defined)} | {"#"}
    todo: list[tuple[Json, int]] = [(schema, 0)]
    while todo:
        here, depth = todo.pop()
        if depth > 2 * DEEPEST:
            return False
        if isinstance(here, dict):
            reference = here.get("$ref", "#")
            if (isinstance(reference, str) and reference not in places) or "$dynamicRef" in here:
                return False
            todo += [(each, depth + 1) for each in here.values()]
        elif isinstance(here, list):
            todo += [(each, depth + 1) for each in here]
    return True


def _names(defined: Json) -> list[str]:
    return [*defined] if isinstance(defined, dict) else []


def _is_pattern(text: str) -> bool:
    try:
        conditions.pattern(text)
    except conditions.BadPattern:
        return False
    return True


def _parts(value: Json) -> Iterator[None]:
    """One for each thing in it, without recursion."""
    todo = [value]
    while todo:
        yield None
        here = todo.pop()
        if isinstance(here, dict):
            todo += here.values()
        elif isinstance(here, list):
            todo += here


def _place(root: str, error: SchemaError) -> str:
    return ".".join([root, *map(str, error.absolute_path)])


def _pattern(_validator: object, wanted: str, value: object, _schema: Mapping[str, Any]) -> "Iterator[ValidationError]":
    if isinstance(value, str) and conditions.pattern(wanted).search(value) is None:
        yield ValidationError(f"{value[:80]!r} does not match {wanted!r}")


def _enum(_validator: object, wanted: list[Json], value: Json, _schema: object) -> Iterator[ValidationError]:
    """As the library's, a hundred times faster for a long list; true is not 1."""
    if value in wanted and any(each == value and isinstance(each, bool) == isinstance(value, bool) for each in wanted):
        return
    yield ValidationError(f"{str(value)[:80]!r} is not one of {str(wanted)[:200]}")


_Validator: Final = extend(Draft202012Validator, {"pattern": _pattern, "enum": _enum})
