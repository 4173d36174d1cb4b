"""Every page there is, in a workspace that has some of everything: what must hold on each of them."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE
from tests.browser.furnished import Furnished, furnish
from tests.browser.visitor import sign_up
from tests.browser.watching import ROOT, accessible
from tests.browser.words import Words
from tests.e2e.person import Person
from tests.e2e.product import Product
from tests.echo import Echo

SOURCES: Final = ROOT / "ui" / "src"
# Views of a page that its address chooses.
VIEWS: Final[dict[str, tuple[str, ...]]] = {
    "/automations/logs/$logId": ("?view=graph", "?view=log"),
    "/agents/$agentId": ("?tab=runs", "?tab=edit", "?tab=usage"),
    "/settings": tuple(f"?part={part}" for part in (
        "security", "notifications", "tokens", "workspace", "members", "audit")),
    "/admin/marketplace": ("?template=status-page-checker",),
    "/approvals": ("?inbox=answered",),
    "/connections/new": ("?kind=slack",),
}  # fmt: skip
CONTRAST: Final = ("color-contrast",)  # what another scheme can break
OTHERS: Final = ("/api/docs",)  # what the product serves besides the pages
BROKEN: Final = re.compile(r"\bundefined\b|\bNaN\b|Invalid Date|\[object Object\]|\{\{ ?(?:count|name)")
LOADING: Final = "[aria-busy=true], .mantine-Loader-root, .mantine-Skeleton-root, .mantine-LoadingOverlay-root"
# What is built otherwise on a phone or has another text in French can break these; all others stand on the desktop.
OF_WIDTH: Final = (
    "color-contrast", "scrollable-region-focusable", "aria-hidden-focus", "nested-interactive", "button-name",
    "link-name", "label", "aria-input-field-name", "aria-dialog-name", "aria-required-children",
    "aria-required-parent", "list", "listitem", "svg-img-alt", "image-alt", "label-content-name-mismatch",
)  # fmt: skip
# Looked at with each frame: what `expect` looks at ever more seldom.
SETTLED: Final = """([loading, patience]) => new Promise((done, late) => {
    const end = performance.now() + patience;
    const look = () => {
        const titles = [...document.querySelectorAll('h1')].filter(each => each.checkVisibility());
        if (titles.length === 1 && !document.querySelector(loading)) done();
        else if (performance.now() > end) late(new Error(`${location.pathname} does not come to rest`));
        else requestAnimationFrame(look);
    };
    look();
})"""


def routes() -> set[str]:
    """The addresses of the router: what stands as `path` in the files of routes."""
    files = [SOURCES / "app" / "router.tsx", *SOURCES.glob("features/*/routes.tsx")]
    return {path for file in files for path in re.findall(r"\bpath: '([^']+)'", file.read_text())}


def addresses(made: Furnished) -> dict[str, tuple[bool, str]]:
    """Each route with one address of it, and whether one is signed in there."""
    return {
        "/": (True, "/"), "/onboarding": (True, "/onboarding"),
        "/automations": (True, "/automations"), "/automations/new": (True, "/automations/new"),
        "/automations/$automationId": (True, f"/automations/{made.automation}"),
        "/automations/$automationId/edit": (True, f"/automations/{made.automation}/edit"),
        "/automations/logs": (True, "/automations/logs"),
        "/automations/logs/$logId": (True, f"/automations/logs/{made.failed_run}"),
        "/agents": (True, "/agents"), "/admin/agents/new": (True, "/admin/agents/new"),
        "/agents/$agentId": (True, f"/agents/{made.agent}"),
        "/channels": (True, "/channels"), "/channels/$channelId": (True, f"/channels/{made.channel}"),
        "/admin/marketplace": (True, "/admin/marketplace"), "/approvals": (True, "/approvals"),
        "/connections": (True, "/connections"), "/connections/new": (True, "/connections/new"),
        "/connections/$connectionId": (True, f"/connections/{made.connection}"),
        "/usage": (True, "/usage"), "/settings": (True, "/settings"),
        "/alerts": (True, "/alerts"), "/alerts/$alertId": (True, f"/alerts/{made.alert}"),
        "/approvals/$token": (False, f"/approvals/{made.approval_link}"),
        "/invitations/$token": (False, f"/invitations/{made.invitation}"),
        "/login": (False, "/login"), "/register": (False, "/register"),
        "/password/forgot": (False, "/password/forgot"), "/password/$token": (False, "/password/vur_example"),
        "/verify/$token": (False, "/verify/vuv_example"),
    }  # fmt: skip


def keys() -> set[str]:
    """The keys of texts that can't be words: with a dot, or a capital inside."""

    def inside(node: dict[str, Any], before: str = "") -> Iterator[str]:
        for name, value in node.items():
            yield from inside(value, f"{before}{name}.") if isinstance(value, dict) else (before + name,)

    files = SOURCES.rglob("en.json")
    found = {key for file in files for key in inside(json.loads(file.read_text()))}
    return {key for key in found if re.search(r"\.|[a-z][A-Z]", key)}


