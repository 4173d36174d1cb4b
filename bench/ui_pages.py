"""What a person does in the pages that `bench/ui.py` measures: a large run, two long lists, the inbox."""

from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Locator, Page

from bench.ui_browser import Interactions
from tests.browser.words import Words
from tests.e2e.person import Person, until

OUTER: Final = 199  # a definition has at most 200 steps; a loop makes more of a run
ITEMS: Final = 801
_ROW: Final = {"name": "Ada Lovelace", "values": list(range(30)), "text": "x" * 60}
_W: Final = Words("en")
_RUNS: Final = "document.querySelectorAll('.run-table .row-link')"
_STEP: Final = "document.querySelector('.run-body h2')?.textContent"


@dataclass(frozen=True)
class Seen:
    """What there is to look at: ids."""

    small: str
    small_run: str
    large_run: str


def small() -> dict[str, Any]:
    return {
        "name": "Lead -> landing page", "trigger_type": "manual",
        "actions": [
            {"id": "score", "type": "transform", "config": {"value": "{{ trigger.data.lead }}"}},
            {"id": "page", "type": "transform", "config": {"value": {"of": "{{ steps.score.output.name }}"}}},
        ],
    }  # fmt: skip


def large() -> dict[str, Any]:
    """199 steps and a loop over 801: 1,000 step runs with 5 KB of output each, and one output of 5 MB besides."""
    rows = "{{ trigger.data.rows }}"
    steps: list[dict[str, Any]] = [
        {"id": f"s{n}", "type": "transform", "needs": [f"s{n - 1}"] if n else [], "config": {"value": rows}}
        for n in range(OUTER - 2)
    ]
    divided = {"id": "one", "type": "transform", "config": {"value": ["{{ 1 / (item % 100) }}", rows]}}
    each = {"items": f"{{{{ range({ITEMS}) | list }}}}", "on_error": "continue", "steps": [divided]}
    steps += [
        {"id": "big", "type": "transform", "config": {"value": {"tables": ["{{ trigger.data.table }}"] * 50}}},
        {"id": "each", "type": "for_each", "config": each},
    ]
    return {"name": "A thousand steps", "trigger_type": "manual", "actions": steps}


def gate() -> dict[str, Any]:
    held = {"id": "publish", "type": "transform", "approval_required": True, "config": {"value": {"text": "Spring"}}}
    return {"name": "Publish the offer", "trigger_type": "manual", "actions": [held]}


async def make(person: Person, questions: int) -> Seen:
    """The automations and their runs, really made."""

    async def run(made: dict[str, Any], payload: Any, *, ends: bool = True) -> str:
        status, told = await person.send("POST", f"/api/automations/{made['id']}/run", {"payload": payload})
        assert status == 202, told

        async def there() -> bool:
            path = f"/api/automations/logs/{told['run_id']}?values=false&items=false"
            return (await person.get(path))["status"] in (("success", "failed") if ends else ("waiting",))

        await until("the run is there", there, 120)
        return str(told["run_id"])

    first, many, asks = [await person.create(each()) for each in (small, large, gate)]
    small_run = await run(first, {"lead": {"name": "Ada", "budget": 1200}})
    large_run = await run(many, {"rows": [_ROW] * 22, "table": [_ROW] * 500})
    for _ in range(questions):
        await run(asks, {}, ends=False)
    return Seen(first["id"], small_run, large_run)


async def large_run(page: Page, found: Interactions, seen: Seen) -> None:
    """1,000 steps: chosen by mouse and key, the loop opened and filtered, each view, the output of 5 MB."""
    name = "run of 1,000 steps: "
    await page.goto("/automations/logs")
    link = page.locator(f".run-table a[href*='{seen.large_run}']")
    await link.wait_for()
    await link.hover()
    await found.take(page, name + "open", link.click, "document.querySelector('.timeline-row')")
    await page.get_by_role("button", name="s2 transform success").wait_for()
    pick = page.get_by_role("button", name="s2 transform success")
    await found.take(page, name + "choose a step", pick.click, f"{_STEP} === 's2'")
    for key, step in (("j", 3), ("j", 4), ("j", 5), ("k", 4), ("ArrowDown", 5), ("ArrowUp", 4)):
        shown = f"{_STEP} === 's{step}' && document.querySelector('.run-body .tree-row')"
        await found.take(page, name + "J, K, arrows", lambda key=key: page.keyboard.press(key), shown)
    steps = page.get_by_role("list", name=_W("runs:steps"))
    await steps.evaluate("(box) => { box.scrollTop = box.scrollHeight }")
    loop = page.get_by_role("button", name=_W("runs:openItems", step="each"))
    await found.take(page, name + "open the loop of 801", loop.click, "document.querySelector('.timeline-item')")
    failed = page.get_by_role("radiogroup", name=_W("runs:itemsShown")).get_by_text(_W("runs:failedItems"))
    failed_only = "document.querySelectorAll('.timeline-item').length === 9"
    await found.take(page, name + "filter: failed items", failed.click, failed_only)
    for view, shown in (("graph", ".graph-block"), ("log", ".log-line"), ("timeline", ".timeline-row")):
        tab = page.locator(".mantine-SegmentedControl-label").get_by_text(_W(f"runs:views.{view}"), exact=True)
        await found.take(page, f"{name}show the {view}", tab.click, f"document.querySelector('{shown}')")
    await _large_output(page, found, seen)


