"""The plan: readiness, joins, errors and `previous`, on plain values."""

from flows.plan import Ended, Need, Node, Plan


def node(step: str, *needs: str, join: str = "all", go_on: bool = False) -> Node:
    return Node(step, tuple(Need.parse(need) for need in needs), join, go_on)


def drive(plan: Plan, ends: dict[str, Ended]) -> list[list[str]]:
    """Run to the end; the waves of steps that started together."""
    waves = []
    while True:
        ready, skipped = plan.advance()
        for step in skipped:
            plan.end(step, Ended("skipped"))
        if not ready and not skipped:
            return waves
        if ready:
            waves.append(ready)
        for step in ready:
            plan.end(step, ends.get(step, Ended("success", step)))


def test_a_chain_runs_in_order() -> None:
    plan = Plan.of([node("a"), node("b", "a"), node("c", "b")])
    assert drive(plan, {}) == [["a"], ["b"], ["c"]]
    assert plan.previous("c") == "b"
    assert plan.previous("a") is None
    assert plan.last() == "c"


def test_parallel_branches_meet() -> None:
    plan = Plan.of([node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")])
    assert drive(plan, {}) == [["a"], ["b", "c"], ["d"]]
    assert plan.previous("d") == "c"


def test_a_failure_stops_the_run() -> None:
    plan = Plan.of([node("a"), node("b", "a")])
    assert drive(plan, {"a": Ended("failed")}) == [["a"]]
    assert plan.failure() == "a"


def test_an_error_path_takes_the_failure() -> None:
    plan = Plan.of([node("a"), node("b", "a"), node("c", "a:error")])
    assert drive(plan, {"a": Ended("failed")}) == [["a"], ["c"]]
    assert plan.failure() is None
    assert plan.ended["b"].status == "skipped"


def test_the_error_path_is_skipped_when_all_is_well() -> None:
    plan = Plan.of([node("a"), node("b", "a"), node("c", "a:error")])
    assert drive(plan, {}) == [["a"], ["b"]]
    assert plan.ended["c"].status == "skipped"


def test_continue_counts_as_well() -> None:
    plan = Plan.of([node("x"), node("a", "x", go_on=True), node("b", "a")])
    assert drive(plan, {"a": Ended("failed")}) == [["x"], ["a"], ["b"]]
    assert plan.previous("b") == "x"


def test_cases_choose_and_any_joins_once() -> None:
    plan = Plan.of(
        [node("a"), node("good", "a"), node("page", "good:yes"), node("tell", "page", "good:no", join="any")]
    )
    ends = {"good": Ended("success", None, choice="no", passes_on=True)}
    assert drive(plan, ends) == [["a"], ["good"], ["tell"]]
    assert plan.ended["page"].status == "skipped"
    assert plan.previous("tell") == "a"


def test_any_is_skipped_when_nothing_was_met() -> None:
    plan = Plan.of([node("a"), node("b", "a:error"), node("c", "a:error"), node("d", "b", "c", join="any")])
    assert drive(plan, {}) == [["a"]]
    assert plan.ended["d"].status == "skipped"


def test_resuming_starts_where_it_stopped() -> None:
    plan = Plan.of([node("a"), node("b", "a"), node("c", "b")])
    plan.end("a", Ended("success", 1))
    assert plan.advance() == (["b"], [])


def test_nothing_new_starts_once_the_run_has_failed() -> None:
    plan = Plan.of([node("a"), node("c"), node("d", "c")])
    assert drive(plan, {"a": Ended("failed")}) == [["a", "c"]]


def test_a_failure_that_is_continued_chose_no_case() -> None:
    plan = Plan.of([node("a", go_on=True), node("b", "a:yes"), node("c", "a")])
    assert drive(plan, {"a": Ended("failed")}) == [["a"], ["c"]]


def test_a_choice_is_no_output_of_the_run() -> None:
    plan = Plan.of([node("a"), node("good", "a")])
    drive(plan, {"good": Ended("success", None, choice="no", passes_on=True)})
    assert plan.last() == "a"
