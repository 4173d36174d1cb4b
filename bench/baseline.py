"""The baseline: the same two HTTP steps as a plain Prefect flow, on Prefect's own process worker.

`measure` deploys `two_steps` to a process pool of the product's Prefect server, starts `prefect worker start
--limit 4` with a poll every 2 s, creates the runs and gives finished runs a second.
"""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
from prefect import flow, task

from tests.e2e.product import Product

POOL = "baseline"


@task
def post(url: str, body: dict[str, str]) -> dict[str, str]:
    answer = httpx.post(url, json=body, timeout=30)
    answer.raise_for_status()
    return dict(answer.json())


@flow(name="baseline")
def two_steps(url: str, n: str) -> None:
    first = post(f"{url}/baseline-first", {"n": n})
    post(f"{url}/baseline-second", {"n": first["n"]})


def environment(product: Product) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("VUTLER_", "PREFECT_"))},
        "PREFECT_API_URL": product.prefect_url,
        "PREFECT_API_AUTH_STRING": (product.home / "prefect-auth").read_text().strip(),
        "PREFECT_HOME": str(product.home / "baseline"),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }


async def measure(product: Product, echo: str, runs: int) -> float:
    """Finished runs a second: from the first creation to the last completion."""
    user, _, password = (product.home / "prefect-auth").read_text().strip().partition(":")
    async with httpx.AsyncClient(base_url=product.prefect_url, auth=(user, password), timeout=60) as client:

        async def ask(path: str, body: dict[str, object]) -> dict[str, object]:
            answer = await client.post(path, json=body)
            answer.raise_for_status()
            return dict(answer.json()) if isinstance(answer.json(), dict) else {"value": answer.json()}

        await client.post("/work_pools/", json={"name": POOL, "type": "process"})
        flow_id = (await ask("/flows/", {"name": "baseline"}))["id"]
        made = await ask("/deployments/", {
            "name": "baseline", "flow_id": flow_id, "work_pool_name": POOL, "path": str(product.home / "baseline-code"),
            "entrypoint": "bench.baseline.two_steps", "enforce_parameter_schema": False,
        })  # fmt: skip
        (product.home / "baseline-code").mkdir(exist_ok=True)
        log = (product.home / "baseline.log").open("wb")
        worker = subprocess.Popen(  # noqa: ASYNC220 - starts a program and returns at once
            [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process", "--limit", "4"],
            env=environment(product), stdout=log, stderr=log, cwd=product.home / "baseline-code",
        )  # fmt: skip
        try:
            await _worker_is_online(client)
            began = time.monotonic()
            for n in range(runs):
                await ask(f"/deployments/{made['id']}/create_flow_run", {"parameters": {"url": echo, "n": f"b{n}"}})
            done = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}, "flows": {"id": {"any_": [flow_id]}}}
            while (await ask("/flow_runs/count", done))["value"] != runs:
                assert time.monotonic() - began < 300, (product.home / "baseline.log").read_text()[-3000:]
                await asyncio.sleep(0.2)
            return runs / (time.monotonic() - began)
        finally:
            worker.terminate()
            worker.wait(30)
            log.close()


async def _worker_is_online(client: httpx.AsyncClient) -> None:
    for _ in range(300):
        found = (await client.post(f"/work_pools/{POOL}/workers/filter", json={})).json()
        if any(worker["status"] == "ONLINE" for worker in found):
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the process worker did not come up")
