"""What a replay runs again, what it takes over, and what it says of it. Pure: no run is made."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from blocks.action import Effect
from core.automations.definition import Definition
from core.errors import Invalid
from core.runs.replay_plan import Copy, Former, Recorded, ReplayPlan, effect_of, plan
from flows.plan import Ended, Need, Node, Plan
from tests.flows.actions import TEST_ACTIONS

POST: dict[str, Any] = {"method": "POST", "url": "https://example.org/x"}


def step(name: str, *needs: str, kind: str = "say", **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "needs": list(needs), "config": more.pop("config", {}), **more}


def definition(*steps: dict[str, Any]) -> Definition:
    return Definition.model_validate({"name": "Test", "trigger_type": "manual", "actions": list(steps)})


def ended(status: str = "success", kind: str = "say", **more: Any) -> Recorded:
    return Recorded(kind, status, began=more.pop("began", status != "skipped"), **more)


def replayed(
    document: Definition, steps: Mapping[str, Recorded], start: str, *, then: Definition | None = None, **more: Any
) -> ReplayPlan:
    status, failed = more.pop("status", "failed"), more.pop("failed", None)
    return plan(document, Former(status, failed, then or document, steps), start, TEST_ACTIONS, **more)


CHAIN = definition(step("a"), step("b", "a"), step("c", "b"))
DONE = {name: ended() for name in "abc"}


def again(found: ReplayPlan) -> list[str]:
    return [each.step_id for each in found.again]


def test_from_the_start_nothing_is_kept() -> None:
    found = replayed(CHAIN, DONE, "start", status="success")
    assert (again(found), found.kept, found.copies, found.warnings) == (["a", "b", "c"], [], [], [])


def test_from_a_step_the_ones_before_it_are_kept() -> None:
    found = replayed(CHAIN, DONE, "b", status="success")
    assert (found.starts, again(found), found.kept) == (["b"], ["b", "c"], ["a"])
    assert found.copies == [Copy("a", 0)]


def test_what_runs_beside_the_start_is_kept() -> None:
    document = definition(step("a"), step("b"), step("c", "b"), step("d", "a", "c"))
    found = replayed(document, {name: ended() for name in "abcd"}, "a")
    assert (again(found), found.kept) == (["a", "d"], ["b", "c"])


def test_from_the_failed_step() -> None:
    found = replayed(CHAIN, {"a": ended(), "b": ended("failed")}, "failed", failed="b")
    assert (found.starts, again(found), found.kept) == (["b"], ["b", "c"], ["a"])


def test_several_steps_that_failed_or_were_cut_off_are_all_begun_again() -> None:
    document = definition(step("a"), step("b"), step("c"), step("d"), step("e"))
    steps = {
        "a": ended("failed"), "b": ended("unknown"), "c": ended("skipped", began=True), "d": ended(),
        "e": ended("running"),
    }  # fmt: skip
    found = replayed(document, steps, "failed", failed="a")
    assert (found.starts, found.kept) == (["a", "b", "c", "e"], ["d"])
    assert any("may happen a second time: b" in line for line in found.warnings)


def test_a_failure_that_was_caught_is_kept() -> None:
    document = definition(
        step("a"), step("b", "a:error"), step("c", on_error="continue"), step("d", "b", "c"), step("e", "d")
    )
    steps = {"a": ended("failed"), "b": ended(), "c": ended("failed"), "d": ended(), "e": ended("failed")}
    found = replayed(document, steps, "failed", failed="e")
    assert (found.starts, found.kept) == (["e"], ["a", "b", "c", "d"])
    uncaught = definition(*(each.model_dump() | {"on_error": "fail"} for each in document.actions))
    assert "c" in again(replayed(uncaught, steps, "e", failed="e", then=document))


def test_the_recorded_choice_of_a_branch_decides() -> None:
    cases = {"cases": [{"name": "yes", "when": True}], "else": "no"}
    document = definition(
        step("good", kind="branch", config=cases), step("page", "good:yes"), step("other", "good:no"),
        step("deep", "page"), step("tell", "page", "other", join="any"), step("last", "tell"),
    )  # fmt: skip
    steps = {
        "good": ended(kind="branch", choice="no"), "page": ended("skipped"), "deep": ended("skipped"),
        "other": ended(), "tell": ended(), "last": ended("failed"),
    }  # fmt: skip
    found = replayed(document, steps, "tell", failed="last")
    assert (again(found), found.kept, found.idle) == (["tell", "last"], ["good", "page", "other", "deep"], [])
    from_other = replayed(document, steps, "other", failed="last")
    assert (again(from_other), from_other.kept) == (["other", "tell", "last"], ["good", "page", "deep"])
    with pytest.raises(Invalid) as refused:
        replayed(document, steps, "deep", failed="last")
    assert refused.value.code == "step_not_on_path"
    from_branch = replayed(document, steps, "good", failed="last")
    assert again(from_branch) == ["good", "page", "other", "deep", "tell", "last"]


def test_a_wait_that_was_dropped_with_its_run_is_not_taken_for_a_skipped_step() -> None:
    document = definition(step("ask"), step("after", "ask"), step("broken"))
    steps = {"ask": ended("skipped", began=True), "broken": ended("failed")}
    found = replayed(document, steps, "broken", failed="broken")
    assert (again(found), found.kept) == (["ask", "after", "broken"], [])


def test_steps_without_a_result_run_as_well_and_that_is_said() -> None:
    found = replayed(CHAIN, {"a": ended(), "b": ended("failed")}, "c", failed="b")
    assert (found.starts, again(found), found.kept) == (["c"], ["b", "c"], ["a"])
    assert found.warnings == ["No result of the former run can be used, so these run as well: b."]


def test_another_version() -> None:
    now = definition(step("a", config={"value": 2}), step("new"), step("c", "a", "new"))
    found = replayed(now, {"a": ended(), "b": ended("failed")}, "failed", failed="b", then=CHAIN)
    assert (found.starts, again(found), found.kept) == ([], ["new", "c"], ["a"])
    assert [line.partition(":")[0] for line in found.warnings] == [
        "The failed step b does not exist in this version",
        "Steps of the former run that do not exist in this version",
        "No result of the former run can be used, so these run as well",
        "These are different in this version, and their recorded results are used",
    ]


def test_a_step_that_is_of_another_kind_now_has_no_result() -> None:
    now = definition(step("a", kind="http", config=POST), step("b", "a"))
    found = replayed(now, {"a": ended(), "b": ended()}, "b", then=CHAIN)
    assert (again(found), found.kept) == (["a", "b"], [])


def test_what_can_not_be_started_from() -> None:
    with pytest.raises(Invalid) as unknown:
        replayed(CHAIN, DONE, "nothing")
    assert (unknown.value.code, unknown.value.findings[0].at) == ("step_not_found", "from")
    assert unknown.value.detail.endswith("there are: a, b, c.")
    for status in ("success", "cancelled", "skipped"):
        with pytest.raises(Invalid) as well:
            replayed(CHAIN, DONE, "failed", status=status)
        assert well.value.code == "run_not_failed"


def test_a_step_that_is_called_like_a_word_of_ours() -> None:
    document = definition(step("start"), step("failed", "start"))
    found = replayed(document, {"start": ended(), "failed": ended()}, "step:failed", status="success")
    assert (again(found), found.kept) == (["failed"], ["start"])


LOOP = step("each", "a", kind="for_each", config={"steps": [
    {"id": "send", "type": "http", "config": POST},
    {"id": "more", "type": "for_each", "config": {"steps": [{"id": "inner", "type": "say", "config": {}}]}},
]})  # fmt: skip


def test_of_a_failed_loop_only_the_items_that_failed_run_again() -> None:
    document = definition(step("a"), LOOP, step("c", "each"))
    steps = {"a": ended(), "each": ended("failed", kind="for_each")}
    found = replayed(document, steps, "failed", failed="each")
    items = [Copy(name, 1, whole=False) for name in ("each", "send", "more", "inner")]
    assert found.copies == [Copy("a", 0), *items]
    for other in (
        replayed(document, steps, "each", failed="each"),
        replayed(document, steps, "failed", failed="each", edited=True),
        replayed(document, {"each": steps["each"]}, "failed", failed="each"),
        replayed(document, steps, "failed", failed="each", then=definition(step("a"), step("each", kind="for_each"))),
    ):
        assert not any(copy.step_id == "send" for copy in other.copies), other.copies


def test_a_loop_that_is_kept_is_kept_with_its_items() -> None:
    document = definition(LOOP | {"needs": []}, step("c", "each"))
    found = replayed(document, {"each": ended(kind="for_each"), "c": ended("failed")}, "failed", failed="c")
    assert found.copies == [Copy(name, 0) for name in ("each", "send", "more", "inner")]


def test_effects_are_those_recorded_or_of_the_configuration() -> None:
    get, by_template = {"url": "https://example.org"}, {"method": "{{ trigger.data }}", "url": "https://example.org"}
    assert effect_of("http", get, TEST_ACTIONS) is Effect.IDEMPOTENT
    assert effect_of("http", POST, TEST_ACTIONS) is Effect.UNSAFE
    assert effect_of("http", by_template, TEST_ACTIONS) is Effect.UNSAFE
    assert effect_of("delay", {"for_s": "{{ trigger.data }}"}, TEST_ACTIONS) is Effect.PURE
    assert effect_of("unknown", {}, TEST_ACTIONS) is Effect.UNSAFE
    assert effect_of("say", LOOP["config"], TEST_ACTIONS) is Effect.UNSAFE
    document = definition(step("a", kind="http", config=by_template), step("b", kind="http", config=POST), step("c"))
    steps = {"a": ended(kind="http", effect="idempotent"), "b": ended("failed", kind="http", effect="pure")}
    found = replayed(document, steps, "start", failed="b")
    assert [(each.step_id, each.effect.value) for each in found.effects] == [("a", "idempotent"), ("b", "unsafe")]
    changed = replayed(document, steps, "start", failed="b", then=definition(step("a", kind="http", config=get)))
    assert changed.effects[0].effect is Effect.UNSAFE, "a record of another configuration says nothing of this one"


# against the engine's own plan ----------------------------------------------------------------------------------------


def _random(chance: random.Random) -> Definition:
    """A graph of steps and branches that may join, catch and continue."""
    steps: list[dict[str, Any]] = []
    for number in range(chance.randint(2, 9)):
        needs = []
        for before in chance.sample(steps, min(len(steps), chance.randint(0, 3))):
            outlets = ["", "", ":error"] if before["type"] == "say" else [":yes", ":no"]
            needs.append(before["id"] + chance.choice(outlets))
        kind = chance.choice(["say", "say", "branch"])
        policy = {"join": chance.choice(["all", "any"]), "on_error": chance.choice(["fail", "fail", "continue"])}
        steps.append(step(f"s{number}", *needs, kind=kind, **policy))
    return definition(*steps)


def _plan(document: Definition) -> Plan:
    return Plan.of(
        Node(each.id, tuple(map(Need.parse, each.needs)), each.join, each.on_error == "continue")
        for each in document.actions
    )


def _executed(document: Definition, chance: random.Random, going: Plan, recorded: dict[str, Recorded]) -> set[str]:
    """Run the plan to its end with random outcomes; gives the steps that ran."""
    kinds = {each.id: each.type for each in document.actions}
    ran: set[str] = set()
    while True:
        ready, never = going.advance()
        for name in never:
            going.end(name, Ended("skipped"))
            recorded[name] = ended("skipped", kinds[name])
        for name in ready:
            ran.add(name)
            status = chance.choice(["success", "success", "success", "failed"])
            choice = chance.choice(["yes", "no"]) if kinds[name] == "branch" and status == "success" else None
            going.end(name, Ended(status, choice=choice))
            recorded[name] = ended(status, kinds[name], choice=choice)
        if not ready and not never:
            return ran


def _replayed_or_refused(
    document: Definition, steps: dict[str, Recorded], start: str, failed: str | None
) -> ReplayPlan | None:
    try:
        return replayed(document, steps, start, status="failed" if failed else "success", failed=failed)
    except Invalid as error:
        if error.code != "step_not_on_path":
            raise
        return None


def _behind(document: Definition, starts: list[str]) -> set[str]:
    """Everything that needs one of these, at whatever distance; steps stand behind what they need."""
    found = set(starts)
    for each in document.actions:
        if {need.partition(":")[0] for need in each.needs} & found:
            found.add(each.id)
    return found


@pytest.mark.parametrize("seed", range(300))
def test_the_engine_runs_what_the_replay_announced(seed: int) -> None:
    chance = random.Random(seed)
    document = _random(chance)
    first: dict[str, Recorded] = {}
    going = _plan(document)
    _executed(document, chance, going, first)
    failed = going.failure()
    start = "failed" if failed and chance.random() < 0.7 else chance.choice(document.actions).id
    found = _replayed_or_refused(document, first, start, failed)
    if found is None:
        return
    resumed = _plan(document)
    for name in found.kept:
        resumed.end(name, Ended(first[name].status, choice=first[name].choice))
    assert resumed.failure() is None, "a kept failure must not end the replay at once"
    second: dict[str, Recorded] = {}
    ran = _executed(document, chance, resumed, second)
    assert ran <= set(again(found))
    assert not ran & set(found.idle)
    if not set(again(found)) - set(found.starts) - _behind(document, found.starts) and resumed.failure() is None:
        assert set(found.starts) <= ran | set(found.idle)
    assert set(found.kept) | set(found.idle) | set(again(found)) == {each.id for each in document.actions}
    assert all(second[name].status == "skipped" for name in found.idle if name in second)
