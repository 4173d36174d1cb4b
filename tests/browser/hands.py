"""Clicks and keys, counted as the keystroke-level model prices them."""

import re
from typing import Any

from playwright.async_api import Page

THINK_S, CLICK_S, KEY_S = 1.35, 1.1, 0.28  # the keystroke-level model


class Hands:
    """Clicks and types, and counts what that takes a person."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.seconds = 0.0

    async def click(self, role: Any, name: str, *, exact: bool = True) -> None:
        await self._page.get_by_role(role, name=name, exact=exact).click()
        self.seconds += THINK_S + CLICK_S

    async def type(self, label: str, text: str, *, pasted: bool = False) -> None:
        field = self._page.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$"))
        await field.click()
        await field.press_sequentially(text)
        self.seconds += THINK_S + CLICK_S + KEY_S * (2 if pasted else len(text))

    async def press(self, key: str) -> None:
        await self._page.keyboard.press(key)
        self.seconds += KEY_S
