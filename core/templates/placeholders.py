"""The blanks of a template that are filled when it is deployed: `${inputs.time}`, `${connections.mail}`,
`${agents.writer}`, `${me.email}`. Pure.

They are no Jinja: what stands in `{{ }}` is for the run. A text that is one whole blank takes the value as it is, with
its type. `${inputs.time.hour}` and `.minute` are the numbers of a time such as 08:30.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from blocks.values import Json, JsonObject

_BLANK: Final = re.compile(r"\$\{([a-z]+)\.([a-z][a-z0-9_]*)(?:\.(hour|minute))?\}")
_IN_JINJA: Final = re.compile(r"\{\{(?:(?!\}\}).)*\$\{|\{%(?:(?!%\}).)*\$\{", re.DOTALL)
_JINJA: Final = re.compile(r"\{\{|\{%|\{#")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

Values = Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Placeholder:
    root: str
    name: str
    part: str | None = None

    def __str__(self) -> str:
        return "${" + ".".join(filter(None, (self.root, self.name, self.part))) + "}"


def used(value: Json) -> Iterator[Placeholder]:
    """Every blank in it."""
    for text in _texts(value):
        yield from (Placeholder(*found) for found in _BLANK.findall(text))


def faults(value: Json) -> Iterator[str]:
    """Sentences about what looks like a blank and is none, or stands where no blank can."""
    for text in _texts(value):
        if text.count("${") != len(_BLANK.findall(text)):
            yield f"This is no placeholder: {text[max(text.find('${'), 0) :][:60]!r}."
        if _IN_JINJA.search(text):
            yield f"A placeholder can't stand inside of {{{{ }}}} or {{% %}}: {text[:60]!r}."


def is_written_in_jinja(value: Json) -> bool:
    """Whether some text in it would be rendered by a run: what is filled in is data."""
    return any(_JINJA.search(text) for text in _texts(value))


def filled(value: Json, values: Values) -> Json:
    """A copy without blanks. Raises `KeyError` for one that `values` has not."""
    if isinstance(value, dict):
        return {name: filled(each, values) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, values) for each in value]
    return _filled(value, values) if isinstance(value, str) else value


def _filled(text: str, values: Values) -> Json:
    whole = _BLANK.fullmatch(text)
    if whole is not None:
        return _value(whole, values)
    return _BLANK.sub(lambda found: _written(_value(found, values)), text)


def _value(found: "re.Match[str]", values: Values) -> Json:
    value = values[found[1]][found[2]]
    if found[3] is None:
        return value
    time = _TIME.fullmatch(str(value))
    if time is None:
        raise ValueError(f"{value!r} is no time such as 08:30.")
    return int(time[1] if found[3] == "hour" else time[2])


def _written(value: Json) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def without_steps(actions: list[JsonObject], accounts: set[str]) -> list[JsonObject]:
    """The steps without those that work with one of these `${connections.…}`; what needed such a step needs what that
    one needed."""
    kept: list[JsonObject] = []
    instead: dict[str, list[Json]] = {}
    before: list[Json] = []
    for step in actions:
        needs = step.get("needs", before)
        wanted: list[Json] = []
        for each in needs if isinstance(needs, list) else [needs]:
            wanted += instead.get(str(each).partition(":")[0], [each])
        before = [step["id"]]
        if any(each.root == "connections" and each.name in accounts for each in used(step)):
            instead[str(step["id"])] = wanted
            before = wanted
        else:
            kept.append({**step, "needs": wanted})
    return kept


def _texts(value: Json) -> Iterator[str]:
    todo = [value]
    while todo:
        here = todo.pop()
        if isinstance(here, str):
            yield here
        elif isinstance(here, dict):
            todo += here.values()
        elif isinstance(here, list):
            todo += here
