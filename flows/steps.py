"""A version as the engine runs it: every step with its action, its Prefect task and its policy, compiled once.

Prefect's retries and time-outs do the work: a step's task carries `retries`, a retry condition that says which errors
are worth another attempt and after how long, and `timeout_seconds`.
"""

import copy
import functools
import inspect
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from blocks.action import Action, Effect, StepModel
from blocks.errors import Cause, Retryable
from blocks.outcomes import Outcome
from blocks.values import Json
from core.automations.definition import Definition, Step
from flows.plan import Need, Node

LONGEST_DELAY_S = 300.0  # where the author names no other
_NO_PARAMETERS = inspect.Signature()


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """One step of a version, ready to be called any number of times."""

    index: int
    id: str
    config: Json
    action: Action[Any]
    node: Node
    max_attempts: int
    delay_s: float
    exponential: bool
    jitter: bool
    max_delay_s: float
    retry_on: Collection[str]
    timeout_s: float
    prefect_task: "Task[[], Any]"
    approval_required: bool
    in_doubt: str  # ask, repeat or skip; only an unsafe step can be in doubt
    kept: Mapping[str, Json]  # of the configuration, what the step does not render: the steps it contains
    inner: "Mapping[str, CompiledStep]"

    @property
    def light(self) -> bool:
        """Whether it can be computed in a row with others: at once, without a wait, an effect or a second attempt."""
        return self.action.light and not self.approval_required and self.max_attempts == 1

    @property
    def light_body(self) -> bool:
        return all(step.light for step in self.inner.values())

    def delay(self, attempt: int, after: float | None) -> float:
        """Seconds to wait after the failed `attempt` (1 is the first); never less than the other side asked for."""
        base = self.delay_s * (2 ** (attempt - 1) if self.exponential else 1)
        if self.jitter:
            base *= random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
        return min(max(base, after or 0.0), self.max_delay_s)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A version of an automation: its definition compiled into Prefect tasks."""

    rule_id: str
    version: int
    name: str
    max_duration_s: float
    steps: Mapping[str, CompiledStep]

    @property
    def everywhere(self) -> dict[str, CompiledStep]:
        """Every step by its id, those inside loops included."""
        return _everywhere(self.steps)


def _everywhere(steps: Mapping[str, CompiledStep]) -> dict[str, CompiledStep]:
    found = dict(steps)
    for step in steps.values():
        found |= _everywhere(step.inner)
    return found


UNREAD = Compiled("", 0, "", 900.0, {})  # stands in until a run's version is read


class UnknownAction(LookupError):
    """The version names an action that this installation does not have."""


def compile_version(rule_id: str, version: int, definition: Definition, actions: Mapping[str, Action[Any]]) -> Compiled:
    """Raises `UnknownAction`."""
    steps = {step.id: _compile_step(index, step, actions) for index, step in enumerate(definition.actions)}
    return Compiled(rule_id, version, definition.name, definition.policy.max_duration_s, steps)


def _compile_step(index: int, step: Step, actions: Mapping[str, Action[Any]]) -> CompiledStep:
    """Steps inside a loop carry the index of the loop."""
    action = actions.get(step.type)
    if action is None:
        raise UnknownAction(f"Step {step.id!r} is of the type {step.type!r}, which this installation does not have.")
    retry = step.retry
    kept = {name: value for name, value in step.config.items() if name == action.contains}
    inner = [Step.model_validate(each) for each in _listed(kept.get(action.contains or ""))]
    return CompiledStep(
        index=index,
        id=step.id,
        config={name: value for name, value in step.config.items() if name not in kept},
        action=action,
        node=Node(step.id, tuple(map(Need.parse, step.needs or ())), step.join, step.on_error == "continue"),
        max_attempts=retry.max_attempts if retry is not None and retry.max_attempts else action.retry_attempts,
        delay_s=retry.delay_s if retry is not None else 1.0,
        exponential=retry is None or retry.backoff == "exponential",
        jitter=retry is None or retry.jitter,
        max_delay_s=retry.max_delay_s if retry is not None else LONGEST_DELAY_S,
        retry_on=frozenset(retry.on if retry is not None else get_args(Cause)),
        timeout_s=float(step.timeout_s or action.timeout_s),
        prefect_task=_prefect_task(action.name),
        approval_required=step.approval_required,
        in_doubt=step.in_doubt or "ask",
        kept=kept,
        inner={each.id: _compile_step(index, each, actions) for each in inner},
    )


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


async def _unbound() -> Outcome:
    raise RuntimeError("A step's task is called through `bind`.")


@functools.cache
def _prefect_task(action: str) -> "Task[[], Any]":
    """One for all steps of an action: a call works on a copy, and Prefect reads a source file to make one."""
    made = task(name=action, cache_policy=NO_CACHE, persist_result=False, log_prints=False)(_unbound)
    made.task_key = f"vutler.{action}"
    return made


def worth_another_attempt(error: BaseException, effect: Effect, causes: Collection[str]) -> bool:
    """An answered refusal is retried for every effect; no answer only where repeating is harmless.

    `causes` are those that the author wants retried.
    """
    if isinstance(error, Retryable):
        return error.cause in causes and (error.answered or effect is not Effect.UNSAFE)
    return isinstance(error, TimeoutError) and "timeout" in causes and effect is not Effect.UNSAFE


def bind(
    step: CompiledStep,
    attempt: Callable[[], Awaitable[Outcome]],
    effect: Callable[[], Effect],
    failed: Callable[[BaseException, float], None],
) -> "Task[[], Any]":
    """The step's Prefect task for one run: a shallow copy whose function is `attempt`.

    `effect` tells what the rendered call does, `failed` is told of each failed attempt that is followed by another
    and of the pause before it, in seconds.
    """
    bound = copy.copy(step.prefect_task)

    def retry_condition(task: "Task[..., Any]", task_run: TaskRun, state: "State[Any]") -> bool:
        error = state.data
        if not isinstance(error, BaseException) or not worth_another_attempt(error, effect(), step.retry_on):
            return False
        pause = step.delay(task_run.run_count, error.after if isinstance(error, Retryable) else None)
        # The engine reads the delay right after it has asked this condition.
        task.retry_delay_seconds = [pause]
        failed(error, pause)
        return True

    async def once() -> Outcome:
        return await attempt()

    once.__signature__ = _NO_PARAMETERS  # type: ignore[attr-defined]  # else it is worked out anew at each call
    bound.fn = once
    bound.retries = step.max_attempts - 1
    bound.retry_condition_fn = retry_condition
    bound.timeout_seconds = step.timeout_s
    return bound


def bind_plainly(step: CompiledStep, work: Callable[[], Awaitable[None]]) -> "Task[[], Any]":
    """The step's Prefect task around `work`, once and without a time limit of its own."""
    bound = copy.copy(step.prefect_task)

    async def once() -> None:
        await work()

    once.__signature__ = _NO_PARAMETERS  # type: ignore[attr-defined]
    bound.fn = once
    return bound


def with_input(action: Action[Any], rendered: Json) -> StepModel:
    """The rendered configuration as the action's input. Raises pydantic's `ValidationError`."""
    return action.Input.model_validate(rendered)
