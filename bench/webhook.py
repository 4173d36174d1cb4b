"""Webhook -> two HTTP steps: what is accepted, what is finished, how soon the first and the last step run.

    python -m bench.webhook [--repeats 3] [--seconds 10] [--baseline-runs 20] [--recorder]

Everything runs on this machine: the product as `vutler up` starts it, an echo server, this generator, and Prefect's
own process worker for the ratio. See bench/README.md.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg

from bench import baseline, load
from bench.figures import median_of, ms, percentiles, spread
from core.db import SCHEMA
from deployments.postgres import Embedded
from tests.e2e.person import Person
from tests.e2e.product import Product, free_port

RATES = (4.0, 20.0, 50.0)


@dataclass
class Bench:
    product: Product
    person: Person
    echo: str
    results: dict[str, list[list[float]]] = field(default_factory=dict)

    def note(self, name: str, values: list[float]) -> None:
        self.results.setdefault(name, []).append(values)

    async def ask(self, query: str, *arguments: Any) -> Any:
        connection = await asyncpg.connect(
            Embedded(self.product.home).dsn("vutler"), server_settings={"search_path": SCHEMA}
        )
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def automation(self) -> dict[str, Any]:
        def http(path: str, body: object) -> dict[str, Any]:
            return {
                "type": "http",
                "config": {"method": "POST", "url": self.echo + path, "json": body, "idempotent": True},
            }

        return await self.person.create({
            "name": "Bench", "trigger_type": "webhook", "trigger_config": {"rate_per_min": 60_000},
            "actions": [
                http("/first", {"n": "{{ trigger.data.n }}"}), http("/second", {"n": "{{ previous.output.body.n }}"}),
            ],
        })  # fmt: skip

    async def hits(self) -> dict[str, dict[str, float]]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.echo}/hits") as answer:
            return dict(await answer.json())

    async def drained(self, rule: str, seconds: float = 240) -> None:
        end = time.monotonic() + seconds
        left = "SELECT count(*) FROM automation_logs WHERE rule_id::text = $1 AND completed_at IS NULL"
        while await self.ask(left, rule):
            assert time.monotonic() < end, "the runs did not end"
            await asyncio.sleep(0.1)

    async def steady(self, per_s: float, seconds: float) -> None:
        made = await self.automation()
        await self.hits()
        done = await load.steady(made["webhook"], per_s, seconds)
        await self.drained(made["id"])
        hits = await self.hits()
        name = f"at {per_s:g}/s"
        self.note(f"{name}: answer 202", done.answer_ms)
        for title, path in (("first step", "/first"), ("last step", "/second")):
            self.note(f"{name}: webhook -> {title}", percentiles([hits[path][n] - done.sent[n] for n in done.answered]))

    async def flat_out(self, name: str, seconds: float) -> dict[str, float]:
        made = await self.automation()
        await self.hits()
        done = await load.flat_out(made["webhook"], seconds)
        await self.drained(made["id"])
        spent = await self.ask(
            "SELECT extract(epoch FROM max(completed_at) - min(created_at))::float8 FROM automation_logs"
            " WHERE rule_id::text = $1", made["id"],
        )  # fmt: skip
        good = "SELECT count(*) FROM automation_logs WHERE rule_id::text = $1 AND status = 'success'"
        assert await self.ask(good, made["id"]) == len(done.answered), "every accepted run ends well"
        hits = await self.hits()
        self.note(f"{name}: answer 202", done.answer_ms)
        self.note(
            f"{name}: webhook -> first step", percentiles([hits["/first"][n] - done.sent[n] for n in done.answered])
        )
        self.note(
            f"{name}: webhook -> last step", percentiles([hits["/second"][n] - done.sent[n] for n in done.answered])
        )
        figures = {
            "accepted/s": done.accepted_per_s, "finished/s": len(done.answered) / spent,
            "generator CPU %": 100 * done.cpu_s / done.seconds, "refused": float(done.refused),
        }  # fmt: skip
        for figure, value in figures.items():
            self.note(f"{name}: {figure}", [value])
        return figures

    async def in_prefect(self) -> float:
        """The share of our ended runs that Prefect shows as ended, 30 s after the load."""
        await asyncio.sleep(30)
        ours = await self.ask("SELECT count(*) FROM automation_logs WHERE completed_at IS NOT NULL")
        user, _, password = (self.product.home / "prefect-auth").read_text().strip().partition(":")
        headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        body = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED", "CANCELLED"]}}},
                "flows": {"name": {"any_": ["automation"]}}}  # fmt: skip
        url = self.product.prefect_url + "/flow_runs/count"
        async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=body) as answer:
            return 100 * float(await answer.text()) / ours

    async def durable(self) -> None:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await self.ask(f"SHOW {name}") == "on", f"{name} is off: these figures would be worth nothing"


def report(title: str, bench: Bench) -> None:
    print(f"\n{title}")
    for name, rows in bench.results.items():
        values = median_of(rows)
        shown = f"p50/p95/p99 {ms(values)}" if len(values) == 3 else spread([row[0] for row in rows])
        print(f"  {name:42} {shown}")


async def measure(workers: int, echo: str, options: argparse.Namespace) -> None:
    environment = {"VUTLER_WORKERS": str(workers), "VUTLER_HTTP_ALLOW_HOSTS": echo.removeprefix("http://")}
    with Product(environment) as product:
        product.wait_prefect()
        async with Person(product.url) as person:
            bench = Bench(product, person, echo)
            await bench.durable()
            await bench.steady(20, 3)
            bench.results.clear()  # that was the warm-up
            for _ in range(options.repeats):
                for rate in RATES:
                    await bench.steady(rate, options.seconds)
                finished = (await bench.flat_out("flat out", options.seconds))["finished/s"]
                if options.recorder:
                    await without_recorder(bench, options.seconds, finished)
                if options.baseline_runs and workers == 1 and "baseline" not in bench.results:
                    plain = await baseline.measure(product, echo, options.baseline_runs)
                    bench.note("baseline", [plain])
                    bench.note("ratio to Prefect's process worker", [finished / plain])
            bench.note("% of runs in Prefect after 30 s", [await bench.in_prefect()])
            report(f"{workers} worker(s), {options.repeats} repeats of {options.seconds:g} s", bench)


async def without_recorder(bench: Bench, seconds: float, with_it: float) -> None:
    """The same flat-out load while the Prefect server is stopped, so that nothing is recorded."""
    server = bench.product.children()["prefect"]
    os.kill(server, signal.SIGSTOP)
    try:
        alone = (await bench.flat_out("Prefect stopped", seconds))["finished/s"]
    finally:
        os.kill(server, signal.SIGCONT)
    bench.note("recorder's share of throughput, %", [100 * (1 - with_it / alone)])
    await asyncio.sleep(15)  # it catches up


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--baseline-runs", type=int, default=20, help="0 leaves the baseline out")
    parser.add_argument("--recorder", action="store_true", help="measure what the recorder costs, too")
    options = parser.parse_args()
    port = free_port()
    echo = subprocess.Popen([sys.executable, "-m", "bench.echo", "--port", str(port)])
    try:
        for workers in options.workers:
            asyncio.run(measure(workers, f"http://127.0.0.1:{port}", options))
    finally:
        echo.terminate()
        echo.wait()


if __name__ == "__main__":
    main()
