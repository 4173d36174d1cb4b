"""What the API tells in English is told in French to who reads French: why an agent is offline, why a run failed."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.visitor import sign_up
from tests.browser.watching import accessible
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product
from tests.echo import Echo

FR = Words("fr")


@pytest.mark.parametrize("language", ["fr-FR"])
@pytest.mark.by_hand("POST /api/auth/register")
async def test_failures_speak_french(page: Page, product: Product, echo: Echo, language: str) -> None:
    email = "francais@example.com"
    await sign_up(page, Words(language), email)
    why = FR("failures:codes.http_status")
    async with Person(product.url, email) as person:
        assert (await person.get("/api/agents/code_bot/status"))["reason_code"] == "no_model_provider"
        made = await person.create({
            "name": "Relance", "trigger_type": "manual", "policy": {"on_failure": {"alert_after": 1}},
            "actions": [{"id": "send", "type": "http", "retry": {"max_attempts": 1},
                         "config": {"method": "GET", "url": f"{echo.url}/status/500"}}],
        })  # fmt: skip
        _, ran = await person.send("POST", f"/api/automations/{made['id']}/run?wait=20", {"payload": {}})
        run = await person.run(ran["run_id"])
        assert (run["error_code"], run["status"]) == ("http_status", "failed")
    await page.goto("/agents")
    await expect(page.get_by_text(FR("failures:codes.no_model_provider"))).to_be_visible()
    await page.goto("/automations/logs")
    await expect(page.get_by_role("row").filter(has_text="Relance").get_by_text(why)).to_be_visible()
    await page.get_by_role("link", name="Relance").click()
    told = page.get_by_role("alert").filter(has_text=FR("runs:failedAt", step="send"))
    await expect(told.get_by_text(why)).to_be_visible()
    await expect(told.get_by_text(run["error"])).to_have_attribute("lang", "en")
    await accessible(page)
    await page.goto("/alerts")
    await expect(page.get_by_role("link", name=FR("alerts:titles.failing", name="Relance"))).to_be_visible()
    await expect(page.get_by_text(FR("alerts:texts.failing", error=why))).to_be_visible()