class Faults:
    """What is wrong with pages, all of it at once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._known = [re.compile(re.sub(r"\$\w+", "[^/]+", path) + "$") for path in routes()]
        self._keys = keys()
        self.found: list[str] = []

    async def look(self, where: str, *, rules: Sequence[str] = ()) -> None:
        page = self._page
        heading = page.get_by_role("heading", level=1)
        await page.evaluate(SETTLED, [LOADING, PATIENCE_MS])
        await expect(heading).to_have_count(1)
        name = (await heading.inner_text()).strip()
        title = await page.title()
        if not name or title != f"{name} · Vutler":
            self.found.append(f"{where}: “{name}” has the title “{title}”")
        await self._words(where)
        await self._links(where)
        wider = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wider > 0:
            self.found.append(f"{where}: wider than the window by {wider} pixels")
        await self.seen(where, rules=rules)

    async def seen(self, where: str, *, rules: Sequence[str] = ()) -> None:
        try:
            await accessible(self._page, rules)
        except AssertionError as complaint:
            self.found.append(f"{where}: {complaint}")

    async def _words(self, where: str) -> None:
        text = await self._page.locator("body").inner_text()
        said = set(re.findall(r"[A-Za-z_]+(?:\.[A-Za-z_]+)*", text)) & self._keys
        broken = {match[0] for match in BROKEN.finditer(text)}
        self.found += [f"{where}: shows “{each}”" for each in sorted(said | broken)]

    async def _links(self, where: str) -> None:
        hrefs: list[str] = await self._page.locator("a[href]").evaluate_all(
            "links => links.filter(a => a.origin === location.origin).map(a => a.pathname)"
        )
        dead = {
            path
            for path in hrefs
            if not path.startswith(OTHERS) and not any(known.match(path) for known in self._known)
        }
        self.found += [f"{where}: a dead link to {path}" for path in sorted(dead)]

    async def keep(self, name: str) -> None:
        """A picture of each page, for whoever wants to look at all of them."""
        if folder := os.environ.get("VUTLER_PICTURES"):
            await self._page.screenshot(path=f"{folder}/{name}.png", animations="disabled")


@pytest.mark.parametrize(("language", "screen"), [("en-GB", DESKTOP), ("fr-FR", PHONE)], ids=["desktop", "phone"])
@pytest.mark.proves("R-PROD-3", "DOD-8", "DOD-11")
@pytest.mark.by_hand("POST /api/auth/register")
async def test_every_page(page: Page, product: Product, echo: Echo, language: str, screen: Any) -> None:
    email = f"every-{language}@example.com".lower()
    await page.set_viewport_size(screen)
    await sign_up(page, Words(language), email)
    faults = Faults(page)
    async with Person(product.url, email) as person:
        made = addresses(await furnish(person, echo))
    assert made.keys() == routes()
    # The pages of who is not signed in come last.
    for route, (_, address) in sorted(made.items(), key=lambda each: not each[1][0]):
        for view in ("", *VIEWS.get(route, ())):
            await page.emulate_media(color_scheme="light")
            await page.goto(address + view)
            await faults.look(route + view, rules=OF_WIDTH if screen == PHONE else ())
            name = re.sub(r"\W+", "-", route + view).strip("-") or "home"
            await faults.keep(f"{name}-light-{language[:2]}")
            await page.emulate_media(color_scheme="dark")
            await faults.seen(f"{route}{view} (dark)", rules=CONTRAST)
            await faults.keep(f"{name}-dark-{language[:2]}")
    assert not faults.found, "\n".join(faults.found)
