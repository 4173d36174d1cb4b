"""From JSON that somebody sent to a `Definition`, with everything that is wrong about its shape. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from blocks.values import Json, JsonObject
from core.automations import shortforms, webhook_secrets
from core.automations.definition import Definition
from core.errors import Finding
from core.places import place
from core.sentences import sentence

MOST_STEPS: Final = 200
DEEPEST: Final = 40
MOST_VALUES: Final = 50_000
MOST_REPAIRS: Final = 200  # with more that is wrong, the rest is checked when those are mended
_STAND_IN: Final = "unreadable"
_MOST_NAMES: Final = 20
Loc: TypeAlias = tuple[int | str, ...]


@dataclass(slots=True)
class Reading:
    """What was understood. With `findings` the definition is repaired where it was wrong: good for further checks only.

    `doubtful` are the places that were repaired: what later checks say about them is noise.
    """

    definition: Definition | None
    findings: list[Finding] = field(default_factory=list)
    secret: str | None = None
    enabled: bool | None = None
    doubtful: tuple[str, ...] = ()


def read(raw: Json) -> Reading:
    """Limits, short forms, ids and needs, then the model: all findings at once."""
    if not isinstance(raw, dict):
        return Reading(None, [Finding("", "An automation is a JSON object with name, trigger_type and actions.")])
    if too_big := limits(raw):
        return Reading(None, [too_big])
    return read_expanded(shortforms.expand(raw))


def read_expanded(expanded: shortforms.Expanded) -> Reading:
    """As `read`, for a document in the long form (a patch was merged in between)."""
    if too_big := limits(expanded.document):
        return Reading(None, [too_big])
    reading = Reading(None, list(expanded.findings))
    reading.secret = _secret(expanded.secret, reading.findings)
    reading.enabled = _switch(expanded.enabled, reading.findings)
    document = shortforms.fill(expanded.document)
    try:
        reading.definition = Definition.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False)
        reading.findings += [Finding(place(each["loc"]), _in_words(each)) for each in details]
        reading.doubtful = tuple(place(each["loc"]) for each in details)
        if len(details) <= MOST_REPAIRS:
            reading.definition = _repaired(document, [each["loc"] for each in details])
    return reading


def limits(raw: JsonObject) -> Finding | None:
    """Refuse what is too large before anything walks through it with care."""
    actions = raw.get("actions")
    if isinstance(actions, list) and len(actions) > MOST_STEPS:
        return Finding("actions", f"An automation has at most {MOST_STEPS} steps; this one has {len(actions)}.")
    level: list[Json] = [raw]
    depth = count = 0
    while level:
        depth += 1
        count += len(level)
        if depth > DEEPEST:
            return Finding("", f"The document is nested more than {DEEPEST} levels deep; make it flatter.")
        if count > MOST_VALUES:
            return Finding("", f"The document holds more than {MOST_VALUES} values; make it smaller.")
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    return None


def named(step_ids: Iterable[str]) -> str:
    """Step ids for a sentence: the first of them, each once, without those that stand in for unreadable ones."""
    known = dict.fromkeys(each for each in step_ids if not each.startswith(f"{_STAND_IN}_"))
    return ", ".join(list(known)[:_MOST_NAMES]) or "none"


def _in_words(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch" and detail["loc"][-1:] == ("id",):
        return "An id begins with a letter a-z and goes on with at most 39 letters a-z, digits and _."
    return sentence(detail)


def _secret(secret: Json, findings: list[Finding]) -> str | None:
    if secret is None:
        return None
    if isinstance(secret, str) and webhook_secrets.is_takeable(secret):
        return secret
    findings.append(Finding("trigger_config.secret", "A secret has 8 to 256 printable ASCII characters."))
    return None


def _switch(enabled: Json, findings: list[Finding]) -> bool | None:
    if enabled is None or isinstance(enabled, bool):
        return enabled
    findings.append(Finding("enabled", "enabled is true or false."))
    return None


def _repaired(document: JsonObject, wrong: Sequence[Loc]) -> Definition | None:
    """The document without its wrong values, so that the rest of it can be checked in the same go."""
    repaired: Json = document
    places = {
        loc if loc[:1] == ("actions",) else loc[:1] for loc in wrong
    }  # other sections have defaults to fall back to
    for loc in sorted(places, key=lambda loc: [str(part).zfill(8) for part in loc], reverse=True):
        repaired = _without(repaired, loc)
    try:
        return Definition.model_validate(repaired)
    except ValidationError:
        return None


def _without(value: Json, loc: Loc, done: int = 0) -> Json:
    """A copy of `value` in which the value at `loc` is gone, or stood in for where it must be there."""
    if done == len(loc):
        return _stand_in(loc)
    key = loc[done]
    last = done + 1 == len(loc)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        kept_here = not last or (loc[0] == "actions" and len(loc) == 2)  # a step keeps its place and number
        middle = [_without(value[key], loc, done + 1)] if kept_here else []
        return [*value[:key], *middle, *value[key + 1 :]]
    if isinstance(value, dict) and isinstance(key, str):
        if not last and key in value:
            return {**value, key: _without(value[key], loc, done + 1)}
        kept: JsonObject = {name: each for name, each in value.items() if name != key}
        return {**kept, key: _stand_in(loc)} if key in ("name", "type", "id") else kept
    return value


def _stand_in(loc: Loc) -> Json:
    step = loc[1] if len(loc) > 1 else ""
    match loc[-1]:
        case "name" | "type":
            return _STAND_IN
        case "id":
            return f"{_STAND_IN}_{step}"
        case _ if len(loc) == 2 and loc[0] == "actions":
            return {"id": f"{_STAND_IN}_{step}", "type": _STAND_IN}
        case _:
            return None
