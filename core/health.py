"""How the parts are: PostgreSQL, the workers, the Prefect server, the queue. Asked cheaply, since probes ask often."""

from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import Final

import aiohttp
import asyncpg

from core.db import AWAY, Database
from core.errors import Unavailable
from core.runs.events import Feed

WORKER_SEEN_S: Final = 10
_PREFECT_TTL_S: Final = 2.0
_PREFECT_TIMEOUT: Final = aiohttp.ClientTimeout(total=1.5)
_DATABASE_TIMEOUT_S: Final = 2.0

_WORKERS = """
SELECT owner, host, slot, concurrency, started_at, seen_at FROM workers
WHERE seen_at > now() - $1 * interval '1 second' ORDER BY owner
"""
_ANY_WORKER = "SELECT EXISTS (SELECT FROM workers WHERE seen_at > now() - $1 * interval '1 second')"
_QUEUE = """
SELECT count(*) FILTER (WHERE state IN ('queued', 'blocked')) AS queued,
    count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'waiting') AS waiting,
    count(*) FILTER (WHERE told IS DISTINCT FROM CASE state WHEN 'blocked' THEN 'queued' ELSE state END) AS untold,
    extract(epoch FROM now() - min(changed_at) FILTER (WHERE state = 'queued' AND available_at <= now()))::float8
        AS oldest_queued_s
FROM run_queue
"""
_SCHEDULER = """
SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8 FROM schedule_fires
WHERE state = 'planned' AND due_at < now()
"""


@dataclass(frozen=True, slots=True)
class Readiness:
    """`ready`, `away` or `coming` of each part. Vutler is ready when it accepts and executes; Prefect may follow."""

    database: str
    worker: str
    prefect: str

    @property
    def ready(self) -> bool:
        return self.database == "ready" and self.worker == "ready"


@dataclass(frozen=True, slots=True)
class Details:
    """For operators. Times in seconds unless the name says otherwise."""

    database_ms: float
    database_version: str
    listening: bool
    workers: list[dict[str, object]]
    queue: dict[str, float]
    scheduler_lag_s: float


class Health:
    """`session` is set when the application opens."""

    def __init__(self, db: Database, feed: Feed, prefect_url: str) -> None:
        self._db = db
        self._feed = feed
        self._prefect_url = prefect_url
        self._prefect_known = (0.0, "coming")
        self._prefect_seen = False
        self.session: aiohttp.ClientSession | None = None

    async def readiness(self) -> Readiness:
        try:
            async with self._db.pool.acquire(timeout=_DATABASE_TIMEOUT_S) as connection:
                seen = await connection.fetchval(_ANY_WORKER, WORKER_SEEN_S, timeout=_DATABASE_TIMEOUT_S)
        except (*AWAY, Unavailable, asyncpg.PostgresError):
            return Readiness("away", "unknown", await self.prefect())
        return Readiness("ready", "ready" if seen else "coming", await self.prefect())

    async def prefect(self) -> str:
        """`ready`; `coming` until it answered once, `away` when it does not any more."""
        asked, known = self._prefect_known
        if self.session is not None and monotonic() - asked > _PREFECT_TTL_S:
            self._prefect_known = (monotonic(), known)  # one asks, the others take what is known
            known = await self._ask_prefect(self.session)
            self._prefect_known = (monotonic(), known)
        return known

    async def details(self) -> Details:
        """Raises what PostgreSQL raises when it is away."""
        async with self._db.connection() as connection:
            began = perf_counter()
            version = await connection.fetchval("SHOW server_version")
            elapsed = round((perf_counter() - began) * 1000, 2)
            workers = await connection.fetch(_WORKERS, WORKER_SEEN_S)
            (queue,) = await connection.fetch(_QUEUE)
            lag = await connection.fetchval(_SCHEDULER)
        return Details(
            database_ms=elapsed,
            database_version=version,
            listening=self._feed.connected,
            workers=[dict(worker) for worker in workers],
            queue={name: value or 0 for name, value in queue.items()},
            scheduler_lag_s=lag,
        )

    async def _ask_prefect(self, session: aiohttp.ClientSession) -> str:
        try:
            async with session.get(f"{self._prefect_url}/health", timeout=_PREFECT_TIMEOUT) as answer:
                if answer.status == 200:
                    self._prefect_seen = True
                    return "ready"
        except (aiohttp.ClientError, OSError, TimeoutError):
            pass
        return "away" if self._prefect_seen else "coming"
