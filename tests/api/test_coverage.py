"""The notes of what the tests saw: any path that a test may ask for comes back as it was."""

from pathlib import Path

import pytest

from tests.api import coverage


@pytest.mark.parametrize("odd", ["a b", "a\nb", "a\u2028b", "%2F", "a%20b", "é"])
def test_every_path_can_be_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str) -> None:
    monkeypatch.setattr(coverage, "FOLDER", tmp_path)
    app = coverage.application()
    before = coverage.missing(app, [])
    coverage.note("GET", f"/pages/{odd}", 404)
    coverage.note("GET", "/api/alerts", 200)
    gone = set(before) - set(coverage.missing(app, coverage.lines()))
    assert gone == {"GET /api/alerts: no test saw a 2xx"}
