"""The queue by itself: accepting, claiming among few and many workspaces, draining a short and a long backlog.

    python -m bench.queue [--repeats 5] [--backlog 100000] [--workspaces 10000]

A synthetic claimer calls the functions that workers call (`core/runs/queue.py`, `core/runs/record.py`) on an embedded
PostgreSQL of its own; nothing is executed in between. What is compared is measured by turns. See bench/README.md.
"""

import argparse
import asyncio
import shutil
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bench.figures import median_of, ms, percentiles, spread
from core.db import Database
from core.ids import new_id
from core.migrations.run import migrate
from core.runs import queue
from core.runs.accept import Delivery, NewRun, accept
from core.runs.queue import ClaimedRun, Rotation
from core.runs.record import Entry, RunRecord, Writer
from deployments import postgres

OWNER = "bench/1/x"
AT_ONCE = 10
FEW = 10  # workspaces
SHORT = 1000  # runs

_FILL = """
WITH made AS (
    INSERT INTO automation_logs (id, rule_id, trigger_type, trigger_data, status, workspace_id, version, root_id)
    SELECT id, $2, 'webhook', '{"n": 1}', 'queued', ($1::uuid[])[1 + n % cardinality($1::uuid[])], 1, id
    FROM (SELECT n, (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
        || substr(gen_random_uuid()::text, 16, 3) || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid AS id
        FROM generate_series(1, $3::integer) n) ids
    RETURNING id, workspace_id, rule_id
)
INSERT INTO run_queue (run_id, workspace_id, rule_id, version) SELECT id, workspace_id, rule_id, 1 FROM made
"""


async def fill(db: Database, workspaces: int, runs: int) -> None:
    """An empty queue but for so many ready runs, spread over so many workspaces."""
    ids = [new_id() for _ in range(workspaces)]
    async with db.connection() as connection:
        await connection.execute("TRUNCATE run_queue, automation_logs, workspaces CASCADE")
        await connection.execute("INSERT INTO workspaces (id, name) SELECT unnest($1::uuid[]), 'Bench'", ids)
        await connection.execute(_FILL, ids, new_id(), runs, timeout=300)
        await connection.execute("VACUUM ANALYZE run_queue", timeout=300)


async def claim(db: Database, rotation: Rotation, owner: str = OWNER) -> list[ClaimedRun]:
    async with db.connection() as connection:
        return await queue.claim(connection, owner=owner, lane="warm", limit=AT_ONCE, rotation=rotation)


async def end(writer: Writer, runs: list[ClaimedRun]) -> None:
    now = datetime.now(UTC)
    await asyncio.gather(*(
        writer.write(Entry(RunRecord(run.id, run.rule_id, run.epoch, run.seq + 1, "success", now))) for run in runs
    ))  # fmt: skip


async def accepting(db: Database, count: int, rule: UUID, version: int, *, told: bool) -> list[float]:
    """Seconds of each accept. `told`: the caller knows that the policy is allow, as the webhooks' cache does."""
    workspace, taken = new_id(), []
    async with db.connection() as connection:
        for _ in range(count):
            run = NewRun(
                workspace, rule, version, "webhook", {"n": 1}, rule, {"headers": {"a": "b"}, "query": {}},
                delivery=Delivery(new_id(), 7, "application/json", "192.0.2.1"), overlap="allow" if told else None,
            )  # fmt: skip
            began = time.perf_counter()
            await accept(connection, run)
            taken.append(time.perf_counter() - began)
    return taken


async def claiming(db: Database, workspaces: int, runs: int, claims: int) -> list[float]:
    """Seconds of each claim of ten runs; between them the runs end."""
    await fill(db, workspaces, runs)
    rotation, taken = Rotation(), []
    async with Writer(db, OWNER) as writer:
        for _ in range(claims):
            began = time.perf_counter()
            claimed = await claim(db, rotation)
            taken.append(time.perf_counter() - began)
            assert len(claimed) == AT_ONCE
            await end(writer, claimed)
    return taken


