"""Runs as a person works with them: found, looked into, mended, replayed, live; questions answered; what it costs."""

import json
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

W = Words("en")


def invoice(echo: Echo) -> dict[str, Any]:
    return {
        "name": "Send the invoice",
        "trigger_type": "manual",
        "actions": [
            {"id": "read", "type": "transform", "config": {"value": "{{ trigger.data }}"}},
            {
                "id": "send", "type": "http", "retry": {"max_attempts": 1},
                "config": {"method": "PUT", "url": echo.url + "{{ trigger.data.path }}", "json": {"n": 1}},
            },
            {"id": "note", "type": "transform", "config": {"value": "{{ steps.send.output.status }}"}},
        ],
    }  # fmt: skip


LOOP: dict[str, Any] = {
    "name": "Check every lead",
    "trigger_type": "manual",
    "actions": [
        {
            "id": "each", "type": "for_each",
            "config": {"items": "{{ trigger.data.leads }}", "on_error": "continue", "steps": [
                {"id": "twice", "type": "transform", "config": {"value": "{{ item * 2 }}"}},
                {"id": "good", "type": "transform", "config": {"value": "{{ 10 / item }}"}},
            ]},
        },
    ],
}  # fmt: skip


async def enter(page: Page, email: str) -> None:
    await sign_up(page, W, email)
    await expect(page.get_by_role("heading", name=W("automations:emptyTitle"))).to_be_visible()


async def run_of(person: Person, automation: str, payload: Any) -> str:
    status, told = await person.send("POST", f"/api/automations/{automation}/run?wait=20", {"payload": payload})
    assert status in (200, 202), told
    return str(told["run_id"])


@pytest.mark.proves("US-4.1 (1)", "US-4.1 (3)", "US-4.1 (4)", "DOD-7", "US-4.1 (5)", "R-OBS-3", "V-3", "D1 (3)")
@pytest.mark.by_hand("POST /api/automations/logs/{log_id}/replay")
async def test_a_failed_run_is_understood_and_replayed_with_another_input(
    page: Page, product: Product, echo: Echo
) -> None:
    await enter(page, "fail@example.com")
    async with Person(product.url, "fail@example.com") as person:
        made = await person.create(invoice(echo))
        first = await run_of(person, made["id"], {"path": "/status/404", "who": "Ada"})
        for n in range(3):
            await run_of(person, made["id"], {"path": "/ok", "who": f"Lead {n}"})

        await page.get_by_role("navigation").get_by_role("link", name=W("app:pages.runs"), exact=True).click()
        await expect(page.get_by_role("link", name="Send the invoice")).to_have_count(4)
        await accessible(page)
        await picture(page, "runs")
        await page.get_by_role("textbox", name=W("runs:search")).fill("Ada")
        await expect(page).to_have_url(re.compile("q=Ada"))
        await expect(page.get_by_role("link", name="Send the invoice")).to_have_count(1)
        await page.get_by_role("link", name="Send the invoice").click()

        await expect(page.get_by_text(W("runs:failedAt", step="send"))).to_be_visible()
        await expect(page.get_by_text(f"PUT {echo.url}/status/404")).to_be_visible()
        await accessible(page)
        await picture(page, "run-failed")
        await page.get_by_role("button", name=re.compile("^send .*failed$")).click()
        await expect(page.get_by_role("region", name=W("runs:stepTitle", step="send"))).to_be_visible()
        await page.get_by_role("tab", name=W("runs:input")).click()
        await expect(page.get_by_text(f'"{echo.url}/status/404"')).to_be_visible()
        await picture(page, "run-step")
        for view in ("graph", "log", "timeline"):
            await page.get_by_text(W(f"runs:views.{view}"), exact=True).click()
            await expect(page.get_by_text("send").first).to_be_visible()
            await accessible(page)
            await picture(page, f"run-{view}")

        await page.get_by_role("button", name=W("runs:replayEdited")).click()
        editor = page.get_by_label(W("runs:triggerData"))
        await expect(editor).to_have_value(re.compile("status/404"))
        await editor.fill(json.dumps({"path": "/ok", "who": "Ada"}))
        await expect(page.get_by_text(W("runs:happensAgain"))).to_be_visible()
        await accessible(page)
        await picture(page, "run-replay")
        await page.get_by_role("button", name=W("runs:replayNow"), exact=True).click()
        await expect(page).not_to_have_url(re.compile(first))
        await expect(page.get_by_text("success", exact=True).first).to_be_visible()
        again = page.url.rpartition("/")[2].partition("?")[0]
        found = await person.run(again)
        assert (found["replay_of"], found["trigger_data"]["path"]) == (first, "/ok")
        assert [hit.path for hit in echo.hits if hit.method == "PUT"].count("/ok") == 4


