"""Loops in the definition language: how they are read, what is wrong with them, and what they may name."""

from time import process_time
from typing import Any

import pytest

from blocks import registry
from blocks.values import Json
from core import jsontext
from core.automations import containers
from core.automations.check import Checker
from core.automations.definition import Definition, canonical, stored
from core.automations.outgoing import refusing
from core.automations.reading import Reading, read
from core.errors import Finding
from core.outgoing.addresses import Policy
from core.rendering.renderer import Renderer

ACTIONS = registry.actions()


def automation(*actions: Json, **more: Any) -> dict[str, Any]:
    return {"name": "n", "trigger_type": "manual", "actions": [*actions], **more}


def step(name: str, value: Json = 1, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "transform", "config": {"value": value}, **more}


def loop(*steps: Json, **more: Any) -> dict[str, Any]:
    config = {"items": "{{ trigger.data }}", "steps": [*steps]}
    return {"id": "each", "type": "for_each", "config": config, **more}


async def findings(raw: Any) -> list[Finding]:
    async with Renderer() as renderer:
        return await Checker.of(renderer, refusing(Policy.of((), None))).review(read(raw))


async def places(*actions: Json) -> list[str]:
    return [finding.at for finding in await findings(automation(*actions))]


def understood(reading: Reading) -> Definition:
    assert reading.findings == []
    assert reading.definition is not None
    return reading.definition


def inside(definition: Definition, *ids: str) -> Any:
    """The steps inside the first step, or inside the first of those, and so on."""
    found: Any = canonical(definition)["actions"]
    for name in ids:
        found = next(each for each in found if each["id"] == name)["config"]["steps"]
    return found


# reading --------------------------------------------------------------------------------------------------------------


def test_inner_steps_are_written_out_like_outer_ones() -> None:
    raw = automation(
        {"type": "http", "url": "https://a.test"},
        {
            "type": "for_each",
            "items": "{{ previous.output }}",
            "steps": [
                {"type": "webhook", "method": "POST", "url": "https://b", "body": {"a": 1}, "timeout": 3, "retry": 3},
                {"type": "transform", "value": 1},
                {"type": "for_each", "id": "s3", "items": [1], "steps": [{"type": "transform", "value": 2}]},
            ],
        },
        {"type": "transform", "value": 3},
    )  # fmt: skip
    definition = understood(read(raw))
    assert [(each.id, each.needs) for each in definition.actions] == [("s1", []), ("s2", ["s1"]), ("s4", ["s2"])]
    first, second, third = inside(definition, "s2")
    assert first == {
        "id": "s5", "type": "http", "needs": [], "join": "all", "timeout_s": 3.0, "on_error": "fail",
        "config": {"method": "POST", "url": "https://b", "json": {"a": 1}}, "approval_required": False,
        "in_doubt": None,
        "retry": {
            "max_attempts": 3, "delay_s": 2.0, "backoff": "exponential", "jitter": True, "max_delay_s": 300.0,
            "on": ["rate_limited", "server_error", "connection", "timeout"],
        },
    }  # fmt: skip
    assert [(each["id"], each["needs"]) for each in (second, third)] == [("s6", ["s5"]), ("s3", ["s6"])]
    assert [(each["id"], each["needs"]) for each in inside(definition, "s2", "s3")] == [("s7", [])]
    assert understood(read(canonical(definition))) == stored(canonical(definition)) == definition


def test_secrets_inside_are_not_kept() -> None:
    found = read(automation(loop({"type": "slack", "token": "xoxb-1", "text": "x"})))
    assert [each.at for each in found.findings] == ["actions[0].config.steps[0].config.token"]
    assert found.definition is not None
    assert "xoxb" not in found.definition.model_dump_json()


@pytest.mark.parametrize(
    ("inner", "at"),
    [
        ({"type": "transform", "value": 1, "id": "1st"}, "[0].id"),
        ({"type": "transform", "value": 1, "needs": ["a b"]}, "[0].needs[0]"),
        ({"type": "transform", "value": 1, "join": "some"}, "[0].join"),
        ({"type": "transform", "value": 1, "retry": {"on": ["rain"]}}, "[0].retry.on[0]"),
        ({"type": "transform", "value": 1, "retry": {"on": []}}, "[0].retry.on"),
        ({"type": "transform", "value": 1, "retry": {"max_delay_s": -1}}, "[0].retry.max_delay_s"),
        ({"config": {"value": 1}}, "[0].type"),
        (3, "[0]"),
        (None, "[0]"),
        ({"type": "for_each", "items": [], "steps": [7]}, "[0].config.steps[0]"),
    ],
)  # fmt: skip
async def test_what_has_the_wrong_shape_inside(inner: Json, at: str) -> None:
    reading = read(automation(loop(inner, step("b")), step("c", "{{ oops")))
    assert [each.at for each in reading.findings] == [f"actions[0].config.steps{at}"]
    assert reading.definition is not None  # repaired, so that the rest is checked in the same go
    assert [each.at for each in await findings(automation(loop(inner, step("b")), step("c", "{{ oops")))] == [
        f"actions[0].config.steps{at}",
        "actions[1].config.value",
    ]


