"""What changed between two definitions: nothing more, nothing less, and in the words of people."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.values import Json
from core.automations.definition import Definition, Step, canonical
from core.automations.differences import Difference, Kind, differences

SEND: dict[str, Any] = {
    "id": "send",
    "type": "http",
    "config": {"method": "POST", "url": "https://crm.example.com/leads", "json": {"mail": "{{ trigger.data.mail }}"}},
}
SHAPE: dict[str, Any] = {"id": "shape", "type": "transform", "config": {"value": [1, 2]}, "needs": ["send"]}
TELL: dict[str, Any] = {
    "id": "tell",
    "type": "http",
    "config": {"url": "https://chat.example.com", "method": "PUT"},
    "needs": ["shape"],
}


def _definition(*steps: dict[str, Any], **more: Any) -> Definition:
    return Definition.model_validate({"name": "Leads", "trigger_type": "manual", "actions": list(steps), **more})


def _found(before: Definition, after: Definition) -> list[tuple[str, str | None]]:
    return [(each.kind.value, each.step) for each in differences(before, after)]


def test_a_field_that_changed() -> None:
    changed = {**SEND, "config": {**SEND["config"], "url": "https://crm.example.com/v2"}, "timeout_s": 5}
    (found,) = differences(_definition(SEND, SHAPE), _definition(changed, SHAPE))
    assert (found.kind, found.step) == (Kind.STEP_CHANGED, "send")
    assert [(each.path, each.change, each.before, each.after) for each in found.fields] == [
        ("config.url", "changed", "https://crm.example.com/leads", "https://crm.example.com/v2"),
        ("timeout_s", "changed", None, 5),
    ]


def test_a_step_in_between() -> None:
    before, after = (
        _definition(SEND, SHAPE),
        _definition(SEND, {**TELL, "needs": ["send"]}, {**SHAPE, "needs": ["tell"]}),
    )
    found = differences(before, after)
    assert [(each.kind.value, each.step) for each in found] == [("step_added", "tell"), ("step_moved", "shape")]
    assert found[1].before == {"position": 1, "needs": ["send"], "loop": None}
    assert found[1].after == {"position": 2, "needs": ["tell"], "loop": None}
    assert _found(after, before) == [("step_removed", "tell"), ("step_moved", "shape")]


def test_another_name_is_no_other_step_and_moves_nobody() -> None:
    layout = {"send": {"x": 1, "y": 2}, "shape": {"x": 1, "y": 200}}
    before = _definition(SEND, SHAPE, layout=layout)
    after = _definition(
        {**SEND, "id": "post"}, {**SHAPE, "needs": ["post"]}, layout={"post": layout["send"], "shape": layout["shape"]}
    )
    (found,) = differences(before, after)
    assert (found.kind, found.before, found.after) == (Kind.STEP_RENAMED, "send", "post")


def test_moved_renamed_and_changed_are_three_findings() -> None:
    before = _definition(SEND, SHAPE, TELL)
    post = {**SEND, "id": "post", "needs": ["shape"], "config": {**SEND["config"], "method": "PUT"}}
    after = _definition({**SHAPE, "needs": []}, post, TELL)
    assert _found(before, after) == [
        ("step_moved", "shape"),
        ("step_renamed", "post"),
        ("step_moved", "post"),
        ("step_changed", "post"),
    ]


def test_steps_that_changed_places() -> None:
    one, two, three = ({**SHAPE, "id": name, "needs": []} for name in ("a", "b", "c"))
    assert _found(_definition(one, two, three), _definition(three, one, two)) == [("step_moved", "c")]


def test_another_type_under_the_same_id_is_a_change() -> None:
    (found,) = differences(_definition(SHAPE | {"needs": []}), _definition(SHAPE | {"needs": [], "type": "http"}))
    assert [each.path for each in found.fields] == ["type"]


def test_steps_that_have_nothing_in_common_are_not_one() -> None:
    other = {"id": "other", "type": "http", "config": {"url": "https://elsewhere.example.org"}}
    assert _found(_definition(SEND), _definition(other)) == [("step_removed", "send"), ("step_added", "other")]


def test_the_rest_of_the_document() -> None:
    before = _definition(SEND, layout={"send": {"x": 0, "y": 0}})
    after = _definition(
        SEND,
        name="More leads",
        description="All of them",
        trigger_type="webhook",
        trigger_config={"rate_per_min": 5},
        policy={"on_failure": {"alert_after": 3}},
        layout={"send": {"x": 9, "y": 0}},
    )
    found = differences(before, after)
    assert [(each.kind.value, [field.path for field in each.fields], each.quiet) for each in found] == [
        ("name_changed", ["name"], False),
        ("description_changed", ["description"], False),
        ("trigger_changed", ["trigger_type", "trigger_config.rate_per_min"], False),
        ("policy_changed", ["policy.on_failure.alert_after"], False),
        ("layout_changed", ["layout.send.x"], True),
    ]


def _loop(*inside: dict[str, Any], name: str = "each", **more: Any) -> dict[str, Any]:
    steps = [Step.model_validate(step).model_dump(mode="json") for step in inside]
    return {"id": name, "type": "for_each", "config": {"items": "{{ trigger.data }}", "steps": steps}, **more}


def test_steps_inside_loops_are_told_with_their_loop() -> None:
    send = {**SEND, "config": {**SEND["config"], "url": "https://crm.example.com/v2"}}
    before = _definition(_loop(SEND, SHAPE))
    after = _definition(_loop(send, {**TELL, "needs": ["send"]}, {**SHAPE, "needs": ["tell"]}))
    found = differences(before, after)
    assert [(each.kind.value, each.step, each.loop, [field.path for field in each.fields]) for each in found] == [
        ("step_changed", "send", "each", ["config.url"]),
        ("step_added", "tell", "each", []),
        ("step_moved", "shape", "each", []),
    ]
    gone = differences(after, before)
    assert [(each.kind.value, each.step, each.loop) for each in gone] == [
        ("step_removed", "tell", "each"),
        ("step_changed", "send", "each"),
        ("step_moved", "shape", "each"),
    ]


def test_a_step_that_moved_into_a_loop() -> None:
    before = _definition(SEND, _loop({**SHAPE, "needs": []}, needs=["send"]))
    after = _definition(_loop(SEND, SHAPE))
    assert [(each.step, each.before, each.after) for each in differences(before, after)] == [
        (
            "each",
            {"position": 1, "needs": ["send"], "loop": None},
            {"position": 0, "needs": [], "loop": None},
        ),
        ("send", {"position": 0, "needs": [], "loop": None}, {"position": 0, "needs": [], "loop": "each"}),
        (
            "shape",
            {"position": 0, "needs": [], "loop": "each"},
            {"position": 1, "needs": ["send"], "loop": "each"},
        ),
    ]


def test_a_renamed_or_changed_loop_moves_nobody() -> None:
    renamed = _loop(SEND, SHAPE, name="leads")
    renamed["config"]["concurrency"] = 4
    found = differences(_definition(_loop(SEND, SHAPE)), _definition(renamed))
    assert [(each.kind.value, each.step) for each in found] == [("step_renamed", "leads"), ("step_changed", "leads")]


@pytest.mark.parametrize(("before", "after"), [(True, 1), (0, False), (None, 0), ("1", 1), ([], {}), ({}, None)])
def test_values_of_another_type_differ(before: Json, after: Json) -> None:
    one, other = (_definition({**SHAPE, "needs": [], "config": {"value": value}}) for value in (before, after))
    (found,) = differences(one, other)
    assert [(each.path, each.before, each.after) for each in found.fields] == [("config.value", before, after)]


# properties -----------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "{{ x }}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
CONFIG = st.dictionaries(st.sampled_from(["url", "value", "json"]), JSON, max_size=3)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """A small one, of few names and values, so that two of them have much in common."""
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6))
    lists: dict[str | None, list[Any]] = {None: []}  # the loop around it and the steps inside
    for name in names:
        step: dict[str, Any] = {
            "id": name,
            "type": draw(st.sampled_from(["http", "transform", "for_each"])),
            "config": draw(CONFIG),
            "needs": draw(st.lists(st.sampled_from([*names, f"{name}:error"]), unique=True, max_size=2)),
            "join": draw(st.sampled_from(["all", "any"])),
            "timeout_s": draw(st.none() | st.integers(1, 2)),
            "retry": draw(st.none() | st.just({"max_attempts": 3})),
        }
        home = lists[draw(st.sampled_from([*lists]))]
        if step["type"] == "for_each":
            lists[name] = step["config"]["steps"] = []
        home.append(Step.model_validate(step).model_dump(mode="json"))
        if step["type"] == "for_each":
            lists[name] = home[-1]["config"]["steps"]
    return Definition.model_validate(
        {
            "name": draw(st.sampled_from(["A", "B"])),
            "description": draw(st.none() | st.just("C")),
            "trigger_type": draw(st.sampled_from([None, "manual", "cron"])),
            "trigger_config": draw(CONFIG),
            "actions": lists[None],
            "policy": {"priority": draw(st.sampled_from(["low", "high"]))},
            "layout": draw(
                st.dictionaries(st.sampled_from("abcdefg"), st.just({"x": 0, "y": 0}) | st.just({"x": 1, "y": 0}))
            ),
        }
    )


@given(definitions())
def test_nothing_differs_from_itself(one: Definition) -> None:
    assert differences(one, one.model_copy(deep=True)) == []


@settings(max_examples=400, deadline=None)
@given(definitions(), definitions())
def test_the_differences_explain_everything(before: Definition, after: Definition) -> None:
    found = differences(before, after)
    assert _strictly(_applied(canonical(before), found)) == _strictly(canonical(after))
    assert (found == []) is (_strictly(canonical(before)) == _strictly(canonical(after)))


def _strictly(value: Any) -> Any:
    """Comparable so that true is not 1, and the order of an object's names means nothing."""
    match value:
        case dict():
            return "object", sorted((name, _strictly(each)) for name, each in value.items())
        case list():
            return "list", [_strictly(each) for each in value]
    return type(value) is bool, str(value) if isinstance(value, bool) or value is None else value


