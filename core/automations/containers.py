"""Steps that stand inside other steps: the one place that knows where they are. Pure.

An action that `contains` steps names the field of its config that holds them. In a stored definition they are written
out there like the outer ones. Ids are unique over the whole definition, needs hold within one list of steps.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import JsonValue, TypeAdapter

from blocks.action import Action
from blocks.values import Json, JsonObject
from core.automations.definition import Step
from core.places import place

DEEPEST: Final = 3  # loops in loops
TOP: Final = "actions"

Actions: TypeAlias = Mapping[str, Action[Any]]
Loc: TypeAlias = tuple[int | str, ...]

_OBJECT: TypeAdapter[JsonObject] = TypeAdapter(dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class Body:
    """A list of steps: the automation's own, or what one of its steps contains. `holder` is that step, `outer` the body
    that it stands in."""

    at: Loc
    steps: Sequence[Step]
    holder: Step | None = None
    outer: "Body | None" = None

    def place(self, index: int, *more: int | str) -> str:
        """Where one of its steps stands, or something in that: `actions[2].config.steps[1].config.url`."""
        return place((*self.at, index, *more))


def field_of(kind: Json, actions: Actions) -> str | None:
    """The field of the config that holds steps, in a step of this type."""
    action = actions.get(kind) if isinstance(kind, str) else None
    return action.contains if action is not None else None


def contained(step: Step, actions: Actions) -> list[Step]:
    """The steps inside `step`; none where it is no container. Raises pydantic's `ValidationError` for what was not read
    by `reading.py`."""
    field = field_of(step.type, actions)
    inside = step.config.get(field) if field is not None else None
    return [Step.model_validate(each) for each in inside] if isinstance(inside, list) else []


def own_config(step: Step, actions: Actions) -> JsonObject:
    """The config without the steps inside: what the step itself renders."""
    field = field_of(step.type, actions)
    return {name: value for name, value in step.config.items() if name != field}


def bodies(steps: Sequence[Step], actions: Actions) -> list[Body]:
    """Every list of steps of a definition, each behind the one that it stands in."""
    found = [Body((TOP,), steps)]
    for body in found:  # grows meanwhile
        for index, step in enumerate(body.steps):
            field = field_of(step.type, actions)
            if field is not None and (inside := contained(step, actions)):
                found.append(Body((*body.at, index, "config", field), inside, step, body))
    return found


def places(steps: Sequence[Step], actions: Actions, at: Loc = (TOP,)) -> Iterator[Loc]:
    """Where all steps of a definition stand, in the order of the document."""
    for index, step in enumerate(steps):
        yield (*at, index)
        if (field := field_of(step.type, actions)) is not None:
            yield from places(contained(step, actions), actions, (*at, index, "config", field))


def written_out(step: Step, actions: Actions) -> Step:
    """The step with everything inside it in the long form, every default there. Raises as `contained`."""
    field = field_of(step.type, actions)
    if field is None or not isinstance(step.config.get(field), list):
        return step
    inside = [_plain(written_out(each, actions)) for each in contained(step, actions)]
    return step.model_copy(update={"config": {**step.config, field: inside}})


def raw_bodies(document: JsonObject, actions: Actions) -> Iterator[tuple[Loc, Json]]:
    """What stands where steps belong, in a document that nobody has judged yet; the outermost first."""
    todo: list[tuple[Loc, Json]] = [((TOP,), document[TOP])] if TOP in document else []
    for at, value in todo:  # grows meanwhile
        yield at, value
        for index, step in enumerate(value) if isinstance(value, list) else ():
            if not isinstance(step, dict) or not isinstance(config := step.get("config"), dict):
                continue
            field = field_of(step.get("type"), actions)
            if field is not None and field in config:
                todo.append(((*at, index, "config", field), config[field]))


def depth(at: Loc) -> int:
    """How many loops a body stands in, the one that holds it included."""
    return (len(at) - 1) // 3


def _plain(step: Step) -> JsonObject:
    return _OBJECT.validate_python(step.model_dump(mode="json"))
