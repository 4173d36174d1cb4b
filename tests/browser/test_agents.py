"""From an empty workspace to an agent that answers; the builder; chat in channels; settings."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.hands import Hands
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.vendors.openai import KEY, OpenAIServer
from tests.vendors.script import Say


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
    await hands.click("button", title, exact=False)
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


async def connect(person: Person, models: OpenAIServer) -> None:
    fields = {"api_key": KEY, "base_url": models.url, "default_model": "gpt-5-mini"}
    body = {"kind": "openai", "name": "OpenAI", "fields": fields}
    status, answer = await person.send("POST", "/api/connections", body)
    assert status == 201, answer


async def test_an_agent_is_built_asked_and_edited(page: Page, product: Product, models: OpenAIServer) -> None:
    words, email = Words("en"), "builder@example.com"
    models.script.otherwise = lambda _: Say("Four to six working days.")
    await sign_up(page, words, email, then="/admin/agents/new")
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text(words("agents:newTitle"))
    async with Person(product.url, email) as person:
        await connect(person, models)
        following = page.get_by_role("button", name=words("agents:next"), exact=True)
        await following.click()
        await expect(page.get_by_text(words("agents:nameMissing"))).to_be_visible()
        await page.get_by_role("textbox", name=words("agents:name"), exact=True).fill("Delivery")
        await page.get_by_role("button", name=words("agents:identity.avatar")).click()
        await page.get_by_role("button", name="🚚").click()
        await page.get_by_role("button", name=words("agents:identity.examples")).click()
        await page.get_by_role("menuitem", name=words("agents:exampleTitle.support")).click()
        await accessible(page)
        await picture(page, "agent-builder-identity")
        await following.click()
        model = page.get_by_role("combobox", name=words("agents:model.model"), exact=True)
        await model.fill("gpt-5")
        await page.get_by_role("option", name="gpt-5", exact=True).click()
        await page.get_by_label(words("agents:model.temperature")).fill("0.3")
        await page.get_by_label(words("agents:model.perDay")).fill("2")
        await accessible(page)
        await picture(page, "agent-builder-model")
        await following.click()
        await page.get_by_label(words("agents:channels.newRoom")).fill("deliveries")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("#deliveries").first).to_be_visible()
        await accessible(page)
        await picture(page, "agent-builder-channels")
        await page.reload()  # nothing is lost
        await expect(page.get_by_role("textbox", name=words("agents:name"), exact=True)).to_have_value("Delivery")
        for _ in range(3):
            await following.click()
        await page.get_by_role("switch", name="Web requests").click(force=True)
        hosts = page.get_by_label("Hosts", exact=True).first
        await hosts.fill("api.example.com")
        await page.keyboard.press("Enter")
        await page.get_by_text(words("agents:approval.when"), exact=True).click()
        await accessible(page)
        await picture(page, "agent-builder-tools")
        await following.click()
        await accessible(page)
        await picture(page, "agent-builder-review")
        await page.get_by_role("button", name=words("agents:deploy"), exact=True).click()
        await expect(heading).to_have_text("Delivery")
        made = next(each for each in (await person.get("/api/agents"))["items"] if each["name"] == "Delivery")
        agent = await person.get(f"/api/agents/{made['id']}")
        assert (agent["avatar"], agent["model"], agent["settings"]["temperature"]) == ("🚚", "gpt-5", 0.3)
        assert agent["settings"]["budget"]["day_usd"] == 2
        (tool,) = agent["tools"]
        assert (tool["tool"], tool["settings"]["hosts"]) == ("http", ["api.example.com"])
        assert tool["approval"]["when"][0]["op"] == "equals"
        assert len(agent["channels"]) == 1

        asked = page.get_by_role("textbox", name=words("agents:chat.message"))
        await asked.fill("How long does a parcel take?")
        await asked.press("Enter")
        await expect(page.get_by_text("Four to six working days.")).to_be_visible(timeout=30_000)
        await accessible(page)
        await picture(page, "agent-chat")
        await page.get_by_role("tab", name=words("agents:tabs.runs")).click()
        await expect(page.get_by_text("success")).to_be_visible()
        await accessible(page)
        await picture(page, "agent-runs")
        await page.get_by_role("button", name=words("agents:runs.show")).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.get_by_role("tab", name=words("agents:tabs.usage")).click()
        await expect(page.get_by_role("table")).to_be_visible()
        await accessible(page)
        await picture(page, "agent-usage")

        await page.get_by_role("tab", name=words("agents:tabs.edit")).click()
        about = page.get_by_label(words("agents:description"), exact=True)
        await about.fill("Knows when parcels arrive.")
        await accessible(page)
        await picture(page, "agent-edit")
        await page.get_by_role("button", name=words("agents:save"), exact=True).click()
        await expect(page.get_by_text(words("agents:saved", name="Delivery"))).to_be_visible()
        changed = await person.get(f"/api/agents/{made['id']}")
        assert (changed["description"], changed["tools"]) == ("Knows when parcels arrive.", agent["tools"])


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


async def test_a_template_is_deployed_in_two_clicks(page: Page, product: Product) -> None:
    words, email = Words("en"), "market@example.com"
    await sign_up(page, words, email, then="/admin/marketplace")
    await page.get_by_role("button", name="Status page checker").wait_for()
    await accessible(page)
    await picture(page, "marketplace")
    await page.get_by_label(words("templates:search")).fill("outage")
    await expect(page).to_have_url(re.compile("search=outage"))
    await expect(page.locator("main button", has_text="Status page checker")).to_have_count(1)
    await page.get_by_role("button", name="Status page checker").click()
    await page.get_by_role("button", name=words("templates:deploy"), exact=True).wait_for()
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
    await expect(page.get_by_role("link", name="Status page checker")).to_be_visible()
    await accessible(page)
    await picture(page, "agents-list")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await accessible(page)
    await picture(page, "agents-phone")


async def test_settings(page: Page, product: Product) -> None:
    words, email = Words("en"), "settings@example.com"
    await sign_up(page, words, email, then="/settings")
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
