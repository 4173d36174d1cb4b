"""The definition language: its defaults, its canonical form, its limits."""

import json
from typing import Any

import pytest

from core.automations.definition import Definition, canonical, stored
from core.automations.merging import merge
from core.automations.reading import read

GRAPH: dict[str, Any] = {
    "name": "Lead -> landing page",
    "description": "When a lead arrives, sales_pro scores it; good leads get a page.",
    "trigger_type": "webhook",
    "trigger_config": {"auth": "secret", "dedupe": {"from": "header", "name": "X-Event-Id"}},
    "actions": [
        {
            "id": "score", "type": "agent", "config": {"agent": "sales_pro", "prompt": "Score {{ trigger.data.lead }}"},
            "timeout_s": 60, "retry": {"max_attempts": 3, "delay_s": 2, "backoff": "exponential", "jitter": True},
        },
        {"id": "good", "type": "branch", "config": {"cases": [{"name": "yes", "when": "{{ true }}"}], "else": "no"}},
        {"id": "page", "type": "agent", "needs": ["good:yes"], "config": {}, "approval_required": True},
        {"id": "tell", "type": "slack", "needs": ["page", "good:no"], "join": "any", "config": {"channel": "#leads"}},
    ],
    "policy": {
        "max_duration_s": 900, "overlap": "allow", "concurrency_key": "trigger.data.customer_id", "priority": "normal",
        "catch_up": "latest", "catch_up_max_age_s": 86400, "lane": "warm",
        "on_failure": {"automation": None, "alert_after": 3},
    },
    "layout": {"score": {"x": 0, "y": 120}},
}  # fmt: skip


def test_a_whole_graph_is_understood() -> None:
    found = read(GRAPH)
    assert found.findings == []
    assert found.definition is not None
    assert [step.needs for step in found.definition.actions] == [[], ["score"], ["good:yes"], ["page", "good:no"]]
    assert found.definition.actions[3].join == "any"


def test_defaults_are_written_out() -> None:
    found = read({"name": " n ", "trigger_type": "manual", "actions": [{"type": "transform"}]})
    assert found.definition is not None
    document: Any = canonical(found.definition)
    assert document["name"] == "n"
    assert document["policy"] == {
        "max_duration_s": 900, "overlap": "allow", "concurrency_key": None, "priority": "normal", "catch_up": "latest",
        "catch_up_max_age_s": 86400, "lane": "warm", "on_failure": {"automation": None, "alert_after": None},
    }  # fmt: skip
    assert document["actions"] == [
        {
            "id": "s1", "type": "transform", "config": {}, "needs": [], "join": "all", "retry": None, "timeout_s": None,
            "on_error": "fail", "approval_required": False, "in_doubt": None,
        }
    ]  # fmt: skip
    assert stored(document) == found.definition
    assert json.dumps(canonical(stored(document))) == json.dumps(document)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"description": 3}, "description"),
        ({"policy": {"max_duration_s": 0}}, "policy.max_duration_s"),
        ({"policy": {"concurrency_key": "{{ trigger.data }}"}}, "policy.concurrency_key"),
        ({"policy": {"concurrency_key": "steps.a.output"}}, "policy.concurrency_key"),
        ({"policy": {"max": 3}}, "policy.max"),
        ({"layout": {"a": {"x": 0}}}, "layout.a.y"),
        ({"actions": [{"type": "t", "id": "1st"}]}, "actions[0].id"),
        ({"actions": [{"type": "t", "id": "x" * 41}]}, "actions[0].id"),
        ({"actions": [{"type": "t", "needs": ["a b"]}]}, "actions[0].needs[0]"),
        ({"actions": [{"type": "t", "join": "some"}]}, "actions[0].join"),
        ({"actions": [{"type": "t", "retry": {"max_attempts": 11}}]}, "actions[0].retry.max_attempts"),
        ({"actions": [{"type": "t", "retry": {"on": ["rain"]}}]}, "actions[0].retry.on[0]"),
        ({"actions": [{"type": "t", "retry": {"on": []}}]}, "actions[0].retry.on"),
        ({"actions": [{"type": "t", "retry": {"max_delay_s": 3601}}]}, "actions[0].retry.max_delay_s"),
        ({"actions": [{"type": "t", "timeout": 0}]}, "actions[0].timeout_s"),
        ({"actions": [{"config": {}}]}, "actions[0].type"),
        ({"enabled": "yes"}, "enabled"),
        ({"trigger_type": "webhook", "trigger_config": {"secret": "short"}}, "trigger_config.secret"),
    ],
)
def test_what_has_the_wrong_shape(change: dict[str, Any], at: str) -> None:
    found = read({"name": "n", "trigger_type": "manual", "actions": [{"type": "transform"}], **change})
    assert [finding.at for finding in found.findings] == [at]
    assert found.definition is not None  # repaired, so that the rest is checked in the same go


def test_the_failures_that_are_retried_are_told_once_and_in_order() -> None:
    retry = {"on": ["timeout", "rate_limited", "timeout"]}
    found = read({"name": "n", "trigger_type": "manual", "actions": [{"type": "transform", "retry": retry}]})
    assert found.definition is not None
    assert found.definition.actions[0].retry is not None
    assert found.definition.actions[0].retry.on == ["rate_limited", "timeout"]
    assert found.definition.actions[0].retry.max_delay_s == 300


@pytest.mark.parametrize("raw", [None, 3, "text", [], [{"name": "n"}]])
def test_what_is_no_object(raw: Any) -> None:
    assert [finding.at for finding in read(raw).findings] == [""]


def test_what_a_get_shows_can_be_put_back() -> None:
    shown = {
        **GRAPH,
        "id": "x",
        "status": "active",
        "revision": 3,
        "webhook": {"id": "w"},
        "findings": [],
        "enabled": False,
    }
    found = read(shown)
    assert found.findings == []
    assert found.enabled is False


def test_merge_patch_as_in_the_rfc() -> None:
    target: Any = {"a": "b", "c": {"d": "e", "f": "g"}}
    assert merge(target, {"a": "z", "c": {"f": None}}) == {"a": "z", "c": {"d": "e"}}
    assert merge({"a": [{"b": "c"}]}, {"a": [1]}) == {"a": [1]}
    assert merge({"e": None}, {"a": 1}) == {"e": None, "a": 1}
    assert merge([1, 2], {"a": {"bb": {"ccc": None}}}) == {"a": {"bb": {}}}


def test_the_schema_is_self_contained_json() -> None:
    schema = Definition.model_json_schema()
    assert json.loads(json.dumps(schema))["properties"]["actions"]["maxItems"] == 200
    assert schema["additionalProperties"] is False