@pytest.mark.proves("US-4.1 (2)")
@pytest.mark.by_hand("POST /api/automations/logs/replay")
async def test_many_runs_are_replayed_after_the_dry_answer(page: Page, product: Product, echo: Echo) -> None:
    await enter(page, "bulk@example.com")
    async with Person(product.url, "bulk@example.com") as person:
        made = await person.create(invoice(echo))
        wanted = {await run_of(person, made["id"], {"path": "/status/404", "who": "Ada"}) for _ in range(3)}
        await run_of(person, made["id"], {"path": "/status/404", "who": "Grace"})
        await run_of(person, made["id"], {"path": "/fine", "who": "Ada"})
        await page.goto("/automations/logs?status=failed&q=Ada")
        await expect(page.get_by_role("link", name="Send the invoice")).to_have_count(3)
        await page.get_by_role("button", name=W("runs:replayThese")).click()
        await expect(page.get_by_text(W("runs:bulkCount_other", count="3"))).to_be_visible()
        await accessible(page)
        await picture(page, "runs-replay")
        await page.get_by_role("button", name=W("runs:bulkGo_other", count="3")).click()
        await expect(page).to_have_url(re.compile("replay="))
        await expect(page.get_by_role("link", name="Send the invoice")).to_have_count(3)
        again = [await person.run(each["id"]) for each in (await person.runs(made["id"]))[:3]]
        assert {each["replay_of"] for each in again} == wanted
        assert len(await person.runs(made["id"])) == 8


@pytest.mark.proves("US-1.5 (1)", "US-1.5 (3)", "DOD-6", "US-5.1 (5)")
@pytest.mark.by_hand("POST /api/automations/{automation_id}/run")
async def test_run_now_is_watched_live(page: Page, product: Product, echo: Echo) -> None:
    await enter(page, "now@example.com")
    async with Person(product.url, "now@example.com") as person:
        slow = {"id": "after", "type": "http", "config": {"method": "PUT", "url": f"{echo.url}/slow?s=4"}}
        actions = [*invoice(echo)["actions"], slow]
        made = await person.create({**invoice(echo), "trigger_type": "webhook", "actions": actions})
        hook, first = made["webhook"], {"path": "/first", "who": "Ada"}
        headers = {"X-Webhook-Secret": hook["secret"]}
        status, _ = await person.send("POST", hook["url"], first, anonymous=True, headers=headers)
        assert status == 202
        await until("it came", lambda: _came(echo, "/first"), 20)
        await page.goto(f"/automations/{made['id']}")
        await expect(page.get_by_role("button", name=re.compile("^send "))).to_be_visible()
        await accessible(page)
        await picture(page, "automation")
        await page.get_by_role("button", name=W("automations:runNow")).click()
        await page.get_by_label("path").fill("/slow?s=2")
        await picture(page, "run-now")
        await page.get_by_role("dialog").get_by_role("button", name=W("automations:runNow")).click()
        goes = page.get_by_role("dialog").filter(has=page.get_by_text("running", exact=True))
        await expect(goes).to_be_visible()
        await expect(goes.get_by_role("listitem", name="send success")).to_be_visible()
        await expect(page.get_by_role("dialog").get_by_text("success", exact=True)).to_be_visible()
        await accessible(page)
        await picture(page, "run-now-live")
        assert any(hit.path == "/slow?s=2" for hit in echo.hits)
        await page.get_by_role("link", name=W("automations:openRun")).click()
        await expect(page.get_by_role("button", name=re.compile("^note .*success$"))).to_be_visible()


