"""What 10,000 scheduled automations cost against 100: `python -m bench.schedules [--many 10000] [--repeats 7]`.

A real PostgreSQL, a real Prefect server (our launcher), and the worker's own services in this process, called one turn
at a time. The first 100 automations are published as a user does; the others are copies of them in both databases,
Prefect's scheduled runs included, since making them would measure Prefect's API for an hour. Everything is measured
with 100, with many, and with 100 again; a ratio compares with the mean of the two.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from api.services import Services
from bench import schedules_copies as copies
from bench.processes import cpu, family, pss
from core import keys as core_keys
from core import settings as core_settings
from core.caller import Caller
from core.db import Database
from core.ids import new_id
from deployments import sync
from deployments.sync import DeploymentSync
from flows import door
from flows import scheduler as turns
from flows.door import Door
from flows.prefect_api import PrefectApi
from flows.scheduler import Scheduler
from tests import postgres, prefect_server

FEW = 100
FIRED = 50  # automations that fire every minute, in either size
# How often the services take their turns, all workers together (the planner: each).
TURNS_A_MINUTE = {
    "planner, nothing due": 60 / turns.TICK_S,
    "import, near": 60 / turns.IMPORT_S,
    "import, a day": 60 / turns.FAR_IMPORT_S,
    "watch for pauses": 60 / sync.WATCH_S,
    "reconcile": 60 / sync.RECONCILE_S,
    "door": 60 / door.LOOK_S,
}
_FAR = timedelta(hours=24)
_NEAR = timedelta(minutes=10)


@dataclass
class Party:
    """A program whose CPU counts: its processes, with what ended children used."""

    name: str
    pid: int
    alone: bool = False  # its children are parties of their own

    def cpu(self) -> float:
        return sum(map(cpu, _members(self.pid, self.alone)))

    def memory(self) -> float:
        """Proportional share of the memory in MB."""
        return sum(map(pss, _members(self.pid, self.alone)))


def _members(pid: int, alone: bool) -> list[int]:
    return [pid] if alone else list(family(pid))


@dataclass
class Bench:
    services: Services
    db: Database
    prefect: PrefectApi
    prefect_dsn: str
    parties: list[Party]
    repeats: int
    caller: Caller = field(default_factory=lambda: Caller(new_id(), new_id(), "owner"))

    async def measured(self, name: str, work: Callable[[], Awaitable[object]], per: int = 1) -> dict[str, float]:
        """Milliseconds of the clock (median) and of CPU (mean) by party, for each of `per` things done."""
        clock: list[float] = []
        before = [party.cpu() for party in self.parties]
        for _ in range(self.repeats):
            began = time.perf_counter()
            await work()
            clock.append(1000 * (time.perf_counter() - began) / per)
        spent = [party.cpu() - cpu for party, cpu in zip(self.parties, before, strict=True)]
        found = {"clock": statistics.median(clock)}
        found |= {party.name: 1000 * cpu / self.repeats / per for party, cpu in zip(self.parties, spent, strict=True)}
        print(f"    {name:28s} " + "  ".join(f"{key} {value:9.2f}" for key, value in found.items()), flush=True)
        return found

    async def publish(self) -> UUID:
        """As a user does: the definition is checked, saved and published."""
        document = copies.definition(f"Bench {uuid4().hex[:8]}")
        return (await self.services.automations.create(self.caller, document)).rule.id

    async def all_turns(self) -> dict[str, dict[str, float]]:
        syncing, doors = DeploymentSync(self.db, self.prefect), Door(self.db, self.prefect)
        scheduler = Scheduler(self.db, self.prefect)
        await syncing.reconcile()
        while await syncing.drain():
            pass
        await scheduler.import_ahead(_FAR)
        await scheduler.fire()
        made: list[UUID] = []

        async def publish() -> None:
            made.append(await self.publish())

        found = {
            "publish: our rows": await self.measured("publish: our rows", publish),
            "publish: the deployment": await self.measured(
                "publish: the deployment", lambda: syncing.sync(made.pop()) if made else asyncio.sleep(0)
            ),
        }
        while await syncing.drain():
            pass
        await scheduler.fire()
        found["planner, nothing due"] = await self.measured("planner, nothing due", scheduler.fire)

        async def fire() -> None:
            await copies.make_due(self.db, FIRED)
            await scheduler.fire()

        found["a fire"] = await self.measured("a fire", fire, per=FIRED)
        found["import, near"] = await self.measured(
            "import, near", lambda: scheduler.import_ahead(_NEAR, within_s=turns.JUST_MADE_S)
        )
        found["import, a day"] = await self.measured("import, a day", lambda: scheduler.import_ahead(_FAR))
        found["watch for pauses"] = await self.measured("watch for pauses", syncing.watch)
        found["reconcile"] = await self.measured("reconcile", syncing.reconcile)
        found["door"] = await self.measured("door", lambda: asyncio.gather(doors.take_in(), doors.cancel()))
        found["nothing for 20 s"] = await self.idle(20)
        found["a minute of all this"] = {
            party.name: found["nothing for 20 s"][party.name]
            + sum(times * found[name][party.name] for name, times in TURNS_A_MINUTE.items())
            for party in self.parties
        }
        found["memory, MB"] = {party.name: party.memory() for party in self.parties}
        return found

    async def idle(self, seconds: float) -> dict[str, float]:
        """What Prefect and PostgreSQL do by themselves, in ms of CPU a minute."""
        before = [party.cpu() for party in self.parties]
        await asyncio.sleep(seconds)
        return {
            party.name: 60_000 * (party.cpu() - cpu) / seconds for party, cpu in zip(self.parties, before, strict=True)
        }


def report(few: list[dict[str, Any]], many: dict[str, Any], number: int) -> None:
    """Ratios over 2 are marked, where they are of more than a millisecond a turn."""
    print(f"\n{'':28s} {'':10s} {FEW:>10d} {number:>10d}   ratio")
    for name, values in many.items():
        for key, value in values.items():
            base = statistics.mean(each[name][key] for each in few)
            mark = "  <-- over 2" if value > 2 * base and value > 1 else ""
            print(
                f"{name:28s} {key:10s} {base:10.2f} {value:10.2f} {value / base if base else float('nan'):7.2f}{mark}"
            )


def main(number: int, repeats: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="vutler-bench-"))
    database = postgres.start()
    server: dict[str, Any] = {}
    try:
        server = prefect_server.start(home / "prefect", "bench_prefect")
        parties = [
            Party("worker", os.getpid(), alone=True),
            Party("prefect", server["pid"]),
            Party("postgres", database.pid),
        ]
        asyncio.run(compare(home, server, parties, number, repeats))
    finally:
        if server:
            prefect_server.stop(server["pid"])
        postgres.stop(database)
        shutil.rmtree(home, ignore_errors=True)


async def compare(home: Path, server: dict[str, Any], parties: list[Party], number: int, repeats: int) -> None:
    db = Database(postgres.create("bench"), application="bench", size=5)
    await db.open()
    settings = core_settings.load({"VUTLER_HOME": str(home), "VUTLER_PREFECT_PORT": "1"})
    services = Services(settings, core_keys.from_secret("a secret of the benchmark, 32 characters"), db)
    async with PrefectApi(server["url"], server["auth"], timeout_s=120) as prefect:
        bench = Bench(services, db, prefect, postgres.server().dsn("bench_prefect_prefect"), parties, repeats)
        for _ in range(FEW - FIRED):
            await bench.publish()
        await copies.every_minute(services, bench.caller, FIRED)
        while await DeploymentSync(db, prefect).drain():
            pass
        print(f"{FEW} automations", flush=True)
        few = [await bench.all_turns()]
        print(f"\n{number} automations", flush=True)
        await copies.grow(db, bench.prefect_dsn, number - FEW)
        many = await bench.all_turns()
        print(f"\n{FEW} automations again", flush=True)
        await copies.shrink(db, bench.prefect_dsn)
        few.append(await bench.all_turns())
    report(few, many, number)
    await db.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What many scheduled automations cost.")
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    main(arguments.many, arguments.repeats)
