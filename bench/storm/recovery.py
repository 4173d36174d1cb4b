"""How long it takes after each fault until every run that had begun has moved on."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from bench.storm.installation import AWAY, Installation

PROMISE_S = 30.0
_LOOK_EVERY_S = 0.4
_UNFINISHED = """
SELECT q.run_id, q.epoch, l.seq, q.state FROM run_queue q JOIN automation_logs l ON l.id = q.run_id
WHERE q.state IN ('queued', 'running')
"""

# A worker that serves holds a connection to listen on, under its whole name.
_SERVING = """
SELECT array_agg(DISTINCT 'worker-' || split_part(application_name, '/', 2)) FROM pg_stat_activity
WHERE application_name LIKE 'vutler worker %/%/%'
"""

Standing = dict[UUID, tuple[int, int]]  # unfinished runs: their epoch and newest recorded change


@dataclass
class Recovery:
    """One fault. `seconds` counts from its end, and only while PostgreSQL answers and a worker serves.

    What else is broken meanwhile is another fault's; the time in which nothing could have recovered is nobody's. A
    process is back when it serves: how long it takes to start is the machine's matter. So is how long a run waits
    behind others until it begins: the ones that count had begun.
    """

    kind: str
    left: Standing  # who has not moved on
    begun: int
    is_over: bool = False
    seconds: float = 0.0
    victim: str | None = None  # the process whose return ends a crash


@dataclass
class Watch:
    """`run()` as a task. Watches runs, and processes that die by their crash points."""

    installation: Installation
    faults: list[Recovery] = field(default_factory=list)
    down: set[str] = field(default_factory=set)  # workers that are paused or cut off
    killed: int = 0  # processes that we killed with SIGKILL
    queued: int = 0
    serving: set[str] = field(default_factory=set)  # workers that could do something
    away_s: float = 0.0  # without PostgreSQL
    _standing: Standing = field(default_factory=dict)

    @asynccontextmanager
    async def fault(self, kind: str, worker: str | None = None) -> AsyncIterator[None]:
        """Inside of it something is broken; `worker` is out of work meanwhile."""
        begun = self._begin(kind)
        if worker is not None:
            self.down.add(worker)
        try:
            yield
        finally:
            begun.is_over = True
            if worker is not None:
                self.down.discard(worker)

    def _begin(self, kind: str) -> Recovery:
        standing = {run: (epoch, seq) for run, (epoch, seq) in self._standing.items() if epoch > 0}
        fault = Recovery(kind, standing, len(standing))
        self.faults.append(fault)
        return fault

    async def run(self) -> None:
        known = self.installation.identities()
        looked_at = time.monotonic()
        connection: asyncpg.Connection[Any] | None = None
        while True:
            self._note_deaths(known)
            try:
                if connection is None or connection.is_closed():
                    connection = await asyncpg.connect(
                        self.installation.database.dsn("vutler"), timeout=5, command_timeout=10,
                        server_settings={"search_path": "tenant_vutler"},
                    )  # fmt: skip
                rows = await connection.fetch(_UNFINISHED)
                standing = {row["run_id"]: (row["epoch"], row["seq"]) for row in rows}
                self.serving = set(await connection.fetchval(_SERVING) or ()) - self.down
                now = time.monotonic()
                self._count(standing, now - looked_at)
                self._standing = standing
                self.queued = sum(row["state"] == "queued" for row in rows)
            except AWAY:
                if connection is not None:
                    connection.terminate()
                connection = None
                self.serving = set()
                self.away_s += time.monotonic() - looked_at
            looked_at = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _count(self, standing: Standing, seconds: float) -> None:
        for fault in self.faults:
            if fault.left and fault.is_over:
                if self.serving:
                    fault.seconds += seconds
                fault.left = {run: was for run, was in fault.left.items() if standing.get(run) == was}

    def _note_deaths(self, known: dict[str, Any]) -> None:
        for victim, point in self.installation.look_for_crashes():
            self._begin(f"crash point {point}").victim = victim
        for name, now in self.installation.identities().items():
            if name in known and known[name] != now:
                for fault in self.faults:
                    fault.is_over = fault.is_over or fault.victim == name
            known[name] = now

    def line(self) -> str:
        """How things stand."""
        return (
            f"{self.kills} kills, {len(self._standing)} runs unfinished ({self.queued} of them queued), "
            f"{len(self.serving)} workers serve, PostgreSQL away for {self.away_s:.0f} s so far"
        )

    @property
    def kills(self) -> int:
        return self.killed + sum(self.installation.crashes.values())

    def unrecovered(self) -> int:
        return sum(1 for fault in self.faults if fault.left)

    def by_kind(self) -> dict[str, list[Recovery]]:
        found: defaultdict[str, list[Recovery]] = defaultdict(list)
        for fault in self.faults:
            found[fault.kind].append(fault)
        return dict(sorted(found.items()))

    @property
    def slowest_s(self) -> float:
        return max((fault.seconds for fault in self.faults), default=0.0)
