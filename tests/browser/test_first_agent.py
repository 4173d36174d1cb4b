"""From an empty workspace to an agent that answers, counted."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.hands import Hands
from tests.browser.visitor import sign_in_elsewhere, sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product
from tests.vendors.openai import KEY, OpenAIServer
from tests.vendors.script import Say


@pytest.mark.proves("S6.6 (1)", "S6.6 (2)", "S6.6 (3)", "S6.6 (4)", "V-4", "S6-OK-4")
@pytest.mark.by_hand("POST /api/connections", "POST /api/agents/from-template")
@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
async def test_from_nothing_to_an_answer_in_two_minutes(
    page: Page, product: Product, models: OpenAIServer, language: str
) -> None:
    words, short = Words(language), language[:2]
    email = f"first-{short}@example.com"
    models.script.otherwise = lambda _: Say("Hello, I watch your page.")
    await sign_up(page, words, email, then="")
    await expect(page).to_have_url(re.compile("/onboarding"))
    await accessible(page)
    await picture(page, f"onboarding-welcome-{short}")
    hands = Hands(page)
    await hands.click("button", words("onboarding:start"))
    await hands.type("API key" if short == "en" else "Clé d’API", KEY, pasted=True)
    await page.get_by_role("button", name=words("forms:advanced"), exact=True).click()
    await page.get_by_label(re.compile("Base address|Adresse de base")).fill(
        models.url
    )  # only since the tests have a provider of their own
    await accessible(page)
    await picture(page, f"onboarding-provider-{short}")
    await hands.click("button", words("connections:testAndSave"))
    title = "Status page checker" if short == "en" else "Surveillance de page"
    await expect(page.get_by_role("heading", name=words("onboarding:heading.agent"))).to_be_visible()
    await accessible(page)
    await picture(page, f"onboarding-agent-{short}")
    await hands.click("button", title, exact=False)
    await expect(page.get_by_role("button", name=words("templates:deploy"), exact=True)).to_be_visible()
    await accessible(page)
    await picture(page, f"onboarding-deploy-{short}")
    await hands.click("button", words("templates:deploy"))
    await hands.click("button", words("agents:chat.opener"))
    await expect(page.get_by_text("Hello, I watch your page.")).to_be_visible(timeout=30_000)
    await accessible(page)
    await picture(page, f"onboarding-chat-{short}")
    print(f"The first agent takes {hands.seconds:.1f} s of clicks and keys.")  # noqa: T201
    assert hands.seconds <= 120, hands.seconds
    async with Person(product.url, email) as person:
        me = (await person.get("/api/me"))["user"]
        assert me["onboarded_at"] is not None
        agents = (await person.get("/api/agents"))["items"]
        made = next(each for each in agents if each["name"] == title)
        assert (made["status"], made["last_run"]["status"]) == ("online", "success")
        (day,) = (await person.get(f"/api/agents/{made['id']}/usage"))["items"]
        assert day["calls"] >= 1
    await sign_in_elsewhere(page, words, email)  # the first steps are shown once
    await expect(page).to_have_url(re.compile("/automations"))
