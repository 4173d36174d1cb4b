"""The graph of a definition's steps: who comes before whom, circles, and steps that can never run. Pure."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from blocks.sentences import said
from core.automations.definition import Step

Graph = Mapping[str, Step]


def graph(steps: Sequence[Step]) -> Graph:
    """The steps by id, in their order; of duplicate ids the first."""
    return {step.id: step for step in reversed(steps)}


def needed(step: Step) -> list[tuple[str, str]]:
    """What a step needs, as (step, outlet); the outlet is "" for "ended well"."""
    return [(step_id, outlet) for step_id, _, outlet in (need.partition(":") for need in step.needs)]


def order(steps: Graph) -> list[str] | CycleError:
    """The ids so that every step stands behind what it needs, or the circle that forbids it."""
    sorter = TopologicalSorter(
        {name: [before for before, _ in needed(step) if before in steps] for name, step in steps.items()}
    )
    try:
        return list(sorter.static_order())
    except CycleError as error:
        return error


def circle(error: CycleError) -> list[str]:
    """The ids of a circle, each needed by the next, the first again at the end."""
    found: list[str] = error.args[1]
    return found


def upstream(steps: Graph, sequence: Sequence[str]) -> dict[str, frozenset[str]]:
    """Everything that comes before each step. `sequence` is the order of an acyclic graph."""
    before: dict[str, frozenset[str]] = {}
    for name in sequence:
        direct = {each for each, _ in needed(steps[name]) if each in steps}
        before[name] = frozenset(direct).union(*(before[each] for each in direct))
    return before


def never_running(steps: Graph, sequence: Sequence[str]) -> dict[str, str]:
    """Steps whose needs exclude each other, and those behind them, each with the reason."""
    reasons: dict[str, str] = {}
    for name in sequence:
        step = steps[name]
        dead = [before for before, _ in needed(step) if before in reasons]
        if step.join == "all":
            if dead:
                reasons[name] = said("It needs {step}, which never runs.", step=dead[0])
            elif clash := _clash(step):
                reasons[name] = said(
                    "It needs {one} and {other}, of which only one can happen; use join any.",
                    one=clash[0],
                    other=clash[1],
                )
        elif step.needs and len(dead) == len(step.needs):
            reasons[name] = said("It needs {steps}, and none of them ever runs.", steps=", ".join(dead))
    return reasons


def _clash(step: Step) -> tuple[str, str] | None:
    """Two needs on different outcomes of the same step: `a` and `a:error`, or `a:yes` and `a:no`."""
    seen: dict[str, str] = {}
    for before, outlet in needed(step):
        first = seen.setdefault(before, outlet)
        if first != outlet and ("error" in (first, outlet) or (first and outlet)):
            return tuple(f"{before}:{each}" if each else before for each in (first, outlet))  # type: ignore[return-value]
    return None
