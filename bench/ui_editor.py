"""How the editor answers with 200 steps: `python -m bench.ui_editor [--repeats 3]`.

The real product, Debian's Chromium before it, on one machine. Frames of dragging, panning and zooming come from
Chromium's own trace; an interaction's time is that of Event Timing, in steps of 8 ms, less than 16 counted as 16.
See bench/README.md.
"""

import argparse
import asyncio
import json
import platform
import shutil
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Final

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bench.figures import spread
from bench.ui_trace import Frames, frames_of
from tests.browser.words import Words
from tests.e2e.person import PASSWORD, Person
from tests.e2e.product import Product

STEPS: Final = 200
LANES: Final = 5
MOVES: Final = 60  # of the mouse in one drag
EN: Final = Words("en")
_LOOK: Final = """() => {
  const seen = { paint: 16 };
  window.benchSeen = seen;
  seen.observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.interactionId) seen.paint = Math.max(seen.paint, entry.duration);
  });
  seen.observer.observe({ type: 'event', durationThreshold: 16 });
}"""
_TOLD: Final = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  for (let n = 0; n < 6; n++) await frame();
  window.benchSeen.observer.disconnect();
  return window.benchSeen.paint;
}"""

_SEEN: Final = """() => {
  const pane = document.querySelector('.react-flow').getBoundingClientRect();
  return [...document.querySelectorAll('.react-flow__node-step')]
    .filter((each) => {
      const box = each.getBoundingClientRect();
      return box.left > pane.left && box.right < pane.right && box.top > pane.top && box.bottom < pane.bottom - 60;
    })
    .map((each) => each.dataset.id)
    .sort((one, other) => Number(one.slice(1)) - Number(other.slice(1)));
}"""


def definition() -> dict[str, Any]:
    """Lanes side by side that merge every eighth row, each step with something in its form."""
    actions: list[dict[str, Any]] = []
    for number in range(STEPS):
        before = [f"s{number - LANES}"] if number >= LANES else []
        if before and number // LANES % 8 == 0 and number % LANES:
            before.append(f"s{number - LANES - 1}")
        value = {"lead": "{{ trigger.data.lead }}", "number": number}
        actions.append({"id": f"s{number}", "type": "transform", "config": {"value": value}, "needs": before})
    return {"name": "Two hundred steps", "trigger_type": "manual", "actions": actions}


class Visit:
    def __init__(self, browser: Browser, page: Page) -> None:
        self.browser = browser
        self.page = page
        self.interactions: defaultdict[str, list[float]] = defaultdict(list)
        self.frames: defaultdict[str, list[Frames]] = defaultdict(list)

    async def timed(self, name: str, act: Callable[[], Awaitable[object]]) -> None:
        await self.page.evaluate(_LOOK)
        await act()
        self.interactions[name].append(float(await self.page.evaluate(_TOLD)))

    async def traced(self, name: str, act: Callable[[], Awaitable[object]]) -> None:
        frames = ["devtools.timeline.frame", "disabled-by-default-devtools.timeline.frame"]
        categories = ["devtools.timeline", "toplevel", "disabled-by-default-devtools.timeline", *frames]
        await self.browser.start_tracing(page=self.page, categories=categories)
        await act()
        self.frames[name].append(frames_of(json.loads(await self.browser.stop_tracing())["traceEvents"]))

    def node(self, step: str) -> Locator:
        return self.page.locator(f'.react-flow__node[data-id="{step}"]')

    async def at(self, target: Locator) -> tuple[float, float]:
        box = await target.bounding_box()
        assert box
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    async def draw(self, x: float, y: float, far: tuple[float, float]) -> None:
        """The mouse goes from a place by so much, a frame a move."""
        for number in range(1, MOVES + 1):
            await self.page.mouse.move(x + far[0] * number / MOVES, y + far[1] * number / MOVES)
            await self.page.evaluate("() => new Promise(requestAnimationFrame)")


async def open_it(visit: Visit, path: str) -> float:
    page = visit.page
    await page.goto("/automations")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.goto(path, wait_until="commit")
    await page.locator(".react-flow__node-step").first.wait_for()
    return float(await page.evaluate("() => performance.now()"))


async def everything_in_view(visit: Visit) -> int:
    """Out until no step lies beyond an edge; gives how many blocks there are then."""
    page = visit.page
    await page.locator(".react-flow__pane").hover()
    for _ in range(12):
        if len(await seen(page)) == STEPS:
            break
        await page.get_by_role("button", name=EN("editor:zoomOut")).click()
        await asyncio.sleep(0.3)  # the view glides
    return await page.locator(".react-flow__node").count()


async def drag(visit: Visit, name: str, step: str) -> None:
    async def act() -> None:
        x, y = await visit.at(visit.node(step))
        await visit.page.mouse.move(x, y)
        await visit.page.mouse.down()
        await visit.draw(x, y, (120, 60))
        await visit.page.mouse.up()

    await visit.traced(name, act)


async def move_about(visit: Visit) -> None:
    page = visit.page

    async def pan() -> None:
        box = await page.locator(".react-flow__pane").bounding_box()
        assert box
        x, y = box["x"] + 15, box["y"] + 15
        await page.mouse.move(x, y)
        await page.mouse.down()
        await visit.draw(x, y, (150, 90))
        await page.mouse.up()

    async def zoom() -> None:
        await page.keyboard.down("Control")
        for number in range(MOVES):
            await page.mouse.wheel(0, -40 if number < MOVES / 2 else 40)
            await page.evaluate("() => new Promise(requestAnimationFrame)")
        await page.keyboard.up("Control")

    await drag(visit, "drag a block, all in view", "s12")
    await visit.traced("pan", pan)
    await visit.traced("zoom", zoom)


async def seen(page: Page) -> list[str]:
    """The steps that are wholly in view, in the order of the document."""
    found: list[str] = await page.evaluate(_SEEN)
    return found


async def interact(visit: Visit) -> None:
    page = visit.page
    steps = await seen(page)
    await visit.timed("choose a block", visit.node(steps[0]).click)
    field = page.locator('.editor-inspector .editor-scroll input[type="text"], .editor-inspector textarea').first
    await field.click()
    for letter in "abcdefgh":
        await visit.timed("a letter in a form", lambda letter=letter: page.keyboard.press(letter))  # type: ignore[misc]
    await page.keyboard.press("Control+s")
    await expect(page.locator("[data-phase=saved]")).to_be_visible()
    steps = await seen(page)  # the form has taken some of the room
    x, y = await visit.at(visit.node(steps[1]).locator(".source[data-handleid=out]"))
    await page.mouse.move(x, y)
    await page.mouse.down()
    ends = await visit.at(visit.node(steps[-1]))
    await page.mouse.move(*ends, steps=5)
    await visit.timed("connect (mouse up)", page.mouse.up)
    for _ in range(3):
        await visit.timed("undo", page.get_by_role("button", name="Undo").click)
        await visit.timed("redo", page.get_by_role("button", name="Redo").click)
    await page.locator(".react-flow__pane").click(position={"x": 8, "y": 8})
    await visit.timed("add a step (opens)", lambda: page.keyboard.press("n"))
    await page.keyboard.type("transform")
    await visit.timed("add a step (Enter)", lambda: page.keyboard.press("Enter"))
    await visit.timed("delete it", lambda: page.keyboard.press("Delete"))


def told(opened: list[float], drawn: int, visits: list[Visit]) -> None:
    print(f"{STEPS} steps, {drawn} blocks drawn; {platform.machine()}, medians (smallest - largest)\n")
    print(f"{'open, until blocks stand there':34} {spread(opened)} ms")
    for name in visits[0].frames:
        all_of = [each for visit in visits for each in visit.frames[name]]
        work = [spread([each.share(share) for each in all_of]) for share in (0.5, 0.95)]
        tasks = spread([each.longest_task for each in all_of])
        print(f"{name + ', a frame p50 / p95':34} {work[0]} / {work[1]} ms; longest task {tasks} ms")
    for name in visits[0].interactions:
        times = sorted(each for visit in visits for each in visit.interactions[name])
        print(f"{name:34} {spread(times)} ms")


async def main(repeats: int) -> None:
    path = shutil.which("chromium")
    assert path, "This needs a browser: make browser"
    opened, visits, drawn = [], [], 0
    with Product({"VUTLER_SIGNUP": "open"}, ready_within=300) as product:
        async with Person(product.url, "bench@example.com") as person:
            status, made = await person.send("POST", "/api/automations?as_draft=true", definition())
            assert status == 201, made
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            context = await browser.new_context(
                base_url=product.url, locale="en-GB", viewport={"width": 1440, "height": 900}
            )
            page = await context.new_page()
            await sign_in(page)
            for _ in range(repeats):
                visit = Visit(browser, page)
                opened.append(await open_it(visit, f"/automations/{made['id']}/edit"))
                await interact(visit)
                await drag(visit, "drag a block, close by", (await seen(page))[7])
                drawn = await everything_in_view(visit)
                await move_about(visit)
                visits.append(visit)
            await browser.close()
    told(opened, drawn, visits)


async def sign_in(page: Page) -> None:
    await page.goto("/login")
    await page.get_by_label(EN("accounts:email"), exact=True).fill("bench@example.com")
    await page.get_by_label(EN("accounts:password"), exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: "/login" not in url)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The editor with 200 steps.")
    parser.add_argument("--repeats", type=int, default=3)
    asyncio.run(main(parser.parse_args().repeats))
