"""Every trigger kind keeps the contract, whatever file it is in; and what each of ours takes and refuses."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from blocks import registry
from blocks.conditions import Condition, holds
from blocks.paths import BadPath, Missing, find, parse
from blocks.schedule import Schedule
from blocks.trigger import Trigger
from blocks.triggers.webhook import WebhookConfig

CONTEXT: dict[str, Any] = {
    "trigger": {
        "data": {"type": "order.paid", "total": 70, "tags": ["vip", "new"], "ok": True, "none": None, "a b": {"c": 1}},
        "headers": {"x-event-id": "17"},
        "query": {},
    }
}


@pytest.mark.parametrize("kind", registry.triggers().values(), ids=lambda kind: kind.name)
def test_contract(kind: Trigger[Any]) -> None:
    assert kind.name.isidentifier()
    for texts in (kind.title, kind.description):
        assert set(texts) == {"en", "fr"}
        assert all(text.strip() for text in texts.values())
    config = kind.Config.model_validate(kind.example)
    assert kind.Config.model_validate(config.model_dump(mode="json", by_alias=True, exclude_none=True)) == config
    assert kind.Config.model_json_schema()["additionalProperties"] is False
    with pytest.raises(ValidationError):
        kind.Config.model_validate({**kind.example, "no_such_field": 1})


def test_names_and_aliases_are_unique() -> None:
    spellings = [each for kind in registry.triggers().values() for each in (kind.name, *kind.aliases)]
    assert len(spellings) == len(set(spellings))
    assert {"webhook", "cron", "schedule", "manual"} <= set(spellings)


@pytest.mark.parametrize(
    ("config", "cause"),
    [
        ({"cron": "0 9 * *"}, "five fields"),
        ({"cron": "0 9 * * * *"}, "five fields"),
        ({"cron": "61 * * * *"}, "bad minute"),
        ({"cron": "0 0 31 2 *"}, "bad day"),
        ({"cron": "0 9 * * *", "timezone": "Europe/Atlantis"}, "not a time zone"),
        ({"cron": "0 9 * * *", "timezone": "../../etc/passwd"}, "not a time zone"),
        ({"every_s": 59}, "60"),
        ({"run_at": "2030-01-01T09:00:00"}, "timezone"),
        ({}, "none"),
        ({"cron": "0 9 * * *", "every_s": 60}, "cron and every_s"),
        ({"every_s": 60, "timezone": "UTC"}, "timezone"),
    ],
)
def test_schedules_that_are_refused(config: dict[str, Any], cause: str) -> None:
    with pytest.raises(ValidationError, match=cause):
        Schedule.model_validate(config)


def test_schedules_that_are_taken() -> None:
    assert Schedule.model_validate({"cron": " 0  9 * * MON-FRI "}).cron == "0 9 * * MON-FRI"
    assert Schedule.model_validate({"cron": "0 9 * * *"}).timezone == "UTC"
    assert Schedule.model_validate({"run_at": "2030-01-01T09:00:00Z"}).run_at == datetime(2030, 1, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"path": "trigger.data.type", "op": "equals", "value": "order.paid"}, True),
        ({"path": "trigger.data.type", "op": "not_equals", "value": "order.paid"}, False),
        ({"path": "trigger.data.ghost", "op": "not_equals", "value": 1}, True),
        ({"path": "trigger.data.ghost", "op": "equals", "value": None}, False),
        ({"path": "trigger.data.none", "op": "equals", "value": None}, True),
        ({"path": "trigger.data.ok", "op": "equals", "value": 1}, False),
        ({"path": "trigger.data.total", "op": "at_least", "value": 70}, True),
        ({"path": "trigger.data.total", "op": "greater", "value": 70}, False),
        ({"path": "trigger.data.total", "op": "less", "value": 70.5}, True),
        ({"path": "trigger.data.total", "op": "at_most", "value": "70"}, False),
        ({"path": "trigger.data.tags", "op": "contains", "value": "vip"}, True),
        ({"path": "trigger.data.type", "op": "contains", "value": "paid"}, True),
        ({"path": "trigger.data.tags[1]", "op": "in", "value": ["old", "new"]}, True),
        ({"path": "trigger.data.tags.0", "op": "matches", "value": "^v.p$"}, True),
        ({"path": "trigger.data.total", "op": "matches", "value": "7"}, False),
        ({"path": "trigger.data.none", "op": "exists"}, True),
        ({"path": "trigger.data.ghost.deep", "op": "missing"}, True),
        ({"path": 'trigger.data["a b"].c', "op": "equals", "value": 1}, True),
        ({"path": "trigger.headers.x-event-id", "op": "exists"}, True),
        ({"not": {"path": "trigger.data.ok", "op": "exists"}}, False),
        (
            {
                "all": [
                    {"any": [{"path": "trigger.data.a", "op": "exists"}, {"path": "trigger.data.ok", "op": "exists"}]},
                    {"path": "trigger.data.total", "op": "greater", "value": 1},
                ]
            },
            True,
        ),
    ],
)
def test_filters(condition: dict[str, Any], expected: bool) -> None:
    assert holds(Condition.model_validate(condition), CONTEXT) is expected


def _nested(depth: int) -> dict[str, Any]:
    here: dict[str, Any] = {"path": "trigger.data", "op": "exists"}
    for _ in range(depth):
        here = {"not": here}
    return here


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"path": "trigger.data"},
        {"op": "exists"},
        {"all": []},
        {"path": "trigger.data", "op": "is"},
        _nested(10),
        {"all": [{"path": "trigger.data", "op": "exists"}], "any": [{"path": "trigger.data", "op": "exists"}]},
        {"path": "trigger.data", "op": "in", "value": 3},
        {"path": "trigger.data", "op": "matches", "value": "(a+"},
        {"path": "trigger.data", "op": "matches", "value": "a" * 513},
        {"path": "trigger.data", "op": "matches", "value": "(?=a)"},
        {"path": "trigger.data", "op": "greater"},
        {"path": "trigger.data", "op": "exists", "value": 1},
        {"path": "steps.a", "op": "exists"},
        {"path": "{{ trigger }}", "op": "exists"},
        {"path": "", "op": "exists"},
        {"any": [{"path": "trigger.data", "op": "exists"}] * 101},
        {"path": "trigger.data", "op": "matches", "value": "(a{1000}){1000}"},
    ],
)
def test_filters_that_are_refused(condition: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Condition.model_validate(condition)
    with pytest.raises(ValidationError):
        WebhookConfig.model_validate({"filter": condition})


@pytest.mark.parametrize(
    "dedupe",
    [
        {"from": "header"},
        {"from": "header", "name": "X Y"},
        {"from": "path"},
        {"from": "path", "path": "a b"},
        {"from": "body", "name": "x"},
        {"from": "cookie", "name": "x"},
        {"from": "header", "name": "X", "path": "trigger.data"},
    ],
)
def test_dedupe_that_is_refused(dedupe: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebhookConfig.model_validate({"dedupe": dedupe})


@pytest.mark.parametrize(
    "text", ["", ".", "a.", "a..b", "a[", "a[-1]", "a b", "1a", "a.b[x]", "a" * 501, "a['\\']", "é"]
)
def test_paths_that_are_refused(text: str) -> None:
    with pytest.raises(BadPath):
        parse(text)


def test_paths() -> None:
    assert parse("a.b[0].2['c d']") == ("a", "b", 0, 2, "c d")
    assert isinstance(find({"a": [1]}, ("a", 1)), Missing)
    assert find({"a": [1]}, ("a", 0)) == 1
    assert find({"a": {"0": "text"}}, ("a", 0)) == "text"