@pytest.mark.parametrize("steps", ["{{ trigger.data.steps }}", 3, {}, None])
async def test_steps_must_be_a_list(steps: Json) -> None:
    assert await places({"type": "for_each", "config": {"items": [], "steps": steps}}) == ["actions[0].config.steps"]


@pytest.mark.parametrize(
    ("config", "at"),
    [
        ({"items": []}, "steps"),
        ({"items": [], "steps": []}, "steps"),
        ({"items": [], "steps": [{"type": "transform", "value": 1}] * 51}, "steps"),
        ({"steps": [{"type": "transform", "value": 1}]}, "items"),
        ({"items": 5, "steps": [{"type": "transform", "value": 1}]}, "items"),
        ({"items": "many", "steps": [{"type": "transform", "value": 1}]}, "items"),
        ({"items": {"a": 1}, "steps": [{"type": "transform", "value": 1}]}, "items"),
        ({"items": [0] * 10_001, "steps": [{"type": "transform", "value": 1}]}, "items"),
        ({"items": [], "concurrency": 0, "steps": [{"type": "transform", "value": 1}]}, "concurrency"),
        ({"items": [], "concurrency": 101, "steps": [{"type": "transform", "value": 1}]}, "concurrency"),
        ({"items": [], "on_error": "fail", "steps": [{"type": "transform", "value": 1}]}, "on_error"),
    ],
)
async def test_what_a_loop_is_given(config: Json, at: str) -> None:
    assert await places({"type": "for_each", "config": config}) == [f"actions[0].config.{at}"]


def test_loops_are_three_deep_at_most() -> None:
    nested = step("a")
    for number in range(3):
        nested = loop(nested, id=f"l{number}")
    understood(read(automation(nested)))
    (finding,) = read(automation(loop(nested, id="l3"))).findings
    assert finding.at == "actions[0].config.steps[0].config.steps[0].config.steps[0].config.steps"


def test_inner_steps_count() -> None:
    fifty = [{"type": "transform", "value": n} for n in range(49)]
    loops = [loop(*fifty, id=f"l{n}") for n in range(4)]
    assert read(automation(*loops)).findings == []  # 4 + 196
    (finding,) = read(automation(*loops, step("one_more"))).findings
    assert (finding.at, finding.message) == (
        "actions",
        "An automation has at most 200 steps, inner ones included; this has 201.",
    )


# checking -------------------------------------------------------------------------------------------------------------


async def test_a_good_loop_has_no_findings() -> None:
    assert await places(
        step("a"),
        loop(
            step("b", ["{{ item.name }}", "{{ index }}", "{{ previous.output }}", "{{ steps.a.output }}"]),
            {"id": "fork", "type": "branch", "config": {"cases": [{"name": "yes", "when": "{{ item }}"}]}},
            step("c", "{{ steps.b.output }}{{ steps.0.output }}", needs=["fork:yes"], approval_required=True),
            loop(step("e", ["{{ item }}", "{{ steps.b.output }}", "{{ steps.a.output }}"]), id="inner", needs=["b"]),
            {"id": "later", "type": "delay", "config": {"for_s": 10}, "needs": ["inner:error"], "in_doubt": "skip"},
        ),
        step("d", "{{ steps.each.output | length }}"),
    ) == []  # fmt: skip


async def test_everything_inside_is_said_with_its_place() -> None:
    found = await findings(
        automation(
            step("a"),
            loop(
                {"id": "b", "type": "htp"},
                {"id": "a", "type": "http", "config": {"url": "http://127.0.0.1/", "colour": 1}},
                step("c", "{{ oops"),
                {"id": "stop", "type": "respond"},
                step("d", needs=["a", "each", "ghost", "c:maybe"]),
                step("e", needs=["c", "c:error"]),
                loop(step("f", needs=["g"]), step("g"), id="inner", needs=[]),
            ),
            step("last", needs=["f"]),
        )
    )
    inner = "actions[1].config.steps"
    assert [each.at for each in found] == [
        f"{inner}[0].type", f"{inner}[1].id", f"{inner}[1].config.colour", f"{inner}[1].config.url",
        f"{inner}[2].config.value", f"{inner}[3].type", f"{inner}[4].needs[1]", f"{inner}[4].needs[2]",
        f"{inner}[4].needs[3]", f"{inner}[5].needs", f"{inner}[6].config.steps", "actions[2].needs[0]",
    ]  # fmt: skip
    said = {each.at: each.message for each in found}
    assert said[f"{inner}[1].id"].startswith("The id a is taken by actions[0]; ids are unique. Write a_2, ")
    assert said[f"{inner}[3].type"] == "A step respond can't stand inside a loop: put it behind each."
    assert said[f"{inner}[4].needs[1]"].startswith("The step each stands outside of this loop; ")
    assert said["actions[2].needs[0]"].startswith("The step f stands inside of the loop inner; ")
    assert said[f"{inner}[6].config.steps"].startswith("The steps run in a circle: ")