async def _large_output(page: Page, found: Interactions, seen: Seen) -> None:
    name = "output of 5 MB: "
    await page.goto(f"/automations/logs/{seen.large_run}?step=big")
    rows = "document.querySelectorAll('.run-body .tree-row')"
    whole = page.get_by_role("button", name=_W("runs:loadWhole"))
    await found.take(page, name + "load all of it", whole.click, f"{rows}.length")
    for place, more in (("tables", 20), ("0", 25), ("1", 28)):
        fold: Locator = page.get_by_role("button", name=_W("app:unfold", name=place), exact=True).first
        shown = f"{rows}.length >= {more}"
        await found.take(page, name + "expand its tree", fold.click, shown)
    tree = page.locator(".tree .virtual-rows")
    await tree.evaluate("(box) => { box.scrollTop = box.scrollHeight - 49 * 24 - box.clientHeight }")  # 49 tables below
    more_values = tree.locator(".tree-row button.mantine-Anchor-root").first
    height = int(await tree.evaluate("(box) => box.scrollHeight"))
    taller = f"document.querySelector('.tree .virtual-rows').scrollHeight > {height}"
    await found.take(page, name + "1,000 values more", more_values.click, taller)


async def runs_list(page: Page, found: Interactions, number: str) -> None:
    """The list of runs: opened, scrolled, filtered, searched, and come back to."""
    name = f"list of {number} runs: "
    await page.goto("/settings")
    link = page.get_by_role("navigation").get_by_role("link", name=_W("app:pages.runs"), exact=True)
    await link.hover()
    await found.take(page, name + "open", link.click, f"{_RUNS}.length > 10")
    box = page.locator(".run-table .virtual-rows")
    await box.focus()
    for _ in range(3):
        height = int(await box.evaluate("(box) => box.scrollHeight"))
        taller = f"document.querySelector('.run-table .virtual-rows').scrollHeight > {height}"
        await found.take(page, name + "End, the next page", lambda: page.keyboard.press("End"), taller)
    status = page.get_by_role("combobox", name=_W("runs:status"))
    option = page.get_by_role("option", name=_W("app:status.failed"), exact=True)
    await found.take(page, name + "open a filter", status.click, "document.querySelector('[role=option]')")
    failed_only = f"{_RUNS}.length > 10 && !document.querySelector('.run-table [data-status=success]')"
    await found.take(page, name + "status: failed", option.click, failed_only)
    await page.get_by_role("button", name=_W("runs:forgetFilters")).click()
    search = page.get_by_role("textbox", name=_W("runs:search"))
    await search.fill("Lead 7")
    shown = f"{_RUNS}.length > 10 && location.search.includes('77')"
    await found.take(page, name + "search, a key", lambda: search.press("7"), shown)
    first = page.locator(".run-table .row-link").first
    await first.hover()
    await found.take(page, name + "open a run", first.click, "document.querySelector('.timeline-row')")
    await link.hover()
    await found.take(page, name + "back to it", link.click, f"{_RUNS}.length > 10")


async def automations_list(page: Page, found: Interactions) -> None:
    name = "list of 1,000 automations: "
    links = "document.querySelectorAll('main .row-link')"
    await page.goto("/settings")
    link = page.get_by_role("navigation").get_by_role("link", name=_W("app:pages.automations"), exact=True)
    await link.hover()
    await found.take(page, name + "open", link.click, f"{links}.length > 20")
    for pages in range(2, 5):
        more = page.get_by_role("button", name=_W("app:more"), exact=True)
        await found.take(page, name + "more", more.click, f"{links}.length >= {100 * pages}")
    search = page.get_by_role("textbox", name=_W("automations:search"))
    shown = f"{links}.length > 0 && location.search.includes('777')"
    await search.fill("Lead 77")
    await found.take(page, name + "search, a key", lambda: search.press("7"), shown)


async def inbox(page: Page, found: Interactions) -> None:
    name = "inbox of questions: "
    await page.goto("/approvals")
    await page.locator("nav .inbox-row, .inbox nav button, .inbox nav a").nth(2).wait_for()
    await page.keyboard.press("j")
    await page.wait_for_url("**/approvals?id=*")
    for key in ("j", "j", "k"):
        before = page.url.rpartition("id=")[2]
        shown = f"!location.search.includes('{before}') && document.querySelector('.inbox h2')"
        await found.take(page, name + "J, K", lambda key=key: page.keyboard.press(key), shown)
    edited = "document.querySelector('.inbox textarea')"
    await found.take(page, name + "E", lambda: page.keyboard.press("e"), edited)
    await page.get_by_role("heading", level=1).click()
    before = page.url.rpartition("id=")[2]
    await page.keyboard.press("x")  # once to go to the button, once more to press it
    await found.take(page, name + "X", lambda: page.keyboard.press("x"), f"!location.search.includes('{before}')")
