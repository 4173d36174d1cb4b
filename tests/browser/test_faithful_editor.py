"""The editor keeps what it does not understand: what is opened is not written, and what is saved is what it was."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from core.templates.reading import catalog
from tests.browser.visitor import sign_up
from tests.browser.words import Words
from tests.definitions import generated
from tests.e2e.person import Person, until
from tests.e2e.product import Product

EN = Words("en")
GENERATED = 4  # the others are read and written by the editor's own code (ui/src/features/editor/faithful.test.ts)
PARTS = ("name", "description", "trigger_type", "trigger_config", "actions", "policy", "layout")


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return generated(GENERATED)


@pytest.mark.by_hand("PUT /api/automations/{automation_id}")
async def test_templates_and_generated_automations_stay_as_they_are(
    page: Page, product: Product, documents: list[dict[str, Any]]
) -> None:
    email = "faithful@example.com"
    await sign_up(page, EN, email)
    async with Person(product.url, email) as person:
        opened: list[str] = []
        for slug in catalog():
            status, answer = await person.send("POST", "/api/agents/from-template", {"template_slug": slug})
            assert status == 201, answer
            assert answer["automations"]
            opened += [each["id"] for each in answer["automations"]]
        for document in documents:
            status, answer = await person.send("POST", "/api/automations?as_draft=true", document)
            assert status == 201, answer
            opened.append(answer["id"])
        for automation in opened:
            await look_at_all_of_it(page, person, automation)
            await change_and_change_back(page, person, automation)


async def look_at_all_of_it(page: Page, person: Person, automation: str) -> None:
    """Every step's form is shown, and the JSON: nothing is written."""
    before = await person.get(f"/api/automations/{automation}")
    await page.goto(f"/automations/{automation}/edit")
    await expect(page.locator(".react-flow__node").first).to_be_visible()
    await page.get_by_text(EN("editor:faceOutline"), exact=True).click()
    items = page.get_by_role("treeitem")
    await items.first.click()
    for number in range(1, await items.count()):
        await page.keyboard.press("ArrowDown")
        await expect(items.nth(number)).to_be_focused()
        await expect(page.locator(".editor-inspector .editor-scroll")).to_be_visible()
    faces = page.get_by_role("radiogroup", name=EN("editor:view"))
    await faces.get_by_text(EN("editor:faceJson"), exact=True).click()
    await expect(page.locator(".cm-content")).to_contain_text("trigger_type")
    await expect(page.locator("[data-phase=saved]")).to_be_visible()
    assert await person.get(f"/api/automations/{automation}") == before


async def change_and_change_back(page: Page, person: Person, automation: str) -> None:
    """Saved twice, and equal in every part."""
    before = await person.get(f"/api/automations/{automation}")
    await page.get_by_label(EN("editor:name")).fill("Another name")
    await page.keyboard.press("Control+s")
    await until("it is saved", lambda: _is_called(person, automation, "Another name"), 10)
    await page.get_by_role("button", name=re.compile(f"^{EN('editor:undo')}")).click()
    await page.keyboard.press("Control+s")
    await until("it is saved", lambda: _is_called(person, automation, before["name"]), 10)
    after = await person.get(f"/api/automations/{automation}")
    assert after["revision"] == before["revision"] + 2
    assert _parts(after) == _parts(before)


def _parts(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: stored[name] for name in PARTS}


async def _is_called(person: Person, automation: str, name: str) -> bool:
    return bool((await person.get(f"/api/automations/{automation}"))["name"] == name)
