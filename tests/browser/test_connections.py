"""Somebody saves an account: chooses its kind, tests it, mends it, uses it, replaces its secret and deletes it."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

TOKEN = "sk-canary-71d0"


async def connections(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.get("/api/connections"))["items"]
    return found


@pytest.mark.by_hand(
    "POST /api/connections", "PATCH /api/connections/{connection_id}", "DELETE /api/connections/{connection_id}"
)
async def test_from_none_to_one_and_back(page: Page, product: Product, echo: Echo) -> None:
    words, email = Words("en"), "connections@example.com"
    await sign_up(page, words, email)
    await expect(page.get_by_role("heading", name=words("automations:emptyTitle"))).to_be_visible()
    await page.get_by_role("navigation").get_by_role("link", name=words("app:pages.connections")).click()
    await expect(page.get_by_role("heading", name=words("connections:emptyTitle"))).to_be_visible()
    await page.get_by_role("link", name=words("connections:create")).click()
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await accessible(page)
    await picture(page, "connection-kinds")
    await page.get_by_placeholder(words("connections:searchKinds")).fill("bearer")
    await page.get_by_role("button", name="Bearer token").click()

    await page.get_by_role("button", name=words("connections:save")).click()
    await expect(page.get_by_text(words("forms:faults.missing"))).to_be_visible()
    await page.get_by_role("textbox", name=words("connections:name"), exact=True).fill("CRM")
    await page.locator("#new-http_bearer-token").fill(TOKEN)
    await page.get_by_label("Test address").fill(f"{echo.url}/status/401")
    await page.get_by_placeholder("api.example.com").fill(echo.address)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name=words("connections:test"), exact=True).click()
    await expect(page.get_by_text(words("connections:testFailed"))).to_be_visible()
    await accessible(page)
    await picture(page, "connection-test-failed")

    await page.get_by_label("Test address").fill(f"{echo.url}/me")
    await page.get_by_role("button", name=words("connections:test"), exact=True).click()
    await expect(page.get_by_text(words("connections:testOk"))).to_be_visible()
    assert echo.hits[-1].headers["authorization"] == f"Bearer {TOKEN}"
    async with Person(product.url, email) as person:
        assert await connections(person) == []
        await page.get_by_role("button", name=words("connections:save")).click()
        await expect(page.get_by_role("heading", level=1, name="CRM")).to_be_visible()
        saved = (await connections(person))[0]
        assert (saved["name"], saved["kind"], saved["secrets"]) == ("CRM", "http_bearer", ["token"])
        assert saved["allowed_hosts"] == [echo.address]

        step = {"id": "send", "type": "http", "config": {"url": f"{echo.url}/x", "connection": saved["id"]}}
        await person.create({"name": "Lead to CRM", "trigger_type": "manual", "actions": [step]})
        await page.reload()
        await expect(page.get_by_role("link", name="Lead to CRM")).to_be_visible()
        await page.get_by_role("button", name=words("connections:test"), exact=True).click()
        await expect(page.get_by_text(words("connections:testOk"))).to_be_visible()
        await accessible(page)
        await picture(page, "connection")

        name = page.get_by_role("textbox", name=words("connections:name"), exact=True)
        await name.fill("Customers")
        await page.get_by_role("button", name=words("connections:saveChanges")).click()
        await expect(page.get_by_role("heading", level=1, name="Customers")).to_be_visible()
        await page.locator("#secrets-token").fill(f"{TOKEN}-new")
        await page.get_by_role("button", name=words("connections:rotate")).click()
        await expect(page.get_by_text(words("connections:rotated", name="Customers"))).to_be_visible()
        await page.get_by_role("button", name=words("connections:test"), exact=True).click()
        await until("the new token is sent", lambda: _sent(echo, f"{TOKEN}-new"), 10)

        await page.get_by_role("navigation").get_by_role("link", name=words("app:pages.connections")).click()
        await expect(page.get_by_role("cell", name="1 automation")).to_be_visible()
        await accessible(page)
        await picture(page, "connections")
        await page.get_by_role("link", name="Customers").click()
        await page.get_by_role("button", name=words("app:actions")).click()
        await page.get_by_role("menuitem", name=words("connections:delete")).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_text("Lead to CRM")).to_be_visible()
        await accessible(page)
        await picture(page, "connection-delete")
        await dialog.get_by_role("button", name=words("connections:deleteAnyway")).click()
        await expect(page.get_by_role("heading", name=words("connections:emptyTitle"))).to_be_visible()
        assert await connections(person) == []


async def _sent(echo: Echo, token: str) -> bool:
    return echo.hits[-1].headers.get("authorization") == f"Bearer {token}"


@pytest.mark.parametrize("language", ["fr-FR"])
@pytest.mark.by_hand("POST /api/connections")
async def test_by_keyboard_in_french_on_a_phone(page: Page, product: Product, language: str) -> None:
    words, email = Words(language), "clavier@example.com"
    await sign_up(page, words, email)
    await expect(page.get_by_role("heading", name=words("automations:emptyTitle"))).to_be_visible()
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await page.goto("/connections/new")
    await page.get_by_placeholder(words("connections:searchKinds")).focus()
    await page.keyboard.type("SMTP")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("kind=smtp"))
    await page.get_by_role("textbox", name=words("connections:name"), exact=True).focus()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("Courrier")
    await accessible(page)
    await picture(page, "connection-new-phone-fr")
    for text in ("smtp.example.org", "", "", "ada@example.org", "hunter22"):
        await page.keyboard.press("Tab")
        await page.keyboard.type(text)
    sender = page.locator("#new-smtp-sender")
    await sender.focus()
    await page.keyboard.type("Ada <ada@example.org>")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Courrier")).to_be_visible()
    await accessible(page)
    await picture(page, "connection-phone-fr")
    async with Person(product.url, email) as person:
        saved = (await connections(person))[0]
        assert (saved["kind"], saved["fields"]["host"]) == ("smtp", "smtp.example.org")
        assert saved["fields"]["user"] == "ada@example.org"
