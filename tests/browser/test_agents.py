"""Agents: built in five steps, asked, edited by two at once, approved in their chat, looked at by a viewer."""

import re
from collections.abc import Sequence

import pytest
from playwright.async_api import Page, expect

from tests.browser.database import sql
from tests.browser.provider import connect
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product
from tests.echo import Echo
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Fail, Say


@pytest.mark.proves(
    "S6.2 (1)", "S6.2 (2)", "S6.2 (3)", "S6.2 (4)", "S6.2 (5)", "S6.2 (6)", "R-USR-1", "S6-OK-1", "PHASE-2"
)
@pytest.mark.by_hand("POST /api/agents", "PATCH /api/agents/{agent}", "POST /api/channels/{channel_id}/messages")
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
        await page.get_by_role("button", name=words("forms:addOf", label="Hosts"), exact=True).click()
        await page.get_by_label(words("forms:itemOf", label="Hosts", number="1"), exact=True).fill("api.example.com")
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
        await counts(page, product, made["id"])
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

        await talk(page, words, "deliveries")
        found = (await person.get("/api/messages?q=working%20days"))["items"]
        (room,) = agent["channels"]
        assert room in [each["channel_id"] for each in found]


@pytest.mark.parametrize("expected", [["status of 412"]])
@pytest.mark.by_hand("PATCH /api/agents/{agent}")
async def test_two_tabs_edit_one_agent(page: Page, product: Product, expected: Sequence[str]) -> None:
    """What both changed is a choice, what one of them changed stays, and leaving asks first."""
    words, email = Words("en"), "tabs@example.com"
    await sign_up(page, words, email, then="/agents")
    async with Person(product.url, email) as person:
        agent = next(each for each in (await person.get("/api/agents"))["items"] if each["slug"] == "code_bot")
        address = f"/agents/{agent['id']}?tab=edit"
        await page.goto(address)
        about = page.get_by_label(words("agents:description"), exact=True)
        how = page.get_by_label(words("agents:instructions"), exact=True)
        await about.fill("Written here")
        other = await page.context.new_page()
        await other.goto(address)
        await other.get_by_label(words("agents:description"), exact=True).fill("Written there")
        await other.get_by_label(words("agents:instructions"), exact=True).fill("Speak French.")
        await other.keyboard.press("ControlOrMeta+s")
        await expect(other.get_by_text(words("agents:saved", name=agent["name"]))).to_be_visible()
        await expect(about).to_have_value("Written here")
        await page.get_by_role("button", name=words("agents:save"), exact=True).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_text("Written there", exact=True)).to_be_visible()
        await expect(dialog.get_by_text("Written here", exact=True)).to_be_visible()
        await accessible(page)
        await picture(page, "agent-two-tabs")
        kept = await person.get(f"/api/agents/{agent['id']}")
        assert kept["description"] == "Written there"
        await dialog.get_by_role("button", name=words("agents:clash.keepMine"), exact=True).click()
        await expect(page.get_by_text(words("agents:saved", name=agent["name"]))).to_be_visible()
        await expect(how).to_have_value("Speak French.")
        kept = await person.get(f"/api/agents/{agent['id']}")
        assert (kept["description"], kept["instructions"]) == ("Written here", "Speak French.")

        await about.fill("Not saved")
        await page.get_by_role("tab", name=words("agents:tabs.chat")).click()
        await expect(dialog.get_by_text(words("agents:unsaved.text"))).to_be_visible()
        await accessible(page)
        await picture(page, "agent-unsaved")
        await dialog.get_by_role("button", name=words("agents:unsaved.stay")).click()
        await expect(about).to_have_value("Not saved")
        await page.get_by_role("tab", name=words("agents:tabs.chat")).click()
        await dialog.get_by_role("button", name=words("agents:unsaved.save")).click()
        await expect(page.get_by_text(words("agents:chat.note"))).to_be_visible()
        assert (await person.get(f"/api/agents/{agent['id']}"))["description"] == "Not saved"


