"""A run failed while nobody looked: it is found, understood, mended in the editor with its data, and replayed."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

W = Words("en")


def invoice(echo: Echo) -> dict[str, Any]:
    return {
        "name": "Send the invoice", "trigger_type": "manual", "policy": {"on_failure": {"alert_after": 1}},
        "actions": [
            {"id": "read", "type": "transform", "config": {"value": {"customer": "{{ trigger.data.who }}"}}},
            {
                "id": "send", "type": "http", "retry": {"max_attempts": 1},
                "config": {"method": "PUT", "url": f"{echo.url}/status/422?text=customer+is+unknown",
                           "json": "{{ steps.read.output }}"},
            },
        ],
    }  # fmt: skip


@pytest.mark.proves("US-4.1 (3)", "US-4.1 (4)")
@pytest.mark.by_hand(
    "PUT /api/automations/{automation_id}",
    "POST /api/automations/{automation_id}/publish",
    "POST /api/automations/logs/{log_id}/replay",
)
async def test_from_the_bell_to_a_run_that_succeeds(page: Page, product: Product, echo: Echo) -> None:
    await sign_up(page, W, "night@example.com")
    await expect(page.get_by_role("heading", name=W("automations:emptyTitle"))).to_be_visible()
    async with Person(product.url, "night@example.com") as person:
        made = await person.create(invoice(echo))
        status, told = await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": {"who": "Ada"}})
        assert status == 202, told
        failed = told["run_id"]

        # the bell, the alert, the run
        bell = page.get_by_role("button", name=re.compile(W("notifications:title"), re.IGNORECASE)).or_(
            page.get_by_role("button", name=W("notifications:unread_one", count="1"))
        )
        await expect(page.get_by_role("button", name=W("notifications:unread_one", count="1"))).to_be_visible()
        await bell.first.click()
        await page.get_by_role("dialog").get_by_role("button", name=re.compile("Send the invoice failed")).click()
        await expect(page.get_by_role("heading", level=1, name="Send the invoice failed")).to_be_visible()
        await page.get_by_role("link", name=W("alerts:showRun")).click()

        # why: the sentence, the request, what was sent, the answer, the field
        await expect(page).to_have_url(re.compile(failed))
        why = page.get_by_role("alert").filter(has_text=W("runs:failedAt", step="send"))
        for told in (f"PUT {echo.url}/status/422", '{"customer":"Ada"}', "422", "json.customer: Ada"):
            await expect(why.get_by_text(told).last).to_be_visible()
        await accessible(page)
        await picture(page, "run-why")

        # the editor, by keyboard: the step is chosen, its data is that of the run
        await why.get_by_role("link", name=W("runs:openInEditor")).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("complementary", name=W("editor:inspectorOf", name="send"))).to_be_visible()
        await expect(page.locator(f"[data-run='{failed}']")).to_be_visible()
        url = page.get_by_role("textbox", name="URL")
        await expect(url).to_have_value(re.compile("/status/422"))
        await url.fill(f"{echo.url}/invoices")
        await page.keyboard.press("Shift+Enter")
        await page.get_by_role("radiogroup", name=W("editor:inspector")).get_by_text(W("editor:tabOutput")).click()
        await expect(page.get_by_text(W("editor:onlyRendered"))).to_be_visible()
        await expect(page.get_by_role("complementary").get_by_text('"Ada"').first).to_be_visible()
        await accessible(page)
        await picture(page, "run-in-editor")
        await page.get_by_role("button", name=W("editor:publish"), exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name=W("editor:publish"), exact=True).click()
        await expect(page.get_by_text(W("editor:published", name=made["name"], version="2"))).to_be_visible()

        # back to the run: it offers the version that mends it, from where it failed
        await page.locator(f"[data-run='{failed}']").get_by_role("link", name=W("editor:openRun")).click()
        await page.get_by_role("button", name=W("runs:retryNewer", number="2")).click()
        await expect(page).not_to_have_url(re.compile(failed))
        await expect(page.get_by_role("button", name=re.compile("^send .*success$"))).to_be_visible()
        await picture(page, "run-mended")
        again = await person.run(re.search(r"logs/([0-9a-f-]{36})", page.url)[1])  # type: ignore[index]
        assert (again["status"], again["version"], again["replay_of"]) == ("success", 2, failed)
        assert [hit.body for hit in echo.hits if hit.path == "/invoices"] == [b'{"customer":"Ada"}']

        # and the alert is seen to
        await page.goto("/alerts")
        await page.get_by_role("button", name=W("alerts:resolve"), exact=True).click()
        await expect(page.get_by_text(W("alerts:emptyTitle"))).to_be_visible()

        async def resolved() -> bool:
            return (await person.get("/api/alerts?open=true"))["items"] == []

        await until("the alert is resolved", resolved, 5)
