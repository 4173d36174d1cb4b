"""What a replay runs again and what it takes from the former run. Pure: no I/O.

The start step and everything behind it in the graph run again; of the other steps the recorded results are used, as
far as there are any. What a step needs is judged as `flows/plan.py` judges it, with a third answer: not known yet.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError
from typing import Any, Final

from pydantic import ValidationError

from blocks.action import Action, Effect
from blocks.sentences import joined, said
from blocks.values import JsonObject
from core.automations import graph
from core.automations.definition import Definition, Step
from core.errors import Conflict, Finding, Invalid

START: Final = "start"
FAILED: Final = "failed"
STEP: Final = "step:"  # before the id of a step that is called like one of the words above
_NAMED: Final = 20  # steps in a sentence
_CONTAINED: Final = "steps"  # the field of a container's config that holds its steps
_SEVERITY: Final = (Effect.PURE, Effect.IDEMPOTENT, Effect.UNSAFE)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A step of the former run. `began`: it was rendered at least; `choice` and `only` are what it chose, as
    `blocks/outcomes.py: Choose` has them."""

    action_type: str
    status: str
    effect: str = Effect.PURE.value
    began: bool = True
    choice: str | None = None
    only: bool = False
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """The run that is replayed. `definition` is None where its version is not kept any more."""

    status: str
    error_step: str | None
    definition: Definition | None
    steps: Mapping[str, Recorded]


@dataclass(frozen=True, slots=True)
class Again:
    """A step that runs again, and what it does to the world (of a loop: the worst of what it contains)."""

    step_id: str
    action_type: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Copy:
    """A step whose records are copied: with all its items, or (`whole` false) only the items that ended well."""

    step_id: str
    index: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """Everything in the order of the definition. `idle` steps lie on paths that the recorded choices exclude."""

    starts: list[str] = field(default_factory=list)
    again: list[Again] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def effects(self) -> list[Again]:
        """Those that touch the world."""
        return [each for each in self.again if each.effect is not Effect.PURE]


@dataclass(slots=True)
class _Sorted:
    """Where each step of the version goes. `outcome`: how it ended as far as that is known."""

    starts: set[str]
    behind: set[str]  # the starts and everything after them
    outcome: dict[str, Recorded | None] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    idle: set[str] = field(default_factory=set)


def plan(
    definition: Definition, former: Former, start: str, actions: Mapping[str, Action[Any]], *, edited: bool = False
) -> ReplayPlan:
    """The plan of a replay from `start` ("start", "failed" or a step's id) on this version.

    `edited`: with another input than the former run's. Raises `Invalid` (`step_not_found`, `step_not_on_path`,
    `run_not_failed`).
    """
    steps = {step.id: step for step in definition.actions}
    sequence = graph.order(steps)
    if isinstance(sequence, CycleError):  # no version that was checked has one
        raise Conflict("automation_invalid", said("The steps of this version run in a circle."))
    before = graph.upstream(steps, sequence)
    starts = _starts(steps, former, start)
    behind = {name for name in steps if start == START or name in starts or before[name] & starts}
    found = _Sorted(starts, behind)
    was = {} if former.definition is None else {step.id: step for step in former.definition.actions}
    for name in sequence:
        _sort(found, steps, steps[name], former.steps.get(name))
    if start not in (START, FAILED) and starts & found.idle:
        raise _not_on_path(steps, next(iter(starts)), found)
    loops = [
        name
        for name in starts
        if start == FAILED
        and not edited
        and contained(steps[name].config)
        and before[name] <= found.kept
        and steps[name] == was.get(name)
    ]
    return ReplayPlan(
        starts=[name for name in steps if name in starts],
        again=[
            _again(step, former.steps.get(name), was.get(name), actions)
            for name, step in steps.items()
            if name in found.again
        ],
        kept=[name for name in steps if name in found.kept],
        idle=[name for name in steps if name in found.idle],
        copies=_copies(steps, found.kept, loops),
        warnings=_warnings(steps, former, was, start, found),
    )


def _starts(steps: graph.Graph, former: Former, start: str) -> set[str]:
    if start == START:
        return set()
    if start == FAILED:
        if former.status != "failed":
            raise _refused("run_not_failed", said("This run did not fail: name a step to start from, or start."))
        left = {name for name, found in former.steps.items() if name in steps and _unfinished(steps, name, found)}
        return left | ({former.error_step} & steps.keys() if former.error_step else set())
    name = start.removeprefix(STEP)
    if name not in steps:
        detail = said(
            "This version has no step {step}; there are: {steps}.", step=repr(name), steps=_named(list(steps))
        )
        raise _refused("step_not_found", detail)
    return {name}


def _unfinished(steps: graph.Graph, name: str, found: Recorded) -> bool:
    """Whether a step of a failed run is a reason to begin there: it failed, or was cut off."""
    if found.status == "failed":
        return not _caught(steps, name)
    return found.status not in ("success", "skipped") or (found.status == "skipped" and found.began)


def _caught(steps: graph.Graph, name: str) -> bool:
    """Whether the run goes on after a failure of the step."""
    return steps[name].on_error == "continue" or any((name, "error") in graph.needed(step) for step in steps.values())


def _sort(found: _Sorted, steps: graph.Graph, step: Step, recorded: Recorded | None) -> None:
    """Decide on one step; everything before it was decided on.

    What was skipped is judged anew: a wait that was dropped with its run is marked as skipped as well.
    """
    usable = None if step.id in found.behind else recorded
    possible = _verdict(steps, step, found.outcome)
    if usable is not None and _has_result(steps, step, usable):
        found.kept.add(step.id)
        found.outcome[step.id] = usable
    elif possible is False:
        (found.kept if usable is not None and usable.status == "skipped" else found.idle).add(step.id)
        found.outcome[step.id] = Recorded(step.type, "skipped", began=False)
    else:
        found.again.add(step.id)
        found.outcome[step.id] = None


