"""A schedule by preset with a Slack step, whose account is saved on the way, seen at the Slack server."""

from datetime import datetime
from itertools import pairwise

import pytest
from playwright.async_api import Page, expect

from tests.browser.film import film
from tests.browser.hands import Hands
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.vendors.slack import Slack

EN = Words("en")
EMAIL = "schedule@example.com"


@pytest.mark.proves("US-5.1 (1)", "US-2.2 (1)", "US-2.2 (4)", "R-USR-5", "V-2")
@pytest.mark.by_hand(
    "POST /api/automations",
    "PUT /api/automations/{automation_id}",
    "POST /api/automations/{automation_id}/publish",
    "POST /api/automations/{automation_id}/run",
    "POST /api/connections",
)
async def test_schedule_with_a_slack_step(page: Page, product: Product, slack: Slack) -> None:
    room = slack.channel("standup")
    await sign_up(page, EN, EMAIL, then="/automations/new")
    async with film(page, "schedule-with-slack"):
        await page.locator("[data-trigger=cron]").click()
        await choose(page)
        await plan(page)
        await page.get_by_label(EN("editor:name")).fill("Stand-up")
        connection = await draw(page, product, slack)
        await publish_and_run(page)
        await until("it is in the channel", lambda: _said(slack, room.id, 1), 30)
        await expect(page.locator('.react-flow__node[data-id="slack"] [data-status=success]')).to_be_visible()
        await accessible(page)
        await picture(page, "editor-slack-run")
        await until("the minute has come", lambda: _said(slack, room.id, 2), 75)
    automation = page.url.split("/")[-2]
    async with Person(product.url, EMAIL) as person:
        await person.send("PATCH", f"/api/automations/{automation}", {"enabled": False})
        stored = await person.get(f"/api/automations/{automation}")
        await until("both runs have ended", lambda: _ended(person, automation), 30)
        runs = await person.runs(automation)
    weekly, minutely = stored["trigger_config"]["schedules"]
    assert weekly == {"cron": "30 8 * * 1", "timezone": "Europe/Paris"}
    assert minutely == {"cron": "* * * * *", "timezone": "Europe/Paris"}
    (step,) = stored["actions"]
    assert step["config"] == {
        "connection": connection, "channel": "#standup", "text": "Good morning from {{ automation.name }}"
    }  # fmt: skip
    assert {each["trigger_type"] for each in runs} == {"cron", "manual"}, "by itself, and by hand"
    assert {each["status"] for each in runs} == {"success"}
    assert {each["text"] for each in room.messages} == {"Good morning from Stand-up"}


async def choose(page: Page) -> None:
    """Each preset and a cron expression show when they would start."""
    await page.get_by_role("button", name=EN("forms:schedule.first")).click()
    await kind(page, "1", "every")
    await page.get_by_label(EN("forms:schedule.count"), exact=True).fill("3")
    await comes_each(page, 180)
    await kind(page, "1", "hourly")
    await comes_each(page, 3600)
    await kind(page, "1", "daily")
    await comes_each(page, 86_400)
    await kind(page, "1", "cron")
    await page.get_by_label(EN("forms:schedule.cron"), exact=True).fill("*/20 * * * *")
    await comes_each(page, 1200)
    await kind(page, "1", "weekly")
    await comes_each(page, 7 * 86_400)


async def kind(page: Page, number: str, name: str) -> None:
    await page.get_by_label(EN("forms:schedule.howOf", number=number)).click()
    await page.get_by_role("option", name=EN(f"forms:schedule.kinds.{name}"), exact=True).click()


async def comes_each(page: Page, seconds: int) -> None:
    """The next five times are so far from each other; by an hour more or less where clocks are changed."""

    async def so_far() -> bool:
        times: list[str] = await page.locator("time[datetime]").evaluate_all("found => found.map(at => at.dateTime)")
        moments = [datetime.fromisoformat(each) for each in times]
        gaps = {(after - before).total_seconds() for before, after in pairwise(moments)}
        changed = {seconds - 3600, seconds + 3600} if seconds >= 86_400 else set()
        return len(moments) == 5 and seconds in gaps and gaps <= {seconds, *changed}

    await until(f"the next times are {seconds} s apart", so_far, 10)


async def plan(page: Page) -> None:
    """Mondays at half past eight, in words; and each minute, so that it need not be waited for."""
    await page.get_by_label(EN("forms:schedule.time"), exact=True).fill("08:30")
    told = page.get_by_role("status", name=EN("forms:schedule.next"))
    await expect(told).to_contain_text("08:30")
    await expect(told.get_by_role("listitem")).to_have_count(5)
    await accessible(page)
    await picture(page, "editor-schedule")
    await page.get_by_role("button", name=EN("forms:schedule.another")).click()
    await kind(page, "2", "cron")
    await page.get_by_label(EN("forms:schedule.cron"), exact=True).fill("* * * * *")
    await comes_each(page, 60)


async def draw(page: Page, product: Product, slack: Slack) -> str:
    """The step by dragging, its account in the drawer; the account's id."""
    hands = Hands(page)
    await hands.drag(page.locator('.editor-palette [data-action="slack"]'), page.locator('.way-plus[data-slot=">"]'))
    await page.get_by_role("button", name=EN("forms:newConnection")).click()
    drawer = page.get_by_role("dialog")
    await drawer.get_by_role("button", name="Slack app").click()
    await drawer.get_by_label("Bot token").fill(slack.bot_token)
    await drawer.get_by_role("button", name=EN("forms:advanced")).click()
    await drawer.get_by_label("Address of the API").fill(slack.api_url)
    hosts = drawer.get_by_label(EN("connections:hosts"))
    await hosts.fill("127.0.0.1")
    await hosts.press("Enter")
    await accessible(page)
    await picture(page, "editor-connection")
    await drawer.get_by_role("button", name=EN("connections:save")).click()
    await expect(drawer).to_be_hidden()
    await expect(page.locator("#step-slack-connection")).to_have_value("Slack app")
    await page.locator("#step-slack-channel").fill("#standup")
    await page.locator("#step-slack-text").click()
    await page.keyboard.type("Good morning from {{ name")
    await expect(page.get_by_role("option", name="automation.name")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Good morning from Stand-up")).to_be_visible()
    async with Person(product.url, EMAIL) as person:
        (made,) = (await person.get("/api/connections"))["items"]
    return str(made["id"])


async def publish_and_run(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name=EN("editor:publish"), exact=True).click()
    await dialog.get_by_role("button", name=EN("editor:publish"), exact=True).click()
    await expect(page.locator("[data-live='1']")).to_be_visible()
    await page.get_by_role("button", name=EN("editor:run"), exact=True).first.click()
    await dialog.get_by_role("button", name=EN("editor:runNow")).click()


async def _said(slack: Slack, channel: str, times: int) -> bool:
    return len(slack.channels[channel].messages) >= times


async def _ended(person: Person, automation: str) -> bool:
    return all(each["status"] not in ("queued", "running", "waiting") for each in await person.runs(automation))
