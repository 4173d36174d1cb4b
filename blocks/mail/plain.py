"""HTML as text: what a reader would see, put on lines. Nothing is run, fetched or followed."""

import re
from html import unescape
from typing import Final

MOST: Final = 200_000  # characters of a text
_MOST_SOURCE: Final = 2_000_000  # characters of HTML that are looked at
_DEEPEST: Final = 500
_LONGEST_TAG: Final = 4_000
_NAME: Final = re.compile(r"(?P<slash>/?)(?P<name>[a-z][a-z0-9]{0,20})")
_HREF: Final = re.compile(r"""\shref\s?=\s?(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""", re.IGNORECASE)
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg", "iframe"})
_LINES: Final = frozenset({
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table",
    "tr", "ul",
})  # fmt: skip
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "pre"})
_SPACE: Final = re.compile(r"[ \t\r\f\v\n\u00a0]+")


class _Reader:
    """Collects what is seen. It looks at every character a bounded number of times, whatever the source is."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size = 0
        self._links: list[tuple[str, int]] = []

    def read(self, source: str) -> None:
        lower = source.lower() if len(source.lower()) == len(source) else source
        at = 0
        while at >= 0:
            begin = source.find("<", at)
            self._add(_SPACE.sub(" ", unescape(source[at : begin if begin >= 0 else len(source)])))
            at = begin if begin < 0 else self._tag(source, lower, begin)

    def _tag(self, source: str, lower: str, begin: int) -> int:
        """Where the text goes on behind what begins with `<`; -1 where it is never closed."""
        if source.startswith("<!--", begin):
            return _behind(source, "-->", begin + 4)
        found = _NAME.match(lower, begin + 1)
        if found is None and source[begin + 1 : begin + 2] not in ("!", "?"):
            self._add("<")
            return begin + 1
        end = _behind(source, ">", begin + 1)
        if found is None or end < 0:
            return end
        name, closes = found["name"], bool(found["slash"])
        if name in _UNSEEN and not closes:
            closing = lower.find(f"</{name}", end)
            return closing if closing < 0 else _behind(source, ">", closing)
        (self._closed if closes else self._opened)(name, source[begin : min(end, begin + _LONGEST_TAG)])
        return end

    def _opened(self, name: str, tag: str) -> None:
        if name in _LINES:
            self._add("\n\n" if name in _PARAGRAPHS else "\n")
        if name == "li":
            self._add("- ")
        if name == "a" and len(self._links) < _DEEPEST:
            found = _HREF.search(tag)
            target = unescape(next((each for each in found.groups() if each), "")) if found else ""
            self._links.append((target, len(self.parts)))

    def _closed(self, name: str, _: str) -> None:
        if name == "a" and self._links:
            target, since = self._links.pop()
            shown = "".join(self.parts[since:]).strip()
            if target.startswith(("http://", "https://")) and target != shown:
                self._add(f" ({target})")
        elif name in _PARAGRAPHS:
            self._add("\n\n")
        elif name in ("td", "th"):
            self._add(" ")

    def _add(self, text: str) -> None:
        if text and self.size < MOST:
            self.parts.append(text)
            self.size += len(text)


def _behind(source: str, mark: str, at: int) -> int:
    found = source.find(mark, at)
    return found if found < 0 else found + len(mark)


def text_of(html: str) -> str:
    """The text of an HTML document, at most `MOST` characters."""
    reader = _Reader()
    reader.read(html[:_MOST_SOURCE])
    lines = [_SPACE.sub(" ", line).strip() for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:MOST]
