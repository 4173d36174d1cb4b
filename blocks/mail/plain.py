"""HTML as text: what a reader would see, put on lines. Nothing is run, fetched or followed."""

import re
from html.parser import HTMLParser
from typing import Final

MOST: Final = 200_000  # characters of a text
_MOST_SOURCE: Final = 2_000_000  # characters of HTML that are looked at
_DEEPEST: Final = 500
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg", "iframe"})
_LINES: Final = frozenset({
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table",
    "tr", "ul",
})  # fmt: skip
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre"})
_SPACE: Final = re.compile(r"[ \t\r\f\v\n\u00a0]+")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.size = 0
        self._unseen: list[str] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            if len(self._unseen) < _DEEPEST:
                self._unseen.append(tag)
            return
        if tag in _LINES:
            self._add("\n\n" if tag in _PARAGRAPHS else "\n")
        if tag == "li":
            self._add("- ")
        if tag == "a" and len(self._links) < _DEEPEST:
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            while self._unseen.pop() != tag:
                pass
        elif tag == "a" and self._links:
            target, since = self._links.pop()
            shown = "".join(self.parts[since:]).strip()
            if target.startswith(("http://", "https://")) and target != shown:
                self._add(f" ({target[:2000]})")
        elif tag in _PARAGRAPHS:
            self._add("\n\n")
        elif tag in ("td", "th"):
            self._add(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._add(_SPACE.sub(" ", data))

    def _add(self, text: str) -> None:
        if self.size < MOST:
            self.parts.append(text)
            self.size += len(text)


def text_of(html: str) -> str:
    """The text of an HTML document, at most `MOST` characters."""
    reader = _Reader()
    reader.feed(html[:_MOST_SOURCE])
    reader.close()
    lines = [_SPACE.sub(" ", line).strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:MOST]
