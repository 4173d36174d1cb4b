"""`kill -9` at random moments, under load: nothing that was accepted is lost, nothing that was recorded is repeated."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from core.db import SCHEMA
from deployments.postgres import Embedded
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

pytestmark = pytest.mark.e2e

ROUNDS = 3  # of each victim
RUNNING = 20  # runs in state `running` when the kill comes
MIDDLE = 8  # of them with their first step recorded
RECOVERED_WITHIN_S = 30
SLOW_S = 2.0  # of the first step's neighbour, so that a kill finds runs in the middle


@dataclass
class Load:
    """A sender that, as real ones do, repeats a delivery until it gets an answer that it was accepted."""

    person: Person
    hook: dict[str, Any]
    accepted: dict[str, str] = field(default_factory=dict)  # event -> run id
    sent: int = 0

    async def deliver(self, event: str) -> None:
        headers = {"X-Webhook-Secret": self.hook["secret"], "X-Event-Id": event}
        while True:
            try:
                status, answer = await self.person.send(
                    "POST", self.hook["url"], {"event": event}, anonymous=True, headers=headers
                )
                if status == 202:
                    self.accepted[event] = answer["run_id"]
                    return
            except (aiohttp.ClientError, OSError, ValueError, TimeoutError):
                pass
            await asyncio.sleep(0.2)

    def send(self, count: int) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self.deliver(f"event-{self.sent + n}")) for n in range(count)]
        self.sent += count
        return tasks


async def ask(home: Path, query: str, *arguments: Any) -> Any:
    """A look into the database that survives its restarts."""
    while True:
        try:
            connection = await asyncpg.connect(
                Embedded(home).dsn("vutler"), server_settings={"search_path": SCHEMA}, timeout=5
            )
            try:
                return await connection.fetchval(query, *arguments)
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            await asyncio.sleep(0.1)


def three_steps(echo: Echo) -> dict[str, Any]:
    def http(path: str) -> dict[str, Any]:
        return {"method": "POST", "url": f"{echo.url}{path}", "json": {"event": "{{ trigger.data.event }}"},
                "idempotent": True}  # fmt: skip

    retry = {"max_attempts": 5, "delay_s": 0.2}
    return {
        "name": "Storm", "trigger_type": "webhook",
        "trigger_config": {"dedupe": {"from": "header", "name": "X-Event-Id"}, "rate_per_min": 60_000},
        "actions": [
            {"id": "first", "type": "http", "config": http("/first"), "retry": retry},
            {"id": "second", "type": "http", "config": http(f"/slow?s={SLOW_S}"), "retry": retry},
            {"id": "third", "type": "http", "config": http("/third"), "retry": retry},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("victim", ["worker-1", "api", "prefect", "postgres"])
async def test_kill(
    product: Product, person: Person, echo: Echo, victim: str, record_property: Callable[[str, object], None]
) -> None:
    made = await person.create(three_steps(echo))
    load = Load(person, made["webhook"])
    chance = random.Random(victim)
    sending: list[asyncio.Task[None]] = []
    running = "SELECT count(*) FROM automation_logs WHERE status = 'running' AND rule_id::text = $1"
    in_the_middle = (
        "SELECT count(*) FROM automation_logs l JOIN automation_action_logs a ON a.log_id = l.id"
        " WHERE l.status = 'running' AND l.rule_id::text = $1 AND a.step_id = 'first' AND a.status = 'success'"
    )
    for _ in range(ROUNDS):
        sending += load.send(60)

        async def busy() -> bool:
            middle = int(await ask(product.home, in_the_middle, made["id"]))
            return middle >= MIDDLE and int(await ask(product.home, running, made["id"])) >= RUNNING

        await until(f"{RUNNING} runs are running, {MIDDLE} of them in the middle", busy, 40)
        await asyncio.sleep(chance.uniform(0, SLOW_S / 3))
        assert int(await ask(product.home, running, made["id"])) >= RUNNING
        before = product.children()[victim]
        os.kill(before, signal.SIGKILL)
        killed_at = time.monotonic()
        await asyncio.to_thread(product.wait_restarted, victim, before)
    await asyncio.gather(*sending)

    unfinished = "SELECT count(*) FROM automation_logs WHERE rule_id::text = $1 AND completed_at IS NULL"

    async def all_ended() -> bool:
        return int(await ask(product.home, unfinished, made["id"])) == 0

    await until("every run has ended", all_ended, RECOVERED_WITHIN_S + SLOW_S * 3)
    record_property("seconds_after_last_kill", round(time.monotonic() - killed_at, 1))
    await asyncio.to_thread(product.wait_ready, 30)
    middle = await _judge(product, load, echo, made["id"])
    record_property("resumed_in_the_middle", middle)
    if victim == "worker-1":
        assert middle >= 5, "the kills came too early or too late to show anything"


async def _judge(product: Product, load: Load, echo: Echo, rule: str) -> int:
    """Every accepted event became one successful run, and nothing was recorded or (once recorded) done twice.

    Gives how many runs went on in the middle, without their first step being called again.
    """
    runs = await load.person.runs(rule)
    assert len(load.accepted) == load.sent == len(runs)
    assert {run["id"] for run in runs} == set(load.accepted.values()), "one run per accepted event"
    assert [run for run in runs if run["status"] != "success"] == []
    steps = "SELECT count(*) FROM automation_action_logs a JOIN automation_logs l ON l.id = a.log_id"
    assert await ask(product.home, f"{steps} WHERE l.rule_id::text = $1", rule) == load.sent * 3
    ends = (
        "SELECT count(*) FROM run_lines r JOIN automation_logs l ON l.id = r.run_id"
        " WHERE l.rule_id::text = $1 AND r.text LIKE 'Step % ended well%'"
    )
    assert await ask(product.home, ends, rule) == load.sent * 3, "no step's result was recorded twice"
    resumed = (
        "SELECT array_agg(DISTINCT l.id::text) FROM automation_logs l"
        " JOIN automation_action_logs a ON a.log_id = l.id AND a.step_id = 'first'"
        " JOIN automation_action_logs z ON z.log_id = l.id AND z.step_id = 'third'"
        " WHERE l.rule_id::text = $1 AND z.epoch > a.epoch"
    )
    middle = set(await ask(product.home, resumed, rule) or [])
    assert [run for run in middle if echo.by_key[f"{run}/first/0"] != 1] == [], "a recorded step was called again"
    return len(middle)
