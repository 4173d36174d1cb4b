"""Actions that exist for tests only. They act in this process and count what they did."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar

from prefect.context import FlowRunContext, TaskRunContext

from blocks import registry
from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import InvalidInput, Retryable
from blocks.outcomes import Call, Done, Expand, Outcome, Wait

calls: Counter[str] = Counter()  # by run/step: how often an action really ran
keys: defaultdict[str, set[str]] = defaultdict(set)  # by run/step: the idempotency keys it was called with
gates: dict[str, asyncio.Event] = {}


class _Base(Action[Any]):
    title: ClassVar[dict[str, str]] = {"en": "Test", "fr": "Test"}
    description: ClassVar[dict[str, str]] = {"en": "For tests.", "fr": "Pour les tests."}
    Output = None
    example: ClassVar[dict[str, Any]] = {}

    def count(self, context: ActionContext) -> int:
        calls[f"{context.run_id}/{context.step_id}"] += 1
        return calls[f"{context.run_id}/{context.step_id}"]

    def effect(self, given: Any) -> Effect:
        return Effect(getattr(given, "effect", "pure"))


class Say(_Base):
    """Gives back its value."""

    name = "say"

    class Input(StepModel):
        value: Any = None
        effect: str = "pure"

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        return Done(given.value)


class Flaky(_Base):
    """Fails `times` times, then gives the number of its attempt."""

    name = "flaky"

    class Input(StepModel):
        times: int
        effect: str = "idempotent"
        answered: bool = True
        after: float | None = None
        fatal: bool = False

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        number = self.count(context)
        keys[f"{context.run_id}/{context.step_id}"].add(context.idempotency_key)
        if number <= given.times:
            if given.fatal:
                raise InvalidInput("broken", "It is broken.")
            raise Retryable("busy", f"Busy, call {number}.", answered=given.answered, after=given.after)
        return Done(number)


class Hang(_Base):
    """Waits for a gate (by name), or for ever."""

    name = "hang"

    class Input(StepModel):
        gate: str = ""
        effect: str = "idempotent"

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        gate = gates.setdefault(given.gate, asyncio.Event()) if given.gate else asyncio.Event()
        await gate.wait()
        return Done("through")


class Look(_Base):
    """Tells what Prefect says about where it runs."""

    name = "look"

    class Input(StepModel):
        pass

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        flow, task = FlowRunContext.get(), TaskRunContext.get()
        if flow is None or task is None or flow.flow_run is None:
            raise InvalidInput("no_prefect", "This step does not run on Prefect.")
        return Done({
            "flow": flow.flow.name if flow.flow else None, "flow_run": str(flow.flow_run.id),
            "parameters": flow.flow_run.parameters, "task": task.task.name, "task_run": str(task.task_run.id),
            "flow_run_of_task": str(task.task_run.flow_run_id), "run_count": task.task_run.run_count,
            "retries": task.task.retries, "timeout_seconds": task.task.timeout_seconds,
        })  # fmt: skip


class Large(_Base):
    """Gives `size` characters, when its gate (if it has one) is open."""

    name = "large"

    class Input(StepModel):
        size: int
        effect: str = "idempotent"
        gate: str = ""

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        if given.gate:
            await gates.setdefault(given.gate, asyncio.Event()).wait()
        return Done("x" * given.size)


class Stray(_Base):
    """Ends as no action should: cancels itself, or gives what is no JSON."""

    name = "stray"

    class Input(StepModel):
        output: bool = False

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        if given.output:
            return Done("\ud800")
        raise asyncio.CancelledError


class Ask(_Base):
    """Waits until somebody answers, and gives the answer."""

    name = "ask"

    class Input(StepModel):
        question: Any

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        return Wait(reason="Waits for an answer.", details={"asked": given.question})

    async def wake(self, given: Any, details: Any, answer: Any, context: ActionContext) -> Outcome:
        calls[f"{context.run_id}/{context.step_id}/wake"] += 1
        return Done({"question": given.question, "asked": details["asked"], "answer": answer})


class Each(_Base):
    """Runs its steps for each item."""

    name = "each"
    contains = "steps"

    class Input(StepModel):
        items: list[Any]
        concurrency: int = 1
        keep_going: bool = False
        steps: list[Any]

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        return Expand(given.items, given.concurrency, given.keep_going)


class Echo(_Base):
    """Light: gives the item of the loop back, or fails on one."""

    name = "echo"
    light = True

    class Input(StepModel):
        value: Any
        fails_on: Any = None

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        if given.fails_on is not None and given.value == given.fails_on:
            raise InvalidInput("broken", "It is broken.")
        return Done(given.value)


class Ring(_Base):
    """Calls another automation."""

    name = "ring"

    class Input(StepModel):
        automation: str
        payload: Any = None
        wait: bool = True

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        return Call(given.automation, given.payload, given.wait)


class Spend(_Base):
    """Costs what its requests cost, as an agent does whose model reports tokens; stops when `remaining` is below one
    more. With a gate it waits there before its last charge."""

    name = "spend"

    class Input(StepModel):
        costs: list[int]
        budget: int = 100
        effect: str = "idempotent"
        gate: str = ""
        careful: bool = False

    def budget(self, given: Any) -> int:
        budget: int = given.budget
        return budget

    async def run(self, given: Any, context: ActionContext) -> Outcome:
        self.count(context)
        remaining = await context.charge(0)
        for n, cost in enumerate(given.costs):
            if given.careful and remaining < cost:
                return Done({"requests": n, "remaining": remaining})
            if given.gate and n == len(given.costs) - 1:
                await gates.setdefault(given.gate, asyncio.Event()).wait()
            remaining = await context.charge(cost)
        return Done({"requests": len(given.costs), "remaining": remaining})


_ALL = (Say(), Flaky(), Hang(), Look(), Large(), Stray(), Ask(), Each(), Echo(), Ring(), Spend())
TEST_ACTIONS: Mapping[str, Action[Any]] = {**registry.actions(), **{found.name: found for found in _ALL}}
