"""The approval step, spans of time and forms, on plain values."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from blocks import forms, registry, spans
from blocks.errors import InvalidInput
from blocks.outcomes import Choose, Wait
from tests.blocks.context import Context

APPROVAL = registry.actions()["approval"]
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [(90, 90), ("90", 90), ("1.5", 1.5), ("45m", 2700), ("2d", 172_800), ("1d12h", 129_600), (" 1W ", 604_800)],
)
def test_spans(text: str | float, length: float) -> None:
    assert spans.seconds(text) == length
    assert spans.moment(text, NOW) == NOW + timedelta(seconds=length)


@pytest.mark.parametrize("text", ["", "d", "2x", "12h1d", "0", 0, -1, "367d", "99999999w", "1e9", float("inf"), "２d"])
def test_what_is_no_span(text: str | float) -> None:
    with pytest.raises(ValueError, match="span of time"):
        spans.seconds(text)


def test_moments() -> None:
    assert spans.moment("2030-01-31T18:00:00+01:00", NOW) == datetime(2030, 1, 31, 17, tzinfo=UTC)
    for text, why in (("2030-01-31T18:00:00", "zone"), ("2032-01-31T18:00:00Z", "366"), ("tomorrow", "span")):
        with pytest.raises(ValueError, match=why):
            spans.moment(text, NOW)


async def asked(**config: Any) -> Wait:
    given = APPROVAL.Input.model_validate({"message": "Publish?", **config})
    outcome = await APPROVAL.run(given, Context(http=None))  # type: ignore[arg-type]
    assert isinstance(outcome, Wait)
    assert outcome.ask is not None
    return outcome


async def test_what_it_asks() -> None:
    wait = await asked(who="Ada@Example.org", deadline="2d", remind_after="1d", on_deadline="fail", form=FORM)
    assert wait.reason == "Waits for an approval: Publish?"
    assert wait.until is not None
    ask = wait.ask
    assert ask is not None
    assert (ask.kind, ask.who, ask.form, ask.on_deadline) == ("approval", ("ada@example.org",), FORM, "fail")
    assert ask.remind_at is not None
    assert abs(wait.until - ask.remind_at - timedelta(days=1)) < timedelta(seconds=1)
    plain = await asked()
    assert (plain.until, plain.ask and plain.ask.remind_at) == (None, None)


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"message": ""}, "message"),
        ({"who": ["everybody"]}, "who"),
        ({"who": ["role:king"]}, "who"),
        ({"who": ["ada@example.org"] * 51}, "who"),
        ({"deadline": "soon"}, "deadline"),
        ({"on_deadline": "maybe"}, "on_deadline"),
        ({"deadline": "1h", "remind_after": "2h"}, "reminder"),
        ({"form": {"type": "string"}}, "form"),
    ],
)
def test_configurations_that_are_refused(config: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError, match=where):
        APPROVAL.Input.model_validate({"message": "Publish?", **config})


async def woken(answer: dict[str, Any] | None, *needed: str, **config: Any) -> Any:
    given = APPROVAL.Input.model_validate({"message": "Publish?", **config})
    return await APPROVAL.wake(given, {}, answer, Context(http=None, needed=needed))  # type: ignore[arg-type]


async def test_how_it_goes_on() -> None:
    yes = {"decision": "approve", "comment": "Fine.", "by": "7", "by_name": "Ada", "how": "api", "values": {"n": 1}}
    output = {"decision": "approved", "comment": "Fine.", "by": "7", "values": {"n": 1}}
    assert await woken(yes) == Choose("approved", output)
    assert APPROVAL.recall(output) == Choose("approved", output)
    no = yes | {"decision": "reject"}
    rejected = output | {"decision": "rejected"}
    assert await woken(no, "rejected") == Choose("rejected", rejected, only=True)
    assert APPROVAL.recall(rejected) == Choose("rejected", rejected, only=True)
    assert APPROVAL.outlets({}) == ("approved", "rejected")


@pytest.mark.parametrize(
    ("answer", "config", "code", "text"),
    [
        ({"decision": "reject", "by_name": "Ada", "how": "api", "comment": "No."}, {}, "rejected", "Ada rejected this"),
        ({"decision": "reject", "how": "deadline"}, {}, "rejected", "Nobody answered"),
        ({"decision": "fail", "how": "deadline"}, {}, "no_answer", "Nobody answered"),
        (None, {}, "rejected", "Nobody answered"),
        (None, {"on_deadline": "fail"}, "no_answer", "Nobody answered"),
    ],
)  # fmt: skip
async def test_how_it_ends(answer: Any, config: dict[str, Any], code: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=text) as failed:
        await woken(answer, **config)
    assert failed.value.code == code


async def test_the_output_is_what_the_model_says() -> None:
    for answer in ({"decision": "approve", "by": "7"}, {"decision": "reject", "by": "7"}, {"decision": "approve"}):
        outcome = await woken(answer, "rejected")
        assert APPROVAL.Output is not None
        APPROVAL.Output.model_validate(outcome.told)


def test_its_sentence() -> None:
    config = {"message": "?", "who": ["owner", "role:admin", "ada@example.org", "{{ x }}"]}
    assert APPROVAL.sentence(config, "en") == "ask the owner, an admin and 2 more for approval"
    assert APPROVAL.sentence({"who": "{{ x }}"}, "en") == "ask somebody for approval"
    assert APPROVAL.sentence({}, "fr") == "demander l'accord : son propriétaire"
    assert "a member" in APPROVAL.sentence({"who": ["0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a", None, 7]}, "en")


FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "eur": {"type": "integer", "minimum": 1, "maximum": 100},
        "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
    },
    "required": ["eur"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ({"eur": 20, "code": "CH", "tags": ["a"]}, set()),
        ({}, {()}),
        ({"eur": "20"}, {("eur",)}),
        ({"eur": 101, "code": "ch", "tags": ["a", "c"]}, {("eur",), ("code",), ("tags", 1)}),
        ({"eur": 1, "more": 2}, {()}),
        ({"eur": 1, "tags": [True]}, {("tags", 0)}),
        ([], {()}),
        ({"eur": 1, "tags": ["a"] * 1000}, {()}),
    ],
)
def test_filled_forms(values: Any, places: set[Any]) -> None:
    assert {where for where, _ in forms.faults(forms.check(FORM), values)} == places


DEEP: dict[str, Any] = {"type": "object"}
for _ in range(100):
    DEEP = {"type": "object", "properties": {"a": DEEP}}


@pytest.mark.parametrize(
    "hostile",
    [
        {"type": "object", "$ref": "http://169.254.169.254/latest"},
        {"type": "object", "properties": {"a": {"$ref": "#"}}},
        {"type": "object", "properties": {"a": {"$dynamicRef": "#a"}}},
        {"type": "object", "$schema": "http://169.254.169.254/schema"},
        {"type": "object", "properties": {"a": {"allOf": [{}, {}]}}},
        {"type": "object", "patternProperties": {"(a+)+$": {}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=a)b"}}},
        {"type": "object", "properties": {"a": {"pattern": "a" * 600}}},
        {"type": "object", "properties": {"a": {"type": "text"}}},
        {"type": "object", "properties": {"a": {"enum": list(range(600))}}},
        {"type": "object", "properties": [1]},
        {"type": "object", "items": [{"$ref": "http://10.0.0.1/"}]},
        {"type": "object", "additionalProperties": {"$id": "http://10.0.0.1/"}},
        DEEP,
        {},
    ],
)
def test_hostile_forms_are_refused(hostile: dict[str, Any]) -> None:
    with pytest.raises(forms.BadForm):
        forms.check(hostile)


def test_a_pattern_that_freezes_other_engines_does_not_freeze_ours() -> None:
    form = forms.check({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}})
    began = time.process_time()
    assert len(list(forms.faults(form, {"a": "a" * 5000 + "!"}))) == 1
    assert time.process_time() - began < 1


def test_the_largest_form_is_filled_in_quickly() -> None:
    form = forms.check({"type": "object", "properties": {"a": {"items": {"enum": list(range(480))}}}})
    began = time.process_time()
    assert len(list(forms.faults(form, {"a": [-1] * 990}))) == forms.MOST_FAULTS
    assert list(forms.faults(form, {"a": [479] * 990})) == []
    assert time.process_time() - began < 1
