"""Automations in words: what every kind must keep, and how sentences are joined."""

import string
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import registry
from blocks.trigger import Trigger, TriggerModel
from blocks.values import Json
from blocks.words import LONGEST, Described, Language, listed, shortened, written_out
from core.automations.words import Narrator

KINDS: list[Described] = [*registry.actions().values(), *registry.triggers().values()]
LANGUAGES: tuple[Language, ...] = get_args(Language)
EXAMPLES: dict[str, dict[str, Any]] = {
    kind.name: kind.example for kind in [*registry.actions().values(), *registry.triggers().values()]
}
NARRATOR = Narrator.of()

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
each_language = pytest.mark.parametrize("language", LANGUAGES)

POST = {"id": "send", "type": "http", "config": {"method": "post", "url": "https://api.example.com/leads"}, "needs": []}
SHAPE = {"id": "shape", "type": "transform", "config": {"value": 1}, "needs": ["send"]}
HOSTILE: list[Json] = [
    None,
    True,
    -1,
    "",
    "{",
    "}",
    "{title}",
    "{{ trigger.data }}",
    "a\nb\tc",
    "x" * 9000,
    [],
    [[1]],
    {},
]


def _is_clause(text: str) -> None:
    assert text
    assert text == " ".join(text.split())
    assert len(text) <= LONGEST
    assert not set("{}") & set(text)
    assert not text.endswith(".")


# every kind -----------------------------------------------------------------------------------------------------------


@each_kind
@each_language
def test_a_kind_tells_its_example(kind: Any, language: Language) -> None:
    _is_clause(kind.sentence(EXAMPLES[kind.name], language))
    assert kind.phrase["en"] != kind.phrase["fr"] or kind.phrase["en"].startswith("{")


@each_kind
@each_language
def test_a_kind_fills_every_blank_of_its_phrase(kind: Any, language: Language) -> None:
    blanks = {name for _, name, _, _ in string.Formatter().parse(kind.phrase[language]) if name is not None}
    assert blanks <= {"title", *kind.blanks(EXAMPLES[kind.name], language)}
    assert "{title}" not in kind.template(language)


@each_kind
@each_language
def test_a_kind_tells_also_what_is_wrong_or_unfinished(kind: Any, language: Language) -> None:
    _is_clause(kind.sentence({}, language))
    for name in [*EXAMPLES[kind.name], "no_such_field"]:
        for value in HOSTILE:
            _is_clause(kind.sentence({**EXAMPLES[kind.name], name: value}, language))
            _is_clause(kind.sentence({name: value}, language))


def test_a_kind_without_a_phrase_is_told_by_its_title() -> None:
    class Bell(Trigger[TriggerModel]):
        name = "bell"
        title = {"en": "Bell", "fr": "Sonnette"}  # noqa: RUF012

    assert (Bell().sentence({}, "en"), Bell().sentence({}, "fr")) == (
        "when “Bell” starts it",
        "quand « Sonnette » la déclenche",
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.example.com/leads/{{ trigger.data.id }}", "api.example.com"),
        ("HTTPS://api.example.com:8443?x=1", "api.example.com"),
        ("https://user:secret@api.example.com/", "api.example.com"),
        ("https://{{ trigger.data.host }}/x", "an address from the data"),
        ("https://api.{{ trigger.data.host }}/x", "an address from the data"),
        ("https://api.example.com{{ trigger.data.path }}", "an address from the data"),
        ("{{ trigger.data.url }}", "an address from the data"),
        ("ftp://api.example.com", "an address from the data"),
    ],
)
def test_where_a_request_goes(url: str, host: str) -> None:
    assert registry.actions()["http"].sentence({"url": url}, "en") == f"send a GET to {host}"


