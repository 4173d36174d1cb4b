"""The templates in a definition: their syntax, and whether what they name can be there when they are rendered."""

import asyncio
from collections.abc import Iterator, Sequence
from graphlib import CycleError
from typing import Final, Protocol

from blocks.errors import Retryable
from blocks.values import Json
from core.automations import graph
from core.automations.definition import Step
from core.automations.reading import named
from core.errors import Finding, Unavailable
from core.places import place
from core.rendering.renderer import names

MOST_TEMPLATES: Final = 1_000
DEADLINE_S: Final = 10.0
ROOTS: Final = frozenset({"trigger", "previous", "steps", "run", "automation", "now"})
_LOOP_ROOTS: Final = frozenset({"item", "index"})


class Templates(Protocol):
    """What `core/rendering` finds out about a template without rendering it."""

    async def check(self, source: str, *, workspace: str = "") -> str | None:
        """What is wrong with it, in a sentence, or None."""
        ...


def is_template(value: object) -> bool:
    """Whether a value is a text that is rendered before it is used."""
    return isinstance(value, str) and ("{{" in value or "{%" in value or "{#" in value)


async def check_templates(templates: Templates, steps: Sequence[Step], workspace: str) -> list[Finding]:
    """Syntax and references of every template of every step, within a deadline. Raises `Unavailable`."""
    found = [(index, at, text) for index, step in enumerate(steps) for at, text in _texts(step, index)]
    if len(found) > MOST_TEMPLATES:
        return [Finding("actions", f"There are {len(found)} templates; at most {MOST_TEMPLATES} are taken.")]
    findings: list[Finding] = []
    scope = _Scope(steps)
    verdicts: dict[str, str | None] = {}
    try:
        async with asyncio.timeout(DEADLINE_S):
            for index, at, text in found:
                if text not in verdicts:
                    verdicts[text] = await templates.check(text, workspace=workspace)
                if reason := verdicts[text]:
                    findings.append(Finding(at, reason))
                    continue
                reasons = dict.fromkeys(scope.complain(index, path) for path in sorted(names(text)))
                findings += [Finding(at, reason) for reason in reasons if reason]
    except TimeoutError:
        findings.append(Finding("actions", f"The templates take more than {DEADLINE_S:g} s to check; simplify them."))
    except Retryable as error:
        raise Unavailable(error.code, error.message, after=2) from error
    return findings


def _texts(step: Step, index: int) -> Iterator[tuple[str, str]]:
    """Every template of a step with its place, without recursion (the depth was limited, the width was not)."""
    todo: list[tuple[tuple[int | str, ...], Json]] = [(("actions", index, "config"), {**step.config})]
    while todo:
        at, value = todo.pop()
        if isinstance(value, dict):
            todo += [((*at, name), each) for name, each in reversed(value.items())]
        elif isinstance(value, list):
            todo += [((*at, number), each) for number, each in reversed(list(enumerate(value)))]
        elif isinstance(value, str) and is_template(value):
            yield place(at), value


class _Scope:
    """What the templates of each step may name."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        nodes = graph.graph(steps)
        sequence = graph.order(nodes)
        self._upstream = None if isinstance(sequence, CycleError) else graph.upstream(nodes, sequence)

    def complain(self, index: int, path: tuple[str, ...]) -> str | None:
        """Why the template of step number `index` can't name `path`, or None."""
        root = path[0]
        if root in _LOOP_ROOTS:
            return f"{root} exists only inside a loop."
        if root not in ROOTS:
            return f"Nothing is called {root!r} here; there are {', '.join(sorted(ROOTS))}."
        return self._complain_step(index, path[1]) if root == "steps" and len(path) > 1 else None

    def _complain_step(self, index: int, called: str) -> str | None:
        step = self._steps[index]
        known = [each.id for each in self._steps]
        target = known[int(called)] if called.isdecimal() and int(called) < len(known) else called
        if target not in known:
            return f"There is no step {called!r}; there are {named(known)}."
        if target == step.id:
            return f"The step {target} can't read its own output."
        if self._upstream is not None and target not in self._upstream[step.id]:
            return f"The step {target} does not come before {step.id}, so it can't have run; add it to needs."
        return None
