"""How an action says which exits its steps have."""

import pytest

from blocks import exits
from blocks.registry import actions
from blocks.values import JsonObject

CASES: JsonObject = {"cases": [{"name": "yes"}, {"when": True}, 3, {"name": 4}], "else": "no"}


@pytest.mark.parametrize(
    ("pattern", "config", "names"),
    [
        ("approved", {}, ["approved"]),
        ("{else}", CASES, ["no"]),
        ("{else}", {}, []),
        ("{cases[].name}", CASES, ["yes"]),
        ("{cases[].name}", {"cases": "{{ previous.output }}"}, []),
        ("{paths.first.name}", {"paths": {"first": {"name": "a"}}}, ["a"]),
    ],
)
def test_named(pattern: str, config: JsonObject, names: list[str]) -> None:
    assert list(exits.named(pattern, config)) == names


def test_of_a_branch() -> None:
    assert actions()["branch"].outlets(CASES) == ("yes", "no")
