"""docs/requirements.md tells the truth: every requirement is in it, and what is called done is proven by a test."""

import re
from pathlib import Path

import pytest

from tests import requirements
from tests.requirements import ROOT, TABLE, claims, filled, rows

STATE = re.compile(r"^(done|partly: .+|open: (issue \d+|later)(, .+)?|deferred: .+)$")


def _numbered(prefix: str, last: int) -> set[str]:
    return {f"{prefix}{number}" for number in range(1, last + 1)}


WANTED = (
    {f"US-{epic}.{story}" for epic, last in ((1, 5), (2, 3), (3, 2), (4, 2), (5, 1)) for story in range(1, last + 1)}
    | _numbered("S6.", 7)
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
    | _numbered("D", 3)
    | _numbered("RISK-", 6)
    | _numbered("DOD-", 13)
    | _numbered("DEP-", 5)
    | _numbered("PHASE-", 5)
    | {"STAR"}
)  # fmt: skip
TEXT = TABLE.read_text()
ROWS = rows(TEXT)
CLAIMS = claims(ROOT / "tests")


def test_every_requirement_has_one_row() -> None:
    ids = [row.id for row in ROWS]
    assert sorted(ids) == sorted(WANTED)


def test_every_state_is_one_of_the_four() -> None:
    assert [row.id for row in ROWS if not STATE.match(row.state)] == []


def test_every_claim_names_a_requirement() -> None:
    unknown = {claimed: tests for claimed, tests in CLAIMS.items() if claimed not in WANTED}
    assert unknown == {}


def test_what_is_done_is_proven() -> None:
    assert [row.id for row in ROWS if row.state == "done" and row.id not in CLAIMS] == []


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
