"""The load generator: webhook deliveries at a fixed rate, or as fast as they are answered."""

import asyncio
import itertools
import resource
import time
from dataclasses import dataclass, field

import aiohttp

from bench.figures import percentiles

_event = itertools.count()


@dataclass
class Load:
    """What one stretch of load did. Times are Unix seconds; `sent` is when the request left."""

    sent: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    refused: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0

    @property
    def accepted_per_s(self) -> float:
        return len(self.answered) / self.seconds

    @property
    def answer_ms(self) -> list[float]:
        return percentiles([self.answered[n] - self.sent[n] for n in self.answered])


async def _deliver(session: aiohttp.ClientSession, hook: dict[str, str], load: Load) -> None:
    event = str(next(_event))
    load.sent[event] = time.time()
    async with session.post(hook["url"], json={"n": event}, headers={"X-Webhook-Secret": hook["secret"]}) as answer:
        await answer.read()
        if answer.status == 202:
            load.answered[event] = time.time()
        else:
            load.refused += 1


async def steady(hook: dict[str, str], per_s: float, seconds: float) -> Load:
    """`per_s` deliveries a second, whether earlier ones are answered or not."""
    load = Load()
    cpu = _cpu()
    began = time.monotonic()
    async with aiohttp.ClientSession() as session:
        tasks = []
        for number in range(int(per_s * seconds)):
            await asyncio.sleep(max(began + number / per_s - time.monotonic(), 0))
            tasks.append(asyncio.create_task(_deliver(session, hook, load)))
        await asyncio.gather(*tasks)
    load.seconds, load.cpu_s = time.monotonic() - began, _cpu() - cpu
    return load


async def flat_out(hook: dict[str, str], seconds: float, connections: int = 16) -> Load:
    """As fast as `connections` senders get answers."""
    load = Load()
    cpu = _cpu()
    began = time.monotonic()

    async def sender(session: aiohttp.ClientSession) -> None:
        while time.monotonic() - began < seconds:
            await _deliver(session, hook, load)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        await asyncio.gather(*(sender(session) for _ in range(connections)))
    load.seconds, load.cpu_s = time.monotonic() - began, _cpu() - cpu
    return load


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
