"""What runs spend: reserved at the start, settled from the steps that ran, never more than there is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.db import Database
from tests import paying
from tests.flows.actions import calls
from tests.flows.conftest import Workshop
from tests.flows.test_engine import step
from tests.flows.test_loops import each


@pytest.fixture
async def workshop(db: Database) -> AsyncIterator[Workshop]:
    """Its workspace pays; a test says how much it has."""
    await paying.load_plans(db)
    yield Workshop(db, await paying.workspace(db))
    assert await paying.faults(db) == []


async def fund(workshop: Workshop, credits: int, **numbers: Any) -> None:
    await paying.make_pay(workshop.db, workshop.workspace, credits, **numbers)


async def test_a_run_reserves_what_its_steps_cost_and_settles_what_they_did(workshop: Workshop) -> None:
    await fund(workshop, 10)
    rule = await workshop.automation(
        step("say", id="one", value=1, effect="unsafe"),
        step("flaky", ["one"], id="two", times=9, fatal=True),
        step("say", ["two"], id="never", value=3),
        step("echo", ["one"], id="free", value=4),
    )
    run_id = await workshop.start(rule)
    assert await paying.account(workshop.db, workshop.workspace) == (7, 3)
    async with workshop.engine():
        run = await workshop.ended(run_id)
    assert (run["status"], run["credits"]) == ("failed", 2)
    assert await paying.account(workshop.db, workshop.workspace) == (8, 0)
    assert await paying.spent(workshop.db, workshop.workspace) == {"say": 1, "flaky": 1}


async def test_each_item_of_a_loop_is_paid_and_the_loop_stops_before_it_can_not_be(workshop: Workshop) -> None:
    await fund(workshop, 7)
    rule = await workshop.automation(
        each(list(range(5)), step("say", [], id="in", value="{{ item }}", effect="unsafe"))
    )
    async with workshop.engine():
        good = await workshop.ended(await workshop.start(rule))
        assert (good["status"], good["credits"]) == ("success", 5)
        bad = await workshop.ended(await workshop.start(rule))
    assert (bad["status"], bad["error_code"], bad["credits"]) == ("failed", "item_failed", 2)
    assert calls[f"{bad['id']}/in"] == 2
    assert "credits_exhausted" in {item["error_code"] for item in (await workshop.items(bad["id"], "in")).values()}
    assert await paying.account(workshop.db, workshop.workspace) == (0, 0)
