"""The short forms of both product documents mean what their authors meant."""

from typing import Any

import pytest

from core.automations.definition import Definition
from core.automations.reading import read
from core.automations.shortforms import expand, fill


def _trigger(raw: dict[str, Any]) -> tuple[Any, Any]:
    document = expand(raw).document
    return document.get("trigger_type"), document.get("trigger_config")


@pytest.mark.proves("US-2.2 (1)", "R-USR-5")
@pytest.mark.parametrize(
    ("raw", "config"),
    [
        ({"trigger_config": {"type": "schedule", "cron_expression": "0 9 * * *"}}, {"cron": "0 9 * * *"}),
        ({"trigger_type": "cron", "trigger_config": {"cron": "0 9 * * *"}}, {"cron": "0 9 * * *"}),
        (
            {"trigger_config": {"cron": "0 9 * * *", "tz": "Asia/Tokyo"}},
            {"cron": "0 9 * * *", "timezone": "Asia/Tokyo"},
        ),
        ({"trigger": {"type": "schedule", "cron": "@daily"}}, {"cron": "0 0 * * *"}),
        ({"trigger": {"type": "cron", "config": {"every": "5m"}}}, {"every_s": 300}),
        ({"trigger_type": "schedule", "trigger_config": {"every": {"minutes": 15}}}, {"every_s": 900}),
        ({"trigger_type": "cron", "trigger_config": {"preset": "daily", "at": "07:30"}}, {"cron": "30 7 * * *"}),
        ({"trigger_type": "cron", "trigger_config": {"preset": "weekly", "weekday": "Monday"}}, {"cron": "0 9 * * 1"}),
        ({"trigger_type": "cron", "trigger_config": {"preset": "weekdays"}}, {"cron": "0 9 * * 1-5"}),
        ({"trigger_type": "cron", "trigger_config": {"preset": "monthly", "day": 3}}, {"cron": "0 9 3 * *"}),
        ({"trigger_config": {"type": "cron", "run_at": "2030-01-31T09:00Z"}}, {"run_at": "2030-01-31T09:00:00+00:00"}),
        ({"run_at": "2030-01-31T09:00:00+01:00"}, {"run_at": "2030-01-31T09:00:00+01:00"}),
        (
            {"trigger_config": {"run_at": "2030-07-01T09:00:00", "timezone": "Europe/Zurich"}},
            {"run_at": "2030-07-01T09:00:00+02:00"},
        ),
    ],
)
def test_schedules(raw: dict[str, Any], config: dict[str, Any]) -> None:
    assert _trigger(raw) == ("cron", {"schedules": [config]})


def test_several_schedules_share_a_time_zone() -> None:
    config = {"timezone": "Europe/Paris", "schedules": ["0 9 * * *", {"cron": "0 18 * * *", "timezone": "UTC"}]}
    assert _trigger({"trigger_type": "schedule", "trigger_config": config}) == (
        "cron",
        {"schedules": [{"timezone": "Europe/Paris", "cron": "0 9 * * *"}, {"timezone": "UTC", "cron": "0 18 * * *"}]},
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"trigger_config": {"type": "webhook", "secret": "s3cret-of-mine"}},
        {"trigger_type": "webhook", "trigger_config": {"secret": "s3cret-of-mine", "webhook_id": "abc"}},
        {"trigger": {"type": "webhook", "secret": "s3cret-of-mine"}},
        {"trigger_config": {"webhook_secret": "s3cret-of-mine"}},
    ],
)
def test_the_secret_of_a_webhook_leaves_the_document(raw: dict[str, Any]) -> None:
    expanded = expand(raw)
    assert expanded.secret == "s3cret-of-mine"
    assert "s3cret-of-mine" not in str(expanded.document)
    assert expanded.document == {"trigger_type": "webhook", "trigger_config": {}}


