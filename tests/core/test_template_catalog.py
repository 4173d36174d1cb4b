"""The catalogue of templates: every file deployable as the product judges it, broken ones refused with their place."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from blocks.words import Language
from core.automations.check import Checker
from core.automations.outgoing import refusing
from core.automations.reading import read as read_definition
from core.automations.service import errors
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.rendering.renderer import Renderer
from core.templates import documents, placeholders
from core.templates.completing import Completing
from core.templates.documents import Filling, Person
from core.templates.model import Template
from core.templates.reading import FOLDER, BadTemplate, catalog, read

ME = Person("ada@example.org", "Europe/Zurich")
SEEDS = {"daily-digest", "youtube-poster", "lead-finder", "inbox-summarizer", "status-page-checker"}
SLUGS = sorted(catalog())


@pytest.fixture
async def checker() -> AsyncIterator[Checker]:
    async with Renderer(children=1) as renderer:
        yield Checker.of(renderer, refusing(Policy.of([])))


def filling(template: Template, language: Language, without: frozenset[str] = frozenset()) -> Filling:
    inputs, findings = documents.answers(template, {}, ME)
    assert findings == []
    accounts = {key: str(new_id()) for key in template.connections}
    agents = {key: key.replace("_", "-") for key in template.agents}
    return Filling(language, inputs, accounts, agents, ME, without)


def test_the_six_are_there() -> None:
    assert {*SLUGS} >= SEEDS | {"answer-customers-in-chat"}
    assert sorted(path.stem for path in FOLDER.iterdir()) == SLUGS, "nothing else lies in the folder"


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("slug", SLUGS)
async def test_it_can_be_published(checker: Checker, slug: str, language: Language) -> None:
    """With every choice of the optional connections."""
    template = catalog()[slug]
    optional = [key for key, each in template.connections.items() if each.optional]
    choices = itertools.chain.from_iterable(
        itertools.combinations(optional, number) for number in range(len(optional) + 1)
    )
    for without in choices:
        filled = filling(template, language, frozenset(without))
        for automation in template.automations:
            reading = read_definition(documents.of_automation(automation, filled))
            assert reading.findings == []
            found = await checker.review(reading)
            assert errors(found) == [], (without, found)
        for agent in template.agents.values():
            assert "${" not in str(documents.of_agent(agent, filled))


@pytest.mark.parametrize("slug", SLUGS)
def test_both_languages_are_written(slug: str) -> None:
    template = catalog()[slug]
    for each in (template.title, template.description, template.use_case, template.needs):
        assert each.en != each.fr
    for agent in template.agents.values():
        assert agent.instructions.en != agent.instructions.fr
        assert len(agent.instructions.en.split()) > 30
    assert "{'en'" not in str(documents.preview(template, "fr", ME, {}))


def test_names_that_are_left_lead_back_to_one_purpose() -> None:
    by_title: dict[str, set[tuple[str, ...]]] = {}
    for template in catalog().values():
        for each in template.connections.values():
            for name in (each.title.en, each.title.fr):
                by_title.setdefault(name, set()).add((each.purpose, *each.usable))
    assert [name for name, found in by_title.items() if len(found) > 1] == []
    assert Completing(catalog())


def minimal(**changes: Any) -> dict[str, Any]:
    words = {"en": "Hello", "fr": "Bonjour"}
    document: dict[str, Any] = {
        "slug": "hello", "version": 1, "category": "Custom", "icon": "👋", "title": words, "description": words,
        "use_case": words, "needs": words, "sample": {},
        "inputs": {"word": {"title": words, "schema": {"type": "string", "default": "hi"}}},
        "connections": {"mail": {"title": words, "why": words, "purpose": "mail_out", "optional": True}},
        "agents": {"greeter": {"name": words, "avatar": "👋", "description": words, "instructions": words}},
        "automations": [{
            "agent": "greeter", "name": words, "description": words, "trigger_type": "manual",
            "actions": [
                {"id": "say", "type": "transform", "config": {"value": "${inputs.word}"}},
                {"id": "send", "type": "email", "config": {
                    "connection": "${connections.mail}", "to": "${me.email}", "subject": words, "text": "hi",
                }},
                {"id": "last", "type": "transform", "config": {"value": 1}},
            ],
        }],
    }  # fmt: skip
    return document | changes


def put(folder: Path, document: Any, name: str = "hello") -> Path:
    (folder / f"{name}.yaml").write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return folder


def test_a_new_one_is_one_file(tmp_path: Path) -> None:
    assert [*read(put(tmp_path, minimal()))] == ["hello"]


def test_the_recipe_of_the_documents_is_a_template(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
    recipe = text.partition("```yaml\n")[2].partition("```")[0]
    assert [*read(put(tmp_path, recipe, "weekly-thanks"))] == ["weekly-thanks"]


AGENTS = minimal()["agents"]
RULE = minimal()["automations"][0]
BARE = {"word": {"title": RULE["name"], "schema": {"type": "string"}}}
BROKEN: dict[str, tuple[Any, str]] = {
    "no yaml": ("slug: [", "this is no YAML"),
    "a name twice": ("slug: hello\nslug: hello\n", "line 2, column 1: this is no YAML: slug stands here twice"),
    "another slug": (minimal(slug="bye"), "slug: this must be hello"),
    "an unknown field": (minimal(colour="red"), "colour: There is no such field"),
    "no French": (minimal(title={"en": "Hello"}), "title.fr: This is missing"),
    "an unknown category": (minimal(category="Fun"), "category: "),
    "no default": (minimal(inputs=BARE), "inputs.word.schema"),
    "an unknown purpose": (
        minimal(connections={"mail": minimal()["connections"]["mail"] | {"purpose": "pigeons"}}), "'pigeons'",
    ),
    "an unknown kind": (
        minimal(connections={"mail": minimal()["connections"]["mail"] | {"kinds": ["imap"]}}), "mail_out: imap.",
    ),
    "an undeclared blank": (
        minimal(automations=[RULE | {"trigger_config": {"form": {"title": "${inputs.other}"}}}]),
        "${inputs.other} (in automations) is not declared",
    ),
    "an unused input": (minimal(automations=[RULE | {"actions": RULE["actions"][1:]}]), "Nothing uses inputs.word"),
    "no blank": (minimal(automations=[RULE | {"policy": {"lane": "${inputs}"}}]), "This is no placeholder"),
    "inside of Jinja": (
        minimal(automations=[RULE | {"policy": {"lane": "{{ 1 + ${inputs.word} }}"}}]), "can't stand inside",
    ),
    "an unknown carrier": (minimal(automations=[RULE | {"agent": "nobody"}]), "There is no agent 'nobody'"),
    "two of one carrier": (minimal(automations=[RULE, RULE]), "carries one automation at most"),
    "an action without id": (
        minimal(automations=[RULE | {"actions": [{"type": "transform"}, *RULE["actions"]]}]), "has an id",
    ),
    "an unknown tool": (
        minimal(agents={"greeter": AGENTS["greeter"] | {"tools": [{"tool": "hammer"}]}}), "no tool 'hammer'",
    ),
    "an optional account of a trigger": (
        minimal(automations=[RULE | {"trigger_config": {"connection": "${connections.mail}"}}]), "it is not optional",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    document, told = BROKEN[name]
    with pytest.raises(BadTemplate) as refused:
        read(put(tmp_path, document))
    assert str(tmp_path / "hello.yaml") in str(refused.value)
    assert told in str(refused.value)


def test_blanks_are_filled_once_and_keep_their_type() -> None:
    values: placeholders.Values = {"inputs": {"n": 5, "t": "08:05", "x": "${inputs.n}"}}
    assert placeholders.filled("${inputs.n}", values) == 5
    assert placeholders.filled("every ${inputs.n} min", values) == "every 5 min"
    assert placeholders.filled("${inputs.t.minute} ${inputs.t.hour} * * *", values) == "5 8 * * *"
    assert placeholders.filled(["${inputs.x}"], values) == ["${inputs.n}"]


def test_a_step_that_is_left_out_hands_its_needs_on() -> None:
    steps = [
        {"id": "a", "type": "transform"},
        {"id": "b", "type": "email", "config": {"connection": "${connections.mail}"}},
        {"id": "c", "type": "transform"},
        {"id": "d", "type": "transform", "needs": ["b", "c"]},
    ]
    kept = placeholders.without_steps(steps, {"mail"})  # type: ignore[arg-type]
    assert [(each["id"], each["needs"]) for each in kept] == [("a", []), ("c", ["a"]), ("d", ["a", "c"])]
