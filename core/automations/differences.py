"""What changed between two definitions, in findings that a person can read. Pure.

Steps are paired first: those of the same id, then those with the same content under another id (renamed), then those
that are alike. A step that was moved, renamed and changed is three findings. Together the findings tell everything: the
first document and its differences give the second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias, TypeVar

from blocks.values import Json, JsonObject
from core.automations.definition import Definition, canonical
from core.places import place

ALIKE: Final = 0.5  # share of equal values from which two steps of one type are the same step
_PLACED: Final = frozenset({"id", "needs"})  # of a step: its name and its place in the graph
_Path: TypeAlias = tuple[str | int, ...]
_Key = TypeVar("_Key", str, int)


class Kind(StrEnum):
    """What a finding is about."""

    STEP_ADDED = "step_added"
    STEP_REMOVED = "step_removed"
    STEP_RENAMED = "step_renamed"
    STEP_MOVED = "step_moved"
    STEP_CHANGED = "step_changed"
    TRIGGER_CHANGED = "trigger_changed"
    POLICY_CHANGED = "policy_changed"
    NAME_CHANGED = "name_changed"
    DESCRIPTION_CHANGED = "description_changed"
    LAYOUT_CHANGED = "layout_changed"


@dataclass(frozen=True, slots=True)
class Field:
    """One value that differs. `before` of an added and `after` of a removed one are null."""

    at: _Path
    change: Literal["added", "removed", "changed"]
    before: Json
    after: Json

    @property
    def path(self) -> str:
        """Where it stands in the step, or in the document: `config.url`."""
        return place(self.at)


@dataclass(frozen=True, slots=True)
class Difference:
    """One finding. `step` is the id in the newer definition, of a removed step the one it had.

    Of an added, removed or moved step `before` and `after` hold `{"position", "needs"}`, with the whole `step` where it
    was added or removed; of a renamed one the ids. `fields` are the values of what is changed. `quiet` ones concern
    nobody but the editor.
    """

    kind: Kind
    step: str | None = None
    before: Json = None
    after: Json = None
    fields: tuple[Field, ...] = ()

    @property
    def quiet(self) -> bool:
        return self.kind is Kind.LAYOUT_CHANGED


def differences(before: Definition, after: Definition) -> list[Difference]:
    """Everything that makes `after` another definition than `before`; nothing where they are equal."""
    old, new = canonical(before), canonical(after)
    old_steps, new_steps = _steps(old), _steps(new)
    pairs = _paired(old_steps, new_steps)
    renamed = {str(old_steps[was]["id"]): str(new_steps[now]["id"]) for now, was in pairs.items()}
    return [
        *_section(Kind.NAME_CHANGED, old, new, "name"),
        *_section(Kind.DESCRIPTION_CHANGED, old, new, "description"),
        *_section(Kind.TRIGGER_CHANGED, old, new, "trigger_type", "trigger_config"),
        *_step_findings(old_steps, new_steps, pairs, renamed),
        *_section(Kind.POLICY_CHANGED, old, new, "policy"),
        *_section(Kind.LAYOUT_CHANGED, _with_names(old, renamed), new, "layout"),
    ]


def _section(kind: Kind, old: JsonObject, new: JsonObject, *names: str) -> Iterator[Difference]:
    fields = tuple(found for name in names for found in _fields(old[name], new[name], (name,)))
    if fields:
        yield Difference(kind, fields=fields)


def _with_names(document: JsonObject, renamed: Mapping[str, str]) -> JsonObject:
    """The document with its layout under the steps' newer ids: a new name moves no block."""
    layout = document["layout"]
    positions = layout if isinstance(layout, dict) else {}
    taken = set(renamed.values())
    kept = {name: where for name, where in positions.items() if name not in renamed and name not in taken}
    return {**document, "layout": kept | {renamed[name]: positions[name] for name in renamed if name in positions}}


# steps ----------------------------------------------------------------------------------------------------------------


def _steps(document: JsonObject) -> list[JsonObject]:
    actions = document["actions"]
    return [step for step in actions if isinstance(step, dict)] if isinstance(actions, list) else []


