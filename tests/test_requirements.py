"""docs/requirements.md tells the truth: every requirement is in it, and what is called done is proven by a test."""

import re
from pathlib import Path

import pytest

from tests import requirements
from tests.requirements import ROOT, TABLE, Row, claims, filled, rows, whole

STATE = re.compile(r"^(done|partly: .+|open: (issue \d+|later)(, .+)?|deferred: .+)$")


def _numbered(prefix: str, last: int) -> set[str]:
    return {f"{prefix}{number}" for number in range(1, last + 1)}


# How many criteria each story of the seeds has, and how many lines each part of D.
CRITERIA = {
    "US-1.1": 5, "US-1.2": 5, "US-1.3": 4, "US-1.4": 6, "US-1.5": 4, "US-2.1": 5, "US-2.2": 5, "US-2.3": 4,
    "US-3.1": 5, "US-3.2": 4, "US-4.1": 5, "US-4.2": 5, "US-5.1": 6,
    "S6.1": 6, "S6.2": 7, "S6.3": 5, "S6.4": 5, "S6.5": 4, "S6.6": 5, "S6.7": 4,
    "D1": 5, "D2": 5, "D3": 2,
}  # fmt: skip
WANTED = (
    set(CRITERIA)
    | {f"{story} ({number})" for story, last in CRITERIA.items() for number in range(1, last + 1)}
    | _numbered("S6-OK-", 5)
    | {
        f"R-{group}-{number}"
        for group, last in (
            ("INT", 6), ("ENG", 6), ("USR", 5), ("WF", 4), ("INTG", 6), ("OBS", 4), ("TPL", 3), ("PROD", 5),
        )
        for number in range(1, last + 1)
    }
    | _numbered("I-", 30)
    | _numbered("T-", 10)
    | _numbered("V-", 4)
    | _numbered("RISK-", 6)
    | _numbered("DOD-", 13)
    | _numbered("DEP-", 5)
    | _numbered("PHASE-", 5)
    | {"STAR"}
)  # fmt: skip
TEXT = TABLE.read_text()
ROWS = rows(TEXT)
CLAIMS = claims(ROOT / "tests")
PROVEN = set(CLAIMS) | {whole(claim) for claim in CLAIMS}


def kind_of(criteria: list[Row]) -> str:
    """What a story may be called, from what its criteria are."""
    kinds = {row.kind for row in criteria}
    if kinds <= {"done", "deferred"}:
        return "done" if "done" in kinds else "deferred"
    return "partly" if kinds & {"done", "partly"} else "open"


def test_every_requirement_has_one_row() -> None:
    ids = [row.id for row in ROWS]
    assert sorted(ids) == sorted(WANTED)


def test_every_state_is_one_of_the_four() -> None:
    assert [row.id for row in ROWS if not STATE.match(row.state)] == []


def test_every_claim_names_a_requirement() -> None:
    unknown = {claimed: tests for claimed, tests in CLAIMS.items() if claimed not in WANTED}
    assert unknown == {}


def test_what_is_said_to_be_there_is_proven_and_nothing_else() -> None:
    there = {row.id for row in ROWS if row.kind in ("done", "partly")}
    assert {"unproven": sorted(there - PROVEN), "built already": sorted(PROVEN - there)} == {
        "unproven": [],
        "built already": [],
    }


def test_a_story_is_what_its_criteria_are() -> None:
    kinds = {row.id: row.kind for row in ROWS}
    wanted = {story: kind_of([row for row in ROWS if whole(row.id) == story != row.id]) for story in CRITERIA}
    assert {story: kinds[story] for story in CRITERIA} == wanted


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        (("done", "done"), "done"),
        (("done", "deferred: why"), "done"),
        (("deferred: why",), "deferred"),
        (("done", "open: issue 6"), "partly"),
        (("partly: a page is missing", "open: later"), "partly"),
        (("open: issue 5", "open: later"), "open"),
    ],
)
def test_how_criteria_add_up(states: tuple[str, ...], kind: str) -> None:
    assert kind_of([Row(f"X-1 ({number})", "what", state, "") for number, state in enumerate(states)]) == kind


def test_the_column_of_tests_is_up_to_date() -> None:
    assert filled(TEXT, CLAIMS) == TEXT, "run: python -m tests.requirements"


@pytest.mark.parametrize(
    "body",
    [
        "@pytest.mark.skip\n@pytest.mark.proves('US-1.1')\ndef test_a(): ...",
        "@pytest.mark.proves('US-1.1')\n@pytest.mark.skipif(True, reason='x')\nasync def test_a(): ...",
        "@pytest.mark.proves('US-1.1')\ndef test_a():\n    pytest.skip('no server')",
        "pytestmark = [pytest.mark.skip]\n@pytest.mark.proves('US-1.1')\ndef test_a(): ...",
        "@pytest.mark.skip\nclass TestA:\n    @pytest.mark.proves('US-1.1')\n    def test_a(self): ...",
        "@pytest.mark.proves('US-1.1')\ndef helper(): ...",
        "@pytest.fixture\ndef s():\n    pytest.skip('none')\n@pytest.mark.proves('US-1.1')\ndef test_a(s): ...",
        "def needs():\n    pytest.skip('none')\n@pytest.mark.proves('US-1.1')\ndef test_a():\n    needs()",
    ],
)
def test_a_skipped_test_proves_nothing(body: str, tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(f"import pytest\n{body}\n")
    assert claims(tmp_path) == {}


def test_claims_are_read_from_tests_classes_and_modules(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "import pytest\npytestmark = pytest.mark.proves('T-1')\n"
        "@pytest.mark.proves('T-2', 'T-3')\nasync def test_a(): ...\n"
        "class TestB:\n    @pytest.mark.proves('T-4')\n    def test_b(self): ...\n"
    )
    found = claims(tmp_path)
    assert set(found) == {"T-1", "T-2", "T-3", "T-4"}
    assert len(found["T-1"]) == 2
    assert found["T-4"][0].endswith("test_x.py::TestB::test_b")


def test_the_last_column_is_written_from_the_claims() -> None:
    text = "| id | what | state | tests |\n| T-1 | executor | done | old (9) |\n"
    claimed = {"T-1": ["tests/core/test_x.py::test_a", "tests/core/test_x.py::test_b"]}
    assert "| T-1 | executor | done | core/test_x.py (2) |\n" in requirements.filled(text, claimed)


def test_what_proves_a_criterion_counts_for_its_story() -> None:
    text = "| US-1.1 | story | done | |\n| US-1.1 (1) | first | done | |\n| US-1.1 (2) | second | done | |\n"
    claimed = {"US-1.1 (1)": ["tests/a/test_x.py::test_a"], "US-1.1 (2)": ["tests/a/test_x.py::test_a"]}
    assert [row.tests for row in rows(filled(text, claimed))] == ["a/test_x.py (1)"] * 3
