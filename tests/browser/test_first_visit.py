"""Somebody comes here for the first time: signs up, finds an empty list, works with it, and leaves."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import PASSWORD, Person, until
from tests.e2e.product import Product

HOOK: dict[str, Any] = {
    "description": "Each lead that arrives is sent to the CRM.", "trigger_type": "webhook",
    "actions": [{"id": "result", "type": "transform", "config": {"value": "{{ trigger.data }}"}}],
}  # fmt: skip


async def arrive(page: Page, product: Product, words: Words, email: str) -> None:
    """Somebody follows a link without an account, and is where it leads once they have one."""
    async with Person(product.url, f"before-{email}"):
        pass  # not the first one of all, who is asked to register at once
    await page.goto("/automations?search=lead")
    await page.get_by_role("link", name=words("accounts:register"), exact=True).click()
    await expect(page).to_have_url(re.compile("/register"))
    await page.get_by_label(words("accounts:name"), exact=True).fill("Ada")
    await page.get_by_label(words("accounts:email"), exact=True).fill(email)
    await page.get_by_label(words("accounts:password"), exact=True).fill(PASSWORD)
    await accessible(page)
    await picture(page, f"sign-up-{'fr' if words('app:pages.runs') == 'Exécutions' else 'en'}")
    await page.get_by_role("button", name=words("accounts:register")).click()
    await expect(page).to_have_url(re.compile(r"/automations\?search=lead$"))
    await page.get_by_role("button", name=words("automations:forgetFilters")).click()


@pytest.mark.proves("US-1.2 (1)", "US-1.2 (2)", "US-1.2 (3)", "US-1.2 (4)", "US-1.2 (5)", "R-USR-3")
@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
@pytest.mark.proves("US-1.2 (1)", "US-1.2 (2)", "US-1.2 (5)", "R-USR-3")
@pytest.mark.by_hand("POST /api/auth/register", "PATCH /api/automations/{automation_id}")
async def test_sign_up_toggle_sign_out(page: Page, product: Product, language: str) -> None:
    words, email = Words(language), f"{language}@example.com".lower()
    short = language[:2]
    await arrive(page, product, words, email)
    await expect(page.get_by_role("heading", name=words("automations:emptyTitle"))).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", short)
    await accessible(page)
    await picture(page, f"automations-empty-{short}")

    async with Person(product.url, email) as person:
        made = await person.create({**HOOK, "name": "Lead to CRM"})
        weekly = await person.create({**HOOK, "name": "Weekly report", "trigger_type": "schedule",
                             "trigger_config": {"cron": "0 9 * * 1", "timezone": "Europe/Paris"}})  # fmt: skip
        await page.reload()
        switch = page.get_by_role("switch", name=words("automations:switch", name="Lead to CRM"))
        await expect(switch).to_be_checked()
        await accessible(page)
        await picture(page, f"automations-{short}")

        await switch.click(force=True)
        await expect(switch).not_to_be_checked()
        await expect(page.get_by_text(words("automations:switchedOff", name="Lead to CRM"))).to_be_visible()
        await picture(page, f"automations-undo-{short}")
        await until("it is off", lambda: _is(person, made["id"], enabled=False), 10)
        await page.get_by_role("button", name=words("app:undo")).click()
        await until("it is on again", lambda: _is(person, made["id"], enabled=True), 10)
        await expect(switch).to_be_checked()

        await page.get_by_role("combobox", name=words("automations:status")).click()
        await page.get_by_role("option", name=words("app:status.inactive")).click()
        await expect(page.get_by_role("heading", name=words("automations:nothingTitle"))).to_be_visible()
        await page.get_by_role("button", name=words("automations:forgetFilters")).click()
        await page.get_by_role("textbox", name=words("automations:search")).fill("weekly")
        await expect(page).to_have_url(re.compile("search=weekly"))
        await expect(page.get_by_role("link", name="Lead to CRM")).to_have_count(0)
        more = page.get_by_role("button", name=words("automations:actionsOf", name="Weekly report"))
        await more.click()
        href = f"/automations/{weekly['id']}/edit"
        await expect(page.get_by_role("menuitem", name=words("automations:edit"))).to_have_attribute("href", href)
        await page.get_by_role("menuitem", name=words("automations:duplicate")).click()
        await expect(page.get_by_role("link", name=re.compile("^Weekly report"))).to_have_count(2)
        await more.click()
        await page.get_by_role("menuitem", name=words("automations:delete")).click()
        await expect(page.get_by_role("link", name="Weekly report", exact=True)).to_have_count(0)
        await until("it is gone", lambda: _there(person, weekly["id"], is_there=False), 10)
        undo = page.get_by_role("status").filter(has_text=words("automations:deleted", name="Weekly report"))
        await undo.get_by_role("button", name=words("app:undo")).click()
        await expect(page.get_by_role("link", name="Weekly report", exact=True)).to_be_visible()
        await until("it is back", lambda: _there(person, weekly["id"], is_there=True), 10)

    await page.get_by_role("button", name=words("app:shell.account")).click()
    await accessible(page)
    await picture(page, f"account-menu-{short}")
    await page.get_by_role("menuitem", name=words("app:shell.signOut")).click()
    await expect(page).to_have_url(re.compile("/login"))


@pytest.mark.proves("R-PROD-3", "DOD-11")
@pytest.mark.by_hand("POST /api/auth/register")
async def test_every_page_of_the_sidebar(page: Page, product: Product) -> None:
    words = Words("en")
    await arrive(page, product, words, "pages@example.com")
    await expect(page.get_by_role("heading", name=words("automations:emptyTitle"))).to_be_visible()
    menu = page.get_by_role("navigation")
    for name in ("agents", "runs", "approvals", "channels", "marketplace", "connections", "usage", "settings"):
        await menu.get_by_role("link", name=words(f"app:pages.{name}"), exact=True).click()
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
        await accessible(page)
        await picture(page, name)
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await page.goto("/automations")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await accessible(page)
    await picture(page, "automations-phone")


async def _is(person: Person, automation: str, *, enabled: bool) -> bool:
    return bool((await person.get(f"/api/automations/{automation}"))["enabled"]) is enabled


async def _there(person: Person, automation: str, *, is_there: bool) -> bool:
    return any(each["id"] == automation for each in (await person.get("/api/automations"))["items"]) is is_there