def _paired(old: Sequence[JsonObject], new: Sequence[JsonObject]) -> dict[int, int]:
    """The position before of each step that is still there, by its position now."""
    pairs: dict[int, int] = {}
    left = list(range(len(old)))

    def pair(now: int, was: int) -> None:
        pairs[now] = was
        left.remove(was)

    for same in (_same_id, _same_content):
        for now, step in enumerate(new):
            found = None if now in pairs else next((was for was in left if same(old[was], step)), None)
            if found is not None:
                pair(now, found)
    values = {was: _values(old[was]) for was in left}
    for now, step in enumerate(new):
        if now not in pairs:
            mine = _values(step)
            likeness = {was: _likeness(values[was], mine) for was in left if old[was]["type"] == step["type"]}
            best = max(likeness, key=lambda was: likeness[was], default=None)
            if best is not None and likeness[best] >= ALIKE:
                pair(now, best)
    return dict(sorted(pairs.items()))


def _same_id(one: JsonObject, other: JsonObject) -> bool:
    return one["id"] == other["id"]


def _same_content(one: JsonObject, other: JsonObject) -> bool:
    return _content(one) == _content(other)


def _content(step: JsonObject) -> JsonObject:
    return {name: value for name, value in step.items() if name not in _PLACED}


def _values(step: JsonObject) -> frozenset[tuple[_Path, str]]:
    """Every value of a step's config with its place."""
    return frozenset((at, repr(value)) for at, value in _leaves(step["config"], ()))


def _leaves(value: Json, at: _Path) -> Iterator[tuple[_Path, Json]]:
    match value:
        case dict():
            for name, each in value.items():
                yield from _leaves(each, (*at, name))
        case list():
            for index, each in enumerate(value):
                yield from _leaves(each, (*at, index))
        case _:
            yield at, value


def _likeness(one: frozenset[object], other: frozenset[object]) -> float:
    """From 0 to 1: what they share of all that they have (Dice's coefficient)."""
    return 2 * len(one & other) / ((len(one) + len(other)) or 1)


def _step_findings(
    old: Sequence[JsonObject], new: Sequence[JsonObject], pairs: Mapping[int, int], renamed: Mapping[str, str]
) -> Iterator[Difference]:
    for was, step in enumerate(old):
        if was not in pairs.values():
            yield Difference(Kind.STEP_REMOVED, str(step["id"]), before={**_place(step, was), "step": step})
    settled = _in_order(pairs)
    for now, step in enumerate(new):
        name = str(step["id"])
        if now not in pairs:
            yield Difference(Kind.STEP_ADDED, name, after={**_place(step, now), "step": step})
            continue
        was = pairs[now]
        if old[was]["id"] != name:
            yield Difference(Kind.STEP_RENAMED, name, before=old[was]["id"], after=name)
        if now not in settled or _needs(old[was], renamed) != step["needs"]:
            yield Difference(Kind.STEP_MOVED, name, before=_place(old[was], was), after=_place(step, now))
        if fields := tuple(_fields(_content(old[was]), _content(step), ())):
            yield Difference(Kind.STEP_CHANGED, name, fields=fields)


def _place(step: JsonObject, position: int) -> JsonObject:
    return {"position": position, "needs": step["needs"]}


def _needs(step: JsonObject, renamed: Mapping[str, str]) -> Json:
    """The step's needs under the newer ids: who follows a renamed step was not moved."""
    needs = step["needs"]
    parted = [str(need).partition(":") for need in needs] if isinstance(needs, list) else []
    return [f"{renamed.get(name, name)}{colon}{outlet}" for name, colon, outlet in parted]


def _in_order(pairs: Mapping[int, int]) -> frozenset[int]:
    """The positions now of a longest run of steps that kept their order; the others changed places with them."""
    runs: dict[int, list[int]] = {}  # by the position before that a run ends with
    for now, was in pairs.items():
        before = [run for last, run in runs.items() if last < was]
        runs[was] = [*_longest(before), now]
    return frozenset(_longest(list(runs.values())))


def _longest(runs: list[list[int]]) -> list[int]:
    return max(runs, key=len, default=[])


# values ---------------------------------------------------------------------------------------------------------------


def _fields(before: Json, after: Json, at: _Path) -> Iterator[Field]:
    """The smallest values in which two differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _members(before, after, at)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _members(dict(enumerate(before)), dict(enumerate(after)), at)
    elif isinstance(before, bool) is not isinstance(after, bool) or before != after:  # true is not 1
        yield Field(at, "changed", before, after)


def _members(before: Mapping[_Key, Json], after: Mapping[_Key, Json], at: _Path) -> Iterator[Field]:
    for key, value in before.items():
        if key in after:
            yield from _fields(value, after[key], (*at, key))
        else:
            yield Field((*at, key), "removed", value, None)
    for key, value in after.items():
        if key not in before:
            yield Field((*at, key), "added", None, value)
