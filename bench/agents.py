"""Agents that talk: from a message in a channel to the agent's answer beside it, and what a turn costs.

    python -m bench.agents [--agents 200] [--rate 20] [--seconds 30] [--repeats 3] [--profile] [--statements]

Each agent sits in a room of its own; messages go to one after the other, at a fixed rate, whether earlier ones are
answered or not. The model is a server of the tests, in its own process, which answers at once. By turns with it, in the
same product and in a workspace of its own: the same messages answered by as many automations with a `message` trigger
and a `channel` step, without an agent. See bench/README.md.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from bench import stacks, statements
from bench.figures import median_of, ms, percentiles, spread
from bench.processes import cpu, family
from core import jsontext
from core.db import SCHEMA
from core.runs.channels import EVENTS
from deployments.postgres import Embedded
from tests.e2e.person import Person
from tests.e2e.product import Product, free_port
from tests.vendors.openai import KEY
from tests.waiting import until

_IDLE_S = 15.0  # of a window
_IDLE_WINDOWS = 20  # at most
_SETTLED = 0.02  # CPU seconds a second by which two windows of a settled process differ at most
_ANSWERS = """
SELECT count(*) AS answers, count(DISTINCT thread_id) AS answered FROM messages
WHERE is_bot AND sent_at IS NOT NULL AND thread_id::text = ANY ($1)
"""


@dataclass
class Stretch:
    """What one stretch did: seconds from message to answer, and to its 201; CPU seconds by process."""

    answers: list[float]
    accepted: list[float]
    lost: int
    twice: int
    cpu_s: dict[str, float]

    @property
    def turns(self) -> int:
        return len(self.answers)


class Ears:
    """When each thread's first message of a bot became visible to others, heard as pages hear it."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}

    def __call__(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        moment = time.monotonic()
        for notice in jsontext.load(str(payload)):  # type: ignore[union-attr]
            if isinstance(notice, dict) and notice.get("kind") == "message" and notice.get("thread"):
                self.heard.setdefault(str(notice["thread"]), moment)


@dataclass
class Side:
    """A workspace, and the rooms in which somebody answers."""

    person: Person
    rooms: list[str]
    stretches: list[Stretch] = field(default_factory=list)
    _turn: Iterator[int] = field(default_factory=itertools.count)

    async def send(self, times: dict[str, tuple[float, float]]) -> None:
        room = self.rooms[next(self._turn) % len(self.rooms)]
        began = time.monotonic()
        status, said = await self.person.send("POST", f"/api/channels/{room}/messages", {"text": "What is a pen?"})
        assert status == 201, said
        times[str(said["id"])] = (began, time.monotonic())


@dataclass
class Bench:
    product: Product
    connection: "asyncpg.Connection[asyncpg.Record]"
    ears: Ears
    model: int  # its process

    def processes(self) -> dict[str, int]:
        return {**self.product.children(), "model": self.model, "sender": os.getpid()}

    def cpu(self) -> dict[str, float]:
        return {
            name: cpu(pid) if name == "sender" else sum(cpu(each) for each in family(pid))
            for name, pid in self.processes().items()
        }

    async def idle(self) -> dict[str, float]:
        """CPU seconds a second of everybody, nothing to do: once the product has settled, over two windows that agree.

        Right after the start Prefect is busy for minutes, and what it used then is no measure of what it uses at rest.
        """
        former = await self._window()
        for _ in range(_IDLE_WINDOWS):
            window = await self._window()
            if agree(former, window):
                return {name: (former[name] + used) / 2 for name, used in window.items()}
            former = window
        raise RuntimeError(f"the product does not come to rest: {former}")

    async def _window(self) -> dict[str, float]:
        before = self.cpu()
        await asyncio.sleep(_IDLE_S)
        return {name: (after - before[name]) / _IDLE_S for name, after in self.cpu().items()}

    async def stretch(self, side: Side, rate: float, seconds: float, idle: dict[str, float]) -> Stretch:
        times: dict[str, tuple[float, float]] = {}
        before, began, tasks = self.cpu(), time.monotonic(), []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(began + number / rate - time.monotonic(), 0))
            tasks.append(asyncio.create_task(side.send(times)))
        await asyncio.gather(*tasks)

        async def all_heard() -> bool:
            return times.keys() <= self.ears.heard.keys()

        with contextlib.suppress(TimeoutError):  # what is lost is counted below
            await until(all_heard, seconds=60, every_s=0.05)
        took = time.monotonic() - began
        spent = {name: after - before[name] - took * idle[name] for name, after in self.cpu().items()}
        row = await self.connection.fetchrow(_ANSWERS, list(times))
        assert row is not None
        heard = self.ears.heard
        done = Stretch(
            answers=[heard[message] - times[message][0] for message in times if message in heard],
            accepted=[answered - sent for sent, answered in times.values()],
            lost=len(times) - row["answered"], twice=row["answers"] - row["answered"], cpu_s=spent,
        )  # fmt: skip
        side.stretches.append(done)
        return done