@pytest.mark.parametrize(
    ("text", "at", "good"),
    [
        ("{{ item }}", "outer", False),
        ("{{ item }}", "items", False),
        ("{{ index }}", "first", True),
        ("{{ item }}", "inner_items", True),
        ("{{ parent.item }}", "innermost", False),
        ("{{ steps.before.output }}", "innermost", True),
        ("{{ steps.first.output }}", "innermost", True),
        ("{{ steps.side.output }}", "innermost", False),
        ("{{ steps.side.output }}", "first", False),
        ("{{ steps.each.output }}", "first", False),
        ("{{ steps.inner.output }}", "innermost", False),
        ("{{ steps.after.output }}", "first", False),
        ("{{ steps.first.output }}", "items", False),
        ("{{ steps.first.output }}", "outer", False),
        ("{{ steps.each.output[0] }}", "outer", True),
        ("{{ steps.0.output }}", "innermost", True),
        ("{{ steps.1.output }}", "innermost", False),
        ("{{ steps.2.output }}", "first", False),
        ("{{ steps.4.output }}", "first", False),
    ],
)
async def test_what_templates_may_name(text: str, at: str, good: bool) -> None:
    def here(name: str) -> Json:
        return text if at == name else "{{ now }}"

    inner = loop(step("innermost", here("innermost")), id="inner", needs=["first"])
    inner["config"]["items"] = here("inner_items")
    outer = loop(step("first", here("first")), step("side", needs=[]), inner)
    outer["config"]["items"] = here("items")
    found = await places(step("before"), outer, step("after", here("outer")))
    where = {
        "outer": "actions[2].config.value",
        "items": "actions[1].config.items",
        "first": "actions[1].config.steps[0].config.value",
        "inner_items": "actions[1].config.steps[2].config.items",
        "innermost": "actions[1].config.steps[2].config.steps[0].config.value",
    }
    assert found == ([] if good else [where[at]])


async def test_what_can_not_be_named_is_explained() -> None:
    found = await findings(automation(loop(step("a", "{{ steps.each.output }}")), step("b", "{{ steps.a.output }}")))
    assert [each.message for each in found] == [
        "The step each is the loop around a, which has no output yet.",
        "The step a runs inside the loop each; outside of it there is steps.each.output alone.",
    ]


# hostile documents ----------------------------------------------------------------------------------------------------


def _nested(depth: int) -> Json:
    opened = '{"type":"for_each","items":[],"steps":['
    return jsontext.parse((opened * depth + '{"type":"transform"}' + "]}" * depth).encode())


@pytest.mark.parametrize(
    "raw",
    [
        automation(_nested(11)),
        automation(_nested(60)),
        automation(*[_nested(4)] * 40),
        automation(loop(*[{"type": "transform"}] * 10_000)),
        automation(loop(*[loop(*[{"type": "transform"}] * 100)] * 100)),
        automation(loop(*[3] * 190)),
        automation(loop(*[step(f"s{n}", needs=[f"s{m}" for m in range(n)]) for n in range(190)], foo=1)),
        automation(*[loop(step("x" * 9_000), id="y" * 9_000)] * 90),
        automation(loop(*[step("a", needs=["b"]), step("b", needs=["a"])] * 90)),
        automation({"type": "for_each", "config": {"items": list(range(40_000)), "steps": [1]}}),
        automation({"type": "for_each", "steps": {"steps": [{"steps": []}]}}),
    ],
)
async def test_hostile_loops_are_answered_quickly(raw: dict[str, Any]) -> None:
    began = process_time()
    assert await findings(raw)
    assert process_time() - began < 1.0


# for the engine ------------------------------------------------------------------------------------------------------


def test_inner_steps_for_the_engine() -> None:
    definition = understood(read(automation(step("a"), loop(step("b"), loop(step("c"), id="inner")))))
    outer = definition.actions[1]
    assert containers.own_config(outer, ACTIONS) == {"items": "{{ trigger.data }}"}
    assert [each.id for each in containers.contained(outer, ACTIONS)] == ["b", "inner"]
    assert containers.contained(definition.actions[0], ACTIONS) == []
    lists = containers.bodies(definition.actions, ACTIONS)
    assert [(body.holder and body.holder.id, [each.id for each in body.steps]) for body in lists] == [
        (None, ["a", "each"]), ("each", ["b", "inner"]), ("inner", ["c"]),
    ]  # fmt: skip
