"""How fast the pages are: `python -m bench.ui [--runs 100000] [--repeats 3]`.

The real product, Debian's Chromium before it, on one machine. What a cold load of the automations fetches, when it
shows something and when it can be used; then interactions with a run of 1,000 steps and outputs of 5 MB, a list of
100,000 runs, 1,000 automations and an inbox. See bench/README.md.
"""

import argparse
import asyncio
import os
import platform
import time
from collections import defaultdict
from typing import Final

from api.pages import BUILT
from bench import ui_pages as pages
from bench import ui_rows as rows
from bench.figures import spread
from bench.ui_browser import Fetched, Interactions, Visitor, chromium, paints
from tests.browser.visitor import sign_up
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product

BAR_KB: Final = 300
BAR_MS: Final = 100
QUESTIONS: Final = 12
_EMAIL: Final = "ada@example.com"
_USABLE: Final = """async () => {
  const there = () => document.querySelectorAll('main .row-link').length > 10
    && document.querySelector('main a[href="/automations/new"]');
  while (!there()) await new Promise(requestAnimationFrame);
  return performance.now();
}"""
# What DevTools calls "Slow 4G": latency in ms, bytes a second.
_SLOW: Final = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
_APIS: Final = {
    "runs, newest": "/api/automations/logs?limit=100",
    "runs, failed (1 in 13)": "/api/automations/logs?limit=100&status=failed",
    "runs, cancelled (1 in 1,080)": "/api/automations/logs?limit=100&status=cancelled",
    "runs, waiting (a few, new)": "/api/automations/logs?limit=100&status=waiting",
    "runs, queued (none)": "/api/automations/logs?limit=100&status=queued",
    "runs of a trigger (none)": "/api/automations/logs?limit=100&trigger_type=webhook",
    "runs, a common text": "/api/automations/logs?limit=100&q=Lead",
    "runs, a rare text (8 of them)": "/api/automations/logs?limit=100&q=Lead+9876",
    "runs, a text of none": "/api/automations/logs?limit=100&q=nowhere-at-all",
    "automations": "/api/automations?limit=100",
    "automations, searched": "/api/automations?limit=8&search=777",
    "the large run, outline": "/api/automations/logs/{run}?values=false&items=false",
    "the large run, its graph": "/api/automations/logs/{run}/definition",
    "the large run, items of its loop": "/api/automations/logs/{run}/steps?step_id=one&limit=200",
}


def size(path: str, ending: str) -> int:
    """Bytes of a built file, compressed where it is large enough for that."""
    file = BUILT / path.removeprefix("/")
    twin = file.with_name(file.name + ending)
    return (twin if twin.is_file() else file).stat().st_size


async def cold(
    visitor: Visitor, path: str, *, known: bool = True, slower: float = 1, slow_net: bool = False
) -> tuple[Fetched, tuple[float, float, float]]:
    """One cold load: what was fetched, and milliseconds to the first and largest content and until usable."""
    async with visitor.visit(known=known) as page:
        session = await page.context.new_cdp_session(page)
        fetched = Fetched()
        fetched.listen(session, visitor.url)
        await session.send("Network.enable")
        if slower > 1:
            await session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        if slow_net:
            await session.send("Network.emulateNetworkConditions", _SLOW)
        await page.goto(path, wait_until="commit")
        if known:
            usable = await asyncio.wait_for(page.evaluate(_USABLE), 60)
        else:
            await page.locator("form button[type=submit]").wait_for()
            usable = await page.evaluate("performance.now()")
        first, largest = await paints(page)
        await page.wait_for_load_state("load")
        return fetched, (first, largest, float(usable))


async def loads(visitor: Visitor, repeats: int) -> None:
    await cold(visitor, "/automations")  # the product's own caches
    for path, known in (("/login", False), ("/automations", True)):
        fetched, _ = await cold(visitor, path, known=known)
        assets = sorted({each for each in fetched.paths if each.startswith("/assets/")})
        print(f"\n{path}, cold: {len(fetched.paths)} requests; on the wire " + ", ".join(
            f"{kind} {bytes_ / 1000:.1f} kB" for kind, bytes_ in sorted(fetched.wire.items())))  # fmt: skip
        for kind in ("js", "css"):
            files = [each for each in assets if each.endswith(f".{kind}")]
            by = {ending: sum(size(each, ending) for each in files) / 1000 for ending in (".gz", ".br")}
            bar = f"  (bar {BAR_KB} kB of gzip)" if kind == "js" else ""
            print(f"  {kind}: {len(files)} files, gzip {by['.gz']:.1f} kB, brotli {by['.br']:.1f} kB{bar}")
        assert not any("/docs" in each or "Editor" in each for each in assets), assets
    for name, slower, slow_net in (
        ("as it is", 1, False), ("CPU slowed 4 times by the debugger's protocol", 4, False),
        ("CPU slowed 4 times, slow 4G (150 ms, 1.6 Mbit/s)", 4, True),
    ):  # fmt: skip
        times = [(await cold(visitor, "/automations", slower=slower, slow_net=slow_net))[1]
                 for _ in range(repeats)]  # fmt: skip
        print(f"\ncold load of /automations, {name}, ms: median (smallest - largest)")
        for what, values in zip(("first content", "largest content", "usable"), zip(*times, strict=True), strict=True):
            print(f"  {what:20}{spread(values)}")


async def interactions(visitor: Visitor, seen: pages.Seen, number: str, repeats: int) -> None:
    found = Interactions()
    try:
        for _ in range(repeats):
            async with visitor.visit() as page:
                await page.goto("/automations")  # warm, as the second page of a visit is
                await page.locator("main .row-link").first.wait_for()
                await pages.large_run(page, found, seen)
                await pages.runs_list(page, found, number)
                await pages.automations_list(page, found)
                await pages.inbox(page, found)
    finally:
        report(found)


def report(found: Interactions) -> None:
    print(f"\ninteractions, ms: median (smallest - largest); bar {BAR_MS} to the next paint")
    print(f"  {'':52} {'to the next paint':>26} {'until shown':>30} {'longest task':>14}")
    for name, taken in found.found.items():
        paint, shown, task = ([row[column] for row in taken] for column in range(3))
        mark = " <- over" if sorted(paint)[len(paint) // 2] > BAR_MS else ""
        print(f"  {name:52} {spread(paint):>26} {spread(shown):>30} {max(task):14.0f}{mark}")


async def answers(person: Person, seen: pages.Seen, repeats: int) -> None:
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(repeats + 2):
        for name, path in _APIS.items():
            began = time.perf_counter()
            await person.get(path.format(run=seen.large_run))
            taken[name].append(1000 * (time.perf_counter() - began))
    print("\nthe API behind them, ms: median (smallest - largest)")
    for name, values in taken.items():
        print(f"  {name:36}{spread(values)}")


async def measure(options: argparse.Namespace) -> None:
    print(f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}; {options.repeats} repeats")
    with Product({"VUTLER_SIGNUP": "open"}, ready_within=300) as product:
        async with chromium() as browser:
            print(f"Chromium {browser.version}")
            visitor = Visitor(browser, product.url)
            async with visitor.visit() as page:
                await sign_up(page, Words("en"), _EMAIL)
            async with Person(product.url, _EMAIL) as person:
                seen = await pages.make(person, QUESTIONS)
                await rows.fill(product, seen.small, seen.small_run, automations=1000, runs=options.runs)
                await answers(person, seen, options.repeats)
            await loads(visitor, options.repeats)
            await interactions(visitor, seen, f"{options.runs:,}", options.repeats)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