def agree(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two windows show the same: every process within 20 ms of CPU a second, or a tenth of what it used."""
    return all(abs(used - other[name]) <= max(_SETTLED, 0.1 * used) for name, used in one.items())


async def agents(person: Person, model: str, count: int) -> Side:
    fields = {"api_key": KEY, "base_url": model, "default_model": "gpt-5-mini"}
    made = await _made(person, "/api/connections", {"kind": "openai", "name": "model", "fields": fields})
    side = Side(person, [])
    for number in range(count):
        room = await _made(person, "/api/channels", {"name": f"room {number}"})
        await _made(
            person, "/api/agents",
            {"name": f"Seller {number}", "provider": made["id"], "instructions": "Sell.", "channels": [room["id"]]},
        )  # fmt: skip
        side.rooms.append(room["id"])
    return side


async def automations(person: Person, count: int) -> Side:
    side = Side(person, [])
    for number in range(count):
        room = await _made(person, "/api/channels", {"name": f"room {number}"})
        reply = {
            "channel": "{{ trigger.data.channel }}",
            "thread": "{{ trigger.data.thread }}",
            "text": "It is 12 euros.",
        }
        await person.create({
            "name": f"Answer {number}", "trigger_type": "message", "trigger_config": {"channels": [room["id"]]},
            "actions": [{"id": "reply", "type": "channel", "config": reply}],
            "policy": {"overlap": "queue", "concurrency_key": "trigger.data.conversation"},
        })  # fmt: skip
        side.rooms.append(room["id"])
    return side


async def _made(person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    status, answer = await person.send("POST", path, body)
    assert status == 201, answer
    return dict(answer)


@contextmanager
def model_server() -> Iterator[tuple[int, int]]:
    """Its port and its process."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.model", "--port", str(port)])
    try:
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


async def measure(port: int, pid: int, profile: Path, options: argparse.Namespace) -> None:
    environment = {
        "VUTLER_SIGNUP": "open", "VUTLER_HTTP_ALLOW_HOSTS": f"127.0.0.1:{port}",
        "VUTLER_WORKERS": str(options.workers),
    }  # fmt: skip
    if options.profile:
        sampling = Path(__file__).parent / "sampling"
        environment |= {"BENCH_PROFILE": str(profile), "PYTHONPATH": f"{Path(__file__).parents[1]}:{sampling}"}
    with Product(environment, ready_within=300) as product:
        product.wait_prefect(300)
        connection = await asyncpg.connect(
            Embedded(product.home).dsn("vutler"), server_settings={"search_path": SCHEMA}
        )
        bench = Bench(product, connection, Ears(), pid)
        await connection.add_listener(EVENTS, bench.ears)
        async with Person(product.url) as ada, Person(product.url, "bob@example.com") as bob:
            talking = await agents(ada, f"http://127.0.0.1:{port}/v1", options.agents)
            plain = await automations(bob, options.agents)
            for side in (talking, plain):  # the first turn loads libraries
                await bench.stretch(side, 5, 4, dict.fromkeys(bench.processes(), 0.0))
                side.stretches.clear()
            idle = await bench.idle()
            for _ in range(options.repeats):
                for side in (talking, plain):
                    await bench.stretch(side, options.rate, options.seconds, idle)
            show(talking, plain, options)
            if options.profile:
                (profile / "on").touch()
                await bench.stretch(talking, options.rate, options.seconds, idle)
                (profile / "on").unlink()
                await asyncio.to_thread(stacks.show, profile / "stacks")
            if options.statements:
                async with statements.logged(connection, product.home / "logs" / "postgres.log") as log:
                    done = await bench.stretch(talking, 5, 10, idle)
                statements.show(log, done.turns)
        await connection.close()


def show(talking: Side, plain: Side, options: argparse.Namespace) -> None:
    print(f"{options.agents} agents, {options.rate:g} messages/s for {options.seconds:g} s, {options.repeats} times")
    sides = {"agent": talking.stretches, "automation": plain.stretches}
    for name, rows in sides.items():
        print(f"{name}: p50 / p95 / p99, median of the stretches")
        print(f"  message -> 201      {ms(median_of([percentiles(each.accepted) for each in rows]))}")
        print(f"  message -> answer   {ms(median_of([percentiles(each.answers) for each in rows]))}")
        print(
            f"  messages {sum(len(each.accepted) for each in rows)}, lost {sum(each.lost for each in rows)},"
            f" answered twice {sum(each.twice for each in rows)}"
        )
        for process in rows[0].cpu_s:
            print(f"  CPU a turn, {process:10} {spread([1000 * each.cpu_s[process] / each.turns for each in rows])} ms")
    ratios = zip(*(median_of([percentiles(each.answers) for each in rows]) for rows in sides.values()), strict=True)
    print("ratio, message -> answer: " + " / ".join(f"{agent / other:.2f}" for agent, other in ratios))
    bad = [each for rows in sides.values() for each in rows if each.lost or each.twice]
    assert not bad, "every message is answered once"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="where a worker's time goes, in one more stretch")
    parser.add_argument("--statements", action="store_true", help="what PostgreSQL is asked in a turn")
    options = parser.parse_args()
    with model_server() as (port, pid), tempfile.TemporaryDirectory(prefix="vutler-bench-") as folder:
        asyncio.run(measure(port, pid, Path(folder), options))


if __name__ == "__main__":
    main()
