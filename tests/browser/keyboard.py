"""What somebody without a mouse does: Tab to a thing, then keys."""

from playwright.async_api import Locator, Page, expect

_MOST_TABS = 90


async def reach(page: Page, target: Locator) -> None:
    """By Tab alone."""
    await expect(target).to_be_attached()
    stops: list[str] = []
    for _ in range(_MOST_TABS):
        if await target.evaluate("each => each === document.activeElement"):
            return
        stops.append(await page.evaluate("document.activeElement.outerHTML.slice(0, 90)"))
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {target}, but to\n" + "\n".join(dict.fromkeys(stops)))


async def write(page: Page, target: Locator, text: str) -> None:
    """In place of what stands there."""
    await reach(page, target)
    await page.keyboard.press("Control+a")
    await page.keyboard.type(text)


async def press(page: Page, name: str, within: Locator | None = None) -> None:
    """The button of that name."""
    await reach(page, (within or page).get_by_role("button", name=name, exact=True))
    await page.keyboard.press("Enter")


async def choose(page: Page, target: Locator, option: str) -> None:
    """From the list that opens below a field."""
    await reach(page, target)
    wanted = page.get_by_role("option", name=option, exact=True)
    await page.keyboard.press("ArrowDown")
    await expect(wanted).to_be_visible()
    for _ in range(await page.get_by_role("option").count()):
        if await wanted.evaluate("each => each.hasAttribute('data-combobox-selected')"):
            break
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
