"""Turns, loaded when the first agent speaks: the libraries of the providers take seconds and some 60 MB to import,
which a worker without agents never pays. They are imported in a thread, so that runs go on meanwhile."""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from blocks.conversing import Turn, TurnDone
from blocks.outcomes import Wait
from core.agents.hosting import Host, Talks


class LoadedOnUse:
    """`core.agents.hosting.Talks`; `make` makes the real one out of the module `core.agents.turns`."""

    def __init__(self, make: Callable[[Any], Talks]) -> None:
        self._make = make
        self._talks: Talks | None = None
        self._loading = asyncio.Lock()

    async def converse(self, turn: Turn, host: Host) -> TurnDone | Wait:
        return await (await self.load()).converse(turn, host)

    async def load(self) -> Talks:
        """The real one; the first who asks waits for the import."""
        async with self._loading:
            if self._talks is None:
                module = await asyncio.to_thread(importlib.import_module, "core.agents.turns")
                self._talks = self._make(module)
            return self._talks
