"""Every row of the table of hostile inputs (docs/security.md) names the tests that hold it, and none can be skipped."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "security.md"

# By the first words of the row: `file::test`, below tests/.
PROOFS: dict[str, list[str]] = {
    "no, wrong, expired, other-algorithm token": [
        "security/test_tenancy.py::test_without_a_token_everything_is_401",
        "security/test_tokens.py::test_forged_tokens",
        "security/test_tokens.py::test_an_expired_token",
    ],
    "id of another workspace": [
        "security/test_tenancy.py::test_a_foreign_id_is_a_404_and_changes_nothing",
        "security/test_tenancy.py::test_another_workspace_by_header_is_a_404",
    ],
    "viewer writes": ["api/test_automations.py::test_a_viewer_reads_and_does_not_write"],
    "body over the limit": [
        "security/test_bodies.py::test_a_body_over_the_limit_is_a_413",
        "security/test_bodies.py::test_what_is_no_json_is_a_422",
    ],
    "wrong webhook secret or signature": [
        "api/test_webhooks.py::test_a_wrong_secret_is_refused_and_recorded",
        "api/test_signed_webhooks.py::test_a_wrong_or_missing_signature_is_refused_and_recorded",
        "api/test_signed_webhooks.py::test_an_old_signature_is_refused",
    ],
    "duplicate delivery": ["api/test_webhooks.py::test_twenty_duplicates_at_once_are_one_run"],
    "flood over the rate": [
        "security/test_rates.py::test_a_user_is_told_how_they_stand_and_then_to_wait",
        "security/test_rates.py::test_an_address_is_counted_behind_a_proxy_that_is_trusted",
        "security/test_rates.py::test_a_webhook_over_its_rate_says_so",
    ],
    "template bomb": [
        "security/test_templates.py::test_nothing_but_json_can_be_reached",
        "security/test_templates.py::test_a_bomb_fails_within_its_budget",
        "security/test_templates.py::test_a_second_workspace_stays_fast_while_bombs_run",
        "core/test_check.py::test_a_bomb_is_a_finding",
    ],
    "regex bomb": [
        "security/test_patterns.py::test_a_pattern_is_refused_or_harmless",
        "security/test_patterns.py::test_what_is_no_pattern_is_refused_at_save",
    ],
    "URL to localhost": [
        "security/test_outgoing.py::test_no_hostile_url_reaches_the_canary",
        "security/test_outgoing.py::test_a_redirect_to_a_private_address_is_refused",
        "security/test_outgoing.py::test_a_name_that_changes_its_address_is_checked_again",
    ],
    "CRLF in headers": [
        "core/test_check.py::test_a_line_break_in_a_header",
        "security/test_outgoing.py::test_headers_that_split_or_frame_are_refused",
    ],
    "cyclic graph": [
        "core/test_check.py::test_a_circle_is_named",
        "core/test_check.py::test_everything_is_said_at_once",
        "core/test_check.py::test_large_nonsense_is_answered_quickly",
    ],
    "automation A -> B -> A": [
        "core/test_breaker.py::test_how_deep_a_chain_may_be",
        "core/test_breaker.py::test_a_storm_of_one_root_is_one_alert",
    ],
    "two editors": ["api/test_automation_changes.py::test_two_editors_of_one_draft"],
    "delete while running": ["api/test_automation_changes.py::test_no_edit_under_a_running_run"],
    "PostgreSQL down": ["api/test_problems.py::test_postgresql_that_goes_away_is_503_and_comes_back"],
    "Prefect down": ["flows/test_recorder.py::test_prefect_away_loses_nothing"],
    "slow client": [
        "security/test_slow_client.py::test_who_drips_is_cut",
        "security/test_slow_client.py::test_the_real_time_outs_are_within_15_s",
        "security/test_slow_client.py::test_streams_and_long_waits_live_on",
    ],
    "spending past the balance": [
        "api/test_credits.py::test_fifty_at_once_spend_what_there_is_and_no_more",
        "flows/test_credits.py::test_accepting_and_settling_at_once_never_goes_below_zero",
    ],
    "page, script or vector picture": ["api/test_files.py::test_nothing_but_a_picture_is_shown"],
    "change of the audit log": ["api/test_audit.py::test_nobody_changes_it"],
}  # fmt: skip
ROWS = re.findall(r"^\| (?!input |---)(.+?) \| .+ \|$", DOCUMENT.read_text(), re.M)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_its_proofs(row: str) -> None:
    (proofs,) = [tests for beginning, tests in PROOFS.items() if row.startswith(beginning)]
    assert proofs
    for proof in proofs:
        file, _, name = proof.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text())
        (function,) = [each for each in tree.body if getattr(each, "name", None) == name]
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        marks = " ".join(ast.unparse(each) for each in function.decorator_list)
        assert "skip" not in marks, proof
        assert "xfail" not in marks, proof


def test_no_proof_is_without_its_row() -> None:
    assert len(ROWS) == len(PROOFS)