@pytest.mark.parametrize(
    ("config", "english", "french"),
    [
        ({"for_s": 5400}, "wait 90 minutes", "attendre 90 minutes"),
        ({"for_s": 0.4}, "wait 0 seconds", "attendre 0 secondes"),
        ({"for_s": 86400}, "wait 1 day", "attendre 1 jour"),
        (
            {"until": "2030-01-31T09:00:00Z"},
            "wait until 2030-01-31 09:00 UTC",
            "attendre jusqu'au 2030-01-31 09:00 UTC",
        ),
        ({"for_s": "{{ trigger.data }}"}, "wait a while", "attendre un moment"),
    ],
)
def test_how_long_a_delay_is(config: dict[str, Any], english: str, french: str) -> None:
    delay = registry.actions()["delay"]
    assert (delay.sentence(config, "en"), delay.sentence(config, "fr")) == (english, french)


# whole automations ----------------------------------------------------------------------------------------------------


def _told(language: Language, *steps: dict[str, Any], trigger: str | None = "webhook", **config: Any) -> str:
    document: dict[str, Any] = {"trigger_type": trigger, "trigger_config": config, "actions": [*steps]}
    return NARRATOR.tell(document, language).sentence


def test_the_sentence() -> None:
    assert _told("en", POST, SHAPE) == "When a webhook arrives, send a POST to api.example.com, then shape the data."
    assert _told("fr", POST, SHAPE) == (
        "Quand un webhook arrive, envoyer un POST à api.example.com, puis mettre les données en forme."
    )
    words = NARRATOR.tell({"trigger_type": "manual", "actions": [POST, SHAPE]}, "en")
    assert words.trigger == "when somebody presses Run"
    assert words.steps == {"send": "send a POST to api.example.com", "shape": "shape the data"}


def test_schedules() -> None:
    nine = {"cron": "0 9 * * 1-5", "timezone": "Europe/Zurich"}
    assert _told("en", SHAPE, trigger="cron", schedules=[nine]) == (
        "Every weekday at 09:00 (Europe/Zurich), shape the data."
    )
    assert _told("fr", SHAPE, trigger="cron", schedules=[nine, {"every_s": 3600}, nine]) == (
        "Du lundi au vendredi à 09:00 (Europe/Zurich), toutes les heures et 1 de plus, mettre les données en forme."
    )
    assert _told("en", SHAPE, trigger="cron") == "At set times, shape the data."


def test_paths() -> None:
    sorry = {**POST, "id": "sorry", "needs": ["send:error"]}
    beside = {**SHAPE, "id": "beside"}
    assert _told("en", POST, SHAPE, beside, sorry) == (
        "When a webhook arrives, send a POST to api.example.com, then shape the data and at the same time shape the"
        " data, then if send fails, send a POST to api.example.com."
    )
    chosen = {**SHAPE, "needs": ["good:yes"]}
    assert _told("fr", chosen, trigger="manual") == (
        "Quand quelqu'un appuie sur Exécuter, dans le cas yes, mettre les données en forme."
    )


