"""Money from outside: a workspace runs out of credits, is told so at every door, and goes on after a change of plan."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from core.db import SCHEMA
from deployments.postgres import Embedded
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

pytestmark = pytest.mark.e2e

KEEPING_S = 30.0  # the ledger's housekeeping comes so often
SLACK_S = 60.0
ENDED = ("success", "failed", "cancelled", "skipped")


class Purse:
    """A person's workspace and what it may spend."""

    def __init__(self, person: Person, echo: Echo) -> None:
        self.person = person
        self.echo = echo
        self.events = 0

    def steps(self, count: int) -> list[dict[str, Any]]:
        config = {"method": "POST", "url": f"{self.echo.url}/paid", "json": {}, "idempotent": True}
        return [{"id": f"s{n}", "type": "http", "config": config} for n in range(count)]

    async def plan(self, **numbers: int) -> None:
        """Give the workspace a plan with these numbers."""
        status, answer = await self.person.send("PUT", "/api/admin/plans/purse", numbers)
        assert status == 200, answer
        path = f"/api/admin/workspaces/{self.person.workspace}"
        status, answer = await self.person.send("PATCH", path, {"plan": "purse"})
        assert status == 200, answer

    async def account(self) -> tuple[int, int]:
        credits = await self.person.get("/api/credits")
        return credits["balance"], credits["reserved"]

    async def deliver(self, hook: dict[str, Any]) -> tuple[int, Any]:
        self.events += 1
        headers = {"X-Webhook-Secret": hook["secret"], "Idempotency-Key": f"event-{self.events}"}
        return await self.person.send("POST", hook["url"], {}, anonymous=True, headers=headers)

    async def ended(self, run_id: str) -> dict[str, Any]:
        async def over() -> bool:
            return (await self.person.run(run_id))["status"] in ENDED

        await until(f"run {run_id} has ended", over, SLACK_S)
        return await self.person.run(run_id)

    async def alerts(self) -> Counter[str]:
        """How often people were told of each kind."""
        return Counter({item["kind"]: item["count"] for item in (await self.person.get("/api/alerts"))["items"]})

    async def alerted(self, kind: str) -> None:
        async def told() -> bool:
            return kind in await self.alerts()

        await until(f"the alert {kind}", told, KEEPING_S + SLACK_S)


@pytest.fixture
async def purse(product: Product, person: Person, echo: Echo) -> Purse:
    purse = Purse(person, echo)
    await purse.plan(monthly_credits=10)
    assert await purse.account() == (10, 0)
    return purse


@pytest.mark.proves("R-ENG-6", "R-PROD-2", "I-5", "T-6", "D1 (2)")
async def test_from_the_first_credit_to_the_last_and_on(product: Product, purse: Purse) -> None:
    person = purse.person
    two = await person.create({"name": "Two", "trigger_type": "webhook", "actions": purse.steps(2)})
    for _ in range(4):
        status, answer = await purse.deliver(two["webhook"])
        assert status == 202, answer
        assert (await purse.ended(answer["run_id"]))["credits"] == 2
    assert await purse.account() == (2, 0)
    await purse.alerted("credits_low")

    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
    once = {"name": "Once", "trigger_type": "cron", "trigger_config": {"run_at": soon}, "actions": purse.steps(3)}
    three = await person.create(once)
    skipped = await _skipped_by_the_planner(person, three["id"])
    assert (skipped["trigger_type"], skipped["error_code"]) == ("cron", "no_credits")
    assert "would cost 3 credits, and the workspace has 2 left" in skipped["error"]
    status, answer = await person.send("POST", f"/api/automations/{three['id']}/run", {})
    assert (status, answer["code"], answer["cost"], answer["left"]) == (402, "no_credits", 3, 2)

    assert (await purse.ended((await purse.deliver(two["webhook"]))[1]["run_id"]))["status"] == "success"
    status, answer = await purse.deliver(two["webhook"])
    assert (status, answer["code"], answer["cost"], answer["left"]) == (402, "no_credits", 2, 0)
    newest = (await person.get("/api/deliveries?limit=1"))["items"][0]
    assert (newest["verdict"], newest["reason"], newest["http_status"]) == ("refused", "no_credits", 402)
    await purse.alerted("credits_used_up")

    await _waits_and_goes_on(purse, two)
    assert await purse.account() == (3, 0)
    await _usage_agrees(purse, {two["id"]: (6, 12, 12), three["id"]: (0, 0, 0)})
    credits = await person.get("/api/credits")
    assert (credits["granted"], credits["spent"], credits["runs_in_month"]) == (15, 12, 6)
    alerts = await purse.alerts()
    assert (alerts["credits_low"], alerts["credits_used_up"]) == (1, 1), "each of them once in the month"
    assert await _faults(product) == []


async def _skipped_by_the_planner(person: Person, automation: str) -> dict[str, Any]:
    async def there() -> bool:
        return len(await person.runs(automation)) == 1

    await until("the due time has left a run", there, SLACK_S)
    (run,) = await person.runs(automation)
    assert run["status"] == "skipped"
    return run


async def _waits_and_goes_on(purse: Purse, automation: dict[str, Any]) -> None:
    """With the other setting a run waits, and a plan that gives more lets it go on."""
    status, _ = await purse.person.send("PATCH", "/api/credits", {"when_exhausted": "queue"})
    assert status == 200
    status, answer = await purse.deliver(automation["webhook"])
    assert status == 202, answer
    waiting = await purse.person.run(answer["run_id"])
    assert (waiting["status"], waiting["waiting_for"]["code"]) == ("queued", "credits")
    await purse.plan(monthly_credits=15)
    assert (await purse.ended(answer["run_id"]))["status"] == "success"


async def _usage_agrees(purse: Purse, expected: dict[str, tuple[int, int, int]]) -> None:
    """Usage says what ran: as many steps as the echo was called, as many credits as the runs say they cost."""
    person = purse.person
    by = {name: (await person.get(f"/api/usage?by={name}"))["items"] for name in ("day", "automation", "action")}
    counted = {item["key"]: (item["runs"], item["steps"], item["credits"]) for item in by["automation"]}
    assert counted == {key: numbers for key, numbers in expected.items() if any(numbers)}
    runs = [run for automation in expected for run in await person.runs(automation) if run["status"] == "success"]
    total = (len(runs), len(purse.echo.hits), sum(run["credits"] for run in runs))
    for kind in ("day", "action"):
        parts = [(item["runs"], item["steps"], item["credits"]) for item in by[kind]]
        assert tuple(map(sum, zip(*parts, strict=True))) == total, kind
    assert {item["key"] for item in by["action"]} == {"http"}


async def _faults(product: Product) -> list[Any]:
    connection = await asyncpg.connect(Embedded(product.home).dsn("vutler"), server_settings={"search_path": SCHEMA})
    try:
        return [tuple(row) for row in await connection.fetch("SELECT * FROM credit_faults()")]
    finally:
        await asyncio.shield(connection.close())
