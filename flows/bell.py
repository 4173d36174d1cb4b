"""A bell that anybody can wait for: whoever comes late still learns that it has rung."""

import asyncio


class Bell:
    """`rings` counts; `after(n)` returns as soon as it has rung more than `n` times."""

    def __init__(self) -> None:
        self.rings = 0
        self._next = asyncio.Event()

    def ring(self) -> None:
        self.rings += 1
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, rings: int) -> None:
        while self.rings <= rings:
            await self._next.wait()
