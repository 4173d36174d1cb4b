"""One tenant sends template and regex bombs without end: does another one notice?

    python -m bench.bombs [--repeats 3] [--seconds 42] [--rate 50]

The other tenant's p99 with them and without, by turns in the same product. Each stretch has rate x seconds requests
(2,100 as it stands) of two HTTP steps each. The promise: with bombs at most twice the p99 of the same load without.
"""

import argparse
import asyncio
import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bench.figures import median_of, ms
from bench.webhook import Bench
from tests.e2e.person import Person
from tests.e2e.product import Product, free_port
from tests.security.bombs import BOMBS, PATTERNS

AT_ONCE = 4  # of the hostile tenant
# What can be saved and goes off with its data alone.
FUSED = [
    "{{ trigger.data.x ** (trigger.data.x ** 8) }}", "{{ 'A' * trigger.data.x ** 12 }}",
    "{{ ('a' * 100000) | replace('a', trigger.data.text) }}",
]  # fmt: skip
DATA = {"x": 9, "text": "b" * 100_000}


class Hostile:
    """Saves bombs, runs those that could be saved, and sends texts to its patterns."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.done: Counter[str] = Counter()
        self._runs: list[str] = []
        self._hooks: list[tuple[dict[str, str], str]] = []

    async def prepare(self) -> None:
        for source in [*BOMBS, *FUSED]:
            status, made = await self.person.send("POST", "/api/automations", _template(source))
            if status == 201:
                self._runs.append(made["id"])
        for pattern, text in PATTERNS:
            status, made = await self.person.send("POST", "/api/automations", _pattern(pattern))
            if status == 201:
                self._hooks.append((made["webhook"], text))
        print(
            f"{len(BOMBS) + len(FUSED)} template bombs, {len(self._runs)} of them can be saved and run;"
            f" {len(PATTERNS)} patterns, {len(self._hooks)} of them can be saved"
        )

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        attacks = itertools.cycle([self._save, self._run, self._match])
        tasks = [asyncio.create_task(self._attack(attacks, number)) for number in range(AT_ONCE)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _attack(self, attacks: Any, number: int) -> None:
        for turn in itertools.count(number):
            await next(attacks)(turn)

    async def _save(self, turn: int) -> None:
        status, _ = await self.person.send("POST", "/api/automations", _template(BOMBS[turn % len(BOMBS)]))
        self.done[f"saves answered {status}"] += 1

    async def _run(self, turn: int) -> None:
        path = f"/api/automations/{self._runs[turn % len(self._runs)]}/run?wait=10"
        status, answer = await self.person.send("POST", path, {"payload": DATA})
        self.done[f"runs {answer.get('status', status)}"] += 1

    async def _match(self, turn: int) -> None:
        hook, text = self._hooks[turn % len(self._hooks)]
        secret = {"X-Webhook-Secret": hook["secret"]}
        status, _ = await self.person.send("POST", hook["url"], {"text": text * 20}, anonymous=True, headers=secret)
        self.done[f"patterns answered {status}"] += 1


def _template(source: str) -> dict[str, Any]:
    return {"name": "Bomb", "trigger_type": "manual", "actions": [{"type": "transform", "config": {"value": source}}]}


def _pattern(pattern: str) -> dict[str, Any]:
    condition = {"path": "trigger.data.text", "op": "matches", "value": pattern}
    return {
        "name": "Pattern", "trigger_type": "webhook",
        "trigger_config": {"filter": condition, "rate_per_min": 60_000},
        "actions": [{"type": "transform", "config": {"value": 1}}],
    }  # fmt: skip


async def measure(echo: str, options: argparse.Namespace) -> None:
    environment = {"VUTLER_SIGNUP": "open", "VUTLER_HTTP_ALLOW_HOSTS": echo.removeprefix("http://")}
    with Product(environment) as product:
        product.wait_prefect()
        async with Person(product.url) as good, Person(product.url, "mallory@example.com") as mallory:
            quiet, bombed = Bench(product, good, echo), Bench(product, good, echo)
            await quiet.steady(20, 3)
            quiet.results.clear()  # that was the warm-up
            hostile = Hostile(mallory)
            await hostile.prepare()
            for _ in range(options.repeats):
                await quiet.steady(options.rate, options.seconds)
                async with hostile.at_work():
                    await bombed.steady(options.rate, options.seconds)
            print(f"{int(options.rate * options.seconds)} requests a stretch, median of {options.repeats}; p50/p95/p99")
            for name, rows in quiet.results.items():
                without, with_them = median_of(rows), median_of(bombed.results[name])
                print(
                    f"  {name:34} without {ms(without)}   with {ms(with_them)}   p99 x {with_them[2] / without[2]:.2f}"
                )
            print("  meanwhile: " + ", ".join(f"{count} {what}" for what, count in sorted(hostile.done.items())))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=42)
    parser.add_argument("--rate", type=float, default=50)
    options = parser.parse_args()
    port = free_port()
    echo = subprocess.Popen([sys.executable, "-m", "bench.echo", "--port", str(port)])
    try:
        asyncio.run(measure(f"http://127.0.0.1:{port}", options))
    finally:
        echo.terminate()
        echo.wait()


if __name__ == "__main__":
    main()
