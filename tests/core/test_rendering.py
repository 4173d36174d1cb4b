"""Templates give what is written in them: types kept, text joined, names found or told apart."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from blocks.values import Json, JsonObject
from core.rendering import references
from core.rendering.references import TemplateFailed
from core.rendering.renderer import Renderer, names

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with Renderer() as found:
        yield found


SCORE: JsonObject = {"status": "success", "output": {"score": 80, "reason": "fits"}}
PAGE: JsonObject = {"status": "success", "output": ["a", "b"]}
CONTEXT: JsonObject = {
    "trigger": {
        "type": "webhook",
        "data": {
            "items": [1, 2, {"name": "b"}], "count": 3, "good": True, "nothing": None, "price": 1.5, "empty": {},
            "name": "Zoë", "braces": "{{ 7 * 7 }}", "odd key": "x", "list": [], "0": "zero",
        },
    },
    "steps": {"score": SCORE, "0": SCORE, "page": PAGE, "1": PAGE},
    "previous": {"output": ["a", "b"]},
    "now": "2026-11-20T10:30:00+00:00",
}  # fmt: skip

# Each line twice: as a plain reference, and (with something that takes Jinja around it) through a child.
PLAIN: list[tuple[str, Json]] = [
    ("{{ trigger.data.items }}", [1, 2, {"name": "b"}]),
    ("{{trigger.data.items[2].name}}", "b"),
    ("{{ trigger.data.items.0 }}", 1),
    ("{{ trigger.data['odd key'] }}", "x"),
    ('{{ trigger["data"]["count"] }}', 3),
    ("{{ trigger.data.good }}", True),
    ("{{ trigger.data.nothing }}", None),
    ("{{ trigger.data.price }}", 1.5),
    ("{{ trigger.data.empty }}", {}),
    ("{{ trigger.data.braces }}", "{{ 7 * 7 }}"),
    ("{{ trigger.data[0] }}", "zero"),
    ("{{ steps.score.output.score }}", 80),
    ("{{ steps.0.output.score }}", 80),
    ("{{ steps[1].output.1 }}", "b"),
    ("{{ steps.1.output }}", ["a", "b"]),
]

TEXT: list[tuple[str, str]] = [
    ("n={{ trigger.data.count }}", "n=3"),
    ("{{ trigger.data.count }}{{ trigger.data.price }}", "31.5"),
    ("{{ trigger.data.good }}!", "true!"),
    ("[{{ trigger.data.nothing }}]", "[]"),
    ("{{ trigger.data.items }}\n", '[1,2,{"name":"b"}]\n'),
    ("Hello {{ trigger.data.name }}, {{ trigger.data.braces }}", "Hello Zoë, {{ 7 * 7 }}"),
    ("{{ trigger.data.empty }} }} %}", "{} }} %}"),
    ("no template { } } %", "no template { } } %"),
    ("", ""),
]

JINJA: list[tuple[str, Json]] = [
    ("{{ steps.score.output.score + 1 }}", 81),
    ("{{ steps.score.output.score >= 70 }}", True),
    ("{{ trigger.data.items | length }}", 3),
    ("{{ trigger.data.name | upper }} {{ 'a' | title }}", "ZOË A"),
    ("{{ trigger.data.missing | default('x') }}", "x"),
    ("{{ trigger.data.far.away[3].x | default(none) }}", None),
    ("{{ trigger.data.missing is defined }}", False),
    ("{{ trigger.data.items | tojson }}", '[1,2,{"name":"b"}]'),
    ("{{ ('{\"a\": [1]}' | fromjson).a }}", [1]),
    ("{{ trigger.data.items[:2] | sum }}", 3),
    ("{{ trigger.data.items | select('number') | map('string') | join('-') }}", "1-2"),
    ("{{ [{'a': 1}, {'a': 2}] | map(attribute='a') }}", [1, 2]),
    ("{{ [3, 1, 2] | sort | first }}", 1),
    ("{{ {'a': trigger.data.count, 'b': [true, none]} }}", {"a": 3, "b": [True, None]}),
    ("{% for key, value in trigger.data.empty.items() %}x{% else %}none{% endfor %}", "none"),
    ("{% for x in previous.output %}{{ loop.index }}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}", "1a,2b"),
    ("{% set x = trigger.data.count * 2 %}{{ x }}", "6"),
    ("{{ now | date('%d.%m.%Y') }}", "20.11.2026"),
    ("{{ 'a,b'.split(',') }}", ["a", "b"]),
    ("{{ 'é ü' | urlencode }}", "%C3%A9%20%C3%BC"),
    ("{{ 7 / 2 }}", 3.5),
    ("{{ trigger.data.items | tojson(indent=1) | length > 10 }}", True),
    ("{{ range(3) }}", [0, 1, 2]),
    ("{{ trigger.data.braces ~ '' }}", "{{ 7 * 7 }}"),
    ("{{ trigger.data.good ~ '!' if trigger.data.good else 'no' }}{{ '' }}", "True!"),
    ("{#- nothing -#}", ""),
    ("{{ true }}", True),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), PLAIN)
async def test_a_whole_reference_keeps_its_type(renderer: Renderer, source: str, expected: Json) -> None:
    assert references.parse(source) is not None
    assert await renderer.render(source, CONTEXT, workspace="w") == expected
    through_jinja = source.replace("{{", "{{ (").replace("}}", ") }}")
    if "{{ 7" not in source:
        assert references.parse(through_jinja) is None
        assert await renderer.render(through_jinja, CONTEXT, workspace="w") == expected


@pytest.mark.parametrize(("source", "expected"), TEXT)
async def test_mixed_text_joins_alike_in_both_paths(renderer: Renderer, source: str, expected: str) -> None:
    assert references.parse(source) is not None
    assert await renderer.render(source, CONTEXT, workspace="w") == expected
    assert await renderer.render(source + "{# c #}", CONTEXT, workspace="w") == expected


@pytest.mark.parametrize(("source", "expected"), JINJA)
async def test_expressions(renderer: Renderer, source: str, expected: Json) -> None:
    assert await renderer.render(source, CONTEXT, workspace="w") == expected
    assert await renderer.check(source) is None


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ steps.score.output.scor }}", "steps.score.output has no field 'scor'; it has: score, reason."),
        ("{{ nobody }}", "there is no 'nobody'; there is: trigger, steps, previous, now."),
        ("x {{ trigger.data.items[7] }}", "trigger.data.items has no item 7; it is a list of 3."),
        ("{{ trigger.data.count.x }}", "trigger.data.count has no field 'x'; it is a number."),
        ("{{ trigger.data.nothing.x }}", "trigger.data.nothing has no field 'x'; it is null."),
        ("{{ trigger.data.empty.x }}", "trigger.data.empty has no field 'x'; it is empty."),
        ("{{ trigger.data.name.upper }}", "trigger.data.name has no field 'upper'; it is text."),
        ("{{ steps.5.output }}", "steps has no item 5; it has: score, 0, page, 1."),
        ("{{ trigger.data.scor | upper }}", "there is no field 'scor'; what is there has: items, count, good"),
        ("{{ nobody.x + 1 }}", "there is no 'nobody'."),
        ("{{ trigger.data.name.upper ~ '' }}", "a function, not a value."),
        ("{{ 1 / 0 }}", "division by zero."),
        ("{{ 1e308 * 10 }}", "it makes a number that is too large."),
        ("{{ 10 ** 5000 }}", "it makes a number that is too large."),
        ("{{ 'a' + 1 }}", "can only concatenate str"),
        ("{{ trigger.data.items | tojso }}", "No filter named 'tojso' (line 1)."),
        ("{{ 1 is strange }}", "No test named 'strange' (line 1)."),
        ("{{ (trigger }}", "(line 1)."),
        ("line\n{% if %}", "(line 2)."),
        ("{% include 'x' %}", "'include' is not available (line 1)."),
        ("{% extends 'x' %}", "'extends' is not available (line 1)."),
        ("{% import 'x' as y %}", "'import' is not available (line 1)."),
        ("{% block a %}{% endblock %}", "'block' is not available (line 1)."),
        ("{{ trigger.data.items.append }}", "trigger.data.items has no field 'append'"),
        ("{{ 'a'.encode() }}", "there is no field 'encode'; what is there is text."),
        ("{{ 'a'.format(1) }}", "there is no field 'format'; what is there is text."),
        ("{{ (1).bit_length() }}", "there is no field 'bit_length'; what is there is a number."),
        ("{{ 'a' | attr('upper') }}", "No filter named 'attr' (line 1)."),
        ("{{ '%s' | format(1) }}", "No filter named 'format' (line 1)."),
        ("{{ 1 is callable }}", "No test named 'callable' (line 1)."),
        ("{{ lipsum() }}", "there is no 'lipsum'."),
        ("{{ range }}{{ '' }}", "a function, not a value."),
    ],
)
async def test_an_error_names_the_expression_and_what_was_there(renderer: Renderer, source: str, told: str) -> None:
    with pytest.raises(TemplateFailed) as caught:
        await renderer.render({"a": ["fine", source]}, CONTEXT, workspace="w")
    assert caught.value.code == "template_error"
    assert told in caught.value.message
    assert source[source.find("{") :][:8] in caught.value.message


async def test_half_a_character_is_no_text(renderer: Renderer) -> None:
    assert await renderer.render(r"{{ 'a\ud800b' }}", CONTEXT, workspace="w") == "a?b"


async def test_a_value_is_rendered_all_through_and_once(renderer: Renderer) -> None:
    given: Json = {
        "{{ keys.are.not }}": ["{{ trigger.data.braces }}", {"deep": "{{ trigger.data.braces | trim }}"}],
        "same": ["{{ 1 + 1 }}", "{{ 1 + 1 }}", 3, None, True],
    }
    assert await renderer.render(given, CONTEXT, workspace="w") == {
        "{{ keys.are.not }}": ["{{ 7 * 7 }}", {"deep": "{{ 7 * 7 }}"}],
        "same": [2, 2, 3, None, True],
    }


async def test_one_trip_for_a_value(renderer: Renderer) -> None:
    """A hundred expressions cost about as much as one trip, not a hundred."""
    many: Json = [f"{{{{ {n} + 1 }}}}" for n in range(100)]
    assert await renderer.render(many, CONTEXT, workspace="w") == [n + 1 for n in range(100)]


async def test_plain_references_need_no_child() -> None:
    async with Renderer(children=0) as none:
        given: Json = {"url": "https://x.example/{{ trigger.data.count }}", "json": "{{ steps.score.output }}"}
        begin = time.process_time()
        for _ in range(1000):
            await none.render(given, CONTEXT, workspace="w")
        assert time.process_time() - begin < 0.5  # seconds of CPU: far below 0.5 ms a value
        assert await none.check("{{ trigger.data }} and {{ item }}") is None


async def test_limits_of_size(renderer: Renderer) -> None:
    for source in ("{{ 1 + 1 }}" + "x" * 16_384, "{{ trigger.data.name }}" + "x" * 16_384):
        with pytest.raises(TemplateFailed) as caught:
            await renderer.render(source, CONTEXT, workspace="w")
        assert caught.value.code == "template_limit"
        assert "16 kB" in (await renderer.check(source) or "")
    large: JsonObject = {"trigger": {"data": "x" * 200_000}}
    for source in (
        "{{ trigger.data }}{{ trigger.data }}",
        "{{ trigger.data ~ trigger.data }}",
        "{{ [trigger.data] * 2 }}",
    ):
        with pytest.raises(TemplateFailed) as caught:
            await renderer.render(source, large, workspace="w")
        assert caught.value.code == "template_limit"
    text = "no braces, any length " * 10_000
    assert await renderer.render(text, {}, workspace="w") == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ steps.score.output.total | round }}", {("steps", "score", "output", "total")}),
        ("{{ steps.score.output }} {{ previous.output }}", {("steps", "score", "output"), ("previous", "output")}),
        ("{{ steps['a b'].x }}{# c #}", {("steps", "a b", "x")}),
        ("{{ steps.0.output }}", {("steps", "0", "output")}),
        ("{{ steps[which].output }}{# c #}", {("steps",), ("which",)}),
        (
            "{% for x in trigger.data %}{{ x.y ~ steps.a.status }}{% endfor %}",
            {("trigger", "data"), ("steps", "a", "status")},
        ),
        ("{% set s = steps.a %}{{ s.output }}", {("steps", "a")}),
        ("{{ range(3) }}", set()),
        ("text", set()),
        ("{{ broken", set()),
        ("{{ f(steps.a.output[1:2]) }}", {("f",), ("steps", "a", "output")}),
    ],
)
async def test_names_that_a_template_refers_to(source: str, expected: set[tuple[str, ...]]) -> None:
    assert names(source) == expected
