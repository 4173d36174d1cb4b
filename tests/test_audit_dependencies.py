"""What `make audit` makes of the answers of others."""

import json

from tests.audit_dependencies import read_npm_audit, read_pip_audit

GOOD = {"name": "attrs", "version": "25.1.0", "vulns": []}
BAD = {"name": "jinja2", "version": "3.1.5", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3.1.6"]}]}
SKIPPED = {"name": "mypackage", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def pip(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_all_is_well() -> None:
    verdict = read_pip_audit("a.lock", pip(GOOD), "")
    assert not verdict.failed
    assert str(verdict) == "a.lock: 1 packages, 0 findings, 0 skipped"


def test_a_finding_fails() -> None:
    verdict = read_pip_audit("a.lock", pip(GOOD, BAD), "Found 1 known vulnerability")
    assert verdict.failed
    assert "jinja2 3.1.5: PYSEC-2026-1, mended in 3.1.6" in str(verdict)


def test_a_skipped_package_fails() -> None:
    verdict = read_pip_audit("a.lock", pip(GOOD, SKIPPED), "")
    assert verdict.failed
    assert "skipped: mypackage" in str(verdict)


def test_a_service_that_knows_no_package_checked_nothing() -> None:
    verdict = read_pip_audit("a.lock", pip(*[SKIPPED] * 9), "")
    assert verdict.failed
    assert "NOT CHECKED" in str(verdict)
    assert "... and 4 more" in str(verdict)


def test_no_answer_is_not_checked() -> None:
    for output in ("", "{}", "<html>", pip()):
        verdict = read_pip_audit("a.lock", output, "first\nConnectionError: no route to host\n")
        assert "NOT CHECKED" in str(verdict)
        assert not verdict.failed


def test_npm() -> None:
    good = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 120}}}
    assert str(read_npm_audit("ui", json.dumps(good), "")) == "ui: 120 packages, 0 findings, 0 skipped"
    bad = good | {"vulnerabilities": {"left-pad": {"severity": "high"}}}
    assert read_npm_audit("ui", json.dumps(bad), "").failed
    refused = json.dumps({"error": {"code": "E405", "summary": "Method Not Allowed"}})
    assert "NOT CHECKED" in str(read_npm_audit("ui", refused, "npm error 405 Method Not Allowed"))
