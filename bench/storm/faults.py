"""What the storm does to the product, by turns that a seed decides."""

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.storm.installation import AWAY, WORKERS, Installation
from bench.storm.recovery import Watch
from core.runs.queue import LEASE_S
from deployments import process

# How often each comes up in one round.
ROUND = {
    "kill worker": 5, "kill api": 3, "kill postgres": 4, "kill backend": 2, "kill prefect": 2, "restart postgres": 2,
    "pause worker": 2, "stall network": 2, "cut network": 2, "prefect away": 1, "disk full": 1,
}  # fmt: skip
LONG = frozenset({"pause worker", "stall network", "cut network", "prefect away"})  # others go on meanwhile

_BUSIEST = """
SELECT split_part(owner, '/', 2) FROM run_queue WHERE state = 'running'
GROUP BY owner ORDER BY count(*) DESC, owner LIMIT 1
"""


@dataclass
class Faults:
    """`run(stop)`. `kinds`: the ones to use."""

    installation: Installation
    watch: Watch
    chance: random.Random
    kinds: list[str]
    pauses_s: tuple[float, float]
    done: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)  # faults after which the process did not come back
    _busy: set[str] = field(default_factory=set)
    _long: set["asyncio.Task[None]"] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """One round after the other, until `stop`; then wait until everything that was broken is whole again."""
        try:
            while not stop.is_set():
                deck = [kind for kind in self.kinds for _ in range(ROUND[kind])]
                if len(self.kinds) > 1:  # each kind once before any comes twice
                    first = self.chance.sample(self.kinds, len(self.kinds))
                    rest = list((Counter(deck) - Counter(first)).elements())
                    deck = first + self.chance.sample(rest, len(rest))
                for kind in deck:
                    if stop.is_set():
                        break
                    await self._one(kind)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), self.chance.uniform(*self.pauses_s))
        finally:
            await asyncio.gather(*self._long, return_exceptions=True)

    async def _one(self, kind: str) -> None:
        if kind not in LONG:
            await self._try(kind)
        elif not self._busy & {kind, "network" if "network" in kind else kind}:
            task = asyncio.create_task(self._try(kind))
            self._long.add(task)
            task.add_done_callback(self._long.discard)

    async def _try(self, kind: str) -> None:
        mark = "network" if "network" in kind else kind
        self._busy.add(mark)
        work: dict[str, Callable[[], Awaitable[bool]]] = {
            "kill worker": lambda: self._kill(self.chance.choice(WORKERS)),
            "kill api": lambda: self._kill("api"),
            "kill prefect": lambda: self._kill("prefect"),
            "kill postgres": lambda: self._stop_postgres(signal.SIGKILL),
            "restart postgres": lambda: self._stop_postgres(signal.SIGINT),
            "kill backend": self._kill_backend,
            "pause worker": self._pause_worker,
            "prefect away": lambda: self._pause("prefect", self.chance.uniform(8, 20)),
            "stall network": lambda: self._network(stalled=True),
            "cut network": lambda: self._network(stalled=False),
            "disk full": self._disk,
        }
        try:
            self.done[kind] += await work[kind]()
        except TimeoutError:
            self.failed.append(f"{kind}: it did not come back in time")
        finally:
            self._busy.discard(mark)

    async def _kill(self, name: str) -> bool:
        async with self.watch.fault(f"kill {name.partition('-')[0]}"):
            victim = self.installation.send(name, signal.SIGKILL)
            if victim is None:
                return False
            self.watch.killed += 1
            await self.installation.restarted(name, victim)
        return True

    async def _stop_postgres(self, number: signal.Signals) -> bool:
        async with self.watch.fault("kill postgres" if number == signal.SIGKILL else "restart postgres"):
            victim = self.installation.send("postgres", number)
            if victim is None:
                return False
            self.watch.killed += number == signal.SIGKILL
            await self.installation.restarted("postgres", victim)
            await self.installation.answers()
        return True

    async def _kill_backend(self) -> bool:
        """One backend of PostgreSQL: the others are thrown out by the postmaster, and the log is replayed."""
        async with self.watch.fault("kill backend"):
            try:
                async with self.installation.connection() as connection:
                    pids = await connection.fetchval(
                        "SELECT array_agg(pid) FROM pg_stat_activity WHERE application_name LIKE 'vutler %'"
                    )
            except AWAY:
                return False
            found = process.look_up(self.chance.choice(sorted(pids or [0])))
            if found is None or Path(found.cwd) != self.installation.database.data:
                return False
            process.send([found.identity], signal.SIGKILL)
            self.watch.killed += 1
            await self.installation.answers()
        return True

    async def _pause_worker(self) -> bool:
        """The one that holds more runs: it has more to do wrong when it goes on."""
        seconds = LEASE_S + self.chance.uniform(2, 6)
        try:
            async with self.installation.connection() as connection:
                slot = await connection.fetchval(_BUSIEST)
        except AWAY:
            slot = None
        return await self._pause(f"worker-{slot}" if slot else self.chance.choice(WORKERS), seconds)

    async def _pause(self, name: str, seconds: float) -> bool:
        """Stopped for longer than a lease: when it goes on, it must find out that its runs are others' now."""
        async with self.watch.fault(f"pause {name.partition('-')[0]}", worker=name if name in WORKERS else None):
            victim = self.installation.send(name, signal.SIGSTOP)
            if victim is None:
                return False
            try:
                await asyncio.sleep(seconds)
            finally:
                process.send([victim], signal.SIGCONT)
        return True

    async def _network(self, *, stalled: bool) -> bool:
        name = self.chance.choice(WORKERS)
        proxy = self.installation.proxies[name]
        async with self.watch.fault("stall network" if stalled else "cut network", worker=name):
            (proxy.stall if stalled else proxy.cut)()
            try:
                await asyncio.sleep(self.chance.uniform(2, LEASE_S + 5) if stalled else self.chance.uniform(1, 8))
            finally:
                proxy.heal()
        return True

    async def _disk(self) -> bool:
        """PostgreSQL's disk is full for a while; sometimes its write-ahead log needs a new file just then."""
        async with self.watch.fault("disk full"):
            await asyncio.to_thread(self.installation.fill_disk)
            try:
                if self.chance.random() < 0.5:
                    with contextlib.suppress(*AWAY):
                        async with self.installation.connection() as connection:
                            await connection.fetchval("SELECT pg_switch_wal()")
                await asyncio.sleep(self.chance.uniform(4, 9))
            finally:
                self.installation.free_disk()
            await self.installation.answers()
        return True
