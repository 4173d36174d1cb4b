"""Chromium as `bench/ui.py` uses it: what a page fetches, when it is there, and how long an interaction takes.

An interaction takes what Event Timing (W3C) says, as Interaction to Next Paint counts: from the key or click to the
next frame, in steps of 8 ms; what stays under 16 ms is not told by the browser and counts as 16. Beside it stands how
long it took until the page showed what was asked for, with the API's answer where one was needed.
"""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

VIEWPORT: Final = {"width": 1440, "height": 900}
UNTOLD_MS: Final = 16.0
# Begins to look: `shown` is an expression that becomes true when the page shows what was asked for.
_LOOK: Final = """() => {
  const seen = { begun: null, shown: null, paint: 0, task: 0 };
  window.benchSeen = seen;
  const note = (event) => { seen.begun ??= event.timeStamp; };
  for (const kind of ['pointerup', 'keydown']) addEventListener(kind, note, { capture: true, once: true });
  seen.events = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.interactionId) seen.paint = Math.max(seen.paint, entry.duration);
  });
  seen.events.observe({ type: 'event', durationThreshold: 16 });
  seen.tasks = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.task = Math.max(seen.task, entry.duration);
  });
  seen.tasks.observe({ type: 'longtask' });
  const look = () => {
    if (seen.begun !== null && (SHOWN)) seen.shown = performance.now() - seen.begun;
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""
_TOLD: Final = """async () => {
  const seen = window.benchSeen;
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  while (seen.shown === null) await frame();
  for (let n = 0; n < 6; n++) await frame();
  await new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done));
  seen.events.disconnect();
  seen.tasks.disconnect();
  return [seen.paint, seen.shown, seen.task];
}"""
_PAINTS: Final = """async () => {
  const largest = [];
  const observer = new PerformanceObserver((list) => largest.push(...list.getEntries()));
  observer.observe({ type: 'largest-contentful-paint', buffered: true });
  const first = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime;
  for (let n = 0; n < 60 && !(first() && largest.length); n++) await new Promise((done) => setTimeout(done, 50));
  return [first() ?? NaN, largest.at(-1)?.startTime ?? NaN];
}"""


@dataclass
class Interactions:
    """Milliseconds by the name of the interaction: to the next paint, until shown, the longest task over 50."""

    found: dict[str, list[tuple[float, float, float]]] = field(default_factory=lambda: defaultdict(list))

    async def take(self, page: Page, name: str, act: Callable[[], Awaitable[object]], shown: str) -> None:
        """`act` is one click or key; it is over when the JavaScript expression `shown` is true."""
        await page.evaluate(_LOOK.replace("SHOWN", shown))
        await act()
        try:
            paint, seen, task = await asyncio.wait_for(page.evaluate(_TOLD), 30)
        except TimeoutError as late:
            raise AssertionError(f"{name}: never true: {shown}") from late
        self.found[name].append((max(paint, UNTOLD_MS), seen, task))


@dataclass
class Fetched:
    """What a page fetched: the paths, and the bytes that came over the wire, by kind."""

    paths: list[str] = field(default_factory=list)
    requests: dict[str, tuple[str, str]] = field(default_factory=dict)  # by the browser's id: path and kind
    wire: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def listen(self, session: CDPSession, origin: str) -> None:
        def begun(event: dict[str, Any]) -> None:
            url = str(event["request"]["url"])
            if url.startswith(origin):
                path = url.removeprefix(origin).partition("?")[0]
                self.paths.append(path)
                self.requests[event["requestId"]] = (path, str(event.get("type", "Other")))

        def ended(event: dict[str, Any]) -> None:
            if known := self.requests.get(event["requestId"]):
                self.wire[known[1]] += float(event["encodedDataLength"])

        session.on("Network.requestWillBeSent", begun)
        session.on("Network.loadingFinished", ended)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    assert path, "This needs a browser: make browser"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Visitor:
    """Somebody with one account, visit by visit: a session's cookie is another one after each."""

    browser: Browser
    url: str
    kept: Any = None

    @asynccontextmanager
    async def visit(self, *, known: bool = True) -> AsyncIterator[Page]:
        """A page of a browser with nothing in its cache; a stranger's when not `known`."""
        context: BrowserContext = await self.browser.new_context(
            base_url=self.url, locale="en-GB", viewport=VIEWPORT,  # type: ignore[arg-type]
            storage_state=self.kept if known else None,
        )  # fmt: skip
        context.set_default_timeout(30_000)
        try:
            yield await context.new_page()
            if known:
                self.kept = await context.storage_state()
        finally:
            await context.close()


async def paints(page: Page) -> tuple[float, float]:
    """First and largest contentful paint, milliseconds since the navigation began."""
    first, largest = await page.evaluate(_PAINTS)
    return float(first), float(largest)
