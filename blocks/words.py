"""What a kind of step or trigger says of itself in a sentence, in English and French. Pure.

A kind gives a `phrase` with blanks and what fills them for a configuration. Phrases are clauses without a capital and a
full stop, so that they can be joined: "when a webhook arrives", "send a POST to api.example.com".
"""

import re
from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

from blocks.values import Json, JsonObject

Language: TypeAlias = Literal["en", "fr"]

LONGEST = 120  # characters of one step's sentence
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SPACE = re.compile(r"[\s\x00-\x1f]+")


class Described:
    """Base of actions and trigger kinds: how they are called, and how they are told.

    A `phrase` may hold the blank `{title}` and those that `blanks` fills.
    """

    title: ClassVar[Mapping[str, str]]  # by language
    phrase: ClassVar[Mapping[str, str]]

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        """What stands in the blanks of the phrase. `config` may be unfinished, or wrong in every way."""
        return {}

    def sentence(self, config: JsonObject, language: Language) -> str:
        """The phrase with its blanks filled in, on one line of at most `LONGEST` characters."""
        blanks = {"title": self.title[language], **self.blanks(config, language)}
        return shortened(self.phrase[language].format_map(blanks), LONGEST)

    def template(self, language: Language) -> str:
        """The phrase as a form shows it, its blanks in braces: "send a {method} to {host}"."""
        return self.phrase[language].replace("{title}", self.title[language])


def shortened(text: str, most: int) -> str:
    """On one line, and cut with "…" after so many characters."""
    line = _SPACE.sub(" ", text).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def written_out(value: Json, most: int = 40) -> str | None:
    """A text that stands there as it is, shortened; None for a template, for an id (nobody can read it), for nothing
    and for what is no text."""
    if not isinstance(value, str) or "{" in value or "}" in value or _ID.fullmatch(value):
        return None
    return shortened(value, most) or None


def listed(texts: list[str], language: Language, most: int = 2) -> str:
    """ "a", "a and b", "a, b and 3 more"."""
    more = len(texts) - most
    last = {"en": "and", "fr": "et"}[language]
    if more > 0:
        rest = {"en": f"{more} more", "fr": f"{more} de plus"}[language]
        return f"{', '.join(texts[:most])} {last} {rest}"
    return f" {last} ".join(texts)
