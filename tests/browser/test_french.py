"""What the API tells in English is told in French to who reads French: why an agent is offline, why a run failed, what
Vutler asks and reports, what is wrong with a draft. On no page that is visited is English of the product's own left.
"""

import pytest
from playwright.async_api import Page, expect

from tests.browser.english_left import english_left
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible
from tests.browser.words import Words
from tests.e2e.person import Person, until
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
    await french_alone(page)
    await page.goto("/automations/logs")
    await expect(page.get_by_role("row").filter(has_text="Relance").get_by_text(why)).to_be_visible()
    await french_alone(page)
    await page.get_by_role("link", name="Relance").click()
    told = page.get_by_role("alert").filter(has_text=FR("runs:failedAt", step="send"))
    await expect(told.get_by_text(why)).to_be_visible()
    await expect(told.get_by_text(run["error"])).to_have_attribute("lang", "en")
    await accessible(page)
    await french_alone(page)
    await page.goto("/alerts")
    await expect(page.get_by_role("link", name=FR("alerts:titles.failing", name="Relance"))).to_be_visible()
    await expect(page.get_by_text(FR("alerts:texts.failing", error=why))).to_be_visible()
    await french_alone(page)
    await page.get_by_role("button", name=FR("notifications:unread_one", count="1")).click()
    bell = page.get_by_role("dialog", name=FR("notifications:title"))
    await expect(bell.get_by_text("Relance a échoué")).to_be_visible()
    await expect(bell.get_by_text(FR("alerts:texts.failing", error=why))).to_be_visible()
    await french_alone(page)


@pytest.mark.parametrize("language", ["fr-FR"])
@pytest.mark.by_hand("POST /api/auth/register")
async def test_what_vutler_asks_and_finds(page: Page, product: Product, echo: Echo, language: str) -> None:
    email = "questions@example.com"
    await sign_up(page, Words(language), email)
    send = {"id": "send", "type": "http", "config": {"method": "PUT", "url": f"{echo.url}/x"}}
    async with Person(product.url, email) as person:
        asking = await person.create({
            "name": "Envoi", "trigger_type": "manual", "actions": [{**send, "approval_required": True}],
        })  # fmt: skip
        _, run = await person.send("POST", f"/api/automations/{asking['id']}/run", {"payload": {}})

        async def waits() -> bool:
            return bool((await person.run(run["run_id"]))["status"] == "waiting")

        await until("the run waits", waits, 20)
        draft = await draft_with_faults(person)
    question = "L’étape send (http) peut-elle continuer avec cette entrée ?"
    await page.goto("/approvals")
    await expect(page.get_by_role("heading", name=question)).to_be_visible()
    await french_alone(page)
    await page.goto(f"/automations/logs/{run['run_id']}")
    await expect(page.get_by_text("L’étape send attend une approbation.").first).to_be_visible()
    await french_alone(page)
    await page.goto(f"/automations/{draft}/edit")
    await page.get_by_role("button", name=FR("editor:findings_other", count="2")).click()
    await expect(page.get_by_text("L’étape nobody n’existe pas ; il y a send.", exact=True)).to_be_visible()
    await french_alone(page)


async def draft_with_faults(person: Person) -> str:
    """An automation of which nothing is published: its draft has two errors."""
    steps = [{"id": "send", "type": "http", "config": {"method": "GET"}, "needs": ["nobody"]}]
    status, made = await person.send(
        "POST", "/api/automations?as_draft=true", {"name": "Brouillon", "trigger_type": "manual", "actions": steps}
    )
    assert status == 201, made
    return str(made["id"])


async def french_alone(page: Page) -> None:
    """None of the product's own English is left on the page as it is now."""
    assert await english_left(page) == [], page.url
