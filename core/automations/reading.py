"""From JSON that somebody sent to a `Definition`, with everything that is wrong about its shape. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from blocks import registry
from blocks.sentences import said
from blocks.values import Json, JsonObject
from core.automations import containers, shortforms, webhook_secrets
from core.automations.containers import Loc
from core.automations.definition import Definition, Step
from core.errors import Finding
from core.places import place
from core.sentences import sentence

MOST_STEPS: Final = 200
DEEPEST: Final = 40
MOST_VALUES: Final = 50_000
MOST_REPAIRS: Final = 200  # with more that is wrong, the rest is checked when those are mended
_STAND_IN: Final = "unreadable"
_MOST_NAMES: Final = 20


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
        return Reading(None, [Finding("", said("An automation is a JSON object with name, trigger_type and actions."))])
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
    wrong = [*_wrong(document), *_wrong_inside(document)]
    reading.findings += [Finding(place(at), message) for at, message in wrong]
    reading.doubtful = tuple(place(at) for at, _ in wrong)
    if len(wrong) <= MOST_REPAIRS:
        reading.definition = _understood(_repaired(document, [at for at, _ in wrong]))
    return reading


def limits(raw: JsonObject) -> Finding | None:
    """Refuse what is too large before anything walks through it with care."""
    actions = raw.get("actions")
    if isinstance(actions, list) and len(actions) > MOST_STEPS:
        return _too_many(len(actions))
    level: list[Json] = [raw]
    depth = count = 0
    while level:
        depth += 1
        count += len(level)
        if depth > DEEPEST:
            return Finding(
                "", said("The document is nested more than {most} levels deep; make it flatter.", most=DEEPEST)
            )
        if count > MOST_VALUES:
            return Finding("", said("The document holds more than {most} values; make it smaller.", most=MOST_VALUES))
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    steps = sum(len(body) for _, body in containers.raw_bodies(raw, registry.actions()) if isinstance(body, list))
    return _too_many(steps) if steps > MOST_STEPS else None


def _too_many(steps: int) -> Finding:
    pattern = "An automation has at most {most} steps, inner ones included; this has {count}."
    return Finding("actions", said(pattern, most=MOST_STEPS, count=steps))


def named(step_ids: Iterable[str]) -> str:
    """Step ids for a sentence: the first of them, each once, without those that stand in for unreadable ones."""
    known = dict.fromkeys(each for each in step_ids if not each.startswith(f"{_STAND_IN}_"))
    return ", ".join(list(known)[:_MOST_NAMES]) or "none"


def _wrong(document: JsonObject) -> Iterator[tuple[Loc, str]]:
    """What of the document has the wrong shape, the steps inside others left out."""
    try:
        Definition.model_validate(document)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            yield detail["loc"], _in_words(detail)


def _wrong_inside(document: JsonObject) -> Iterator[tuple[Loc, str]]:
    """What has the wrong shape in the steps inside others."""
    for at, body in containers.raw_bodies(document, registry.actions()):
        if (level := containers.depth(at)) == 0:
            continue
        if level > containers.DEEPEST:
            yield (
                at,
                said(
                    "Loops stand at most {most} deep in each other; let an automation step do the rest.",
                    most=containers.DEEPEST,
                ),
            )
            return  # the deeper ones are inside of this, or as deep
        if not isinstance(body, list):
            yield at, said("This must be a list of steps; no template can stand for it.")
            continue
        for index, step in enumerate(body):
            try:
                Step.model_validate(step)
            except ValidationError as error:
                for detail in error.errors(include_url=False):
                    loc = (*at, index, *detail["loc"])
                    yield loc, _in_words({**detail, "loc": loc})


def _in_words(detail: ErrorDetails) -> str:
    if detail["type"] == "string_pattern_mismatch" and detail["loc"][-1:] == ("id",):
        return said(
            "An id begins with a letter a-z and goes on with at most 39 letters a-z, digits and _, such as {example}.",
            example=_as_id(str(detail["input"])),
        )
    return sentence(detail)


def _as_id(text: str) -> str:
    """An id that somebody may have meant by it."""
    return re.sub(r"[^a-z0-9]+", "_", text[:200].lower()).lstrip("_0123456789")[:40].rstrip("_") or "send_mail"


def _secret(secret: Json, findings: list[Finding]) -> str | None:
    if secret is None:
        return None
    if isinstance(secret, str) and webhook_secrets.is_takeable(secret):
        return secret
    findings.append(Finding("trigger_config.secret", said("A secret has 8 to 256 printable ASCII characters.")))
    return None


def _switch(enabled: Json, findings: list[Finding]) -> bool | None:
    if enabled is None or isinstance(enabled, bool):
        return enabled
    findings.append(Finding("enabled", said("enabled is true or false.")))
    return None


def _understood(document: Json) -> Definition | None:
    try:
        definition = Definition.model_validate(document)
        actions = [containers.written_out(step, registry.actions()) for step in definition.actions]
    except ValidationError:
        return None
    return definition.model_copy(update={"actions": actions})


def _repaired(document: JsonObject, wrong: Sequence[Loc]) -> Json:
    """The document without its wrong values, so that the rest of it can be checked in the same go."""
    repaired: Json = document
    places = {_smallest(loc) for loc in wrong}
    for loc in sorted(places, key=lambda loc: [str(part).zfill(8) for part in loc], reverse=True):
        repaired = _without(repaired, loc)
    return repaired


def _smallest(loc: Loc) -> Loc:
    """What can be taken away around a wrong value: other sections and `retry` have defaults to fall back to."""
    if loc[:1] != ("actions",):
        return loc[:1]
    return loc[: loc.index("retry") + 1] if "retry" in loc else loc


def _is_step(loc: Loc) -> bool:
    """Whether a step stands there: `actions[0]`, `actions[0].config.steps[1]`. Other things at such a place have no
    fault of their own, for any value may stand in a config."""
    inside = len(loc) % 3 == 2 and set(loc[2::3]) <= {"config"}
    return loc[:1] == ("actions",) and inside and isinstance(loc[-1], int)


def _without(value: Json, loc: Loc, done: int = 0) -> Json:
    """A copy of `value` in which the value at `loc` is gone, or stood in for where it must be there."""
    if done == len(loc):
        return _stand_in(loc)
    key = loc[done]
    last = done + 1 == len(loc)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        middle = [_without(value[key], loc, done + 1)] if not last or _is_step(loc) else []  # a step keeps its place
        return [*value[:key], *middle, *value[key + 1 :]]
    if isinstance(value, dict) and isinstance(key, str):
        if not last and key in value:
            return {**value, key: _without(value[key], loc, done + 1)}
        kept: JsonObject = {name: each for name, each in value.items() if name != key}
        return {**kept, key: _stand_in(loc)} if key in ("name", "type", "id") else kept
    return value


def _stand_in(loc: Loc) -> Json:
    name = "_".join([_STAND_IN, *(str(part) for part in loc if isinstance(part, int))])
    if _is_step(loc):
        return {"id": name, "type": _STAND_IN}
    match loc[-1]:
        case "name" | "type":
            return _STAND_IN
        case "id":
            return name
    return None
