"""What a browser test looks at besides the page: the console, accessibility, pictures for the documentation."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.async_api import BrowserContext, ConsoleMessage, Page, WebError, expect

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES: Final = ROOT / "docs" / "screenshots"
_SERIOUS: Final = ("serious", "critical")


class Watch:
    """Notes errors of every page of a context; refusals by the Content-Security-Policy are among them."""

    def __init__(self, context: BrowserContext) -> None:
        self._errors: list[str] = []
        context.on("console", self._said)
        context.on("weberror", self._thrown)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self._errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _thrown(self, error: WebError) -> None:
        self._errors.append(str(error.error))

    def nothing_went_wrong(self, expected: Sequence[str] = ()) -> None:
        """`expected`: pieces of the complaints that belong to the test, such as the answer 412 to a second tab."""
        errors = [error for error in self._errors if not any(each in error for each in expected)]
        assert not errors, "the browser complained:\n" + "\n".join(errors)


@cache
def _axe() -> str:
    return AXE.read_text()


async def _is_there(page: Page) -> None:
    """Nothing that is still fetched is held open by a grey place."""
    await expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)


async def accessible(page: Page, rules: Sequence[str] = ()) -> None:
    """axe finds nothing serious on the page as it is now, by all of its rules that can find such, or by these.

    axe is run by the protocol of the debugger, as playwright's `evaluate` does: the page's own policy stays as it is.
    """
    await _is_there(page)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    report: dict[str, Any] = await page.evaluate(
        """([rules, impacts]) => axe.run(document, {
            resultTypes: ['violations'],
            ...(rules.length ? {runOnly: {type: 'rule', values: rules}} : {rules: Object.fromEntries(
                axe._audit.rules.filter(each => !impacts.includes(each.impact)).map(each => [each.id, {enabled: false}])
            )}),
        })""",
        [list(rules), list(_SERIOUS)],
    )
    found = [
        f"{each['id']}: {each['help']} at {[node['target'] for node in each['nodes']]}"
        for each in report["violations"]
        if each["impact"] in _SERIOUS
    ]
    assert not found, "\n".join(found)


async def picture(page: Page, name: str) -> None:
    """A picture for the documentation, where `VUTLER_SCREENSHOTS` asks for them: `docs/screenshots/<name>.png`."""
    if os.environ.get("VUTLER_SCREENSHOTS"):
        await _is_there(page)
        PICTURES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
