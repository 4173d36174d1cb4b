"""Ten thousand runs that wait for a person: what they hold, and how soon an approved one ends.

    python -m bench.waiting [--runs 10000]

The product as `vutler up` starts it, with two workers. The runs are accepted by the product's own SQL function and
brought to their question by its workers; then every worker is killed and started anew.
"""

import argparse
import asyncio
import os
import signal
import time
from functools import partial

import asyncpg

from core.db import SCHEMA
from deployments.postgres import Embedded
from tests.e2e.person import Person
from tests.e2e.product import Product
from tests.waiting import until

_ACCEPT = """
SELECT count(*) FROM (
    SELECT (accept_run(make_id(), r.workspace_id, r.id, r.live_version, NULL, 'manual', '{}', '{}', 'warm',
                       0::smallint)).*
    FROM automation_rules r, generate_series(1, $2) WHERE r.id::text = $1) accepted
"""
_HELD = "SELECT count(*) FROM run_queue WHERE owner IS NOT NULL OR lease_until IS NOT NULL"
_WAITING = "SELECT count(*) FROM run_queue WHERE state = 'waiting'"


async def all_wait(connection: "asyncpg.Connection[asyncpg.Record]", runs: int) -> bool:
    return bool(await connection.fetchval(_WAITING) >= runs)


async def is_done(person: Person, run: str) -> bool:
    return bool((await person.get(f"/api/automations/logs/{run}"))["status"] == "success")


def memory(product: Product) -> dict[str, float]:
    """MiB that each worker holds alone (USS)."""
    found = {}
    for name, pid in product.children().items():
        if name.startswith("worker"):
            with open(f"/proc/{pid}/smaps_rollup") as rollup:
                private = [int(line.split()[1]) for line in rollup if line.startswith("Private_")]
            found[name] = sum(private) / 1024
    return found


async def restart_workers(product: Product) -> None:
    before = {name: pid for name, pid in product.children().items() if name.startswith("worker")}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    for name, pid in before.items():
        await asyncio.to_thread(product.wait_restarted, name, pid)
    await asyncio.sleep(10)


async def measure(runs: int) -> None:
    with Product({"VUTLER_WORKERS": "2"}) as product:
        product.wait_prefect()
        async with Person(product.url) as person:
            step = {"id": "go", "type": "transform", "config": {"value": 1}, "approval_required": True}
            made = await person.create({"name": "Waits", "trigger_type": "manual", "actions": [step]})
            await restart_workers(product)
            empty = memory(product)
            connection = await asyncpg.connect(
                Embedded(product.home).dsn("vutler"), server_settings={"search_path": SCHEMA}
            )
            began = time.monotonic()
            await connection.fetchval(_ACCEPT, made["id"], runs)
            await until(lambda: all_wait(connection, runs), seconds=1800, every_s=0.5)
            print(f"{runs} runs came to their question in {time.monotonic() - began:.0f} s")
            await restart_workers(product)
            full = memory(product)
            gained = {name: full[name] - empty[name] for name in full}
            print(f"workers without waiting runs: {empty}; with {runs}: {full}; gained MiB: {gained}")
            print(f"leases held: {await connection.fetchval(_HELD)}")
            times = []
            for _ in range(10):
                run = str(await connection.fetchval("SELECT run_id FROM run_queue WHERE state = 'waiting' LIMIT 1"))
                began = time.monotonic()
                status, answer = await person.send("POST", f"/api/agents/runs/{run}/approve", {})
                assert status == 200, answer
                await until(partial(is_done, person, run), every_s=0.005)
                times.append(1000 * (time.monotonic() - began))
            print(f"approved until ended, ms: median {sorted(times)[5]:.0f}, largest {max(times):.0f}")
            await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=10_000)
    asyncio.run(measure(parser.parse_args().runs))


if __name__ == "__main__":
    main()
