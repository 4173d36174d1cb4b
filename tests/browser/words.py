"""The texts of the pages, as their catalogues hold them: tests name what a person sees by its key."""

import json
from functools import cache
from typing import Any

from tests.browser.watching import ROOT


@cache
def _catalogue(namespace: str, language: str) -> dict[str, Any]:
    folder = namespace if namespace in ("app", "forms") else f"features/{namespace}"
    found: dict[str, Any] = json.loads((ROOT / "ui" / "src" / folder / f"{language}.json").read_text())
    return found


class Words:
    """`Words("fr")("automations:create")` is the French text; `{{name}}` is filled from the arguments."""

    def __init__(self, language: str) -> None:
        self._language = language.partition("-")[0]

    def __call__(self, key: str, **values: str) -> str:
        namespace, _, path = key.partition(":")
        text: Any = _catalogue(namespace, self._language)
        for part in path.split("."):
            text = text[part]
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", value)
        assert isinstance(text, str)
        return text
