"""Questions to people: answered singly or together, by keyboard, in the run, by a signed link; or looked at only."""

import json
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import PASSWORD, Person, until
from tests.e2e.product import Product
from tests.echo import Echo

W = Words("en")
FR = Words("fr")


def gate(echo: Echo) -> dict[str, Any]:
    return {
        "name": "Publish the offer",
        "trigger_type": "manual",
        "actions": [
            {"id": "write", "type": "transform", "config": {"value": {"title": "Spring"}}},
            {
                "id": "ask", "type": "approval",
                "config": {
                    "message": "Publish “Spring offer”?", "deadline": "2d",
                    "form": {"type": "object", "required": ["eur"], "properties": {
                        "eur": {"type": "integer", "title": "Budget in euros", "minimum": 1}}},
                },
            },
            {
                "id": "publish", "type": "http", "approval_required": True,
                "config": {"method": "PUT", "url": echo.url + "/publish", "json": {"text": "Spring offer"}},
            },
        ],
    }  # fmt: skip


def refund(echo: Echo) -> dict[str, Any]:
    return {
        "name": "Refund", "trigger_type": "manual",
        "actions": [
            {"id": "ask", "type": "approval", "config": {"message": "Refund order {{ trigger.data.n }}?"}},
            {"id": "pay", "type": "http", "config": {"method": "PUT", "url": echo.url + "/pay/{{ trigger.data.n }}"}},
        ],
    }  # fmt: skip


def brief(echo: Echo) -> dict[str, Any]:
    """A question that is soon too late to answer."""
    return {
        "name": "Last orders", "trigger_type": "manual",
        "actions": [
            {"id": "ask", "type": "approval", "config": {"message": "Still open?", "deadline": 5}},
            {"id": "pay", "type": "http", "config": {"method": "PUT", "url": echo.url + "/late"}},
        ],
    }  # fmt: skip


def charge(echo: Echo) -> dict[str, Any]:
    """Its first step is never answered in time, so that nobody knows whether it happened."""
    return {
        "name": "Charge the card", "trigger_type": "manual",
        "actions": [
            {"id": "charge", "type": "http", "timeout_s": 0.5,
             "config": {"method": "POST", "url": echo.url + "/slow?s=1", "json": {"n": "{{ trigger.data.n }}"}}},
            {"id": "thank", "type": "transform", "config": {"value": "{{ steps.charge.output.receipt }}"}},
        ],
    }  # fmt: skip


async def enter(page: Page, email: str) -> None:
    await sign_up(page, W, email)
    await expect(page.get_by_role("heading", name=W("automations:emptyTitle"))).to_be_visible()


async def started(person: Person, automation: str, payload: Any = None) -> str:
    status, told = await person.send("POST", f"/api/automations/{automation}/run", {"payload": payload})
    assert status == 202, told
    return str(told["run_id"])


async def asked(person: Person, runs: list[str]) -> list[dict[str, Any]]:
    """The open question of each run."""
    found: dict[str, dict[str, Any]] = {}

    async def all_ask() -> bool:
        for each in (await person.get("/api/approvals?state=pending"))["items"]:
            found[each["run_id"]] = each
        return all(run in found for run in runs)

    await until("every run asks", all_ask, 20)
    return [found[run] for run in runs]


async def state_of(person: Person, run: str) -> str:
    return str((await person.run(run))["status"])


async def ends(person: Person, run: str, wanted: str) -> None:
    async def ended() -> bool:
        return await state_of(person, run) == wanted

    await until(f"{run} is {wanted}", ended, 20)


async def link_to(person: Person, question: dict[str, Any]) -> str:
    status, link = await person.send("POST", f"/api/approvals/{question['id']}/link", {"for": person.email})
    assert status == 200, link
    return person.url + "/approvals/" + str(link["url"]).rpartition("/")[2]


async def dead_end(page: Page, address: str, title: str) -> None:
    """The page says what is wrong with the link, there is nothing to answer, and a way on: to one's own questions."""
    await page.goto(address)
    await expect(page.get_by_role("heading", name=title)).to_be_visible()
    for name in ("approve", "reject"):
        await expect(page.get_by_role("button", name=W(f"approvals:{name}"))).to_have_count(0)
    onward = page.get_by_role("link", name=W("approvals:toInbox")).or_(
        page.get_by_role("link", name=W("approvals:signInToInbox"))
    )
    await expect(onward).to_have_attribute("href", "/approvals")


