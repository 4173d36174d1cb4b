"""Where steps run: the run itself, or one item of a loop in it. What they see, what has ended, what waits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeAlias

from blocks.values import Json, JsonObject
from core.runs.resume import RecordedStep
from flows import waits
from flows.bell import Bell
from flows.plan import Ended, Plan
from flows.steps import CompiledStep

Place: TypeAlias = tuple[str, str]  # a step's id and its iteration: "" outside loops, "3" or "3.1" inside


class Parked(Protocol):
    """A loop whose remaining items wait."""

    @property
    def waiting(self) -> Iterator[RecordedStep]: ...

    def hear(self, woken: Mapping[Place, JsonObject]) -> None: ...

    async def run(self) -> Ended | None: ...


class Listens(Protocol):
    """What a scope learns answers from."""

    @property
    def bell(self) -> Bell: ...

    async def answers(self) -> Mapping[Place, JsonObject]: ...


@dataclass(slots=True)
class Scope:
    """One level of a run. `names` are what templates may name here besides the run's own names.

    `given` is `previous.output` of a step that has none before it: the trigger's data, or the item.
    """

    steps: Mapping[str, CompiledStep]
    given: Json
    iteration: str = ""
    names: Mapping[str, Json] = field(default_factory=dict)
    outer: Mapping[str, Json] = field(default_factory=dict)  # {{ steps.<id> }} of the levels around
    plan: Plan = field(init=False)
    views: dict[str, Json] = field(default_factory=dict)  # {{ steps.<id> }} of this level
    waiting: dict[str, RecordedStep] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)
    begun: dict[str, RecordedStep] = field(default_factory=dict)  # by a worker that was lost, and not ended
    heard: int = 0  # rings of the bell

    def __post_init__(self) -> None:
        self.plan = Plan.of([step.node for step in self.steps.values()])

    def place(self, step: str) -> Place:
        return step, self.iteration

    def end(self, step: str, ended: Ended) -> None:
        """Note how a step ended, for the plan and for templates."""
        self.plan.end(step, ended)
        view: JsonObject = {"output": ended.output, "status": ended.status, "error": ended.error}
        self.views[step] = view
        if not self.iteration:
            self.views[str(self.steps[step].index)] = view

    def context(self, step: str) -> dict[str, Json]:
        """What templates of `step` may name because of where it stands."""
        previous = self.plan.previous(step)
        return {
            "previous": {"output": self.plan.ended[previous].output if previous else self.given},
            "steps": {**self.outer, **self.views} if self.outer else self.views,
            **self.names,
        }

    def all_waiting(self) -> Iterator[RecordedStep]:
        """Every step that waits here, or in the loops of this level."""
        yield from self.waiting.values()
        for loop in self.parked.values():
            yield from loop.waiting

    async def listen(self, execution: Listens) -> None:
        """Learn what woke the waiting steps, if the bell has rung since the last time."""
        if execution.bell.rings > self.heard:
            self.heard = execution.bell.rings
            self.hear(await execution.answers())

    def hear(self, woken: Mapping[Place, JsonObject]) -> None:
        """Take in the answers that steps have got, by place."""
        for name, step in self.waiting.items():
            answer = woken.get((name, self.iteration))
            if answer is not None:
                self.waiting[name] = replace(step, wake=answer)
        for loop in self.parked.values():
            loop.hear(woken)

    def due(self, now: datetime) -> list[RecordedStep]:
        """The waiting steps of this very level that can go on now; they wait no longer."""
        ready = [step for step in self.waiting.values() if waits.is_over(step, now)]
        for step in ready:
            del self.waiting[step.step_id]
        return ready

    def due_loops(self, now: datetime) -> dict[str, Parked]:
        """The parked loops in which a step can go on now, by their step; they are parked no longer."""
        ready = {
            name: loop for name, loop in self.parked.items() if any(waits.is_over(step, now) for step in loop.waiting)
        }
        for name in ready:
            del self.parked[name]
        return ready
