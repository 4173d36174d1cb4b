"""What a run may still spend: asked before each step that costs something, so that nothing happens unpaid.

What was reserved when the run was accepted pays for its steps once. A loop, or prices that changed, need more: that is
reserved on the way, some steps ahead, and when the workspace has nothing left the step does not run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from blocks.errors import InvalidInput
from core.credits.reserving import Charged
from core.runs.queue import ClaimedRun

_AHEAD: Final = 20  # credits that are reserved at a time

More = Callable[[int, int], Awaitable[int]]


@dataclass(slots=True)
class Budget:
    """Of one run in this worker; in credits. `more(least, most)` reserves and gives how much it could."""

    prices: Mapping[str, int]
    left: int
    more: More
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def pay(self, action: str) -> None:
        """Set aside the price of a step. Raises `InvalidInput` (`credits_exhausted`)."""
        price = self.prices.get(action, 0)
        if price == 0:
            return
        async with self._asking:
            if self.left < price:
                self.left += await self.more(price - self.left, max(price - self.left, _AHEAD))
            if self.left < price:
                raise InvalidInput(
                    "credits_exhausted",
                    f"This step costs {price} credits, and the workspace has too few left; it was not done. Replay the"
                    " run from here when there are credits again.",
                )
            self.left -= price

    async def cover(self, most: int) -> bool:
        """Set aside what something may come to; False where there is too little left, and then nothing is."""
        async with self._asking:
            if self.left < most:
                self.left += await self.more(most - self.left, max(most - self.left, _AHEAD))
            if self.left < most:
                return False
            self.left -= most
            return True

    def settle(self, most: int, came: int) -> None:
        """What was set aside by `cover` came to `came`."""
        self.left += most - came


def beyond(charged: Charged, budget: int) -> InvalidInput:
    """Why a step that has cost more than its price can't be charged with all of it."""
    if charged.in_all >= budget:
        return InvalidInput(
            "budget_exhausted",
            f"This step may cost {budget} credits beyond its price, and they are used up: raise its budget, or give it"
            " less to do.",
        )
    return InvalidInput(
        "credits_used_up",
        f"The workspace's credits were used up while this step was at work ({charged.in_all} beyond its price). Replay"
        " the run from here when there are credits again.",
    )


def budget_of(run: ClaimedRun, more: More) -> Budget | None:
    """None: the run pays nothing."""
    facts = run.budget
    if facts is None:
        return None
    listed = facts.get("prices")
    prices = {name: _whole(price) for name, price in listed.items()} if isinstance(listed, dict) else {}
    return Budget(prices, _whole(facts.get("reserved")) - _whole(facts.get("spent")), more)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
