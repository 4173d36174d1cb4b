"""The templates of mails: one file each in `templates/`, in every language, as text and as HTML.

They are rendered where every template is (`core/rendering`), their values escaped in HTML. What a template names and
the values lack is an error that says so.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Protocol

from blocks.errors import InvalidInput
from blocks.services import Letter
from blocks.values import Json, JsonObject

LANGUAGES: Final = ("en", "fr")
FOR_STEPS: Final = ("notification", "reply", "welcome")  # the others are the installation's own
_BODY: Final = "<!-- body -->"


class Documents(Protocol):
    """The renderer as letters use it."""

    async def documents(
        self, sources: Sequence[tuple[str, bool]], context: Mapping[str, Json], *, workspace: str
    ) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Template:
    """The Jinja sources of one template in one language."""

    subject: str
    text: str
    html: str


@cache
def template(name: str, language: str) -> Template:
    """Raises `InvalidInput` (`template_unknown`)."""
    folder = files("core.mail") / "templates"
    known = sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))
    if name not in known or name == "layout":
        raise InvalidInput(
            "template_unknown", f"There is no mail template {name[:60]!r}; there are {', '.join(FOR_STEPS)}."
        )
    layout = tomllib.loads((folder / "layout.toml").read_text())
    texts = tomllib.loads((folder / f"{name}.toml").read_text())
    own = texts.get(language, texts["en"])
    html = str(layout["html"]).replace(_BODY, str(own["html"])).replace("<!-- language -->", language)
    return Template(str(own["subject"]).strip(), str(own["text"]), html)


async def write(renderer: Documents, name: str, values: JsonObject, language: str, *, workspace: str) -> Letter:
    """Raises `InvalidInput` (`template_unknown`, `template_error`, `template_limit`) and `Retryable`."""
    made = template(name, language if language in LANGUAGES else "en")
    subject, text, html = await renderer.documents(
        [(made.subject, False), (made.text, False), (made.html, True)], values, workspace=workspace
    )
    return Letter(" ".join(subject.split()), text.strip() + "\n", html)
