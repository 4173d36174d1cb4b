"""Which of the product's own English is left on a page that somebody reads in French."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from playwright.async_api import Page

from core.approvals.words import QUESTIONS, REASONS
from core.notifications.words import WORDS
from core.said import CAUSES
from core.sentences import patterns_in_french
from tests.browser.watching import ROOT

_SHORTEST: Final = 2  # words; a single one may be a name, or the same in both languages
_BLANK: Final = re.compile(r"\{\{.*?\}\}|\{[a-z_]*(?::[^}]*)?\}|<[^>]*>")

# All that is read on a page, or read out: each element's own text, without those that say they are English and without
# what people and services wrote.
_READ: Final = """() => {
    const told = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = walker.currentNode; node; node = walker.nextNode()) {
        const holder = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
        if (holder.closest('[lang=en], script, style, pre, code, .log, textarea')) continue;
        if (node.nodeType === Node.TEXT_NODE) told.push(node.data);
        else for (const name of ['title', 'aria-label', 'placeholder', 'alt']) told.push(node.getAttribute(name) ?? '');
    }
    return told.map((each) => each.trim()).filter(Boolean);
}"""


async def english_left(page: Page) -> list[str]:
    """Texts of the page that are, or hold, one of the sentences which the product has French for."""
    found: list[str] = await page.evaluate(_READ)
    return sorted({text for text in found if _is_english(text)})


def _is_english(text: str) -> bool:
    return any(pattern.search(text) for pattern in _english())


@cache
def _english() -> list[re.Pattern[str]]:
    pairs = [*_of_pages(), *_of_server()]
    french = {told for _, told in pairs}
    wanted = {english for english, told in pairs if english != told and english not in french}
    return [_pattern(each) for each in wanted if len(_BLANK.sub(" ", each).split()) >= _SHORTEST]


def _pattern(english: str) -> re.Pattern[str]:
    """As a whole; what fills its blanks may be anything."""
    return re.compile(r"\A" + ".*?".join(re.escape(part) for part in _BLANK.split(english)) + r"\Z", re.DOTALL)


def _of_pages() -> Iterator[tuple[str, str]]:
    for english in (ROOT / "ui" / "src").rglob("en.json"):
        french = english.with_name("fr.json")
        told = dict(_leaves(json.loads(french.read_text()), ""))
        yield from ((text, told.get(key, "")) for key, text in _leaves(json.loads(english.read_text()), ""))


def _of_server() -> Iterator[tuple[str, str]]:
    yield from patterns_in_french().items()
    for words in (QUESTIONS, REASONS, CAUSES):
        yield from ((each["en"], each["fr"]) for each in words.values())
    for both in WORDS.values():
        yield from zip(both["en"], both["fr"], strict=True)


def _leaves(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}.{name}")
