"""Every finding at once, each with its place."""

from time import process_time
from typing import Any, ClassVar

import pytest
from pydantic import Field

from blocks import registry
from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Done
from blocks.values import Json, JsonObject
from core import jsontext
from core.automations.check import Checker
from core.automations.outgoing import refusing
from core.automations.reading import read
from core.errors import Finding
from core.outgoing.addresses import Policy
from core.rendering.renderer import Renderer


class _Input(StepModel):
    text: str = Field(default="", max_length=10)
    count: int = 1
    options: dict[str, int] = Field(default_factory=dict)
    url: str = "https://example.com/"
    headers: dict[str, str] = Field(default_factory=dict)


class _Echo(Action[_Input]):
    name = "echo"
    title: ClassVar[dict[str, str]] = {"en": "Echo", "fr": "Écho"}
    description: ClassVar[dict[str, str]] = title
    Input = _Input
    Output = None
    example: ClassVar[dict[str, Json]] = {}

    def effect(self, given: _Input) -> Effect:
        return Effect.PURE

    async def run(self, given: _Input, context: ActionContext) -> Done:
        return Done(given.text)


class _Fork(_Echo):
    name = "fork"

    def outlets(self, config: JsonObject) -> tuple[str, ...]:
        return ("yes", "no")


async def findings(raw: Any) -> list[Finding]:
    async with Renderer() as renderer:
        checker = Checker(
            renderer, {"echo": _Echo(), "fork": _Fork()}, registry.triggers(), refusing(Policy.of((), None))
        )
        return await checker.review(read(raw))


def automation(*actions: Json, **more: Any) -> dict[str, Any]:
    return {"name": "n", "trigger_type": "manual", "actions": [*actions], **more}


async def places(*actions: Json, **more: Any) -> list[str]:
    return [finding.at for finding in await findings(automation(*actions, **more))]


async def test_a_good_automation_has_no_findings() -> None:
    assert await places({"type": "echo"}, {"type": "echo", "config": {"text": "{{ previous.output }}"}}) == []


@pytest.mark.proves("US-1.1 (3)")
async def test_at_least_one_trigger_and_one_action() -> None:
    assert [finding.at for finding in await findings({"name": "n"})] == ["trigger_type", "actions"]


async def test_everything_is_said_at_once() -> None:
    found = await findings(
        {
            "name": "",
            "trigger_type": "cron",
            "trigger_config": {"schedules": [{"cron": "0 25 * * *"}, {"cron": "0 9 * * *", "timezone": "Mars/Base"}]},
            "actions": [
                {"id": "a", "type": "echo", "config": {"count": "many", "colour": "red", "text": "x" * 11}},
                {"id": "a", "type": "ecko"},
                {"id": "Nope", "type": "echo"},
                {"id": "d", "type": "echo", "needs": ["ghost"], "config": {"text": "{{ oops"}},
                {"id": "e", "type": "echo", "config": {"text": "{{ steps.f.output }} {{ steps.zz.output }}"}},
                {"id": "f", "type": "echo"},
            ],
            "policy": {"overlap": "sometimes"},
            "colour": 1,
        }
    )
    assert [finding.at for finding in found] == [
        "name", "actions[2].id", "policy.overlap", "colour",
        "trigger_config.schedules[0].cron", "trigger_config.schedules[1].timezone",
        "actions[0].config.text", "actions[0].config.count", "actions[0].config.colour",
        "actions[1].id", "actions[1].type", "actions[3].needs[0]",
        "actions[3].config.text", "actions[4].config.text", "actions[4].config.text",
    ]  # fmt: skip
    assert all(finding.message[0].isupper() or finding.message[0] in "0123456789'{" for finding in found), found
    assert next(each for each in found if each.at == "actions[1].type").message.endswith("There are: echo, fork.")
    assert next(each for each in found if "needs" in each.at).message == "There is no step ghost; there are a, d, e, f."
    assert "There is no step 'zz'; there are a, d, e, f." in [each.message for each in found]


@pytest.mark.parametrize("value", ["{{ trigger.data.n }}", "{% if true %}3{% endif %}"])
async def test_a_template_stands_for_any_value(value: str) -> None:
    config: Json = {"text": value + " " * 20, "count": value, "options": value}
    assert await places({"type": "echo", "config": config}) == []
    assert await places({"type": "echo", "config": {"options": {"a": value}}}) == []


async def test_literal_values_are_checked_beside_templates() -> None:
    config: Json = {"text": "{{ trigger.data }}", "count": "seven", "options": {"a": "b"}}
    assert await places({"type": "echo", "config": config}) == [
        "actions[0].config.count",
        "actions[0].config.options.a",
    ]


async def test_a_circle_is_named() -> None:
    found = await findings(
        automation(
            {"id": "a", "type": "echo", "needs": ["c"]}, {"id": "b", "type": "echo"}, {"id": "c", "type": "echo"},
            {"id": "d", "type": "echo"},
        )
    )  # fmt: skip
    assert [finding.at for finding in found] == ["actions"]
    circle = found[0].message.removeprefix("The steps run in a circle: ").rstrip(".").split(" -> ")
    assert circle[0] == circle[-1]
    assert set(circle) == {"a", "b", "c"}


async def test_a_step_that_needs_itself_is_a_circle() -> None:
    assert await places({"id": "a", "type": "echo", "needs": ["a"]}) == ["actions"]


