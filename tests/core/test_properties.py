"""What holds of every definition: it is read the same again, checked without findings, and its plan always ends.

The plan is driven on plain values: steps end in a drawn order with drawn outcomes, and a run may be cut off anywhere
and go on from what was recorded. A loop is one step of it here.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import registry
from blocks.values import Json
from core.automations.check import Checker
from core.automations.definition import Definition, canonical
from core.automations.outgoing import refusing
from core.automations.reading import read
from core.errors import Finding
from core.outgoing.addresses import Policy
from core.rendering.renderer import Renderer
from flows.plan import Ended, Need, Node, Plan

CHECKER = Checker.of(Renderer(), refusing(Policy.of((), None)))  # plain templates start no process

# definitions ----------------------------------------------------------------------------------------------------------


@st.composite
def _steps(draw: st.DrawFn, prefix: str = "s", depth: int = 0) -> list[dict[str, Any]]:
    """A valid list: needs on earlier steps, on exits that exist, no two of them on the same step."""
    steps: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, (8, 3, 2)[depth]))):
        step_id = f"{prefix}{number}"
        before = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        steps.append(
            {
                "id": step_id,
                **draw(_kind(f"{step_id}_", depth)),
                "needs": [draw(st.sampled_from(_exits(steps[each]))) for each in sorted(before)],
                "join": draw(st.sampled_from(["all", "any"])),
                "on_error": draw(st.sampled_from(["fail", "continue"])),
            }
        )
    return steps


@st.composite
def _kind(draw: st.DrawFn, prefix: str, depth: int) -> dict[str, Any]:
    kinds = ["transform", "branch", *(["for_each"] if depth < 2 else [])]
    match draw(st.sampled_from(kinds)):
        case "branch":
            cases = [{"name": "yes", "when": "{{ previous.output }}"}]
            return {"type": "branch", "config": {"cases": cases, "else": "no"}}
        case "for_each":
            inside = draw(_steps(prefix, depth + 1))
            return {"type": "for_each", "config": {"items": "{{ previous.output }}", "steps": inside}}
    return {"type": "transform", "config": {"value": "{{ item }}" if depth else "{{ trigger.data }}"}}


def _exits(step: dict[str, Any]) -> list[str]:
    cases = [f"{step['id']}:yes", f"{step['id']}:no"] if step["type"] == "branch" else []
    return [step["id"], step["id"], f"{step['id']}:error", *cases]


def _document(steps: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": "n", "trigger_type": "manual", "actions": steps}


documents = st.builds(_document, _steps())


def _understood(document: Any) -> Definition:
    found = read(document)
    assert found.findings == []
    assert found.definition is not None
    return found.definition


def _nameless(steps: list[Any]) -> list[Any]:
    """The steps as somebody writes them down who names nothing."""
    bare = [{"type": each["type"], "config": dict(each["config"])} for each in steps]
    for each in bare:
        if each["type"] == "for_each":
            each["config"]["steps"] = _nameless(each["config"]["steps"])
    return bare


def _ids(steps: Any) -> list[str]:
    return [name for each in steps for name in (each["id"], *_ids(each["config"].get("steps", [])))]


@settings(deadline=None, max_examples=60)
@given(documents)
def test_a_valid_definition_has_no_findings_and_is_read_the_same_again(document: dict[str, Any]) -> None:
    definition = _understood(document)
    found: list[Finding] = asyncio.run(CHECKER.check(definition))
    assert found == []
    assert _understood(canonical(definition)) == definition


@settings(deadline=None, max_examples=40)
@given(documents)
def test_nameless_steps_get_names_of_their_own(document: dict[str, Any]) -> None:
    bare = {**document, "actions": _nameless(document["actions"])}
    definition = _understood(bare)
    names = _ids(canonical(definition)["actions"])
    assert len(set(names)) == len(names) == len(_ids(document["actions"]))
    assert [step.id for step in definition.actions] == [f"s{n + 1}" for n in range(len(definition.actions))]
    assert asyncio.run(CHECKER.check(definition)) == []


# the plan -------------------------------------------------------------------------------------------------------------


@dataclass
class Simulation:
    """A run of a plan: `outcomes` says how each step ends, `turns` who ends next among those that run (the rank)."""

    definition: Definition
    outcomes: dict[str, str]
    turns: dict[str, int]
    plan: Plan = field(init=False)
    running: list[str] = field(default_factory=list)
    recorded: list[tuple[str, Ended]] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan = Plan.of(
            Node(step.id, tuple(map(Need.parse, step.needs)), step.join, step.on_error == "continue")
            for step in self.definition.actions
        )

    def resume(self, recorded: Sequence[tuple[str, Ended]]) -> "Simulation":
        for step, ended in recorded:
            self._end(step, Ended(ended.status, ended.output, choice=ended.choice, error=ended.error))
        return self

    def run(self) -> "Simulation":
        while True:
            while True:
                ready, skipped = self.plan.advance()
                for step in skipped:
                    self._end(step, Ended("skipped"))
                self.running += ready
                self.starts += ready
                if not skipped:
                    break
            if not self.running:
                return self
            step = min(self.running, key=lambda each: self.turns[each])
            self.running.remove(step)
            self._end(step, self._outcome(step))

    def _end(self, step: str, ended: Ended) -> None:
        assert step not in self.plan.ended, f"{step} ended twice"
        self.plan.end(step, ended)
        self.recorded.append((step, ended))

    def _outcome(self, step: str) -> Ended:
        match self.outcomes[step]:
            case "failed":
                return Ended("failed", error="no")
            case "success":
                return Ended("success", self._output(step))
            case choice:
                return Ended("success", choice=choice)

    def _output(self, step: str) -> Json:
        """What a step makes of all that it may see: what came before it, and what the steps it needs gave."""
        previous = self.plan.previous(step)
        seen = [need.step for need in self.plan.nodes[step].needs]
        return [step, previous, *((self.plan.ended[each].status, self.plan.ended[each].output) for each in seen)]  # type: ignore[list-item]

    def told(self) -> dict[str, Any]:
        """The end of the run, as far as anybody can see it."""
        return {
            "ended": {step: (each.status, each.output, each.choice) for step, each in self.plan.ended.items()},
            "previous": {step: self.plan.previous(step) for step in self.plan.ended},
            "last": self.plan.last(),
            "failure": self.plan.failure(),
        }


_OUTCOMES = (st.sampled_from(["success", "success", "failed"]), st.sampled_from(["yes", "no", "", "failed"]))


@st.composite
def simulations(draw: st.DrawFn) -> Simulation:
    definition = Definition.model_validate(draw(documents))
    names = [step.id for step in definition.actions]
    outcomes = {step.id: draw(_OUTCOMES[step.type == "branch"]) for step in definition.actions}
    return Simulation(definition, outcomes, draw(_turns(names)))


def _turns(names: Sequence[str]) -> st.SearchStrategy[dict[str, int]]:
    order = st.permutations(range(len(names)))
    return order.map(lambda turns: dict(zip(names, turns, strict=True)))


def _again(run: Simulation, turns: dict[str, int] | None = None) -> Simulation:
    return Simulation(run.definition, run.outcomes, turns or run.turns)


@settings(deadline=None, max_examples=200)
@given(simulations())
def test_every_run_ends(run: Simulation) -> None:
    run.run()
    assert sorted(run.starts) == sorted(set(run.starts))
    assert set(run.starts) == {step for step, ended in run.recorded if ended.status != "skipped"}
    if run.plan.failure() is None:
        assert set(run.plan.ended) == set(run.plan.nodes)
    assert run.plan.advance() == ([], [])


@settings(deadline=None, max_examples=200)
@given(simulations(), st.data())
def test_a_run_that_is_cut_off_comes_to_the_same_end(run: Simulation, data: st.DataObject) -> None:
    run.run()
    kept = data.draw(st.integers(0, len(run.recorded)), label="records")
    again = _again(run).resume(run.recorded[:kept])
    if again.plan.failure() is not None:  # what else was under way when it failed is not begun again
        assert again.run().recorded == run.recorded[:kept]
        assert again.plan.failure() == run.plan.failure()
        return
    assert again.run().told() == run.told()
    assert set(again.starts) == {step for step, ended in run.recorded[kept:] if ended.status != "skipped"}


@settings(deadline=None, max_examples=200)
@given(simulations(), st.data())
def test_who_is_faster_decides_nothing_but_what_came_last(run: Simulation, data: st.DataObject) -> None:
    run.run()
    other = _again(run, data.draw(_turns([*run.turns]), label="turns")).run()
    assert (other.plan.failure() is None) is (run.plan.failure() is None)
    if run.plan.failure() is None:
        assert _statuses(other) == _statuses(run)


@settings(deadline=None, max_examples=200)
@given(simulations())
def test_a_step_runs_exactly_when_its_needs_say_so(run: Simulation) -> None:
    run.run()
    ended = run.plan.ended
    steps = {step.id: step for step in run.definition.actions}

    def met(need: str) -> bool | None:
        name, _, outlet = need.partition(":")
        if name not in ended:  # the run failed, or one of the other needs was enough to skip the step
            return None
        status = ended[name].status
        if outlet == "error":
            return status == "failed"
        well = status == "success" or (status == "failed" and steps[name].on_error == "continue")
        return well if not outlet else status == "success" and ended[name].choice == outlet

    for name, end in ended.items():
        needs = [met(need) for need in steps[name].needs]
        if end.status == "skipped":
            assert not any(needs) if steps[name].join == "any" else False in needs
        else:
            assert None not in needs
            assert any(needs) if steps[name].join == "any" and needs else all(needs)
        previous = run.plan.previous(name)
        assert previous is None or ended[previous].status == "success"
        before = [need.partition(":")[0] for need in steps[name].needs]
        if before and all(each in ended and ended[each].output is not None for each in before):
            assert previous == max(before, key=[step for step, _ in run.recorded].index)
    caught = {need.partition(":")[0] for step in steps.values() for need in step.needs if need.endswith(":error")}
    fatal = {name for name in ended if ended[name].status == "failed" and steps[name].on_error == "fail"} - caught
    assert (run.plan.failure() in fatal) if fatal else run.plan.failure() is None


def _statuses(run: Simulation) -> dict[str, tuple[str, str | None]]:
    return {step: (each.status, each.choice) for step, each in run.plan.ended.items()}


@pytest.mark.parametrize("kind", ["branch", "for_each", "transform"])
def test_the_definitions_hold_every_kind(kind: str) -> None:
    """Properties of what is never drawn would be worth nothing."""
    assert kind in registry.actions()
    seen = [_understood(document) for document in _drawn()]
    assert any(step.type == kind for each in seen for step in each.actions)


def _drawn() -> list[Any]:
    found: list[Any] = []

    @settings(max_examples=50, database=None, derandomize=True)
    @given(documents)
    def draw(document: Any) -> None:
        found.append(document)

    draw()
    return found
