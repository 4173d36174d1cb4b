"""Hands that click and type, and count what that takes a person."""

import re
from typing import Any, Final

from playwright.async_api import Locator, Page

THINK_S: Final = 1.35  # the keystroke-level model
CLICK_S: Final = 1.1
KEY_S: Final = 0.28


class Hands:
    """Clicks and types, and counts what that takes a person."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.seconds = 0.0

    async def click(self, role: Any, name: str, *, exact: bool = True) -> None:
        await self.on(self._page.get_by_role(role, name=name, exact=exact))

    async def on(self, there: Locator) -> None:
        await there.click()
        self.seconds += THINK_S + CLICK_S

    async def type(self, label: str, text: str, *, pasted: bool = False) -> None:
        await self.write(self._page.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$")), text, pasted=pasted)

    async def write(self, field: Locator, text: str, *, pasted: bool = False) -> None:
        await self.on(field)
        await self._page.keyboard.type(text)
        self.seconds += KEY_S * (2 if pasted else len(text))

    async def press(self, key: str) -> None:
        await self._page.keyboard.press(key)
        self.seconds += KEY_S

    async def drag(self, what: Locator, there: Locator) -> None:
        """By real mouse events: pressed, moved and let go."""
        await there.scroll_into_view_if_needed()
        await what.hover()
        await self._page.mouse.down()
        box = await there.bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        await self._page.mouse.move(x - 20, y - 20, steps=4)
        await self._page.mouse.move(x, y, steps=4)
        await self._page.mouse.up()
        self.seconds += THINK_S + 2 * CLICK_S

    def elsewhere(self, keys: int) -> None:
        """What is typed outside the page: into a terminal."""
        self.seconds += THINK_S + KEY_S * keys
