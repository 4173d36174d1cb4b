"""What changed between two definitions, in findings that a person can read. Pure.

Steps are paired first: those of the same id, then those with the same content under another id (renamed), then those
that are alike. A step that was moved, renamed and changed is three findings. Together the findings tell everything: the
first document and its differences give the second. Steps inside loops are steps like the others; a loop itself is told
without them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias, TypeVar

from blocks import registry
from blocks.values import Json, JsonObject
from core.automations.containers import field_of
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
    """One finding. `step` is the id in the newer definition, of a removed step the one it had; `loop` is that of the
    step around it, None where it stands in no loop.

    Of an added, removed or moved step `before` and `after` hold `{"position", "needs", "loop"}`, with the whole `step`
    where it was added or removed; of a renamed one the ids. `fields` are the values of what is changed. `quiet` ones
    concern nobody but the editor.
    """

    kind: Kind
    step: str | None = None
    before: Json = None
    after: Json = None
    fields: tuple[Field, ...] = ()
    loop: str | None = None

    @property
    def quiet(self) -> bool:
        return self.kind is Kind.LAYOUT_CHANGED


def differences(before: Definition, after: Definition) -> list[Difference]:
    """Everything that makes `after` another definition than `before`; nothing where they are equal."""
    old, new = canonical(before), canonical(after)
    old_steps, new_steps = _steps(old), _steps(new)
    pairs = _paired(old_steps, new_steps)
    renamed = {old_steps[was].id: new_steps[now].id for now, was in pairs.items()}
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


@dataclass(frozen=True, slots=True)
class _Standing:
    """A step without those inside it, and where it stands."""

    step: JsonObject
    position: int  # in its list
    loop: str | None

    @property
    def id(self) -> str:
        return str(self.step["id"])

    @property
    def place(self) -> JsonObject:
        return {"position": self.position, "needs": self.step["needs"], "loop": self.loop}

    @property
    def content(self) -> JsonObject:
        return {name: value for name, value in self.step.items() if name not in _PLACED}


def _steps(document: JsonObject) -> list[_Standing]:
    """All of them, each loop before the steps inside it."""
    return list(_standing(document["actions"], None))


def _standing(steps: Json, loop: str | None) -> Iterator[_Standing]:
    for position, step in enumerate(steps if isinstance(steps, list) else ()):
        if not isinstance(step, dict):
            continue
        field, config = field_of(step["type"], registry.actions()), step["config"]
        if field is None or not isinstance(config, dict) or not isinstance(config.get(field), list):
            yield _Standing(step, position, loop)
            continue
        yield _Standing({**step, "config": {**config, field: []}}, position, loop)
        yield from _standing(config[field], str(step["id"]))


def _paired(old: Sequence[_Standing], new: Sequence[_Standing]) -> dict[int, int]:
    """The number before of each step that is still there, by its number now."""
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
    values = {was: _values(old[was].step) for was in left}
    for now, standing in enumerate(new):
        if now not in pairs:
            mine = _values(standing.step)
            same_type = [was for was in left if old[was].step["type"] == standing.step["type"]]
            likeness = {was: _likeness(values[was], mine) for was in same_type}
            best = max(likeness, key=lambda was: likeness[was], default=None)
            if best is not None and likeness[best] >= ALIKE:
                pair(now, best)
    return dict(sorted(pairs.items()))


def _same_id(one: _Standing, other: _Standing) -> bool:
    return one.id == other.id


def _same_content(one: _Standing, other: _Standing) -> bool:
    return one.content == other.content


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
    old: Sequence[_Standing], new: Sequence[_Standing], pairs: Mapping[int, int], renamed: Mapping[str, str]
) -> Iterator[Difference]:
    for was, gone in enumerate(old):
        if was not in pairs.values():
            yield Difference(Kind.STEP_REMOVED, gone.id, before={**gone.place, "step": gone.step}, loop=gone.loop)
    settled = _settled(old, new, pairs, renamed)
    for now, here in enumerate(new):
        if now not in pairs:
            yield Difference(Kind.STEP_ADDED, here.id, after={**here.place, "step": here.step}, loop=here.loop)
            continue
        before = old[pairs[now]]
        if before.id != here.id:
            yield Difference(Kind.STEP_RENAMED, here.id, before=before.id, after=here.id, loop=here.loop)
        if now not in settled or _needs(before.step, renamed) != here.step["needs"]:
            yield Difference(Kind.STEP_MOVED, here.id, before=before.place, after=here.place, loop=here.loop)
        if fields := tuple(_fields(before.content, here.content, ())):
            yield Difference(Kind.STEP_CHANGED, here.id, fields=fields, loop=here.loop)


def _needs(step: JsonObject, renamed: Mapping[str, str]) -> Json:
    """The step's needs under the newer ids: who follows a renamed step was not moved."""
    needs = step["needs"]
    parted = [str(need).partition(":") for need in needs] if isinstance(needs, list) else []
    return [f"{renamed.get(name, name)}{colon}{outlet}" for name, colon, outlet in parted]


def _settled(
    old: Sequence[_Standing], new: Sequence[_Standing], pairs: Mapping[int, int], renamed: Mapping[str, str]
) -> frozenset[int]:
    """The steps that stay in their loop and kept their order there."""
    stayed: dict[str | None, dict[int, int]] = {}
    for now, was in pairs.items():
        before, after = old[was].loop, new[now].loop
        same = before == after if before is None or after is None else renamed.get(before) == after
        if same:
            stayed.setdefault(after, {})[now] = was
    return frozenset(now for inside in stayed.values() for now in _in_order(inside))


def _in_order(pairs: Mapping[int, int]) -> list[int]:
    """The numbers now of a longest run of steps that kept their order; the others changed places with them."""
    runs: dict[int, list[int]] = {}  # by the number before that a run ends with
    for now, was in pairs.items():
        before = [run for last, run in runs.items() if last < was]
        runs[was] = [*_longest(before), now]
    return _longest(list(runs.values()))


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
