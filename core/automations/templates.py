"""The templates in a definition: their syntax, and whether what they name can be there when they are rendered."""

import asyncio
from collections.abc import Iterator, Sequence
from graphlib import CycleError
from typing import Final, Protocol

from blocks.errors import Retryable
from blocks.sentences import said
from blocks.values import Json, JsonObject
from core.automations import graph
from core.automations.containers import Actions, Body, Loc, own_config
from core.automations.reading import named
from core.errors import Finding, Unavailable
from core.places import place
from core.rendering.renderer import names

MOST_TEMPLATES: Final = 1_000
DEADLINE_S: Final = 10.0
_SHORT: Final = 500  # characters
ROOTS: Final = frozenset({"trigger", "previous", "steps", "run", "automation", "now"})
LOOP_ROOTS: Final = frozenset({"item", "index"})


class Templates(Protocol):
    """What `core/rendering` finds out about a template without rendering it."""

    async def check(self, source: str, *, workspace: str = "") -> str | None:
        """What is wrong with it, in a sentence, or None."""
        ...


def is_template(value: object) -> bool:
    """Whether a value is a text that is rendered before it is used."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value)


async def check_templates(
    templates: Templates, bodies: Sequence[Body], actions: Actions, workspace: str
) -> list[Finding]:
    """Syntax and references of every template of every step, within a deadline. Raises `Unavailable`.

    `bodies` are all lists of steps, each behind the one that it stands in.
    """
    found = [
        (body, index, at, text)
        for body in bodies
        for index, step in enumerate(body.steps)
        for at, text in _texts(own_config(step, actions), (*body.at, index, "config"))
    ]
    if len(found) > MOST_TEMPLATES:
        return [
            Finding(
                "actions",
                said("There are {count} templates; at most {most} are taken.", count=len(found), most=MOST_TEMPLATES),
            )
        ]
    findings: list[Finding] = []
    scope = _Scope(bodies)
    verdicts: dict[str, str | None] = {}
    try:
        async with asyncio.timeout(DEADLINE_S):
            for body, index, at, text in found:
                if text not in verdicts:
                    verdicts[text] = await templates.check(text, workspace=workspace)
                if reason := verdicts[text]:
                    findings.append(Finding(at, reason))
                    continue
                reasons = dict.fromkeys(scope.complain(body, index, path) for path in sorted(await _names(text)))
                findings += [Finding(at, reason) for reason in reasons if reason]
    except TimeoutError:
        findings.append(
            Finding(
                "actions",
                said("The templates take more than {most} s to check; simplify them.", most=f"{DEADLINE_S:g}"),
            )
        )
    except Retryable as error:
        raise Unavailable(error.code, error.message, after=2) from error
    return findings


async def _names(text: str) -> frozenset[tuple[str, ...]]:
    """Parsing 16 kB takes a tenth of a second, so a long text is read beside the event loop."""
    return names(text) if len(text) <= _SHORT else await asyncio.to_thread(names, text)


def _texts(config: JsonObject, at: Loc) -> Iterator[tuple[str, str]]:
    """Every template of a step with its place, without recursion (the depth was limited, the width was not)."""
    todo: list[tuple[Loc, Json]] = [(at, config)]
    while todo:
        at, value = todo.pop()
        if isinstance(value, dict):
            todo += [((*at, name), each) for name, each in reversed(value.items())]
        elif isinstance(value, list):
            todo += [((*at, number), each) for number, each in reversed(list(enumerate(value)))]
        elif isinstance(value, str) and is_template(value):
            yield place(at), value


class _Scope:
    """What the templates of each step may name: steps before it, and before the loops that it stands in."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self._top = [step.id for step in bodies[0].steps]
        self._known: dict[str, Body] = {}
        for body in bodies:
            for step in body.steps:
                self._known.setdefault(step.id, body)
        self._before: dict[Loc, dict[str, frozenset[str]]] = {}  # by body; none where its steps run in a circle
        for body in bodies:
            nodes = graph.graph(body.steps)
            sequence = graph.order(nodes)
            if not isinstance(sequence, CycleError):
                self._before[body.at] = graph.upstream(nodes, sequence)

    def complain(self, body: Body, index: int, path: tuple[str, ...]) -> str | None:
        """Why the template of step number `index` of `body` can't name `path`, or None."""
        root = path[0]
        inside = body.holder is not None
        if root in LOOP_ROOTS:
            return None if inside else said("{name} exists only inside a loop.", name=root)
        if root not in ROOTS:
            known = sorted(ROOTS | LOOP_ROOTS if inside else ROOTS)
            return said("Nothing is called {name} here; there are {known}.", name=repr(root), known=", ".join(known))
        return self._complain_step(body, body.steps[index].id, path[1]) if root == "steps" and len(path) > 1 else None

    def _complain_step(self, body: Body, step: str, called: str) -> str | None:
        target = self._top[int(called)] if called.isdecimal() and int(called) < len(self._top) else called
        home = self._known.get(target)
        if home is None:
            return said("There is no step {step}; there are {known}.", step=repr(called), known=named(self._known))
        if target == step:
            return said("The step {step} can't read its own output.", step=target)
        reader: Body | None = body
        name = step
        while reader is not None and reader.at != home.at:  # outwards to where both stand in one list
            holder, reader = reader.holder, reader.outer
            name = holder.id if holder is not None else name
        if reader is None:
            loop = home.holder.id if home.holder is not None else ""
            return said(
                "The step {step} runs inside the loop {loop}; outside of it there is steps.{loop}.output alone.",
                step=target,
                loop=loop,
            )
        if target == name:
            return said("The step {loop} is the loop around {step}, which has no output yet.", loop=target, step=step)
        before = self._before.get(reader.at)
        if before is not None and target not in before[name]:
            return said(
                "The step {step} does not come before {name}, so it can't have run; add it to needs.",
                step=target,
                name=name,
            )
        return None
