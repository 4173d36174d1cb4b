"""JSON as it is read: what other parsers let through is refused here, and what is good stays as it is."""

import pytest

from core import jsontext
from core.jsontext import NotJson


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", '{"a": [1, {"b": 2E+400}]}', f"[{'9' * 400}.0]", f"[{'9' * 300}e99]"]
)
def test_numbers_that_would_be_infinite_are_refused(text: str) -> None:
    with pytest.raises(NotJson, match="a number is too large"):
        jsontext.parse(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e308", 1e308), ("1e-999", 0.0), ("9" * 400, int("9" * 400)), ('{"1e999": "2e999"}', {"1e999": "2e999"})],
)
def test_other_numbers_and_texts_stay(text: str, value: object) -> None:
    assert jsontext.parse(text) == value
