"""The editor: an automation is drawn, tested, published and watched by mouse and by keyboard."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.keyboard import press, reach, write
from tests.browser.visitor import sign_up
from tests.browser.watching import accessible, picture
from tests.browser.words import Words
from tests.e2e.person import Person, until
from tests.e2e.product import Product

EN = Words("en")


async def arrive(page: Page, email: str, words: Words = EN) -> None:
    """Somebody new signs up and asks for a new automation."""
    await sign_up(page, words, email, then="/automations/new")
    await expect(page.get_by_role("heading", name=words("editor:startTitle"))).to_be_visible()


async def begin(page: Page, trigger: str) -> str:
    """Answers the question what starts it; the id of the new automation."""
    await page.locator(f"[data-trigger={trigger}]").click()
    await expect(page).to_have_url(re.compile("/edit"))
    await expect(page.locator(".react-flow__node").first).to_be_visible()
    found = re.search(r"/automations/([0-9a-f-]{36})/edit", page.url)
    assert found
    return found[1]


async def saved(page: Page) -> None:
    await expect(page.locator("[data-phase=saved]")).to_be_visible()


def plus(page: Page, slot: str) -> Locator:
    return page.locator(f'.way-plus[data-slot="{slot}"]')


def node(page: Page, step: str) -> Locator:
    return page.locator(f'.react-flow__node[data-id="{step}"]')


async def drag_action(page: Page, action: str, slot: str) -> None:
    """By real mouse events, from the palette onto the "+" of a way."""
    await page.locator(f'.editor-palette [data-action="{action}"]').hover()
    await page.mouse.down()
    box = await plus(page, slot).bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x - 30, y - 30, steps=4)
    await page.mouse.move(x, y, steps=4)
    await page.mouse.up()


async def fit(page: Page) -> None:
    """Everything is seen, and stands still."""
    await page.keyboard.press("0")
    await page.evaluate("""() => new Promise(done => {
        let before = '', same = 0;
        const look = () => {
            const all = [...document.querySelectorAll('.react-flow__viewport, .react-flow__node')];
            const now = all.map(each => each.style.transform).join();
            same = now === before ? same + 1 : 0;
            before = now;
            if (same === 6) done(); else requestAnimationFrame(look);
        };
        look();
    })""")


async def draw_to(page: Page, handle: Locator, x: float, y: float) -> None:
    """A way from the handle of a block to a point, by real mouse events."""
    await handle.hover()  # which waits until it stands still
    await page.mouse.down()
    await page.mouse.move(x - 15, y - 15, steps=5)
    await page.mouse.move(x, y, steps=5)
    await page.mouse.up()


async def draw_onto(page: Page, handle: Locator, block: Locator, across: float, down: float) -> None:
    """A way from the handle of a block onto another one: to which part of its width and of its height."""
    await block.hover(position={"x": 20, "y": 10})  # which waits until it stands still
    await handle.hover()
    await page.mouse.down()
    box = await block.bounding_box()
    assert box
    x, y = box["x"] + box["width"] * across, box["y"] + box["height"] * down
    await page.mouse.move(x - 15, y - 15, steps=5)
    await page.mouse.move(x, y, steps=5)
    await expect(page.locator(".react-flow__connection")).to_be_attached()
    await page.mouse.up()


async def insert(page: Page, search: str) -> None:
    """Into the open palette."""
    field = page.get_by_role("combobox", name=EN("editor:findAction"))
    await expect(field).to_be_focused()
    await field.fill(search)
    await field.press("Enter")
    await expect(field).to_be_hidden()


@pytest.mark.proves("US-5.1 (1)", "US-5.1 (2)", "US-5.1 (4)")
@pytest.mark.by_hand("PUT /api/automations/{automation_id}")
async def test_parallel_paths_and_a_loop(page: Page, product: Product) -> None:
    await arrive(page, "paths@example.com")
    automation = await begin(page, "manual")
    await drag_action(page, "transform", ">")
    await expect(node(page, "transform")).to_be_visible()
    for action, slot in (("http", "transform>"), ("for_each", "http>")):
        await fit(page)
        await drag_action(page, action, slot)
        await expect(node(page, action)).to_be_visible()
    await fit(page)
    # a second way out of the first step, drawn into the void: what stands there is chosen from the palette
    first = await node(page, "transform").bounding_box()
    assert first
    out = node(page, "transform").locator(".source[data-handleid=out]")
    await draw_to(page, out, first["x"] - 60, first["y"] + first["height"] + 60)
    await insert(page, "channel")
    await expect(node(page, "channel")).to_be_visible()
    # drawn onto a block, wherever on it, a way leads to that; undone, it is gone
    onto = page.locator('.react-flow__edge[data-id="channel:>http"]')
    for across, down in ((0.1, 0.8), (0.97, 0.9)):  # far from where ways come in and go out, and close to an exit
        await fit(page)
        out = node(page, "channel").locator(".source[data-handleid=out]")
        await draw_onto(page, out, node(page, "http"), across, down)
        await expect(onto).to_be_attached()
        await page.keyboard.press("Control+z")
        await expect(onto).to_have_count(0)
    # and from there to the loop, where the two paths merge
    await fit(page)
    await node(page, "for_each").hover(position={"x": 20, "y": 10})
    head = await node(page, "for_each").bounding_box()
    assert head
    await draw_to(page, node(page, "channel").locator(".source[data-handleid=out]"),
                  head["x"] + head["width"] / 2, head["y"] + 2)  # fmt: skip
    await expect(page.locator('.react-flow__edge[data-id="channel:>for_each"]')).to_be_attached()
    await fit(page)
    await plus(page, ">").first.click()  # inside the loop: nothing stands before it, nothing behind it
    await insert(page, "http")
    await fit(page)
    await drag_action(page, "transform", "http_2>")
    await expect(node(page, "transform_2")).to_be_visible()
    await saved(page)
    await fit(page)
    await accessible(page)
    await picture(page, "editor-canvas")
    await page.get_by_label(EN("editor:name")).fill("By hand")
    await saved(page)
    wanted = {
        "name": "By hand", "trigger_type": "manual", "actions": [
            {"id": "transform", "type": "transform", "config": {}, "needs": []},
            {"id": "http", "type": "http", "config": {}, "needs": ["transform"]},
            {"id": "for_each", "type": "for_each", "needs": ["http", "channel"], "config": {"steps": [
                {"id": "http_2", "type": "http", "config": {}, "needs": []},
                {"id": "transform_2", "type": "transform", "config": {}, "needs": ["http_2"]},
            ]}},
            {"id": "channel", "type": "channel", "config": {}, "needs": ["transform"]},
        ],
    }  # fmt: skip
    async with Person(product.url, "paths@example.com") as person:
        status, made = await person.send("POST", "/api/automations?as_draft=true", wanted)
        assert status == 201, made
        stored = await person.get(f"/api/automations/{automation}")
    for name in ("name", "description", "trigger_type", "trigger_config", "actions", "policy", "layout"):
        assert stored[name] == made[name], name
    before = stored["revision"]
    await page.reload()
    await expect(node(page, "transform_2")).to_be_visible()
    faces = page.get_by_role("radiogroup", name=EN("editor:view"))
    await faces.get_by_text(EN("editor:faceJson"), exact=True).click()
    await expect(page.locator(".cm-content")).to_contain_text("transform_2")
    await accessible(page)
    await picture(page, "editor-json")
    async with Person(product.url, "paths@example.com") as person:
        assert (await person.get(f"/api/automations/{automation}"))["revision"] == before


@pytest.mark.proves("RISK-4")
@pytest.mark.by_hand("POST /api/automations", "PUT /api/automations/{automation_id}")
async def test_three_steps_by_keyboard_alone(page: Page, product: Product) -> None:
    await arrive(page, "keys@example.com")
    await reach(page, page.locator("[data-trigger=manual]"))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/edit"))
    automation = page.url.split("/")[-2]
    outline = page.get_by_role("radio", name=EN("editor:faceOutline"))
    await reach(page, page.get_by_role("radio", name=EN("editor:faceCanvas")))
    await page.keyboard.press("ArrowRight")
    await expect(outline).to_be_checked()
    await add_by_keyboard(page, "transform", "transform")
    await add_by_keyboard(page, "respond", "respond")
    await add_by_keyboard(page, "wait", "delay")
    await page.keyboard.press("Alt+ArrowUp")
    await page.keyboard.press("F2")
    await expect(page.get_by_label(EN("editor:stepName"))).to_be_focused()
    await page.keyboard.type("pause")
    await page.keyboard.press("Enter")
    await expect(item(page, "pause")).to_be_visible()
    await fill_in(page, "pause", "Seconds", "1")
    await fill_in(page, "transform", "Value", "{{ trigger.data.word }}")
    await page.keyboard.press("Control+s")
    await saved(page)
    await accessible(page)
    await picture(page, "editor-outline")
    await press(page, EN("editor:publish"))
    dialog = page.get_by_role("dialog")
    await press(page, EN("editor:publish"), dialog)
    await expect(page.locator("[data-live='1']")).to_be_visible()
    await expect(dialog).to_be_hidden()
    await press(page, EN("editor:run"), page.locator(".editor-bar"))
    await write(page, dialog.get_by_label(EN("editor:payload")), '{"word": "hello"}')
    await press(page, EN("editor:runNow"), dialog)
    await expect(page.get_by_text(EN("editor:runEnded"))).to_be_visible()
    async with Person(product.url, "keys@example.com") as person:
        stored = await person.get(f"/api/automations/{automation}")
        (run,) = await person.runs(automation)
        logs = {each["step_id"]: each for each in (await person.run(run["id"]))["action_logs"]}
    assert {each["id"]: each["needs"] for each in stored["actions"]} == {
        "transform": [], "pause": ["transform"], "respond": ["pause"]
    }  # fmt: skip
    assert (run["status"], logs["transform"]["output"]) == ("success", "hello")


def item(page: Page, step: str) -> Locator:
    return page.get_by_role("treeitem", name=re.compile(rf"\b{step} ·"))


async def add_by_keyboard(page: Page, search: str, step: str) -> None:
    await reach(page, page.get_by_role("treeitem", selected=True))
    await page.keyboard.press("+")
    await expect(page.get_by_role("combobox", name=EN("editor:findAction"))).to_be_focused()
    await page.keyboard.type(search)
    await page.keyboard.press("Enter")
    await expect(item(page, step)).to_be_visible()
    await reach(page, page.get_by_role("treeitem", selected=True))


async def fill_in(page: Page, step: str, field: str, text: str) -> None:
    """A field of a step's form: to the step by arrow keys, into its form by Enter."""
    await reach(page, page.get_by_role("treeitem", selected=True))
    await page.keyboard.press("Home")
    for _ in range(9):
        if await item(page, step).evaluate("each => each === document.activeElement"):
            break
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    inspector = page.get_by_role("complementary", name=EN("editor:inspectorOf", name=step))
    await write(page, inspector.get_by_role("textbox", name=re.compile(f"^{field}")).first, text)


