"""What is wrong with the sense of a definition: every finding at once, each with its place.

The shape was read before (`reading.py`). Errors stop publishing, warnings do not.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from blocks import paths, registry
from blocks.action import Action
from blocks.sentences import said
from blocks.trigger import Trigger
from blocks.triggers.cron import CronConfig
from blocks.values import Json, JsonObject
from core import clock
from core.automations import containers, graph
from core.automations.containers import Body, Loc
from core.automations.definition import Definition, Policy, Step
from core.automations.outgoing import Refuse
from core.automations.reading import Reading, named
from core.automations.templates import Templates, check_templates, is_template
from core.errors import Finding
from core.places import place
from core.runs.queue import WARM
from core.sentences import sentence

WARNING: Final = "warning"


@dataclass(frozen=True, slots=True)
class Checker:
    """`refuse` judges the requests that are written out in a step's config."""

    templates: Templates
    actions: Mapping[str, Action[Any]]
    triggers: Mapping[str, Trigger[Any]]
    refuse: Refuse
    now: clock.Clock = clock.now

    @classmethod
    def of(cls, templates: Templates, refuse: Refuse) -> "Checker":
        """With everything that the folders of `blocks/` hold."""
        return cls(templates, registry.actions(), registry.triggers(), refuse)

    async def check(self, definition: Definition, workspace: str = "") -> list[Finding]:
        """Everything that is wrong, in the order of the document."""
        bodies = containers.bodies(definition.actions, self.actions)
        findings = [*self._trigger(definition), *self._steps(bodies)]
        for body in bodies:
            findings += _graph(body, bodies, self.actions)
        findings += [*_policy(definition.policy), *_overlap(definition), *_lane(definition, bodies, self.actions)]
        findings += await check_templates(self.templates, bodies, self.actions, workspace)
        rank = _ranking(definition.actions, self.actions)
        return sorted(findings, key=lambda finding: rank(finding.at))

    async def review(self, reading: Reading, workspace: str = "") -> list[Finding]:
        """The findings of a reading and, as far as something could be understood, of its sense."""
        if reading.definition is None:
            return list(reading.findings)
        found = await self.check(reading.definition, workspace)
        return [*reading.findings, *(each for each in found if not _doubtful(each.at, reading.doubtful))]

    def _trigger(self, definition: Definition) -> Iterator[Finding]:
        name = definition.trigger_type
        if name is None:
            yield Finding("trigger_type", said("An automation needs a trigger: {known}.", known=_listed(self.triggers)))
            return
        kind = self.triggers.get(name)
        if kind is None:
            yield Finding("trigger_type", _unknown("trigger", name, self.triggers))
            return
        try:
            config = kind.Config.model_validate(definition.trigger_config)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                yield Finding(place(("trigger_config", *detail["loc"])), sentence(detail))
            return
        if isinstance(config, CronConfig):
            for index, each in enumerate(config.schedules):
                if each.run_at is not None and each.run_at <= self.now():
                    at = f"trigger_config.schedules[{index}].run_at"
                    yield Finding(at, said("This moment has passed: it will not start a run."), WARNING)

    def _steps(self, bodies: Sequence[Body]) -> Iterator[Finding]:
        if not bodies[0].steps:
            yield Finding("actions", said("An automation needs at least one action."))
        seen: dict[str, str] = {}
        taken = {step.id for body in bodies for step in body.steps}
        for body in bodies:
            for index, step in enumerate(body.steps):
                here = body.place(index)
                first = seen.setdefault(step.id, here)
                if first != here:
                    free = next(each for n in count(2) if (each := f"{step.id[:35]}_{n}") not in taken)
                    taken.add(free)
                    taken_id = said(
                        "The id {id} is taken by {first}; ids are unique. Write {free}, here and where this step is"
                        " meant in needs and templates.",
                        id=step.id, first=first, free=free,
                    )  # fmt: skip
                    yield Finding(f"{here}.id", taken_id)
                action = self.actions.get(step.type)
                if action is None:
                    yield Finding(f"{here}.type", _unknown("action", step.type, self.actions))
                    continue
                if body.holder is not None and not action.repeats:
                    outside = said(
                        "A step {type} can't stand inside a loop: put it behind {loop}.",
                        type=step.type, loop=body.holder.id,
                    )  # fmt: skip
                    yield Finding(f"{here}.type", outside)
                yield from _config(action.Input, step.config, (*body.at, index, "config"))
                for inner, reason in self.refuse(step.config):
                    yield Finding(body.place(index, "config", *inner), reason)


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(sorted(names)) or "none is installed"


_UNKNOWN: Final[Mapping[tuple[str, bool], str]] = {
    ("trigger", False): "There is no trigger {name} here. There are: {known}.",
    ("trigger", True): "There is no trigger {name} here. Did you mean {near}? There are: {known}.",
    ("action", False): "There is no action {name} here. There are: {known}.",
    ("action", True): "There is no action {name} here. Did you mean {near}? There are: {known}.",
}


def _unknown(noun: str, name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name[:40], known, n=1)
    pattern = _UNKNOWN[noun, bool(near)]
    return said(pattern, name=repr(name), near="".join(near), known=_listed(known))


def _config(model: type[BaseModel], config: JsonObject, at: Loc) -> Iterator[Finding]:
    """Literal values are checked; a text with a template in it may become anything, so it satisfies every field."""
    try:
        model.model_validate(config)
    except ValidationError as error:
        seen: set[str] = set()
        for detail in error.errors(include_url=False):
            real, value = _located(config, detail["loc"])
            if detail["type"] not in ("missing", "extra_forbidden") and is_template(value):
                continue
            where = place((*at, *real))
            if where not in seen:
                seen.add(where)
                yield Finding(where, sentence(detail))


