"""Those who send events: each repeats its delivery, under the same key, until it is told that it was accepted."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

_AT_ONCE = 100  # open deliveries; while the product is away no more are begun
_REPEATED = 0.08  # the share of events that are sent more than once though they were accepted


@dataclass
class Sender:
    """`hooks` are the webhooks of the automations, `shares` how many of a hundred events go to each."""

    hooks: list[dict[str, Any]]
    shares: list[int]
    chance: random.Random
    per_s: float
    accepted: dict[str, set[str]] = field(default_factory=dict)  # event -> the runs that the answers named
    answers: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    _open: set["asyncio.Task[None]"] = field(default_factory=set)

    async def send(self, stop: asyncio.Event) -> None:
        """Begin `per_s` deliveries a second until `stop` is set, then wait until all are accepted."""
        timeout = aiohttp.ClientTimeout(total=15)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
            while not stop.is_set():
                if len(self._open) < _AT_ONCE:
                    self._begin(session)
                await asyncio.sleep(self.chance.expovariate(self.per_s))
            await asyncio.gather(*self._open)

    def _begin(self, session: aiohttp.ClientSession) -> None:
        event = f"event-{self.sent}"
        self.sent += 1
        hook = self.chance.choices(self.hooks, self.shares)[0]
        copies = self.chance.choice((2, 2, 3)) if self.chance.random() < _REPEATED else 1
        for copy in range(copies):
            delay = copy * self.chance.uniform(0, 2)
            task = asyncio.create_task(self._deliver(session, hook, event, delay))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _deliver(self, session: aiohttp.ClientSession, hook: dict[str, Any], event: str, delay: float) -> None:
        await asyncio.sleep(delay)
        headers = {"X-Webhook-Secret": hook["secret"], "X-Event-Id": event}
        while True:
            try:
                async with session.post(hook["url"], json={"event": event}, headers=headers) as answer:
                    body = await answer.json(content_type=None)
                    self.answers[str(answer.status)] += 1
                    if answer.status == 202:
                        self.accepted.setdefault(event, set()).add(body["run_id"])
                        return
            except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
                self.answers["none"] += 1
            await asyncio.sleep(self.chance.uniform(0.3, 1.5))