@pytest.mark.parametrize("expected", [("status of 412", "ERR_INTERNET_DISCONNECTED")])
@pytest.mark.proves("US-1.3 (1)")
@pytest.mark.by_hand("POST /api/automations", "PUT /api/automations/{automation_id}")
async def test_two_tabs_and_a_killed_one(page: Page, product: Product) -> None:
    await arrive(page, "drafts@example.com")
    automation = await begin(page, "manual")
    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(other.locator("[data-phase=saved]")).to_be_visible()
    await page.get_by_label(EN("editor:name")).fill("From the first tab")
    await saved(page)
    async with Person(product.url, "drafts@example.com") as person:
        await until("it is saved", lambda: _named(person, automation, "From the first tab"), 10)
        await other.get_by_label(EN("editor:name")).fill("From the second tab")
        dialog = other.get_by_role("dialog")
        await expect(dialog.get_by_text(EN("editor:conflictTitle"))).to_be_visible()
        await accessible(other)
        await picture(other, "editor-conflict")
        await dialog.get_by_role("button", name=EN("editor:keepMine")).click()
        await until("the second won", lambda: _named(person, automation, "From the second tab"), 10)
        # what the first had is not lost: it is what undo gives
        await other.get_by_role("button", name=re.compile(f"^{EN('editor:undo')}")).click()
        await until("the first is back", lambda: _named(person, automation, "From the first tab"), 10)
        await other.get_by_role("button", name=re.compile(f"^{EN('editor:redo')}")).click()
        await until("the second again", lambda: _named(person, automation, "From the second tab"), 10)

        await other.context.set_offline(True)
        await other.get_by_label(EN("editor:name")).fill("Never sent")
        await crash(other)
        await other.close()
        await page.context.set_offline(False)
        assert await _named(person, automation, "From the second tab")
        await page.reload()
        await expect(page.get_by_label(EN("editor:name"))).to_have_value("Never sent")
        await until("it was sent after all", lambda: _named(person, automation, "Never sent"), 10)


