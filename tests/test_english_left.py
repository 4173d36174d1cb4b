"""The check for English on French pages knows English when it sees it, and leaves French and people's words alone."""

import pytest

from tests.browser.english_left import _is_english


@pytest.mark.parametrize(
    "text",
    [
        "Lead keeps failing",
        "An automation needs at least one action.",
        "May the step send (email) go on with this input?",
        "This link has done its work",
        "“Lead” is resolved.",
        "api.example.com did not answer within 2.5 s. Whether the step had its effect is not known.",
        "A cell holds at most 50,000 characters.",
    ],
)
def test_english(text: str) -> None:
    assert _is_english(text)


@pytest.mark.parametrize("text", ["Lead échoue sans cesse", "Ce lien a servi", "code_bot", "Publish the offer", "JSON"])
def test_not_english(text: str) -> None:
    assert not _is_english(text)
