"""Templates: found, looked at as a graph, deployed by two clicks."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product


@pytest.mark.by_hand("POST /api/agents/from-template")
@pytest.mark.proves("S6.2 (7)", "S6.4 (1)", "S6.4 (2)", "S6.4 (3)", "S6.4 (4)", "S6.4 (5)", "S6-OK-2", "I-22", "V-4")
async def test_a_template_is_deployed_in_two_clicks(page: Page, product: Product) -> None:
    words, email = Words("en"), "market@example.com"
    await sign_up(page, words, email, then="/admin/marketplace")
    await page.get_by_role("button", name="Status page checker").wait_for()
    await accessible(page)
    await picture(page, "marketplace")
    await page.get_by_label(words("templates:search")).fill("outage")
    await expect(page).to_have_url(re.compile("search=outage"))
    await page.get_by_text(words("templates:categories.Sales"), exact=True).first.click()
    await expect(page.get_by_text(words("templates:nothingTitle"))).to_be_visible()
    await page.get_by_text(words("templates:categories.Dev"), exact=True).first.click()
    await expect(page).to_have_url(re.compile("category=Dev"))
    await expect(page.locator("main button", has_text="Status page checker")).to_have_count(1)
    await page.get_by_role("button", name="Status page checker").click()
    await page.get_by_role("button", name=words("templates:deploy"), exact=True).wait_for()
    graph = page.get_by_role("dialog").get_by_role("region", name=words("graph:label"))
    await expect(graph.get_by_role("button")).not_to_have_count(0)
    async with Person(product.url, email) as person:
        shown = (await person.get("/api/agents/templates?search=outage"))["items"][0]["preview"][0]
    for step in shown["actions"]:
        block = graph.get_by_role("button", name=re.compile(rf"^{step['id']} "))
        await expect(block).to_be_in_viewport()
    assert await graph.locator(".react-flow__edge").count() >= len(shown["actions"])
    await accessible(page)
    await picture(page, "marketplace-template")
    await page.get_by_role("button", name=words("templates:deploy"), exact=True).click()
    await expect(page.get_by_role("link", name=words("templates:chat"))).to_be_visible()
    await accessible(page)
    await picture(page, "marketplace-deployed")
    async with Person(product.url, email) as person:
        made = next(each for each in (await person.get("/api/agents"))["items"] if "Status" in each["name"])
        rule = await person.get(f"/api/automations/{made['automation_id']}")
        assert (rule["enabled"], rule["trigger_type"]) == (True, "cron")
    await page.get_by_role("link", name=words("templates:automation")).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Status page checker")
    await page.goto("/agents")
    row = page.get_by_role("row", name=re.compile("Status page checker"))
    await expect(row.get_by_role("cell", name="Schedule")).to_be_visible()
    await accessible(page)
    await picture(page, "agents-list")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await accessible(page)
    await picture(page, "agents-phone")
