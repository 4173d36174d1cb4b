"""What a process writes about itself: one JSON object a line, its request, and no secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from core import journal


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    journal.configure("info", stream)
    yield stream
    structlog.configure(**before)
    root.handlers[:], _ = handlers, root.setLevel(level)


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.proves("S6.7 (2)")
def test_lines_are_json_with_the_request_id(written: io.StringIO) -> None:
    journal.request_id.set("r1")
    structlog.get_logger().info("happened", count=2, what=object)
    logging.getLogger("library").warning("odd %s", "thing")
    structlog.get_logger().debug("unseen")
    ours, theirs = _lines(written)
    assert (ours["event"], ours["count"], ours["level"], ours["request_id"]) == ("happened", 2, "info", "r1")
    assert (theirs["event"], theirs["level"], theirs["request_id"]) == ("odd thing", "warning", "r1")
    assert ours["timestamp"]


@pytest.mark.proves("S6.7 (3)")
def test_a_traceback_is_text(written: io.StringIO) -> None:
    try:
        raise ZeroDivisionError("why")
    except ZeroDivisionError as error:
        structlog.get_logger().error("unexpected", exc_info=error)
    assert "ZeroDivisionError: why" in str(_lines(written)[0]["exception"])


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/webhooks/x?secret=S3CRET&a=1",
        "Authorization: Bearer S3CRET",
        "postgresql://vutler:S3CRET@db/vutler",
        "password=S3CRET",
        "basic S3CRET",
    ],
)
def test_secrets_in_text_are_masked(written: io.StringIO, text: str) -> None:
    structlog.get_logger().info(f"said {text}", detail=text)
    logging.getLogger("library").error("said %s", text)
    assert "S3CRET" not in written.getvalue()
    assert "***" in written.getvalue()


@pytest.mark.parametrize("name", ["password", "api_key", "access_token", "Cookie", "x-hub-signature", "client_secret"])
def test_fields_named_like_secrets_are_masked(written: io.StringIO, name: str) -> None:
    structlog.get_logger().info("said", **{name: "S3CRET"})
    assert "S3CRET" not in written.getvalue()


@pytest.mark.parametrize(
    "text", ["/api/automations?search=a", "POST http://127.0.0.1:4200/api/flow_runs", "ws://[::1]:4200 is away"]
)
def test_ordinary_text_stays(written: io.StringIO, text: str) -> None:
    structlog.get_logger().info("said", detail=text, count=7)
    assert _lines(written)[0]["detail"] == text
