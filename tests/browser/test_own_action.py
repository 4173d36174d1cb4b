"""An action and a connection kind that a package brought (`tests/own`) have all that ours have: their form, its help
and its validation, without a line in `ui/`. Everything here is done by the keyboard."""

import json
import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.keyboard import choose, press, reach, write
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person, until
from tests.e2e.product import Product
from tests.echo import Echo

EN = Words("en")
KEY = "canary-5be0-key"


async def connect(page: Page, echo: Echo) -> None:
    """An account of the package's kind, made without leaving the step."""
    await press(page, EN("forms:newConnection"))
    drawer = page.get_by_role("dialog")
    await expect(drawer.get_by_text("Your account with the parcel service.")).to_be_visible()
    await press(page, EN("connections:save"), drawer)
    await expect(drawer.get_by_text(EN("forms:faults.missing"))).to_have_count(2)
    await write(page, drawer.get_by_role("textbox", name="Customer"), "C-17")
    await choose(page, drawer.get_by_role("combobox", name="Region"), "south")
    key = drawer.get_by_label("Access key")
    await expect(key).to_have_attribute("type", "password")
    await write(page, key, KEY)
    await write(page, drawer.get_by_placeholder("api.example.com"), echo.address)
    await page.keyboard.press("Enter")
    await accessible(page)
    await press(page, EN("connections:save"), drawer)
    await expect(drawer).to_be_hidden()
    await expect(page.get_by_role("combobox", name="Connection")).to_have_value("Parcel service")


async def fill(page: Page, echo: Echo) -> None:
    inspector = page.get_by_role("complementary", name=EN("editor:inspectorOf", name="parcel"))

    def field(name: str) -> Locator:
        return inspector.get_by_role("textbox", name=re.compile(f"^{name}"))

    await write(page, field("Service"), f"{echo.url}/anything/parcels")
    await write(page, field("Name"), "{{ trigger.data.name }}")
    await page.keyboard.press("Escape")  # the completion of names
    street = field("Street")
    await expect(street).to_have_accessible_description("With the number of the house.")
    await write(page, street, "Rue 1")
    await write(page, field("City"), "Lyon")
    await expect(street).to_have_value("Rue 1")
    await expect(field("City")).to_have_value("Lyon")
    await choose(page, inspector.get_by_role("combobox", name="Country"), "France")
    await press(page, EN("forms:addOf", label="Items"))
    await write(page, field("Article"), "A-1")
    await write(page, field("Count"), "0")
    await page.keyboard.press("Tab")
    await expect(inspector.get_by_text(EN("forms:faults.minimum", count="1"))).to_be_visible()
    await page.keyboard.press("Shift+Tab")
    await write(page, field("Count"), "3")
    await page.keyboard.press("Tab")
    await expect(inspector.get_by_text(EN("forms:faults.minimum", count="1"))).to_be_hidden()
    await choose(page, inspector.get_by_role("combobox", name="Delivery"), "Shop")
    await write(page, field("Shop"), "S-9")
    await choose(page, inspector.get_by_role("combobox", name="Speed"), "express")
    await choose(page, inspector.get_by_role("combobox", name="Marks"), "cold")
    await page.keyboard.press("Escape")
    await expect(inspector.get_by_label("Pin", exact=True)).to_have_attribute("type", "password")
    await press(page, EN("forms:advanced"))
    await press(page, EN("forms:addOf", label="References"))
    await write(
        page, inspector.get_by_role("textbox", name=EN("forms:nameOf", label="References", number="1")), "order"
    )
    await write(page, inspector.get_by_role("textbox", name=EN("forms:valueOf", name="order")), "O-1")


async def publish_and_run(page: Page) -> None:
    await press(page, EN("editor:publish"))
    dialog = page.get_by_role("dialog")
    await press(page, EN("editor:publish"), dialog)
    await expect(page.locator("[data-live='1']")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await press(page, EN("editor:run"), page.locator(".editor-bar"))
    await write(page, dialog.get_by_label(EN("editor:payload")), '{"name": "Ada"}')
    await press(page, EN("editor:runNow"), dialog)


@pytest.mark.by_hand("POST /api/automations", "PUT /api/automations/{automation_id}", "POST /api/connections")
async def test_an_action_from_a_package(page: Page, product: Product, echo: Echo) -> None:
    email = "own@example.com"
    await sign_up(page, EN, email, then="/automations/new")
    await reach(page, page.locator("[data-trigger=manual]"))
    await page.keyboard.press("Enter")
    await expect(page.locator(".react-flow__node").first).to_be_visible()
    automation = page.url.split("/")[-2]
    await page.keyboard.press("n")
    await expect(page.get_by_role("combobox", name=EN("editor:findAction"))).to_be_focused()
    await page.keyboard.type("parcel")
    await expect(page.get_by_role("option", name=re.compile("Send a parcel"))).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator(".react-flow__node[data-id=parcel]")).to_be_visible()
    await page.keyboard.press("Enter")
    await connect(page, echo)
    await fill(page, echo)
    await accessible(page)
    await picture(page, "own-action")
    await page.keyboard.press("Control+s")
    await expect(page.locator("[data-phase=saved]")).to_be_visible()
    await publish_and_run(page)
    await expect(page.locator(".react-flow__node[data-id=parcel] [data-status=success]")).to_be_visible()
    async with Person(product.url, email) as person:
        stored = await person.get(f"/api/automations/{automation}")
        account = (await person.get("/api/connections"))["items"][0]
        await until("the run has ended", lambda: _ended(person, automation), 10)
        (run,) = await person.runs(automation)
        output = (await person.run(run["id"]))["action_logs"][0]["output"]
    parcel = {
        "recipient": {
            "name": "{{ trigger.data.name }}",
            "address": {"street": "Rue 1", "city": "Lyon", "country": "FR"},
        },
        "items": [{"article": "A-1", "count": 3}],
        "delivery": {"by": "shop", "shop": "S-9"},
        "speed": "express",
        "marks": ["cold"],
        "references": {"order": "O-1"},
    }
    (step,) = stored["actions"]
    assert step["config"] == {"connection": account["id"], "service": f"{echo.url}/anything/parcels", **parcel}
    sent = {**parcel, "recipient": {**parcel["recipient"], "name": "Ada"}}  # type: ignore[dict-item]
    assert output == {"status": 200, "sent": sent}
    assert json.loads(echo.hits[-1].body) == sent
    assert (echo.hits[-1].headers["x-customer"], echo.hits[-1].headers["x-access-key"]) == ("C-17", KEY)
    assert KEY not in json.dumps([stored, account])


async def _ended(person: Person, automation: str) -> bool:
    return [each["status"] for each in await person.runs(automation)] == ["success"]
