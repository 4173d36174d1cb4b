"""Tests that share a product run in one process, in whichever the others run."""

from pathlib import Path
from typing import Final

import pytest

pytest_plugins = ["pytester"]
_CONFTEST: Final = """
import sys
sys.path.insert(0, {root!r})
from tests.scheduling import Scheduling

def pytest_xdist_make_scheduler(config, log):
    return Scheduling(config, log)
"""
_TESTS: Final = """
import os, pathlib, time

def test_one():
    time.sleep(0.2)
    with pathlib.Path({seen!r}).open("a") as seen:
        seen.write(f"{group} {{os.getpid()}}\\n")

test_two = test_three = test_four = test_one
"""


def test_a_group_stays_in_one_process(pytester: pytest.Pytester, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    pytester.makeconftest(_CONFTEST.format(root=str(Path(__file__).parent.parent)))
    groups = {"browser/test_a": "pages", "browser/test_b": "pages", "e2e/test_c": "c", "e2e/test_d": "d", "test_e": "e"}
    for name, group in groups.items():
        file = pytester.path / "tests" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_TESTS.format(seen=str(seen), group=group))
    result = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=20)
    by_group: dict[str, set[str]] = {}
    for line in seen.read_text().splitlines():
        group, process = line.split()
        by_group.setdefault(group, set()).add(process)
    assert [len(by_group[group]) for group in ("pages", "c", "d")] == [1, 1, 1]
    assert len(by_group["e"]) == 2, "tests without a product of their own go to whoever is free"
