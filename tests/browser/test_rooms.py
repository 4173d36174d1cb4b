"""Channels: an agent comes, is named, answers in a thread; what is unread, found, read on a phone."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.provider import connect
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import Say


@pytest.mark.by_hand("POST /api/channels/{channel_id}/messages", "POST /api/channels/{channel_id}/members")
async def test_a_room_with_an_agent(page: Page, product: Product, models: OpenAIServer) -> None:
    words, email = Words("en"), "rooms@example.com"
    models.script.otherwise = lambda _: Say("It is on its way.")
    await sign_up(page, words, email, then="/channels")
    opening = page.get_by_role("link", name=words("channels:openGeneral"))
    await expect(opening).to_be_visible()
    async with Person(product.url, email) as person:
        await connect(person, models)
        await opening.click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("general")
        await page.get_by_role("button", name=words("channels:members")).click()
        await page.get_by_placeholder(words("channels:add")).click()
        await page.get_by_role("option", name="sales_pro").click()
        await expect(page.get_by_role("button", name=words("channels:removeOf", name="sales_pro"))).to_be_visible()
        await accessible(page)
        await picture(page, "channel-members")
        await page.keyboard.press("Escape")
        box = page.get_by_role("textbox", name=words("channels:writeTo", name="general"))
        await box.click()
        await page.keyboard.type("Hello @sal")
        await expect(page.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(box).to_have_value("Hello @sales_pro ")
        await page.keyboard.type("where is the parcel?")
        await page.keyboard.press("Enter")
        await expect(box).to_have_value("")
        await expect(page.get_by_text("where is the parcel?")).to_be_visible()
        await expect(page.get_by_text(words("channels:replies_one", count="1"))).to_be_visible(timeout=30_000)
        await page.get_by_text(words("channels:replies_one", count="1")).click()
        thread = page.get_by_role("region", name=words("channels:thread"))
        await expect(thread.get_by_text("It is on its way.")).to_be_visible()
        reply = thread.get_by_role("textbox")
        await reply.fill("Thank you")
        await reply.press("Enter")
        await expect(thread.get_by_text("Thank you")).to_be_visible()
        await accessible(page)
        await picture(page, "channel-thread")
        await page.evaluate("document.documentElement.setAttribute('data-mantine-color-scheme', 'dark')")
        await accessible(page)
        await picture(page, "channel-dark")
        general = next(each for each in (await person.get("/api/channels"))["items"] if each["name"] == "general")
        found = (await person.get("/api/messages?q=Thank%20you"))["items"]
        assert found[0]["thread_id"] is not None
        await until("it is read", lambda: _read(person, general["id"]), 10)
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await page.goto(f"/channels/{general['id']}")
        await expect(page.get_by_text("where is the parcel?")).to_be_visible()
        await accessible(page)
        await picture(page, "channel-phone")
        await page.goto("/channels")
        await expect(page.get_by_role("link", name="general")).to_be_visible()
        await picture(page, "channels-phone")
        await page.goto("/channels?q=parcel")
        await expect(page.get_by_text("where is the parcel?")).to_be_visible()


async def _read(person: Person, channel: str) -> bool:
    return bool((await person.get(f"/api/channels/{channel}"))["unread"] == 0)
