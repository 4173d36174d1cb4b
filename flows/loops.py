"""A loop of one run: its items, each a scope of its own, so many at a time.

Items whose steps are all light are computed in chunks, a Prefect task a chunk; others run as scopes, their steps as
Prefect tasks. Either way each step of each item has a record, and a resumed loop goes on with what has none.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from blocks.outcomes import Expand
from blocks.values import Json, JsonObject
from core.ids import new_id
from core.runs.resume import RecordedStep
from flows import waits
from flows.execution import Execution
from flows.plan import Ended
from flows.resuming import take_over
from flows.scope import Place, Scope
from flows.steps import CompiledStep, bind_plainly
from flows.tasks import StepCall, in_prefect

CHUNK = 100  # items
_BREATH = 10  # items between two looks at the rest of the worker

Active: TypeAlias = "dict[asyncio.Task[None], tuple[int, Scope]]"
RunScope = Callable[[Execution, Scope], Coroutine[Any, Any, None]]
Advance = Callable[[Execution, Scope], list[str]]


@dataclass(slots=True)
class Loop:
    """`run` gives the loop's end, or None when everything that is left of it waits; then it may be run again."""

    execution: Execution
    outer: Scope
    call: StepCall
    expand: Expand
    run_scope: RunScope
    advance: Advance
    results: list[Json] = field(default_factory=list)
    position: int = 0  # the next item to begin
    items_parked: dict[int, Scope] = field(default_factory=dict)
    failures: list[tuple[int, str]] = field(default_factory=list)
    heard: int = 0  # rings of the bell

    def __post_init__(self) -> None:
        self.results = [None] * len(self.expand.items)

    @property
    def step(self) -> CompiledStep:
        return self.call.step

    @property
    def waiting(self) -> Iterator[RecordedStep]:
        for scope in self.items_parked.values():
            yield from scope.all_waiting()

    def hear(self, woken: Mapping[Place, JsonObject]) -> None:
        for scope in self.items_parked.values():
            scope.hear(woken)

    async def run(self) -> Ended | None:
        if self.step.light_body:
            await self._run_chunks()
        else:
            await self._run_items()
        if self.items_parked:
            await self.call.park(len(self.items_parked))
            return None
        if self.failures and not self.expand.keep_going:
            index, error = min(self.failures)
            return await self.call.fail("item_failed", f"Item {index} failed: {error}")
        if self.failures:
            self.call.log(f"{len(self.failures)} of {len(self.results)} items failed; their place in the list is null.")
        return await self.call.done(self.results)

    # items as scopes ----------------------------------------------------------------------------------------------

    async def _run_items(self) -> None:
        active: Active = {}
        try:
            while True:
                self._begin(active)
                if not active:
                    return
                await self._some_end(active)
        finally:
            for task in active:
                task.cancel()
            if active:
                await asyncio.gather(*active, return_exceptions=True)

    def _begin(self, active: Active) -> None:
        """Start what may run now: parked items that can go on, then new ones."""
        now = datetime.now(UTC)
        for index, scope in list(self.items_parked.items()):
            if any(waits.is_over(step, now) for step in scope.all_waiting()):
                del self.items_parked[index]
                self._start(active, index, scope)
        while self._goes_on() and len(active) + len(self.items_parked) < self.expand.concurrency:
            index, self.position = self.position, self.position + 1
            self._start(active, index, self._scope(index))

    def _start(self, active: Active, index: int, scope: Scope) -> None:
        task = asyncio.create_task(self.run_scope(self.execution, scope), name=f"item {scope.iteration}")
        active[task] = (index, scope)

    def _goes_on(self) -> bool:
        """Whether another item may begin."""
        return self.position < len(self.results) and (self.expand.keep_going or not self.failures)

    async def _some_end(self, active: Active) -> None:
        """Wait until an item ends or parks, or until a parked one can go on."""
        bell = asyncio.create_task(self.execution.bell.after(self.heard))
        try:
            left = waits.seconds_left(list(self.waiting), datetime.now(UTC))
            done, _ = await asyncio.wait({*active, bell}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            bell.cancel()
        if self.execution.bell.rings > self.heard:
            self.heard = self.execution.bell.rings
            self.hear(await self.execution.answers())
        for task in done & active.keys():
            index, scope = active.pop(task)
            task.result()
            self._settle(index, scope)

    def _settle(self, index: int, scope: Scope) -> None:
        if any(True for _ in scope.all_waiting()):
            self.items_parked[index] = scope
            return
        failed = scope.plan.failure()
        if failed is not None:
            self.failures.append((index, f"step {failed}: {scope.plan.ended[failed].error}"))
            return
        last = scope.plan.last()
        self.results[index] = scope.plan.ended[last].kept if last is not None else None

    def _scope(self, index: int) -> Scope:
        item = self.expand.items[index]
        outer, execution = self.outer, self.execution
        scope = Scope(
            self.step.inner,
            item,
            iteration=f"{outer.iteration}.{index}" if outer.iteration else str(index),
            names={**outer.names, "item": item, "index": index},
            outer={**outer.outer, **outer.views} if outer.outer else outer.views,
        )
        take_over(execution, scope)
        return scope

    # light items, in chunks ---------------------------------------------------------------------------------------

    async def _run_chunks(self) -> None:
        while self._goes_on():
            bound = bind_plainly(self.step, self._chunk)
            await in_prefect(self.execution, self.step, bound, new_id(), f"chunk-{self.position // CHUNK}")
            await self.execution.checkpoint(self.step.id)

    async def _chunk(self) -> None:
        end = min(self.position + CHUNK, len(self.results))
        while self.position < end and self._goes_on():
            index, self.position = self.position, self.position + 1
            await self._light_item(index)
            if index % _BREATH == 0:
                await asyncio.sleep(0)

    async def _light_item(self, index: int) -> None:
        scope = self._scope(index)
        while ready := self.advance(self.execution, scope):
            for name in ready:
                call = StepCall(self.execution, scope, scope.steps[name], quiet=True)
                scope.end(name, await call.run_light())
        self._settle(index, scope)