@pytest.mark.by_hand("POST /api/approvals/{approval_id}/answer")
async def test_a_call_is_approved_inside_the_chat(
    page: Page, product: Product, models: OpenAIServer, echo: Echo
) -> None:
    """The question stands in the chat; a failure says what to do; the answer is there after the page was left."""
    words, email = Words("en"), "approve@example.com"
    await sign_up(page, words, email, then="/agents")
    async with Person(product.url, email) as person:
        await connect(person, models)
        tool = {"tool": "http", "settings": {"hosts": [echo.address]}, "approval": "always"}
        status, agent = await person.send("POST", "/api/agents", {"name": "Caller", "tools": [tool]})
        assert status == 201, agent
        call = CallTools([("http", {"method": "POST", "url": f"{echo.url}/order"})])
        models.script.answers = [Fail("unauthorized"), call, Say("It is ordered.")]
        await page.goto(f"/agents/{agent['id']}")
        await page.get_by_role("button", name=words("agents:chat.opener")).click()
        way = page.get_by_role("alert").get_by_role("link", name=words("agents:chat.openConnections"))
        await expect(way).to_be_visible(timeout=30_000)
        await accessible(page)
        await picture(page, "agent-chat-failed")
        await page.get_by_role("button", name=words("agents:chat.again")).click()
        question = page.get_by_role("article")
        await expect(question).to_be_visible(timeout=30_000)
        assert [hit for hit in echo.hits if hit.path == "/order"] == []
        await accessible(page)
        await picture(page, "agent-chat-approval")
        await page.get_by_role("tab", name=words("agents:tabs.runs")).click()
        await page.get_by_role("tab", name=words("agents:tabs.chat")).click()
        await question.get_by_role("button", name=words("approvals:approve"), exact=True).click()
        await expect(page.get_by_text("It is ordered.")).to_be_visible(timeout=30_000)
        assert len([hit for hit in echo.hits if hit.path == "/order"]) == 1

        models.script.answers = [Say("It comes on Monday, before noon.", hold=True)]
        asked = page.get_by_role("textbox", name=words("agents:chat.message"))
        await asked.fill("When does it come?")
        await asked.press("Enter")
        await expect(page.get_by_text("It comes")).to_be_visible(timeout=30_000)
        await page.get_by_role("tab", name=words("agents:tabs.runs")).click()  # in the middle of the answer
        await page.get_by_role("tab", name=words("agents:tabs.chat")).click()
        models.script.release()
        await expect(page.get_by_text("It comes on Monday, before noon.")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("expected", [["status of 410"]])
@pytest.mark.by_hand("POST /api/invitations/{token}/accept")
async def test_a_viewer_sees_nothing_that_would_refuse(page: Page, product: Product) -> None:
    words = Words("en")
    await sign_up(page, words, "viewer@example.com", then="/agents")
    async with Person(product.url, "inviter@example.com") as owner, Person(product.url, "viewer@example.com") as viewer:
        late, used = [await invite(owner, viewer.email) for _ in range(2)]
        await sql(product, "UPDATE invitations SET expires_at = now() WHERE id = $1::uuid", late["id"])
        await over(page, words, late["link"])
        assert "viewer" not in await roles(viewer)
        await page.goto(used["link"])
        await page.get_by_role("button", name=words("accounts:accept")).click()
        await expect(page).to_have_url(re.compile("/automations"))
        assert "viewer" in await roles(viewer)
        await over(page, words, used["link"])
    await page.goto("/agents")
    await expect(page.get_by_role("link", name="code_bot")).to_be_visible()
    main = page.get_by_role("main")
    await expect(main.get_by_role("link", name=words("agents:create"))).to_have_count(0)
    await expect(main.get_by_role("switch", disabled=False)).to_have_count(0)
    await page.get_by_role("link", name="code_bot").click()
    await expect(page.get_by_text(words("agents:chat.viewer"))).to_be_visible()
    await expect(page.get_by_role("tab", name=words("agents:tabs.edit"))).to_have_count(0)
    await expect(main.get_by_role("button", name=words("agents:runNow"))).to_have_count(0)
    await accessible(page)
    await picture(page, "agent-viewer")
    await page.get_by_role("button", name=words("agents:direct")).click()
    await expect(page).to_have_url(re.compile("/channels/"))
    await page.goto("/admin/marketplace?template=status-page-checker")
    await expect(page.get_by_text(words("templates:viewer"))).to_be_visible()
    await expect(page.get_by_role("button", name=words("templates:deploy"), exact=True)).to_have_count(0)


async def invite(owner: Person, email: str) -> dict[str, str]:
    body = {"email": email, "role": "viewer"}
    status, offer = await owner.send("POST", f"/api/workspaces/{owner.workspace}/invitations", body)
    assert status == 201, offer
    return dict(offer)


async def over(page: Page, words: Words, link: str) -> None:
    """The link of an invitation that is expired or used says so, and there is nothing to accept."""
    await page.goto(link)
    await expect(page.get_by_role("heading", level=1)).to_have_text(words("accounts:invitationOver"))
    await expect(page.get_by_role("button", name=words("accounts:accept"))).to_have_count(0)
    await accessible(page)


async def roles(person: Person) -> list[str]:
    return [each["role"] for each in (await person.get("/api/workspaces"))["items"]]


async def talk(page: Page, words: Words, room: str) -> None:
    """What is said in the agent's own room is answered there."""
    await page.get_by_role("navigation").get_by_role("link", name=words("app:pages.channels"), exact=True).click()
    await page.get_by_role("main").get_by_role("link", name=room).click()
    box = page.get_by_role("textbox", name=words("channels:writeTo", name=room))
    await box.fill("When does my parcel come?")
    await box.press("Enter")
    replies = page.get_by_text(words("channels:replies_one", count="1"))
    await expect(replies).to_be_visible(timeout=30_000)
    await replies.click()
    thread = page.get_by_role("region", name=words("channels:thread"))
    await expect(thread.get_by_text("Four to six working days.")).to_be_visible()
    await expect(thread.get_by_text("Delivery", exact=True).first).to_be_visible()


SPENT = """
SELECT count(*) AS calls, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, sum(cost_usd)::float8 AS cost
FROM model_calls WHERE agent_id = $1::uuid
"""


async def counts(page: Page, product: Product, agent: str) -> None:
    """The tab shows what stands in the database."""
    (spent,) = await sql(product, SPENT, agent)
    assert (spent["calls"], spent["tokens_in"] > 0, spent["tokens_out"] > 0, spent["cost"] > 0) == (1, True, True, True)
    day = page.get_by_role("table").get_by_role("row").nth(1).get_by_role("cell")
    figures = [f"{spent[name]:,}" for name in ("calls", "tokens_in", "tokens_out")]
    money = re.compile(re.escape(f"{spent['cost']:.4f}".rstrip("0").rstrip(".")))
    await expect(day).to_have_text([re.compile(r"\d{4}"), figures[0], "0", *figures[1:], money])
