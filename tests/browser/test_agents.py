"""From an empty workspace to an agent that answers; the builder; chat in channels; settings."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import PASSWORD, Person, until
from tests.e2e.product import Product, free_port
from tests.vendors.openai import KEY, OpenAIServer
from tests.vendors.script import Say

THINK_S, CLICK_S, KEY_S = 1.35, 1.1, 0.28  # the keystroke-level model


@pytest.fixture(scope="module")
def models_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def product(models_port: int) -> Iterator[Product]:
    hosts = f"127.0.0.1:{models_port}"
    with Product({"VUTLER_HTTP_ALLOW_HOSTS": hosts, "VUTLER_SIGNUP": "open"}, ready_within=300) as product:
        yield product


@pytest.fixture
async def models(models_port: int) -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer(port=models_port) as server:
        yield server


class Hands:
    """Clicks and types, and counts what that takes a person."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.seconds = 0.0

    async def click(self, role: Any, name: str, *, exact: bool = True) -> None:
        await self._page.get_by_role(role, name=name, exact=exact).click()
        self.seconds += THINK_S + CLICK_S

    async def type(self, label: str, text: str, *, pasted: bool = False) -> None:
        field = self._page.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$"))
        await field.click()
        await field.press_sequentially(text)
        self.seconds += THINK_S + CLICK_S + KEY_S * (2 if pasted else len(text))

    async def press(self, key: str) -> None:
        await self._page.keyboard.press(key)
        self.seconds += KEY_S


async def register(page: Page, words: Words, email: str, *, then: str = "") -> None:
    await page.goto(f"/register{then and f'?next={then}'}")
    await page.get_by_label(words("accounts:name"), exact=True).fill("Ada")
    await page.get_by_label(words("accounts:email"), exact=True).fill(email)
    await page.get_by_label(words("accounts:password"), exact=True).fill(PASSWORD)
    await page.get_by_role("button", name=words("accounts:register")).click()


@pytest.mark.parametrize("language", ["en-GB", "fr-FR"])
async def test_from_nothing_to_an_answer_in_two_minutes(
    page: Page, product: Product, models: OpenAIServer, language: str
) -> None:
    words, short = Words(language), language[:2]
    email = f"first-{short}@example.com"
    models.script.otherwise = lambda _: Say("Hello, I watch your page.")
    await register(page, words, email)
    await expect(page).to_have_url(re.compile("/onboarding"))
    await accessible(page)
    await picture(page, f"onboarding-welcome-{short}")
    hands = Hands(page)
    await hands.click("button", words("onboarding:start"))
    await hands.type("API key", KEY, pasted=True)
    base = page.get_by_label("Base address")
    await base.fill(models.url)  # only since the tests have a provider of their own
    await accessible(page)
    await picture(page, f"onboarding-provider-{short}")
    await hands.click("button", words("agents:connect.save"))
    title = "Status page checker" if short == "en" else "Surveillance de page"
    await expect(page.get_by_role("heading", name=words("onboarding:heading.agent"))).to_be_visible()
    await accessible(page)
    await picture(page, f"onboarding-agent-{short}")
    await hands.click("button", words("templates:look", name=title))
    await expect(page.get_by_role("button", name=words("templates:deploy"), exact=True)).to_be_visible()
    await accessible(page)
    await picture(page, f"onboarding-deploy-{short}")
    await hands.click("button", words("templates:deploy"))
    await hands.click("button", words("agents:chat.opener"))
    await expect(page.get_by_text("Hello, I watch your page.")).to_be_visible(timeout=30_000)
    await accessible(page)
    await picture(page, f"onboarding-chat-{short}")
    assert hands.seconds <= 120, hands.seconds
    async with Person(product.url, email) as person:
        me = (await person.get("/api/me"))["user"]
        assert me["onboarded_at"] is not None
        agents = (await person.get("/api/agents"))["items"]
        made = next(each for each in agents if each["name"] == title)
        assert (made["status"], made["last_run"]["status"]) == ("online", "success")
        (day,) = (await person.get(f"/api/agents/{made['id']}/usage"))["items"]
        assert day["calls"] >= 1
    await page.goto("/")
    await expect(page).to_have_url(re.compile("/automations"))