async def _came(echo: Echo, path: str) -> bool:
    return any(hit.path == path for hit in echo.hits)


@pytest.mark.by_hand("POST /api/automations/{automation_id}/rollback", "PATCH /api/automations/{automation_id}")
async def test_versions_are_compared_and_restored(page: Page, product: Product, echo: Echo) -> None:
    await enter(page, "versions@example.com")
    async with Person(product.url, "versions@example.com") as person:
        made = await person.create(invoice(echo))
        changed = invoice(echo)
        changed["actions"][2]["config"]["value"] = "changed"
        status, _ = await person.send("PUT", f"/api/automations/{made['id']}", changed)
        assert status == 200
        await page.goto(f"/automations/{made['id']}")
        await page.get_by_role("tab", name=W("automations:tabs.versions")).click()
        await expect(page.get_by_text(W("automations:kinds.step_changed", step="note"))).to_be_visible()
        await accessible(page)
        await picture(page, "versions")
        await page.get_by_role("button", name=W("automations:restore")).click()
        await expect(
            page.get_by_text(W("automations:restoredVersion", number="1", name=changed["name"]))
        ).to_be_visible()
        detail = await person.get(f"/api/automations/{made['id']}")
        assert (detail["live_version"], detail["actions"][2]["config"]["value"]) == (
            3,
            "{{ steps.send.output.status }}",
        )
        await page.get_by_role("tab", name=W("automations:tabs.settings")).click()
        await page.get_by_label(W("automations:alertAfter")).fill("2")
        await accessible(page)
        await picture(page, "automation-settings")
        await page.get_by_role("button", name=W("automations:save"), exact=True).click()
        await expect(page.get_by_text(W("automations:policySaved", name=changed["name"]))).to_be_visible()
        detail = await person.get(f"/api/automations/{made['id']}")
        assert detail["policy"]["on_failure"]["alert_after"] == 2


@pytest.mark.proves("I-23", "US-2.1 (5)")
@pytest.mark.by_hand("POST /api/automations/{automation_id}/webhook/rotate")
async def test_a_webhook_gets_a_new_secret(page: Page, product: Product) -> None:
    await enter(page, "secret@example.com")
    async with Person(product.url, "secret@example.com") as person:
        made = await person.create({
            "name": "Leads", "trigger_type": "webhook",
            "actions": [{"id": "a", "type": "transform", "config": {"value": 1}}],
        })  # fmt: skip
        await page.goto(f"/automations/{made['id']}")
        await expect(page.get_by_text(W("forms:webhook.secretSet"))).to_be_visible()
        await page.get_by_role("button", name=W("forms:webhook.rotate")).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name=W("forms:webhook.rotate")).click()
        await expect(page.get_by_text(W("forms:webhook.secretOnce"))).to_be_visible()
        await accessible(page)
        secret = await page.get_by_text(re.compile("^whs_")).inner_text()
        await page.get_by_role("button", name=W("forms:webhook.kept")).click()
        await expect(page.get_by_text(secret)).to_have_count(0)
        url, n = made["webhook"]["url"], {"n": 1}
        for each in (secret, made["webhook"]["secret"]):
            status, told = await person.send("POST", url, n, anonymous=True, headers={"X-Webhook-Secret": each})
            assert status == 202, told
        await expect(page.get_by_text(W("forms:webhook.oldUntil"))).to_be_visible()


