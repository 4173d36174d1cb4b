"""The engine's shapes: many steps in a row, many beside each other, a loop, a delay, a called automation.

    python -m bench.engine [--repeats 5] [--workers 1]

A webhook with `response: wait` starts each run, so that the time is what a caller sees: from sending the request to
the run's answer. The baseline, in the same run, is the same number of steps as plain tasks of a Prefect flow in this
process, orchestrated by nobody (what Prefect's engine itself takes). See bench/README.md.
"""

import argparse
import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import OrchestrationResult, SetStateStatus, StateAcceptDetails
from prefect.context import AsyncClientContext
from prefect.flow_engine import run_flow_async
from prefect.states import Pending

from bench.figures import spread
from core.db import SCHEMA
from deployments.postgres import Embedded
from flows.orchestration import LocalOrchestration, prefect_engine
from tests.e2e.person import Person
from tests.e2e.product import Product

ITEMS = 1000
ROW = 40
FAN = 100


def _light(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "transform", "config": {"value": value}, **more}


def row() -> list[dict[str, Any]]:
    """So many light steps, each with the one before it as its input."""
    return [_light(f"s{number}", "{{ previous.output }}") for number in range(ROW)]


def fan() -> list[dict[str, Any]]:
    """One step, so many beside each other, and one that waits for them all."""
    beside = [_light(f"f{number}", number, needs=["first"]) for number in range(FAN)]
    last = _light("last", "done", needs=[step["id"] for step in beside])
    return [_light("first", 1), *beside, last]


def loop() -> list[dict[str, Any]]:
    inner = _light("each", {"n": "{{ item.n }}", "of": "{{ index }}"})
    return [{"id": "loop", "type": "for_each", "config": {"items": "{{ trigger.data.items }}", "steps": [inner]}}]


SHAPES = {
    f"{ROW} light steps in a row": (row, {"n": 1}),
    f"fan-out of {FAN} light steps": (fan, {}),
    f"loop over {ITEMS} items, a light step": (loop, {"items": [{"n": number} for number in range(ITEMS)]}),
}


@task(cache_policy=NO_CACHE, persist_result=False)
async def _nothing() -> int:
    return 1


@flow(persist_result=False, validate_parameters=False)
async def _plain(count: int) -> None:
    for _ in range(count):
        await _nothing()


class _Nobody(LocalOrchestration):
    """Says yes to everything and keeps nothing."""

    async def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        return FlowRun(id=flow_run_id, flow_id=flow_run_id, state=Pending())

    async def set_flow_run_state(
        self, flow_run_id: UUID | str, state: "State[Any]", force: bool = False
    ) -> "OrchestrationResult[Any]":
        return OrchestrationResult(state=state, status=SetStateStatus.ACCEPT, details=StateAcceptDetails())


async def baseline(count: int) -> float:
    """Milliseconds that Prefect's engine takes for a flow of so many empty tasks, one after the other."""
    async with prefect_engine(), AsyncClientContext.model_construct(client=_Nobody()):
        ident = uuid4()
        flow_run = FlowRun(id=ident, flow_id=ident, state=Pending())
        began = time.monotonic()
        state = await run_flow_async(_plain, flow_run=flow_run, parameters={"count": count}, return_type="state")
        taken = 1000 * (time.monotonic() - began)
    assert getattr(state, "type", None) == StateType.COMPLETED, state
    return taken


async def _memory(product: Product) -> float:
    """MiB that the first worker holds alone (USS)."""
    child = product.children()["worker-1"] if "worker-1" in product.children() else product.children()["worker"]
    with open(f"/proc/{child}/smaps_rollup") as rollup:  # noqa: ASYNC230 - a file of the kernel
        lines = [line.split() for line in rollup if line.startswith("Private_")]
    return sum(int(line[1]) for line in lines) / 1024


async def _once(session: aiohttp.ClientSession, hook: dict[str, str], body: Any) -> float:
    began = time.monotonic()
    async with session.post(hook["url"], json=body, headers={"X-Webhook-Secret": hook["secret"]}) as answer:
        text = await answer.text()
        assert answer.status == 200, f"{answer.status}: {text[:300]}"
    return 1000 * (time.monotonic() - began)


async def _records(product: Product, rule: str) -> int:
    connection = await asyncpg.connect(Embedded(product.home).dsn("vutler"), server_settings={"search_path": SCHEMA})
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM automation_action_logs a JOIN automation_logs l ON l.id = a.log_id"
                " WHERE l.rule_id::text = $1 AND a.status = 'success'", rule,
            )
        )  # fmt: skip
    finally:
        await connection.close()


async def measure(options: argparse.Namespace) -> None:
    with Product({"VUTLER_WORKERS": str(options.workers)}) as product:
        product.wait_prefect()
        async with Person(product.url) as person, aiohttp.ClientSession() as session:
            for name, (actions, body) in SHAPES.items():
                made = await person.create({
                    "name": name, "trigger_type": "webhook", "actions": actions(),
                    "trigger_config": {"rate_per_min": 60_000, "response": "wait", "wait_s": 60},
                })  # fmt: skip
                await _once(session, made["webhook"], body)  # warm-up
                before = await _memory(product)
                times, plain = [], []
                for _ in range(options.repeats):
                    times.append(await _once(session, made["webhook"], body))
                    plain.append(await baseline(len(actions())))
                records = await _records(product, made["id"]) / (options.repeats + 1)
                grown = await _memory(product) - before
                print(f"{name:42} {spread(times)} ms   {records:.0f} records a run, worker grew {grown:+.1f} MiB")
                print(f"{'  as bare Prefect tasks in one process':42} {spread(plain)} ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
