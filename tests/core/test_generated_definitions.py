"""The definitions that the editor is tested with: valid, the same in every run, and of every kind there is."""

from typing import Any

import pytest

from blocks import registry
from core.automations.definition import canonical
from core.automations.reading import read
from tests.definitions import generated

COUNT = 120


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return generated(COUNT)


def test_they_are_read_as_they_are_and_are_the_same_every_time(documents: list[dict[str, Any]]) -> None:
    for document in documents:
        reading = read(document)
        assert reading.definition is not None
        assert reading.findings == []
        assert canonical(reading.definition) == document
    assert generated(5) == documents[:5]


def test_they_hold_every_kind(documents: list[dict[str, Any]]) -> None:
    steps = [(depth, step) for document in documents for depth, step in _all(document["actions"], 0)]
    assert {step["type"] for _, step in steps} == set(registry.actions())
    assert {document["trigger_type"] for document in documents} == set(registry.triggers())
    needs = [need for _, step in steps for need in step["needs"]]
    exits = {need.partition(":")[2] for need in needs}
    assert {"", "error", "approved", "rejected"} <= exits
    assert len(exits) > 5
    assert max(depth for depth, _ in steps) == 2
    assert {step["join"] for _, step in steps if len(step["needs"]) > 1} == {"all", "any"}
    assert {document["policy"]["overlap"] for document in documents} == {"allow", "queue", "skip", "replace"}
    assert any(document["layout"] for document in documents)
    assert any("{{ steps." in str(step["config"]) for _, step in steps)
    assert any(step["retry"] for _, step in steps)


def _all(steps: list[dict[str, Any]], depth: int) -> list[tuple[int, dict[str, Any]]]:
    found = []
    for step in steps:
        found += [
            (depth, step),
            *_all(step["config"].get("steps", []) if step["type"] == "for_each" else [], depth + 1),
        ]
    return found
