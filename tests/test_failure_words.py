"""Every code that a run, a step or a problem can carry has words in both languages, or is known to have none."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
OF_STEPS: Final = {"ActionError", "InvalidInput", "Retryable", "NeedsAttention", "TemplateFailed"}
OF_PROBLEMS: Final = {
    "Unauthenticated", "Forbidden", "NotFound", "Conflict", "PaymentRequired", "Gone", "Stale", "Invalid", "TooLarge",
    "RateLimited", "Unavailable", "OthersFailed", "OthersSlow",
}  # fmt: skip
# What stands in the rows by other ways than an error's first argument.
RECORDED: Final = {
    "cancelled", "run_timeout", "in_doubt", "step_failed", "step_timeout", "item_failed", "internal_error",
    "unknown_action", "overlap", "replaced", "merged", "runs_per_month", "runs_per_hour", "no_credits",
    "channel_not_allowed", "thread_not_allowed", "template_error", "template_limit",
}  # fmt: skip
# The author's or a person's own sentence says it.
OWN_WORDS: Final = {"failed_on_purpose", "rejected"}
# Problems told by the API's sentence: it names what is concerned, or no person in the pages meets it.
API_TELLS: Final = {
    "action_unknown", "agent_ambiguous", "agent_named", "agent_without_automation", "alert_not_found",
    "automation_not_deleted", "blob_not_found", "body_not_kept", "call_not_prepared", "channel_direct",
    "channel_outside", "connection_kind_unknown", "delivery_not_found", "draft_unreadable",
    "idempotency_answer_lost", "idempotency_in_flight", "idempotency_key_invalid", "idempotency_key_reused",
    "invalid_body", "no_workspace", "notification_not_found", "oidc_off", "other_question", "plan_not_found",
    "run_not_held", "run_token_expired", "run_token_invalid", "scope_missing", "session_reused", "several_wait",
    "signature_invalid", "step_not_found", "template_invalid", "token_missing", "token_not_found", "token_revoked",
    "webhook_not_found", "webhook_rate", "webhook_secret_invalid", "webhook_secret_missing", "wrong_signature",
}  # fmt: skip


def _codes(kinds: set[str]) -> Iterator[str]:
    """The codes that stand in the sources as the first argument of such an error."""
    for file in (path for part in ("api", "blocks", "core", "flows") for path in (ROOT / part).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).rpartition(".")[2] in kinds:
                code = node.args[0]
                for each in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        yield each.value


def _words(language: str) -> dict[str, str]:
    file = ROOT / "ui" / "src" / "features" / "failures" / f"{language}.json"
    found: dict[str, str] = json.loads(file.read_text())["codes"]
    return found


def test_every_code_of_runs_and_steps_has_words() -> None:
    codes = set(_codes(OF_STEPS)) | RECORDED
    assert len(codes) > 100
    for language in ("en", "fr"):
        assert codes - _words(language).keys() == OWN_WORDS


def test_every_code_of_problems_has_words_or_is_left_to_the_api() -> None:
    codes = set(_codes(OF_PROBLEMS))
    assert len(codes) > 100
    for language in ("en", "fr"):
        assert codes - _words(language).keys() == API_TELLS


def test_no_words_are_for_codes_that_nobody_gives() -> None:
    sources = "".join(
        file.read_text()
        for part in ("api", "blocks", "core", "flows", "ui/src")
        for pattern in ("*.py", "*.sql", "*.ts")
        for file in (ROOT / part).rglob(pattern)
    )
    made = {"channel_not_allowed", "thread_not_allowed", "not_found"}  # put together from parts
    unknown = {code for code in _words("en") if f'"{code}"' not in sources and f"'{code}'" not in sources}
    assert unknown - made == set()