def test_a_secret_is_kept_nowhere_whatever_the_trigger() -> None:
    read_ = read({"name": "x", "trigger_type": "webhok", "trigger_config": {"secret": "s3cret-of-mine"}, "actions": []})
    assert [finding.at for finding in read_.findings] == ["trigger_config.secret"]
    assert read_.definition is not None
    assert "s3cret-of-mine" not in read_.definition.model_dump_json()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (
            {"type": "agent", "agent_id": "sales_pro", "prompt_template": "Score {{trigger.data}}", "timeout": 60},
            {"type": "agent", "timeout_s": 60, "config": {"agent": "sales_pro", "prompt": "Score {{trigger.data}}"}},
        ),
        (
            {"type": "run_agent", "config": {"agent_name": "Content Agent", "prompt": "Write"}},
            {"type": "agent", "config": {"agent": "Content Agent", "prompt": "Write"}},
        ),
        (
            {"type": "webhook", "method": "POST", "url": "https://x.test", "body": {"a": 1}},
            {"type": "http", "config": {"method": "POST", "url": "https://x.test", "json": {"a": 1}}},
        ),
        (
            {"type": "http_request", "config": {"url": "https://x.test", "body": "plain"}},
            {"type": "http", "config": {"url": "https://x.test", "text": "plain"}},
        ),
        (
            {"type": "http", "config": {"url": "https://x.test", "body": None}},
            {"type": "http", "config": {"url": "https://x.test"}},
        ),
        (
            {"type": "email", "to": "a@b.test", "subject": "Hi", "body": "Hello", "retry": 3},
            {
                "type": "email",
                "config": {"to": "a@b.test", "subject": "Hi", "text": "Hello"},
                "retry": {"max_attempts": 3},
            },
        ),
        ({"type": "email", "template_id": "welcome"}, {"type": "email", "config": {"template": "welcome"}}),
        (
            {"type": "slack", "config": {"text": "x"}, "approval_required": True},
            {"type": "slack", "config": {"text": "x"}, "approval_required": True},
        ),
    ],
)
def test_actions(step: dict[str, Any], expected: dict[str, Any]) -> None:
    assert expand({"actions": [step]}).document["actions"] == [expected]


def test_inline_secrets_of_actions_are_refused_and_not_kept() -> None:
    expanded = expand({"actions": [{"type": "slack", "webhook_url": "https://hooks.slack.test/T/B/xyz", "text": "x"}]})
    assert [finding.at for finding in expanded.findings] == ["actions[0].config.webhook_url"]
    assert "xyz" not in str(expanded.document)


def test_contradictions_are_findings() -> None:
    expanded = expand(
        {
            "trigger_type": "manual",
            "trigger_config": {"type": "webhook"},
            "actions": [{"type": "http", "url": "https://a.test", "config": {"url": "https://b.test"}}],
        }
    )
    assert [finding.at for finding in expanded.findings] == ["trigger_config.type", "actions[0].url"]


@pytest.mark.parametrize(
    "config",
    [
        {"every": "soon"},
        {"preset": "yearly"},
        {"preset": "daily", "at": "25:00"},
        {"run_at": "tomorrow"},
        {"run_at": 7},
    ],
)
def test_what_is_no_schedule_is_said(config: dict[str, Any]) -> None:
    expanded = expand({"trigger_type": "cron", "trigger_config": config})
    assert [finding.at for finding in expanded.findings] == ["trigger_config"]


def test_steps_get_ids_and_needs() -> None:
    steps = [
        {"type": "a"},
        {"type": "b", "id": "s3"},
        {"type": "c"},
        {"type": "d", "needs": []},
        {"type": "e", "needs": "s3"},
    ]
    filled: Any = fill({"actions": steps})["actions"]
    assert [(step["id"], step["needs"]) for step in filled] == [
        ("s1", []), ("s3", ["s1"]), ("s4", ["s3"]), ("s5", []), ("s6", ["s3"]),
    ]  # fmt: skip


def test_the_long_form_is_a_fixed_point() -> None:
    first = read(
        {
            "name": "n",
            "trigger": {"type": "schedule", "cron": "0 9 * * *"},
            "actions": [{"type": "http", "url": "https://x.test"}],
        }
    ).definition
    assert isinstance(first, Definition)
    again = read(first.model_dump(mode="json"))
    assert again.findings == []
    assert again.definition == first


@pytest.mark.parametrize(
    "raw",
    [
        {"actions": "no"},
        {"actions": [None, 3, [], "x"]},
        {"trigger": 4},
        {"trigger_config": []},
        {"trigger_type": {}},
        {"actions": [{"type": []}]},
        {"actions": [{"type": "http", "config": []}]},
        {"actions": [{"id": 3, "needs": 4}]},
        {"trigger_config": {"type": {}}},
    ],
)
def test_nonsense_never_breaks_it(raw: dict[str, Any]) -> None:
    assert read({"name": "n", **raw}).findings