async def test_steps_that_never_run() -> None:
    found = await findings(
        automation(
            {"id": "a", "type": "fork"},
            {"id": "b", "type": "echo", "needs": ["a", "a:error"]},
            {"id": "c", "type": "echo", "needs": ["b"]},
            {"id": "d", "type": "echo", "needs": ["b", "a"], "join": "any"},
            {"id": "e", "type": "echo", "needs": ["a:yes", "a:no"]},
            {"id": "f", "type": "echo", "needs": ["a:yes", "a:no"], "join": "any"},
            {"id": "g", "type": "echo", "needs": ["a:maybe"]},
            {"id": "h", "type": "echo", "needs": ["d:yes"]},
        )
    )
    assert [finding.at for finding in found] == [
        "actions[1].needs", "actions[2].needs", "actions[4].needs", "actions[6].needs[0]", "actions[7].needs[0]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("{{ steps.a.output }}", True),
        ("{{ steps.a.output.x | upper }}", True),
        ("{{ steps.0.output }}", True),
        ("{{ steps['a'].output }}", True),
        ("{{ steps.side.output }}", False),
        ("{{ steps.1.output }}", False),
        ("{{ steps.b.output }}", False),
        ("{{ steps.late.output | upper }}", False),
        ("{{ steps.9.output }}", False),
        ("{{ item }}", False),
        ("{{ nothing.here }}", False),
        ("{% for x in trigger.data %}{{ x }}{% endfor %}", True),
        ("{{ trigger.headers.a }}{{ run.id }}{{ automation.name }}{{ now }}", True),
    ],
)
async def test_what_templates_may_name(text: str, good: bool) -> None:
    found = await places(
        {"id": "a", "type": "echo"}, {"id": "side", "type": "echo", "needs": ["a"]},
        {"id": "b", "type": "echo", "needs": ["a"], "config": {"text": text}},
        {"id": "late", "type": "echo", "needs": ["b"]},
    )  # fmt: skip
    assert found == ([] if good else ["actions[2].config.text"])


async def test_a_template_that_is_too_long() -> None:
    assert await places({"type": "echo", "config": {"text": "{{ now }}" + "x" * 17_000}}) == ["actions[0].config.text"]


async def test_a_bomb_is_a_finding() -> None:
    assert await places({"type": "echo", "config": {"text": "{{ 9**(9**7) }}"}}) == ["actions[0].config.text"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://169.254.169.254/latest", "http://[::1]/", "http://10.0.0.1:8000/", "ftp://x.test"],
)
async def test_literal_addresses_that_are_refused(url: str) -> None:
    assert await places({"type": "echo", "config": {"url": url}}) == ["actions[0].config.url"]
    assert await places({"type": "echo", "config": {"url": url + "{{ trigger.data }}"}}) == []


async def test_a_line_break_in_a_header() -> None:
    config: Json = {"headers": {"X-Good": "1", "X-Bad": "1\r\nHost: evil"}}
    assert await places({"type": "echo", "config": config}) == ["actions[0].config.headers.X-Bad"]


async def test_a_moment_that_has_passed_is_a_warning() -> None:
    found = await findings(
        {**automation({"type": "echo"}), "trigger": {"run_at": "2001-01-01T00:00:00Z"}, "trigger_type": None}
    )
    assert found
    found = await findings({"name": "n", "run_at": "2001-01-01T00:00:00Z", "actions": [{"type": "echo"}]})
    assert [(finding.at, finding.severity) for finding in found] == [("trigger_config.schedules[0].run_at", "warning")]


async def test_every_lane_can_be_named() -> None:
    assert await findings({**automation({"type": "echo"}), "policy": {"lane": "docker"}}) == []


@pytest.mark.parametrize(
    "raw",
    [
        automation(*[{"type": "echo"}] * 10_000),
        automation({"type": "echo", "config": {"options": jsontext.parse('{"a":' * 190 + "1" + "}" * 190)}}),
        automation({"type": "echo", "config": {"options": {str(n): n for n in range(100_000)}}}),
        automation(*[{"id": f"s{n}", "type": "echo", "needs": [f"s{(n + 1) % 200}"]} for n in range(200)]),
        automation(*[{"id": f"s{n}", "type": "echo", "needs": [f"s{m}" for m in range(n)]} for n in range(200)], foo=1),
        automation(*[{"type": 3, "id": n, "needs": [None] * 200} for n in range(200)]),
        automation(*[{"type": "echo", "needs": [None]} for n in range(199)]),
        {"name": "n", "trigger_type": "cron", "trigger_config": {"schedules": ["* * * * *"] * 5000}, "actions": []},
    ],
)
async def test_large_nonsense_is_answered_quickly(raw: dict[str, Any]) -> None:
    began = process_time()
    assert await findings(raw)
    assert process_time() - began < 3.0  # beside others a core does half as much


async def test_too_many_templates_are_one_finding() -> None:
    config: Json = {"options": {str(n): "{{ trigger.data }}" for n in range(1001)}}
    assert await places({"type": "echo", "config": config}) == ["actions"]


@pytest.mark.parametrize(
    ("trigger", "policy", "said"),
    [
        ("webhook", {"overlap": "queue"}, None),
        ("webhook", {"overlap": "replace", "concurrency_key": "trigger.headers.x-customer"}, None),
        ("manual", {"overlap": "skip", "concurrency_key": "trigger.data.customer"}, None),
        ("manual", {"overlap": "skip", "concurrency_key": "trigger.query.customer"}, "Only a webhook"),
        ("webhook", {"concurrency_key": "trigger.data.customer"}, "does nothing"),
    ],
)
async def test_a_key_that_decides_nothing_is_a_warning(trigger: str, policy: dict[str, Any], said: str | None) -> None:
    found = await findings(
        {**automation({"type": "echo"}), "trigger_type": trigger, "trigger_config": {}, "policy": policy}
    )
    assert [(finding.at, finding.severity) for finding in found] == (
        [("policy.concurrency_key", "warning")] if said else []
    )
    assert all(str(said) in finding.message for finding in found)
