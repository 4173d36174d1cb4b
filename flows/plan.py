"""The plan of a definition: which steps are ready, which are skipped, and what they see. Pure: no I/O, no clock.

A step's `needs` are `step` (it ended well), `step:case` (a branch chose that case) and `step:error` (it failed).
`join: all` waits for every need and is skipped when one can't be met; `join: any` waits until all have ended and runs
when at least one was met. A failed step with `on_error: continue` counts as ended well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from blocks.values import Json

ENDED = frozenset({"success", "failed", "skipped"})
IN_DOUBT = "in_doubt"  # the code of a step of which nobody knows whether it had its effect
REJECTED = "rejected"  # by a person: the run is cancelled, unless something goes on from there


@dataclass(frozen=True, slots=True)
class Need:
    """`on` is "" for "ended well", "error", or the name of a case."""

    step: str
    on: str = ""

    @classmethod
    def parse(cls, text: str) -> "Need":
        step, _, on = text.partition(":")
        return cls(step, on)


@dataclass(frozen=True, slots=True)
class Node:
    """One step as the plan sees it."""

    id: str
    needs: tuple[Need, ...] = ()
    join: str = "all"
    continue_on_error: bool = False


@dataclass(slots=True)
class Ended:
    """How a step ended. `order` counts the ends of the run's steps, `choice` is the exit that it took.

    A step that `passes_on` has no output of its own for those behind it (a branch); with `only` nothing but the exit
    that it took leads on. One that was skipped and `counts` as ended well is an effect in doubt that was let be.
    """

    status: str
    output: Json = None
    order: int = 0
    choice: str | None = None
    error: str | None = None
    passes_on: bool = False
    only: bool = False
    counts: bool = False
    kept: Json = None  # the output as its record holds it: a reference where it is large


@dataclass(slots=True)
class Plan:
    """The nodes of one version and how far one run of it has come."""

    nodes: Mapping[str, Node]
    ended: dict[str, Ended] = field(default_factory=dict)
    started: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> "Plan":
        return cls({node.id: node for node in nodes})

    def end(self, step: str, ended: Ended) -> None:
        """Note a step's end. Ends are numbered in the order in which they are noted."""
        ended.order = len(self.ended) + 1
        self.ended[step] = ended
        self.started.add(step)

    def advance(self) -> tuple[list[str], list[str]]:
        """What can start now, and what will never start: (ready, skipped).

        Both are marked as started; the caller ends the skipped ones and calls again. Once the run has failed nothing
        new starts.
        """
        if self.failure() is not None:
            return [], []
        ready: list[str] = []
        skipped: list[str] = []
        for node in self.nodes.values():
            if node.id in self.started:
                continue
            verdict = self._verdict(node)
            if verdict is not None:
                self.started.add(node.id)
                (ready if verdict else skipped).append(node.id)
        return ready, skipped

    def _verdict(self, node: Node) -> bool | None:
        """True: run it; False: skip it; None: wait."""
        met = [self._met(need) for need in node.needs]
        if node.join == "any" and met:
            return None if None in met else True in met
        if False in met:
            return False
        return None if None in met else True

    def _met(self, need: Need) -> bool | None:
        ended = self.ended.get(need.step)
        if ended is None:
            return None
        if need.on == "error":
            return ended.status == "failed"
        if ended.status == "failed":
            return need.on == "" and self.nodes[need.step].continue_on_error
        if ended.status != "success":
            return ended.counts and need.on == ""
        return need.on == ended.choice or (need.on == "" and not ended.only)

    def leads_on(self, step: str, on: str) -> bool:
        """Whether some step needs this exit of `step`."""
        return any(Need(step, on) in node.needs for node in self.nodes.values())

    def failure(self) -> str | None:
        """The first step whose failure fails the run: nobody continues after it and no error path takes it."""
        caught = {need.step for node in self.nodes.values() for need in node.needs if need.on == "error"}
        for step, ended in self.ended.items():
            if ended.status == "failed" and step not in caught and not self.nodes[step].continue_on_error:
                return step
        return None

    def previous(self, step: str) -> str | None:
        """The need that ended well last. A skipped or failed step passes its own previous on. None: no predecessor."""
        node = self.nodes[step]
        candidates = [found for need in node.needs if (found := self._passed(need.step)) is not None]
        if not candidates:
            return None
        return max(candidates, key=lambda found: self.ended[found].order)

    def _passed(self, step: str) -> str | None:
        ended = self.ended.get(step)
        if ended is not None and ended.status == "success" and not ended.passes_on:
            return step
        return self.previous(step)

    def last(self) -> str | None:
        """The step whose output is the run's: the one that ended well last."""
        done = [step for step, ended in self.ended.items() if ended.status == "success" and not ended.passes_on]
        return max(done, key=lambda step: self.ended[step].order) if done else None