@pytest.mark.proves("US-4.1 (2)", "US-4.1 (5)")
@pytest.mark.parametrize("expected", [("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK", "Failed to fetch", "network error")])
@pytest.mark.by_hand("POST /api/auth/register")
async def test_filters_in_the_address_and_a_list_that_is_live(page: Page, product: Product, echo: Echo) -> None:
    await enter(page, "live@example.com")
    async with Person(product.url, "live@example.com") as person:
        made = await person.create(invoice(echo))
        await run_of(person, made["id"], {"path": "/status/404", "who": "Ada"})
        await run_of(person, made["id"], {"path": "/fine", "who": "Ada"})
        rows = page.get_by_role("link", name="Send the invoice")
        await page.goto("/automations/logs")
        await expect(rows).to_have_count(2)
        await page.get_by_role("combobox", name=W("runs:automation")).click()
        await page.get_by_role("option", name="Send the invoice").click()
        await page.get_by_role("combobox", name=W("runs:time")).click()
        await page.get_by_role("option", name=W("runs:spans.hour")).click()
        await expect(page).to_have_url(re.compile(f"automation={made['id']}.*span=hour"))
        await expect(rows).to_have_count(2)
        await page.get_by_role("combobox", name=W("runs:status")).click()
        await page.get_by_role("option", name="failed").click()
        await expect(page).to_have_url(re.compile("status=failed"))
        await expect(rows).to_have_count(1)
        await page.get_by_role("button", name=W("runs:savedFilters")).click()
        await page.get_by_role("textbox", name=W("runs:filterName")).fill("What failed")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(W("runs:filterSaved", name="What failed"))).to_be_visible()
        await page.keyboard.press("Escape")
        shared = page.url
        await page.get_by_role("button", name=W("runs:forgetFilters")).click()
        await expect(rows).to_have_count(2)
        await rows.first.click()
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        await page.go_back()
        await expect(rows).to_have_count(2)
        await page.get_by_role("button", name=W("runs:savedFilters")).click()
        await page.get_by_role("menuitem", name="What failed").click()
        await expect(rows).to_have_count(1)
        assert page.url == shared, "what was saved is what is shared"
        await page.reload()
        await expect(rows).to_have_count(1)

        # live, and again after the network was away
        await run_of(person, made["id"], {"path": "/status/404", "who": "Grace"})
        await expect(rows).to_have_count(2)
        await page.context.set_offline(True)
        await expect(page.get_by_text(W("app:shell.offline"))).to_be_visible()
        await run_of(person, made["id"], {"path": "/status/404", "who": "Nobody"})
        await expect(rows).to_have_count(2)
        await page.context.set_offline(False)
        await expect(rows).to_have_count(3)
        await expect(page.get_by_text(W("app:shell.offline"))).to_have_count(0)
        await run_of(person, made["id"], {"path": "/status/404", "who": "After"})
        await expect(rows).to_have_count(4)
        assert len(await person.runs(made["id"], status="failed")) == 4


