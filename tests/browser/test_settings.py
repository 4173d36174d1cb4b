"""Settings: the profile, each part, a token that works, an invitation."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.visitor import sign_in_elsewhere, sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product


@pytest.mark.by_hand("PATCH /api/me", "POST /api/tokens", "POST /api/workspaces/{workspace_id}/invitations")
@pytest.mark.proves("S6.6 (5)")
async def test_settings(page: Page, product: Product) -> None:
    words, email = Words("en"), "settings@example.com"
    await sign_up(page, words, email, then="")
    await page.get_by_role("button", name=words("onboarding:skip"), exact=True).click()
    await expect(page).to_have_url(re.compile("/automations"))
    await sign_in_elsewhere(page, words, email)  # the first steps are shown once
    await expect(page).to_have_url(re.compile("/automations"))
    await page.goto("/settings")
    await expect(page.get_by_role("heading", level=1)).to_have_text(words("settings:title"))
    await page.get_by_label(words("settings:name"), exact=True).fill("Ada Lovelace")
    zone = page.get_by_role("combobox", name=words("settings:timezone"))
    await zone.fill("Asia/Tok")
    await page.get_by_role("option", name="Asia/Tokyo").click()
    await accessible(page)
    await picture(page, "settings-profile")
    await page.get_by_role("button", name=words("settings:save"), exact=True).click()
    await expect(page.get_by_role("status").get_by_text(words("settings:saved"))).to_be_visible()
    async with Person(product.url, email) as person:
        me = (await person.get("/api/me"))["user"]
        assert (me["name"], me["timezone"]) == ("Ada Lovelace", "Asia/Tokyo")
        for part in ("security", "notifications", "workspace", "members", "audit", "tokens"):
            await page.get_by_role("tab", name=words(f"settings:part.{part}"), exact=True).click()
            await expect(page.locator("[aria-busy=true]")).to_have_count(0)
            await accessible(page)
            await picture(page, f"settings-{part}")
        await expect(page.get_by_text(f"{product.url}/api/mcp")).to_be_visible()
        await page.get_by_role("textbox", name=words("settings:tokenName"), exact=True).fill("the shop")
        await page.get_by_label(words("settings:scope.events")).check()
        await page.get_by_role("button", name=words("settings:makeToken")).click()
        await expect(page.get_by_text(words("settings:shownOnce"))).to_be_visible()
        token = await page.locator("pre", has_text="vut_").inner_text()
        await picture(page, "settings-token")
        (kept,) = (await person.get("/api/tokens"))["items"]
        assert sorted(kept["scopes"]) == ["events", "read"]
        status, _ = await person.send(
            "GET", "/api/agents", anonymous=True, headers={"Authorization": f"Bearer {token.strip()}"}
        )
        assert status == 200
        await page.get_by_role("tab", name=words("settings:part.members"), exact=True).click()
        await page.get_by_placeholder(words("settings:email")).fill("bob@example.com")
        await page.get_by_role("button", name=words("settings:sendInvitation"), exact=True).click()
        await expect(page.get_by_text(re.compile("/invitations/vui_"))).to_be_visible()
        offers = (await person.get(f"/api/workspaces/{person.workspace}/invitations"))["items"]
        assert [each["email"] for each in offers] == ["bob@example.com"]
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await accessible(page)
    await picture(page, "settings-phone")