def _loop(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    config = {"items": "{{ trigger.data.leads }}", "steps": [*steps]}
    return {"id": "each", "type": "for_each", "config": config, "needs": [], **more}


def test_loops() -> None:
    loop = _loop({**POST, "needs": []}, SHAPE)
    assert _told("en", loop) == (
        "When a webhook arrives, for each of trigger.data.leads, send a POST to api.example.com, then shape the data."
    )
    assert _told("fr", loop, {**SHAPE, "id": "all", "needs": ["each"]}) == (
        "Quand un webhook arrive, pour chaque élément de trigger.data.leads (envoyer un POST à api.example.com, puis"
        " mettre les données en forme), puis mettre les données en forme."
    )
    assert _told("en", _loop(*[{**SHAPE, "id": f"s{n}"} for n in range(5)]), trigger=None) == (
        "For each of trigger.data.leads, shape the data and at the same time shape the data, then 3 more steps."
    )
    assert _told("en", {"id": "each", "type": "for_each", "config": {"items": [1, 2]}}, trigger=None) == (
        "For each of 2 items."
    )
    told = NARRATOR.tell({"actions": [_loop(_loop(POST, id="inner"), needs=[])]}, "en").steps
    assert told == {
        "each": "for each of trigger.data.leads, for each of trigger.data.leads, send a POST to api.example.com",
        "inner": "for each of trigger.data.leads, send a POST to api.example.com",
        "send": "send a POST to api.example.com",
    }


def test_loops_that_stand_too_deep_are_not_followed() -> None:
    step = POST
    for number in range(5):
        step = _loop(step, id=f"each{number}")
    assert _told("en", step, trigger=None) == f"For each of {', for each of '.join(['trigger.data.leads'] * 4)}."


@pytest.mark.parametrize(
    ("items", "english"),
    [
        ("{{ trigger.data.leads }}", "for each of trigger.data.leads"),
        ("{{previous.output[0].rows}}", "for each of previous.output[0].rows"),
        ("{{ trigger.data.leads | list }}", "for each of the items of a list"),
        ("{{ a }}{{ b }}", "for each of the items of a list"),
        ("{{ a['}'] }}", "for each of the items of a list"),
        (None, "for each of the items of a list"),
    ],
)
def test_what_a_loop_goes_through(items: Json, english: str) -> None:
    assert registry.actions()["for_each"].sentence({"items": items}, "en") == english


@pytest.mark.parametrize(
    ("called", "english", "french"),
    [
        ("Enrich a lead", "run the automation “Enrich a lead”", "exécuter l'automatisation « Enrich a lead »"),
        ("0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02", "run another automation", "exécuter une autre automatisation"),
        ("{{ trigger.data.name }}", "run another automation", "exécuter une autre automatisation"),
    ],
)
def test_which_automation_is_run(called: str, english: str, french: str) -> None:
    action = registry.actions()["automation"]
    assert [action.sentence({"automation": called}, language) for language in LANGUAGES] == [english, french]


def test_long_and_unfinished_ones() -> None:
    many = [{**SHAPE, "id": f"s{n}", "needs": [f"s{n - 1}"]} for n in range(9)]
    assert _told("en", *many).endswith(", then 4 more steps.")
    assert _told("en", *many[:6]).count("shape the data") == 6
    assert _told("en") == "When a webhook arrives, nothing happens yet."
    assert _told("fr", trigger=None) == "Il ne se passe encore rien."
    assert _told("en", SHAPE, trigger=None) == "Shape the data."
    assert _told("en", {"type": "tele{port}"}, trigger="pigeon") == "When “pigeon” starts it, run “tele{port}”."


TEXT = st.text("a1{}/:é \n", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
STEPS = JSON | st.lists(st.fixed_dictionaries({"id": TEXT}), max_size=9)


def _loop_of(steps: Json) -> dict[str, Any]:
    return {"type": "for_each", "config": {"steps": steps}}


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "trigger_type": JSON | st.sampled_from([*registry.triggers()]),
            "trigger_config": JSON,
            "actions": JSON
            | st.lists(
                st.fixed_dictionaries({"type": st.sampled_from([*registry.actions()])}, optional={"config": JSON})
            )
            | st.recursive(STEPS, lambda inner: st.lists(st.builds(_loop_of, inner), max_size=3), max_leaves=6),
        },
    ),
    st.sampled_from(LANGUAGES),
)
def test_every_document_can_be_told(document: dict[str, Any], language: Language) -> None:
    assert NARRATOR.tell(document, language).sentence.endswith(".")


def test_pieces() -> None:
    assert shortened("a  b\n c", 10) == "a b c"
    assert shortened("abcdef", 4) == "abc…"
    assert [written_out(value) for value in (None, 1, "", "  ", "{{ x }}", "a")] == [None, None, None, None, None, "a"]
    assert [listed(list("abcde")[:n], "en") for n in (0, 1, 2, 3)] == ["", "a", "a and b", "a, b and 1 more"]