def _located(config: Json, loc: Loc) -> tuple[Loc, Json]:
    """The part of a pydantic place that exists in the document (the rest names types), and the value there."""
    here: Json = config
    real: list[int | str] = []
    for position, part in enumerate(loc):
        match here, part:
            case dict(), str() if part in here:
                here = here[part]
            case list(), int() if part < len(here):
                here = here[part]
            case dict(), _ if position == len(loc) - 1:
                return (*real, part), here  # a missing field
            case _:
                break
        real.append(part)
    return tuple(real), here


def _graph(body: Body, bodies: Sequence[Body], actions: Mapping[str, Action[Any]]) -> Iterator[Finding]:
    """What is wrong with the needs of one list of steps."""
    steps = body.steps
    nodes = graph.graph(steps)
    for index, step in enumerate(steps):
        for number, (before, outlet) in enumerate(graph.needed(step)):
            at = body.place(index, "needs", number)
            if before not in nodes:
                yield Finding(at, _not_here(before, body, bodies))
            elif reason := _no_such_outlet(nodes[before], outlet, actions):
                yield Finding(at, reason)
    sequence = graph.order(nodes)
    if isinstance(sequence, CycleError):
        yield Finding(
            place(body.at), said("The steps run in a circle: {circle}.", circle=" -> ".join(graph.circle(sequence)))
        )
        return
    position = {step.id: index for index, step in reversed(list(enumerate(steps)))}
    for name, reason in graph.never_running(nodes, sequence).items():
        yield Finding(body.place(position[name], "needs"), said("This step can never run. {reason}", reason=reason))


def _not_here(needed: str, body: Body, bodies: Sequence[Body]) -> str:
    """Why a step can't need one that does not stand in its list."""
    home = next((each for each in bodies if any(step.id == needed for step in each.steps)), None)
    beside = named(each.id for each in body.steps)
    if home is None:
        return said("There is no step {step}; there are {known}.", step=needed, known=beside)
    if home.holder is None:
        return said(
            "The step {step} stands outside of this loop; steps need those beside them only: {known}.",
            step=needed, known=beside,
        )  # fmt: skip
    return said(
        "The step {step} stands inside of the loop {loop}; steps need those beside them only: {known}.",
        step=needed, loop=home.holder.id, known=beside,
    )  # fmt: skip


def _no_such_outlet(step: Step, outlet: str, actions: Mapping[str, Action[Any]]) -> str | None:
    if outlet in ("", "error") or step.type not in actions:
        return None
    outlets = actions[step.type].outlets(step.config)
    if outlet in outlets:
        return None
    known = ", ".join(f"{step.id}:{each}" for each in ("error", *outlets))
    return said(
        "The step {step} ({type}) has no exit {outlet}, so this never runs. There are: {known}.",
        step=step.id, type=step.type, outlet=repr(outlet), known=known,
    )  # fmt: skip


def _policy(policy: Policy) -> Iterator[Finding]:
    """What this version does not do yet is refused rather than silently left out."""
    named = policy.on_failure.automation
    if named is not None and not _UUID.match(named):  # whether there is one is looked up when it is saved
        wrong = said("This is the id of an automation, as its page's address has it.")
        yield Finding("policy.on_failure.automation", wrong)


def _lane(definition: Definition, bodies: Sequence[Body], actions: Mapping[str, Action[Any]]) -> Iterator[Finding]:
    lane = definition.policy.lane
    for body in bodies if lane != WARM else ():
        for index, step in enumerate(body.steps):
            action = actions.get(step.type)
            if action is not None and action.warm_only:
                yield Finding(
                    body.place(index, "type"),
                    said(
                        "A step {type} can't run in the lane {lane}: choose the lane {warm} (policy.lane), or call an"
                        " automation of that lane that has this step.",
                        type=step.type,
                        lane=lane,
                        warm=WARM,
                    ),
                )


def _overlap(definition: Definition) -> Iterator[Finding]:
    """A key that nothing is decided by, or that is the same for every run."""
    policy = definition.policy
    if policy.concurrency_key is None:
        return
    at = "policy.concurrency_key"
    if policy.overlap == "allow":
        reason = said("This does nothing while overlap is allow; choose queue, skip or replace, or take the key away.")
        yield Finding(at, reason, WARNING)
    elif definition.trigger_type not in (None, "webhook") and paths.parse(policy.concurrency_key)[1] != "data":
        reason = said("Only a webhook brings headers and a query: all runs of this automation have the same key.")
        yield Finding(at, reason, WARNING)


def _doubtful(at: str, places: Iterable[str]) -> bool:
    """Whether a finding is about something that was repaired while reading, or stands inside it."""
    return any(at == each or at.startswith((f"{each}.", f"{each}[")) for each in places if each)


_UUID: Final = re.compile(r"\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_SECTIONS: Final = ("name", "description", "trigger", "actions", "policy", "layout")


def _ranking(steps: Sequence[Step], actions: Mapping[str, Action[Any]]) -> Callable[[str], tuple[int, int]]:
    """Sorts findings by section, those of steps by the step that they are about."""
    order = {place(at): number for number, at in enumerate(containers.places(steps, actions))}

    def rank(at: str) -> tuple[int, int]:
        section = next((rank for rank, section in enumerate(_SECTIONS) if at.startswith(section)), len(_SECTIONS))
        ends = [end.end() for end in re.finditer(r"\]", at)]
        return section, max((order.get(at[:end], -1) for end in ends), default=-1)

    return rank