@pytest.mark.proves("R-WF-2", "PHASE-4")
@pytest.mark.parametrize("expected", [("status of 409", "status of 404", "status of 401")])
@pytest.mark.by_hand("POST /api/approvals/{approval_id}/answer", "POST /api/approvals/by-token/{token}")
async def test_one_by_keyboard_one_in_the_run_one_by_link(page: Page, product: Product, echo: Echo) -> None:
    await enter(page, "asked@example.com")
    async with Person(product.url, "asked@example.com") as person:
        made = await person.create(gate(echo))
        run = await started(person, made["id"])
        await page.goto("/approvals")
        await expect(page.get_by_role("heading", name="Publish “Spring offer”?")).to_be_visible()
        await accessible(page)
        await picture(page, "approval")
        await page.keyboard.press("a")
        await expect(page.get_by_text(W("approvals:missing"))).to_be_visible()
        await page.get_by_label("Budget in euros").fill("20")
        await page.get_by_label(W("approvals:comment")).fill("Not more")
        await page.get_by_role("heading", level=1).click()
        await page.keyboard.press("a")
        await expect(page.get_by_role("button", name=W("approvals:approve"), exact=True)).to_be_focused()
        assert await state_of(person, run) == "waiting", "the first press only goes to the button"
        await page.keyboard.press("a")
        await expect(page.get_by_text(W("approvals:said.approve", name="Publish the offer"))).to_be_visible()

        await page.goto(f"/automations/logs/{run}")
        await expect(page.get_by_text(W("approvals:gateInput"))).to_be_visible()
        await picture(page, "run-waiting")
        await page.get_by_role("button", name=W("approvals:edit"), exact=True).click()
        await page.get_by_role("textbox", name="json").fill('{"text": "Summer offer"}')
        await page.get_by_role("button", name=W("approvals:approveEdited")).click()
        await expect(page.get_by_role("button", name=re.compile("^publish .*success$"))).to_be_visible()
        await accessible(page)
        assert json.loads(next(hit.body for hit in echo.hits if hit.path == "/publish")) == {"text": "Summer offer"}
        found = await person.run(run)
        answered = next(each for each in found["action_logs"] if each["step_id"] == "ask")["output"]
        assert (answered["values"], answered["comment"]) == ({"eur": 20}, "Not more")

        soon = (await person.create(brief(echo)))["id"]
        question, late = await asked(person, [await started(person, made["id"]), await started(person, soon)])
        address, past = await link_to(person, question), await link_to(person, late)
        await page.context.clear_cookies()
        await page.goto(address)
        await expect(page.get_by_role("heading", name="Publish “Spring offer”?")).to_be_visible()
        await accessible(page)
        await picture(page, "approval-link")
        assert (await person.get(f"/api/approvals/{question['id']}"))["state"] == "pending", "looking decides nothing"
        await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        await page.get_by_role("button", name=W("approvals:reject")).click()
        await expect(page.get_by_text(W("approvals:outcome.rejected"))).to_be_visible()
        assert (await person.get(f"/api/approvals/{question['id']}"))["state"] == "rejected"
        await dead_end(page, address, W("approvals:linkOver"))
        await accessible(page)
        await picture(page, "approval-link-used")
        await dead_end(page, address[:-4] + "AAAA", W("approvals:linkWrong"))

        async def expired() -> bool:
            return bool((await person.get(f"/api/approvals/{late['id']}"))["state"] == "expired")

        await until("the other one is too late", expired, 20)
        await dead_end(page, past, W("approvals:linkOver"))
        await page.get_by_role(
            "link", name=W("approvals:toInbox")
        ).click()  # this browser knows a session, which is over
        await expect(page.get_by_role("button", name=W("accounts:signIn"))).to_be_visible()
        await page.goto(past)
        await page.get_by_role("link", name=W("approvals:signInToInbox")).click()
        await page.get_by_label(W("accounts:email"), exact=True).fill(person.email)
        await page.get_by_label(W("accounts:password"), exact=True).fill(PASSWORD)
        await page.get_by_role("button", name=W("accounts:signIn")).click()
        await page.wait_for_url("**/approvals")
        assert [hit.path for hit in echo.hits] == ["/publish"], "no link did anything but the one that was pressed"