def _has_result(steps: graph.Graph, step: Step, recorded: Recorded) -> bool:
    if recorded.action_type != step.type:
        return False
    return recorded.status == "success" or (recorded.status == "failed" and _caught(steps, step.id))


def _verdict(steps: graph.Graph, step: Step, outcome: Mapping[str, Recorded | None]) -> bool | None:
    """True: it runs; False: it never will; None: that depends on steps that run again."""
    met = [_met(steps[before], outlet, outcome[before]) for before, outlet in graph.needed(step) if before in steps]
    if step.join == "any" and met:
        return True if True in met else None if None in met else False
    return False if False in met else None if None in met else True


def _met(before: Step, outlet: str, ended: Recorded | None) -> bool | None:
    if ended is None:
        return None
    if outlet == "error":
        return ended.status == "failed"
    if ended.status == "failed":
        return outlet == "" and before.on_error == "continue"
    return ended.status == "success" and (outlet == ended.choice or (outlet == "" and not ended.only))


def _again(step: Step, recorded: Recorded | None, was: Step | None, actions: Mapping[str, Action[Any]]) -> Again:
    """What is recorded counts where it says more than nothing and the step is still as it was."""
    if recorded is not None and recorded.effect != Effect.PURE.value and step == was:
        return Again(step.id, step.type, Effect(recorded.effect))
    return Again(step.id, step.type, effect_of(step.type, step.config, actions))


def effect_of(action_type: str, config: JsonObject, actions: Mapping[str, Action[Any]]) -> Effect:
    """What a step with this configuration does; where templates leave it open, the worst that it may do."""
    inner = [effect_of(str(each.get("type")), config_of(each), actions) for each in contained(config) if "type" in each]
    return max([_own_effect(action_type, config, actions), *inner], key=_SEVERITY.index)


def _own_effect(action_type: str, config: JsonObject, actions: Mapping[str, Action[Any]]) -> Effect:
    action = actions.get(action_type)
    if action is None:
        return Effect.UNSAFE
    try:
        return action.effect(action.Input.model_validate(config))
    except ValidationError:  # a template stands where something else is wanted
        with suppress(AttributeError, TypeError, ValueError):
            return action.effect(action.Input.model_construct(None, **config))
    return Effect.UNSAFE


def contained(config: JsonObject) -> list[JsonObject]:
    """The steps that a container's configuration holds."""
    inner = config.get(_CONTAINED)
    return [each for each in inner if isinstance(each, dict)] if isinstance(inner, list) else []


def config_of(step: JsonObject) -> JsonObject:
    config = step.get("config")
    return config if isinstance(config, dict) else {}


def _all_contained(config: JsonObject) -> list[str]:
    """The ids of the contained steps, at every depth."""
    return [name for each in contained(config) for name in (str(each.get("id")), *_all_contained(config_of(each)))]


def _copies(steps: graph.Graph, kept: set[str], loops: list[str]) -> list[Copy]:
    copies: list[Copy] = []
    for index, (name, step) in enumerate(steps.items()):
        if name in kept or name in loops:
            names = (name, *_all_contained(step.config))
            copies += [Copy(each, index, whole=name in kept) for each in names]
    return copies


def _warnings(steps: graph.Graph, former: Former, was: Mapping[str, Step], start: str, found: _Sorted) -> list[str]:
    told: list[str] = []
    gone = [name for name in former.steps if name not in steps]
    if former.error_step is not None and former.error_step not in steps and start == FAILED:
        lost = said(
            "The failed step {step} does not exist in this version: the replay goes on with what has no result yet.",
            step=former.error_step,
        )
        told.append(lost)
    if gone:
        told.append(said("Steps of the former run that do not exist in this version: {steps}.", steps=_named(gone)))
    if start != START:
        others = [name for name in steps if name in found.again - found.behind]
        if others:
            unusable = said(
                "No result of the former run can be used, so these run as well: {steps}.", steps=_named(others)
            )
            told.append(unusable)
        changed = [
            name for name in steps if name in found.kept and name in was and was[name].config != steps[name].config
        ]
        if changed:
            other = said(
                "These are different in this version, and their recorded results are used: {steps}.",
                steps=_named(changed),
            )
            told.append(other)
    doubtful = [
        name
        for name in steps
        if name in found.again
        and (ended := former.steps.get(name)) is not None
        and (ended.status == "unknown" or ended.error_code == "in_doubt")
    ]
    if doubtful:
        doubt = said(
            "Whether these had their effect is not known; it may happen a second time: {steps}.",
            steps=_named(doubtful),
        )
        told.append(doubt)
    return told


def _not_on_path(steps: graph.Graph, name: str, found: _Sorted) -> Invalid:
    """The start step itself can't run: a recorded result before it leads elsewhere."""
    reasons = [
        f"{before}:{outlet}" if outlet else before
        for before, outlet in graph.needed(steps[name])
        if before in steps and _met(steps[before], outlet, found.outcome[before]) is False
    ]
    detail = said(
        "The step {step} does not run in this replay: it needs {needs}, which did not happen in the former run. Start"
        " from a step before it.",
        step=name, needs=joined(reasons),
    )  # fmt: skip
    return _refused("step_not_on_path", detail)


def _refused(code: str, detail: str) -> Invalid:
    return Invalid(code, detail, (Finding("from", detail),))


def _named(names: list[str]) -> str:
    listed, more = ", ".join(names[:_NAMED]), len(names) - _NAMED
    return said("{steps} and {count} more", steps=listed, count=more) if more > 0 else listed
