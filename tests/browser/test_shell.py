"""The frame around the pages: the ways through it by keyboard, what it keeps, what it says when something is away."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.furnished import ASK
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import PASSWORD, Person, until
from tests.e2e.product import Product

NEW_PASSWORD = f"{PASSWORD} and another one"
EN, FR = Words("en"), Words("fr")


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


async def go(page: Page, keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


@pytest.mark.proves("S6.6 (5)", "R-PROD-3")
@pytest.mark.by_hand("POST /api/auth/register", "PATCH /api/me")
async def test_by_keyboard_alone(page: Page, product: Product) -> None:
    email = "keyboard@example.com"
    await sign_up(page, EN, email, then="")
    await page.get_by_role("button", name=EN("onboarding:skip"), exact=True).press("Enter")
    await expect(page).to_have_url(re.compile("/automations$"))
    await page.goto("/")
    await expect(heading(page)).to_have_text(EN("app:pages.automations"))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name=EN("app:shell.skip"))).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()

    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("textbox", name=EN("app:shell.search"))).to_be_focused()
    await page.keyboard.type("alerts")
    await expect(page.get_by_role("button", name=EN("app:pages.alerts"))).to_be_visible()
    await accessible(page)
    await picture(page, "palette")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/alerts"))
    await expect(heading(page)).to_be_focused()
    for keys, name in (("gr", "runs"), ("gp", "approvals"), ("ga", "automations")):
        await go(page, keys)
        await expect(heading(page)).to_have_text(EN(f"app:pages.{name}"))
        await expect(heading(page)).to_be_focused()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name=EN("app:shell.keys"))).to_be_visible()
    await accessible(page)
    await picture(page, "keys")
    await go(page, "gr")  # the dialog has the keys to itself
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(heading(page)).to_have_text(EN("app:pages.automations"))

    await page.get_by_role("button", name=EN("app:shell.account")).press("Enter")
    await page.get_by_role("menuitem", name=EN("app:shell.schemes.dark")).press("Enter")
    await page.get_by_role("menuitem", name="Français").press("Enter")
    await expect(page.get_by_role("menuitem", name=FR("app:shell.signOut"))).to_be_visible()
    await accessible(page)
    await page.keyboard.press("Escape")
    async with Person(product.url, email) as person:
        await until("it is kept", lambda: _speaks(person, "fr"), 10)
        me = (await person.get("/api/me"))["user"]
    assert (me["timezone"], me["onboarded_at"] is not None) == ("Europe/Paris", True)
    await page.reload()
    await expect(heading(page)).to_have_text(FR("app:pages.automations"))
    await expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    await page.goto("/connections/new?kind=openai")  # what the API names is told in the chosen language, too
    await expect(page.get_by_label("Clé d’API").first).to_be_visible()


async def _speaks(person: Person, language: str) -> bool:
    return bool((await person.get("/api/me"))["user"]["locale"] == language)


@pytest.mark.by_hand("POST /api/notifications/{notification_id}/read")
async def test_the_bell_and_another_workspace(page: Page, product: Product) -> None:
    email = "bell@example.com"
    await sign_up(page, EN, email)
    await expect(heading(page)).to_be_visible()
    async with Person(product.url, email) as person:
        asking = await person.create(ASK)
        status, _ = await person.send("POST", f"/api/automations/{asking['id']}/run", {"payload": {}})
        assert status == 202
        status, lab = await person.send("POST", "/api/workspaces", {"name": "The laboratory"})
        assert status == 201, lab

        async def asks() -> bool:
            return len((await person.get("/api/approvals?state=pending"))["items"]) == 1

        await until("the run asks", asks, 30)
        # It is told live, on whatever page one is.
        bell = page.get_by_role("button", name=EN("notifications:unread_one", count="1"))
        await expect(bell).to_be_visible()
        await bell.press("Enter")
        await accessible(page)
        await picture(page, "bell")
        await page.get_by_role("dialog").get_by_role("button", name=re.compile("Publish")).press("Enter")
        await expect(page).to_have_url(re.compile("/approvals"))
        await expect(page.get_by_role("heading", name="Publish “Spring offer”?")).to_be_visible()
        await until("it is read", lambda: _nothing_unread(person), 10)

    await page.reload()
    switch = page.get_by_role("button", name=re.compile(EN("app:shell.workspace")))
    await switch.press("Enter")
    await picture(page, "workspaces")
    await page.get_by_role("menuitem", name="The laboratory").press("Enter")
    await expect(page.get_by_role("heading", name=EN("automations:emptyTitle"))).to_be_visible()
    await page.reload()
    await expect(switch).to_contain_text("The laboratory")
    await expect(page.get_by_role("heading", name=EN("automations:emptyTitle"))).to_be_visible()


async def _nothing_unread(person: Person) -> bool:
    return bool((await person.get("/api/notifications"))["unread_count"] == 0)


@pytest.mark.by_hand("POST /api/auth/login")
@pytest.mark.parametrize(
    "expected", [("ERR_INTERNET_DISCONNECTED", "status of 401", "dynamically imported module", "preload CSS")]
)
async def test_away_and_back(page: Page, product: Product) -> None:
    email = "away@example.com"
    await sign_up(page, EN, email, then="/automations/logs?status=failed")
    await expect(heading(page)).to_have_text(EN("app:pages.runs"))
    await page.context.set_offline(True)
    await expect(page.get_by_text(EN("app:shell.offline"))).to_be_visible()
    await accessible(page)
    # A page that was never loaded can't be shown now, and says so; the frame stays.
    await go(page, "gu")
    await expect(heading(page)).to_have_text(EN("app:error.title"))
    await picture(page, "offline")
    await page.context.set_offline(False)
    await page.get_by_role("button", name=EN("app:tryAgain")).click()
    await expect(heading(page)).to_have_text(EN("app:pages.usage"))
    await expect(page.get_by_text(EN("app:shell.offline"))).to_have_count(0)

    async with Person(product.url, email) as person:
        await page.goto("/automations/logs?status=failed")
        await expect(heading(page)).to_have_text(EN("app:pages.runs"))
        # A new password ends all other sessions.
        changed = {"current_password": PASSWORD, "password": NEW_PASSWORD}
        status, told = await person.send("PATCH", "/api/me", changed)
        assert status == 200, told
    await page.get_by_role("textbox", name=EN("runs:search")).fill("Ada")
    await expect(page).to_have_url(re.compile("/login"))
    await page.get_by_label(EN("accounts:email"), exact=True).fill(person.email)
    await page.get_by_label(EN("accounts:password"), exact=True).fill(NEW_PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/automations/logs.*status=failed"))
    await expect(heading(page)).to_have_text(EN("app:pages.runs"))


@pytest.mark.by_hand("POST /api/auth/register")
async def test_the_menu_of_a_phone(page: Page) -> None:
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await sign_up(page, EN, "menu@example.com")
    await expect(page.get_by_role("heading", name=EN("automations:emptyTitle"))).to_be_visible()
    opener = page.get_by_role("button", name=EN("app:shell.menu"), exact=True)
    closer = page.get_by_role("button", name=EN("app:shell.close"))
    await page.get_by_role("button", name=EN("app:shell.account")).focus()
    await page.keyboard.press("Tab")
    await expect(page.locator("main :focus")).to_have_count(1)  # not in the menu, which nobody sees
    await opener.press("Enter")
    await expect(closer).to_be_focused()
    await accessible(page)
    await picture(page, "menu-phone")
    await page.keyboard.press("Escape")
    await expect(opener).to_be_focused()
    await opener.click()
    await page.get_by_role("link", name=EN("app:pages.usage"), exact=True).click()
    await expect(heading(page)).to_have_text(EN("app:pages.usage"))
    await expect(opener).to_have_attribute("aria-expanded", "false")
    await page.get_by_role("button", name=EN("app:shell.search")).click()
    await expect(page.get_by_role("textbox", name=EN("app:shell.search"))).to_be_focused()
    await page.keyboard.type("chann")
    await expect(page.get_by_role("button", name=EN("app:pages.channels"))).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(heading(page)).to_have_text(EN("app:pages.channels"))
