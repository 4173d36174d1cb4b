"""Every way in which a secret can stand in a text is masked, and nothing else is touched."""

import base64
import io
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
import structlog

from core import journal, redaction
from core.redaction import Redactor
from core.runs import inputs

SECRET = 'pa"ss/wörd+ &%1'


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"x{SECRET}{SECRET}y",
        *(base64.b64encode(("." * n + SECRET + "." * m).encode()).decode() for n in range(4) for m in range(3)),
        *(base64.urlsafe_b64encode(("." * n + SECRET).encode()).decode() for n in range(4)),
        quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
        json.dumps({"a": SECRET}),
        json.dumps({"a": SECRET}, ensure_ascii=False),
        json.dumps({"a": SECRET}).replace("/", "\\/"),
        json.dumps(json.dumps({"a": SECRET})),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        SECRET.encode().hex(),
    ],
)
def test_it_is_masked_however_it_is_written(text: str) -> None:
    redactor = Redactor()
    redactor.add([SECRET])
    for masked in (redactor.text(text), redactor.raw(text.encode()).decode()):
        assert redaction.MASK in masked
        left = masked.replace(redaction.MASK, "")
        for part in ("wörd", "w\\u00f6rd", "w%C3", "w%c3", "w\\\\u", base64.b64encode(SECRET.encode()).decode()[4:12]):
            assert part not in left


def test_values_are_masked_whole_with_their_keys_and_numbers() -> None:
    redactor = Redactor()
    redactor.add(["123456", "abcd"])
    assert redactor.json({"n": [123456, 1234567, True, None], "xabcdx": "abc"}) == {
        "n": ["***", 1234567, True, None], "x***x": "abc",
    }  # fmt: skip


def test_short_ones_are_left_alone_and_none_costs_nothing() -> None:
    redactor = Redactor()
    value = {"a": "abc"}
    assert redactor.json(value) is value
    redactor.add(["abc", ""])
    assert redactor.text("abc") == "abc"


def test_what_contains_another_is_masked_as_a_whole() -> None:
    redactor = Redactor()
    redactor.add(["word", "wordwide"])
    assert redactor.text("the wordwide word") == "the *** ***"


def test_the_latest_are_remembered() -> None:
    redactor = Redactor(most=2)
    redactor.add(["first-one", "second-one"])
    redactor.add(["first-one"])
    redactor.add(["third-one"])
    assert redactor.text("first-one second-one third-one") == "*** second-one ***"


def test_the_log_of_the_process_masks_them_in_tracebacks_too() -> None:
    redaction.journal.add(["journal-canary-1"])
    stream = io.StringIO()
    journal.configure("info", stream)
    log = structlog.get_logger()
    log.info("said", what=["journal-canary-1"], more="x journal-canary-1 y")
    try:
        raise ValueError("journal-canary-1")
    except ValueError:
        log.exception("broke")
        logging.getLogger("other").exception("journal-canary-1 broke too")
    text = stream.getvalue()
    assert len(text.splitlines()) == 3
    assert "canary" not in text
    assert "ValueError: ***" in text


def test_headers_that_hold_secrets_are_masked_in_records_and_come_back() -> None:
    rendered = {"url": "x", "headers": {"Authorization": "Bearer 1", "X-Api-Key": "2", "Accept": "3", "Cookie": None}}
    shown = inputs.shown(rendered)
    assert shown == {
        "url": "x", "headers": {"Authorization": "***", "X-Api-Key": "***", "Accept": "3", "Cookie": None},
    }  # fmt: skip
    assert inputs.is_masked(shown)
    assert inputs.restored(shown, rendered) == rendered
    edited = {"url": "y", "headers": {"Authorization": "Bearer mine", "X-Api-Key": "***"}}
    assert inputs.restored(edited, rendered) == {
        "url": "y", "headers": {"Authorization": "Bearer mine", "X-Api-Key": "2"},
    }  # fmt: skip
    plain = {"headers": {"Accept": "3"}}
    assert inputs.shown(plain) is plain
    assert not inputs.is_masked(plain)
