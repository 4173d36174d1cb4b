"""Every field of every form has its French."""

import json

from api import catalog
from blocks import field_words
from blocks.values import Json


def _schemas(language: str) -> list[Json]:
    found = catalog.everything("fr" if language == "fr" else "en")
    return [
        *(each.input_schema for each in found.actions),
        *(each.config_schema for each in found.triggers),
        *(each.fields_schema for each in found.connections),
        *(each.settings_schema for each in found.tools),
        catalog.definition_in("fr" if language == "fr" else "en"),
    ]


def test_titles_and_descriptions_are_there_in_french_and_no_others() -> None:
    french = json.loads(field_words._FRENCH.read_text())
    fields = list(field_words.fields(_schemas("en")))
    titles = {str(field["title"]) for _, field in fields}
    descriptions = {str(field["description"]) for _, field in fields if "description" in field}
    labels = {str(label) for _, field in fields for label in dict(field.get("labels") or {}).values()}
    assert (titles - french["titles"].keys(), descriptions - french["descriptions"].keys()) == (set(), set())
    assert labels == french["labels"].keys()
    assert (french["titles"].keys() - titles, french["descriptions"].keys() - descriptions) == (set(), set())


def test_only_words_differ_between_the_languages() -> None:
    def bare(value: Json) -> Json:
        if isinstance(value, list):
            return [bare(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            key: bare(each)
            for key, each in value.items()
            if key != "labels" and (key not in ("title", "description") or isinstance(each, dict))
        }

    assert bare(_schemas("fr")) == bare(_schemas("en"))
    assert _schemas("fr") != _schemas("en")


def test_a_name_of_a_field_becomes_words() -> None:
    assert field_words.title_of("for_s", {"title": "For S"}) == "For s"
    assert field_words.title_of("url", {"title": "URL"}) == "URL"
    assert field_words.title_of("reply_to", {}) == "Reply to"