def _applied(document: Any, found: list[Difference]) -> Any:
    """The document with the findings carried out, each by what it tells and nothing else."""
    made = copy.deepcopy(document)
    renamed = {str(each.before): str(each.after) for each in found if each.kind is Kind.STEP_RENAMED}
    placed = {each.step: each for each in found if each.kind in (Kind.STEP_MOVED, Kind.STEP_ADDED)}
    by_id: dict[str, Any] = {}
    lists: dict[str | None, list[Any]] = {}  # by loop, the steps that stay where they are
    for loop, step in _flat(made["actions"], None):
        if (Kind.STEP_REMOVED, step["id"]) in _keys(found):
            continue
        step["id"] = renamed.get(step["id"], step["id"])
        parted = [need.partition(":") for need in step["needs"]]
        step["needs"] = [f"{renamed.get(name, name)}{colon}{outlet}" for name, colon, outlet in parted]
        by_id[step["id"]] = step
        if step["id"] not in placed:
            lists.setdefault(None if loop is None else renamed.get(loop, loop), []).append(step)
    for each in found:
        if each.kind is Kind.STEP_ADDED:
            by_id[str(each.step)] = copy.deepcopy(_object(each.after)["step"])
        for field in each.fields if each.kind is Kind.STEP_CHANGED else ():
            _set(by_id[str(each.step)], field.at, field.change, field.after)
    for name, each in sorted(placed.items(), key=lambda pair: _object(pair[1].after)["position"]):
        where = _object(each.after)
        by_id[str(name)]["needs"] = where["needs"]
        lists.setdefault(where["loop"], []).insert(where["position"], by_id[str(name)])
    for loop, steps in lists.items():
        if loop is not None:
            by_id[loop]["config"]["steps"] = steps
    made["actions"] = lists.get(None, [])
    kept = {name for name in by_id if (Kind.STEP_ADDED, name) not in _keys(found)}
    was = {after: before for before, after in renamed.items()}
    layout = {name: where for name, where in made["layout"].items() if name not in renamed and name not in kept}
    layout |= {name: made["layout"][was.get(name, name)] for name in kept if was.get(name, name) in made["layout"]}
    made["layout"] = layout
    for each in found:
        for field in each.fields if each.step is None else ():
            _set(made, field.at, field.change, field.after)
    return made


def _flat(steps: list[Any], loop: str | None) -> Iterator[tuple[str | None, Any]]:
    """Every step with the loop around it, loops emptied."""
    for step in steps:
        inside = step["config"].pop("steps", None) if step["type"] == "for_each" else None
        if inside is not None:
            step["config"]["steps"] = []
        yield loop, step
        yield from _flat(inside or [], step["id"])


def _object(value: Json) -> Any:
    assert isinstance(value, dict)
    return value


def _keys(found: list[Difference]) -> set[tuple[Kind, str | None]]:
    return {(each.kind, each.step) for each in found}


def _set(root: Any, at: tuple[str | int, ...], change: str, value: Json) -> None:
    for part in at[:-1]:
        root = root[part]
    if change == "removed" and isinstance(root, list):
        root.pop()  # lists shrink at their end
    elif change == "removed":
        del root[at[-1]]
    elif change == "added" and isinstance(root, list):
        root.append(value)
    else:
        root[at[-1]] = value
