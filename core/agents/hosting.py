"""What the engine lends a turn: the run that it is part of, and the ways back into it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from blocks.action import ActionContext
from blocks.conversing import Turn, TurnDone
from blocks.outcomes import Wait
from blocks.values import JsonObject
from core.redaction import Redactor
from core.runs.queue import ClaimedRun


@dataclass(frozen=True, slots=True)
class Host:
    """One step of one run.

    `reserve` sets credits aside for what may come, and says whether there were enough; `spend` says what it came to.
    `patiently` does work that needs PostgreSQL, again and again while that is away. `lost` stops the run here: it is
    somebody else's now. `tells` goes to who watches.
    """

    run: ClaimedRun
    step_id: str
    iteration: str
    context: ActionContext
    redactor: Redactor
    reserve: Callable[[int], Awaitable[bool]]
    spend: Callable[[int, int], None]
    patiently: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
    lost: Callable[[], None]
    tells: Callable[[JsonObject], None]
    will_retry: Callable[[BaseException], bool]


class Talks(Protocol):
    """Holds turns with agents (`core/agents/turns.py`)."""

    async def converse(self, turn: Turn, host: Host) -> TurnDone | Wait: ...
