"""A compiled step: its attempts, their pauses, and the defaults of its action."""

import pytest

from core.automations.definition import Definition
from flows.steps import LONGEST_DELAY_S, CompiledStep, compile_version
from tests.flows.actions import TEST_ACTIONS, Say


class Patient(Say):
    """An action with defaults of its own."""

    name = "patient"
    timeout_s = 77.0
    retry_attempts = 4


def compiled(**step: object) -> CompiledStep:
    definition = Definition.model_validate({"name": "Test", "actions": [{"id": "a", "type": "patient", **step}]})
    return compile_version("rule", 1, definition, {**TEST_ACTIONS, "patient": Patient()}).steps["a"]


def test_an_action_brings_its_defaults() -> None:
    step = compiled()
    assert (step.max_attempts, step.timeout_s) == (4, 77.0)


def test_a_step_has_the_last_word() -> None:
    step = compiled(retry={"max_attempts": 2}, timeout_s=5)
    assert (step.max_attempts, step.timeout_s) == (2, 5.0)


def test_pauses_double() -> None:
    step = compiled(retry={"delay_s": 2, "jitter": False})
    assert [step.delay(attempt, None) for attempt in (1, 2, 3)] == [2, 4, 8]


def test_fixed_pauses_stay() -> None:
    step = compiled(retry={"delay_s": 2, "backoff": "fixed", "jitter": False})
    assert [step.delay(attempt, None) for attempt in (1, 2, 3)] == [2, 2, 2]


def test_jitter_spreads_by_a_quarter() -> None:
    pauses = {compiled(retry={"delay_s": 4, "backoff": "fixed"}).delay(1, None) for _ in range(50)}
    assert len(pauses) > 1
    assert all(3 <= pause <= 5 for pause in pauses)


@pytest.mark.parametrize(("after", "pause"), [(None, 2), (1.0, 2), (60.0, 60), (3600.0, LONGEST_DELAY_S)])
def test_the_other_side_can_ask_for_longer_but_not_for_ever(after: float | None, pause: float) -> None:
    assert compiled(retry={"delay_s": 2, "jitter": False}).delay(1, after) == pause