async def crash(page: Page) -> None:
    """Its process is gone from one moment to the next: nothing is asked, nothing is sent."""
    session = await page.context.new_cdp_session(page)
    async with page.expect_event("crash"):
        dying = asyncio.ensure_future(session.send("Page.crash"))
    dying.cancel()


async def _named(person: Person, automation: str, name: str) -> bool:
    return bool((await person.get(f"/api/automations/{automation}"))["name"] == name)


@pytest.mark.proves("US-5.1 (6)")
@pytest.mark.by_hand("POST /api/automations", "PUT /api/automations/{automation_id}")
async def test_phone_and_dark(page: Page, product: Product) -> None:
    await arrive(page, "phone@example.com")
    automation = await begin(page, "webhook")
    for action in ("approval", "http"):
        await page.locator(f'.editor-palette [data-action="{action}"]').click()
        await expect(node(page, action)).to_be_visible()
    await saved(page)
    await page.emulate_media(color_scheme="dark")
    await fit(page)
    await accessible(page)
    await picture(page, "editor-dark")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await accessible(page)
    await page.keyboard.press("Escape")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await page.reload()
    await expect(page.get_by_role("tree")).to_be_visible()
    await accessible(page)
    await picture(page, "editor-phone")
    async with Person(product.url, "phone@example.com") as person:
        stored = await person.get(f"/api/automations/{automation}")
    assert [(each["id"], each["needs"]) for each in stored["actions"]] == [
        ("approval", []), ("http", ["approval:approved"])
    ]  # fmt: skip