@pytest.mark.parametrize("language", ["fr-FR"])
@pytest.mark.by_hand("POST /api/automations/logs/{log_id}/cancel")
async def test_why_it_waits_what_holds_it_and_cancelling(page: Page, product: Product, language: str) -> None:
    words = Words(language)
    await sign_up(page, words, "waits@example.com")
    async with Person(product.url, "waits@example.com") as person:
        pause: dict[str, Any] = {"id": "pause", "type": "delay", "config": {"for_s": 3600}}
        made = await person.create({
            "name": "Remind", "trigger_type": "manual", "policy": {"overlap": "queue"}, "actions": [pause],
        })  # fmt: skip
        holder, held = [
            (await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": n}))[1]["run_id"]
            for n in range(2)
        ]
        await page.goto(f"/automations/logs/{held}")
        card = page.get_by_role("alert").filter(has_text=words("runs:whyWaiting"))
        await expect(card.get_by_text("cette automatisation")).to_be_visible()
        await accessible(page)
        await picture(page, "run-held-fr")
        await card.get_by_role("link", name=words("runs:showHolder")).click()
        await expect(page).to_have_url(re.compile(holder))
        await expect(page.get_by_text("Attend jusqu’au")).to_be_visible()
        for run in (holder, held):
            await page.goto(f"/automations/logs/{run}")
            await page.get_by_role("button", name=words("runs:cancelRun")).click()
            dialog = page.get_by_role("dialog")
            await expect(dialog.get_by_text(words("runs:cancelText"))).to_be_visible()
            await dialog.get_by_role("button", name=words("runs:cancelRun")).click()
            await expect(page.get_by_role("button", name=words("runs:replay"))).to_be_visible()
            assert (await person.run(run))["status"] == "cancelled"


@pytest.mark.by_hand("POST /api/auth/register")
async def test_the_items_of_a_loop(page: Page, product: Product) -> None:
    await enter(page, "loop@example.com")
    async with Person(product.url, "loop@example.com") as person:
        made = await person.create(LOOP)
        leads = list(range(500))
        run = await run_of(person, made["id"], {"leads": leads})
        await page.goto(f"/automations/logs/{run}")
        await page.get_by_role("button", name=W("runs:openItems", step="each")).click()
        await expect(page.get_by_role("button", name=re.compile("^#0 good .*failed$"))).to_be_visible()
        await picture(page, "run-loop")
        await page.get_by_role("radiogroup", name=W("runs:itemsShown")).get_by_text(W("runs:failedItems")).click()
        await expect(page.get_by_role("button", name=re.compile("^#0 good .*failed$"))).to_be_visible()
        await expect(page.get_by_role("button", name=re.compile("^#1 twice .*success$"))).to_have_count(0)
        await accessible(page)


@pytest.mark.proves("D1 (3)")
@pytest.mark.by_hand("POST /api/alerts/{alert_id}/resolve")
async def test_usage_alerts_and_the_phone(page: Page, product: Product, echo: Echo) -> None:
    await enter(page, "usage@example.com")
    async with Person(product.url, "usage@example.com") as person:
        failing = invoice(echo)
        failing["policy"] = {"on_failure": {"alert_after": 1}}
        made = await person.create(failing)
        run = await run_of(person, made["id"], {"path": "/status/500"})

        async def alerted() -> bool:
            return bool((await person.get("/api/alerts?open=true"))["items"])

        await until("there is an alert", alerted, 20)
        await page.goto("/usage")
        await expect(page.get_by_role("link", name="Send the invoice")).to_be_visible()
        await accessible(page)
        await picture(page, "usage")
        await page.goto("/alerts")
        await page.get_by_role("button", name=W("alerts:resolve"), exact=True).click()
        await expect(page.get_by_text(W("alerts:emptyTitle"))).to_be_visible()
        assert (await person.get("/api/alerts?open=true"))["items"] == []
        await page.goto("/alerts?state=resolved")
        await accessible(page)
        await picture(page, "alerts")

        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        for name, path in (
            ("runs", "/automations/logs"), ("run", f"/automations/logs/{run}"),
            ("automation", f"/automations/{made['id']}"), ("usage", "/usage"), ("approvals", "/approvals"),
        ):  # fmt: skip
            await page.goto(path)
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            await expect(page.locator("[aria-busy=true]")).to_have_count(0)
            await accessible(page)
            wider = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wider <= 0, f"{name} is wider than the phone by {wider} pixels"
            await picture(page, f"{name}-phone")
        await page.emulate_media(color_scheme="dark")
        await page.set_viewport_size({"width": 1440, "height": 900})
        await page.goto(f"/automations/logs/{run}")
        await expect(page.get_by_text(W("runs:failedAt", step="send"))).to_be_visible()
        await accessible(page)
        await picture(page, "run-dark")