@pytest.mark.proves("R-WF-2")
@pytest.mark.by_hand("POST /api/approvals/{approval_id}/answer")
async def test_many_at_once_and_what_a_viewer_sees(page: Page, product: Product, echo: Echo) -> None:
    await enter(page, "many@example.com")
    async with Person(product.url, "many@example.com") as person:
        made = await person.create(refund(echo))
        runs, questions = [], []
        for n in range(4):
            runs.append(await started(person, made["id"], {"n": n}))
            questions += await asked(person, runs[-1:])
        await page.goto(f"/approvals?id={questions[1]['id']}")
        detail = page.get_by_role("article")
        await expect(detail.get_by_role("heading", name="Refund order 1?")).to_be_visible()
        await page.keyboard.press("j")  # the newest stands on top
        await expect(detail.get_by_role("heading", name="Refund order 0?")).to_be_visible()
        await page.keyboard.press("k")
        await page.keyboard.press("k")
        await expect(detail.get_by_role("heading", name="Refund order 2?")).to_be_visible()
        for n in (0, 1, 3):
            await page.get_by_role("checkbox", name=W("approvals:pick", message=f"Refund order {n}?")).check()
        await accessible(page)
        await picture(page, "approvals-many")
        await page.get_by_role("button", name=W("approvals:approveMany_other", count="3")).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_text("Refund: Refund order 3?")).to_be_visible()
        await dialog.get_by_role("button", name=W("approvals:approveMany_other", count="3")).click()
        await expect(page.get_by_text(W("approvals:approvedMany_other", count="3"))).to_be_visible()
        await expect(page.get_by_role("navigation", name=W("approvals:title")).get_by_role("button")).to_have_count(1)
        for n in (0, 1, 3):
            await ends(person, runs[n], "success")
        assert sorted(hit.path for hit in echo.hits) == ["/pay/0", "/pay/1", "/pay/3"]

        guest = {"email": "looks@example.com", "role": "viewer"}
        status, offer = await person.send("POST", f"/api/workspaces/{person.workspace}/invitations", guest)
        assert status == 201, offer
        async with Person(product.url, "looks@example.com") as viewer:
            token = offer["link"].rpartition("/")[2]
            status, joined = await viewer.send("POST", f"/api/invitations/{token}/accept")
            assert status == 200, joined
        await page.context.clear_cookies()
        await page.goto("/login?next=/approvals")
        await page.get_by_label(W("accounts:email"), exact=True).fill("looks@example.com")
        await page.get_by_label(W("accounts:password"), exact=True).fill("correct horse battery staple")
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "/login" not in url)
        await page.get_by_role("button", name=re.compile("workspace")).first.click()
        await page.get_by_role("menuitem").filter(has_text="Ada").last.click()
        await page.goto("/approvals?inbox=others")
        await expect(page.get_by_text(W("approvals:notYours"))).to_be_visible()
        await expect(page.get_by_role("button", name=W("approvals:approve"), exact=True)).to_have_count(0)
        await page.keyboard.press("a")
        await picture(page, "approval-viewer")
        assert (await asked(person, [runs[2]]))[0]["state"] == "pending"


@pytest.mark.parametrize("language", ["fr-FR"])
@pytest.mark.by_hand("POST /api/approvals/{approval_id}/answer")
async def test_steps_in_doubt_by_keyboard(page: Page, product: Product, echo: Echo, language: str) -> None:
    await sign_up(page, FR, "doubt@example.com")
    async with Person(product.url, "doubt@example.com") as person:
        made = await person.create(charge(echo))
        happened, again, ended = [await started(person, made["id"], {"n": n}) for n in range(3)]
        first, second, third = await asked(person, [happened, again, ended])
        await page.goto(f"/approvals?id={first['id']}")
        await page.get_by_label(FR("approvals:doneOutput")).fill('{"receipt": "R-1"}')
        await accessible(page)
        await picture(page, "approval-doubt-fr")
        await page.get_by_role("heading", level=1).click()
        for key, name in (("d", "happened"), ("Enter", "")):
            await page.keyboard.press(key)
            if name:
                await expect(page.get_by_role("button", name=FR(f"approvals:{name}"))).to_be_focused()
        await ends(person, happened, "success")
        thanked = next(each for each in (await person.run(happened))["action_logs"] if each["step_id"] == "thank")
        assert thanked["output"] == "R-1"

        await page.goto(f"/approvals?id={third['id']}")
        await expect(page.get_by_role("button", name=FR("approvals:endRun"))).to_be_visible()
        await page.get_by_role("heading", level=1).click()
        await page.keyboard.press("x")
        await page.keyboard.press("Enter")
        await ends(person, ended, "cancelled")

        sent = len([hit for hit in echo.hits if hit.method == "POST"])
        await page.goto(f"/automations/logs/{again}")
        await page.get_by_role("button", name=FR("approvals:again")).click()
        await expect(page.get_by_text(FR("approvals:said.repeat", name="Charge the card"))).to_be_visible()

        async def asked_again() -> bool:
            (question,) = await asked(person, [again])
            return bool(question["id"] != second["id"])

        await until("it was done again, and is asked about again", asked_again, 20)
        assert len([hit for hit in echo.hits if hit.method == "POST"]) == sent + 1