async def draining(db: Database, backlog: int, *, claimers: int = 2) -> float:
    """Runs a second, from the first claim to the last end, with a recorder that forgets what has ended."""
    await fill(db, 1, backlog)
    over = asyncio.Event()

    async def work(number: int) -> int:
        owner, rotation, count = f"bench/{number}/x", Rotation(), 0
        async with Writer(db, owner) as writer:
            while claimed := await claim(db, rotation, owner):
                await end(writer, claimed)
                count += len(claimed)
        return count

    async def forget() -> None:
        while not over.is_set():
            async with db.connection() as connection:
                await connection.execute(
                    "DELETE FROM run_queue WHERE run_id IN (SELECT run_id FROM run_queue WHERE state = 'done'"
                    " ORDER BY changed_at LIMIT 200 FOR UPDATE SKIP LOCKED)"
                )
            await asyncio.sleep(0.25)

    forgetting = asyncio.create_task(forget())
    began = time.perf_counter()
    counts = await asyncio.gather(*(work(number) for number in range(claimers)))
    taken = time.perf_counter() - began
    over.set()
    await forgetting
    assert sum(counts) == backlog
    return backlog / taken


async def measure(dsn: str, options: argparse.Namespace) -> None:
    db = Database(dsn, application="bench", size=6)
    await db.open()
    try:
        await accepts(db, options.repeats)
        await claims(db, options.repeats, options.workspaces)
        await drains(db, options.repeats, options.backlog)
    finally:
        await db.close()


async def accepts(db: Database, repeats: int) -> None:
    rule, kinds = new_id(), {"allow, known to the caller": 1, "allow, looked up": 1, "queue": 2}
    async with db.connection() as connection:
        await connection.execute("INSERT INTO automation_rules (id, workspace_id, name) VALUES ($1, $1, 'Bench')", rule)
        for version, overlap in ((1, "allow"), (2, "queue")):
            await connection.execute(
                "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, $2, $3)",
                rule, version, {"policy": {"overlap": overlap, "concurrency_key": "trigger.data.n"}},
            )  # fmt: skip
    found: dict[str, list[list[float]]] = {kind: [] for kind in kinds}
    for _ in range(repeats):
        for kind, version in kinds.items():
            found[kind].append(percentiles(await accepting(db, 300, rule, version, told="known" in kind)))
    for kind, rows in found.items():
        print(f"accept, {kind:30} p50/p95/p99 {ms(median_of(rows))}")


async def claims(db: Database, repeats: int, many: int) -> None:
    found: dict[int, list[list[float]]] = {FEW: [], many: []}
    for _ in range(repeats):
        for count, rows in found.items():
            rows.append(percentiles(await claiming(db, count, 2 * many, 300)))
    for count, rows in found.items():
        print(f"claim of {AT_ONCE} runs, {count} workspaces".ljust(40), f"p50/p95/p99 {ms(median_of(rows))}")
    ratios = [large[1] / small[1] for small, large in zip(found[FEW], found[many], strict=True)]
    print(f"p95, {many} against {FEW} workspaces".ljust(40), f"ratio {spread(ratios)}")


async def drains(db: Database, repeats: int, long: int) -> None:
    found: dict[int, list[float]] = {SHORT: [], long: []}
    for _ in range(repeats):
        found[SHORT].append(sorted([await draining(db, SHORT) for _ in range(5)])[2])
        found[long].append(await draining(db, long))
    for backlog, rates in found.items():
        print(f"drain of {backlog} runs".ljust(40), f"runs/s {spread(rates)}")
    shares = [100 * large / small for small, large in zip(found[SHORT], found[long], strict=True)]
    print(f"rate of {long} against {SHORT}".ljust(40), f"% {spread(shares)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workspaces", type=int, default=10_000)
    parser.add_argument("--backlog", type=int, default=100_000)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="vutler-bench-"))
    server = postgres.Embedded(home)
    postgres.prepare(server)
    process = postgres.start(server)
    try:
        postgres.wait_ready(server, process)
        postgres.create_databases(server, ("bench",))
        migrate(server.dsn("bench"))
        asyncio.run(measure(server.dsn("bench"), options))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
