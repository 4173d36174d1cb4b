"""Waiting for something to become true, with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[object]], *, seconds: float = 30, every_s: float = 0.05) -> None:
    """Ask again and again; raises `TimeoutError` when it does not become true in time."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the condition lies in another process
            await asyncio.sleep(every_s)
