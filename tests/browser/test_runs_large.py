"""Large things stay usable: a run of many steps, a loop of a thousand, outputs of megabytes.

How long it takes is measured by `bench/ui.py`; here it works, and what is in the page stays bounded.
"""

from typing import Any, Final

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.test_runs import W, run_of
from tests.browser.visitor import sign_up
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

STEPS: Final = 180
MOST_NODES: Final = 3_000  # of the whole page, whatever the run holds
MOST_ROWS: Final = 120


async def is_bounded(page: Page) -> None:
    """Only what is in sight is in the page."""
    nodes, rows = await page.evaluate(
        "[document.querySelectorAll('*').length, document.querySelectorAll('.virtual-rows [role=listitem]').length]"
    )
    assert nodes < MOST_NODES
    assert rows < MOST_ROWS


@pytest.mark.by_hand("POST /api/auth/register")
async def test_a_run_of_many_steps_with_large_outputs(page: Page, product: Product, echo: Echo) -> None:
    await sign_up(page, W, "large@example.com")
    await expect(page.get_by_role("heading", name=W("automations:emptyTitle"))).to_be_visible()
    item = {"name": "Ada", "values": list(range(40)), "text": "x" * 60}
    actions: list[dict[str, Any]] = [
        {"id": f"s{n}", "type": "transform", "needs": [f"s{n - 1}"] if n else [], "config": {"value": n}}
        for n in range(STEPS)
    ]
    actions += [
        {"id": "big", "type": "http", "config": {"method": "PUT", "url": echo.url, "json": "{{ trigger.data.rows }}"}},
        {"id": "each", "type": "for_each", "config": {"items": "{{ range(1000) | list }}", "steps": [
            {"id": "one", "type": "transform", "config": {"value": "{{ item }}"}}]}},
    ]  # fmt: skip
    async with Person(product.url, "large@example.com") as person:
        made = await person.create({"name": "Many steps", "trigger_type": "manual", "actions": actions})
        run = await run_of(person, made["id"], {"rows": [item] * 400})
        detail = await person.run(run)
        assert detail["status"] == "success", detail["error"]
        await page.goto(f"/automations/logs/{run}")
        await expect(page.get_by_role("button", name="s0 transform success")).to_be_visible()
        await page.get_by_role("button", name="s0 transform success").click()
        for _ in range(12):
            await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("heading", name="s12", exact=True)).to_be_visible()
        await is_bounded(page)

        steps = page.get_by_role("list", name=W("runs:steps"))
        await steps.evaluate("(box) => { box.scrollTop = box.scrollHeight }")
        await page.get_by_role("button", name=W("runs:openItems", step="each")).click()
        await expect(page.get_by_role("button", name="#0 one transform success")).to_be_visible()
        for seen in (199, 399, 999):  # what comes into sight is read: 200 items at a time
            last = page.get_by_role("button", name=f"#{seen} one transform success")

            async def in_sight(last: Locator = last) -> bool:
                await steps.evaluate("(box) => { box.scrollTop = box.scrollHeight }")
                return await last.is_visible()

            await until(f"item {seen} is in sight", in_sight, 20)
            await is_bounded(page)
        await last.click()
        await expect(page.get_by_role("heading", name="one #999", exact=True)).to_be_visible()

        await page.goto(f"/automations/logs/{run}?step=big")
        await page.get_by_role("button", name=W("runs:loadWhole")).click()
        await page.get_by_role("button", name=W("app:unfold", name="json"), exact=True).click()
        await page.get_by_role("button", name=W("app:unfold", name="0"), exact=True).click()
        await expect(page.get_by_text('"Ada"').first).to_be_visible()
        await is_bounded(page)

        await page.get_by_text(W("runs:views.graph"), exact=True).click()
        await expect(page.get_by_role("button", name="s0 ")).to_be_visible()
        await is_bounded(page)
