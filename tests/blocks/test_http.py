"""The http step against a real server: what leaves, what comes back, what each status means."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from blocks.action import Effect
from blocks.actions.http import Http, HttpInput, HttpOutput
from blocks.errors import InvalidInput, Retryable
from blocks.retry_after import retry_after
from blocks.values import Json, JsonObject
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.blocks.context import Context
from tests.echo import Echo


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    async with Echo() as found:
        yield found


@pytest.fixture
async def context(echo: Echo) -> AsyncIterator[Context]:
    async with Outgoing(Policy.of([echo.address])) as http:
        yield Context(http)


async def run(context: Context, config: JsonObject) -> JsonObject:
    output = (await Http().run(HttpInput.model_validate(config), context)).output
    HttpOutput.model_validate(output)
    assert isinstance(output, dict)
    return output


async def sent(context: Context, config: JsonObject) -> JsonObject:
    """The request as the server saw it."""
    body = (await run(context, config))["body"]
    assert isinstance(body, dict)
    return body


@pytest.mark.proves("US-3.2 (3)", "I-11", "R-INTG-3")
async def test_a_get_gives_status_headers_and_value(echo: Echo, context: Context) -> None:
    output = await run(context, {"url": f"{echo.url}/raw?type=application/json&body=" + quote('[1, {"a": null}]')})
    assert output["status"] == 200
    assert output["body"] == [1, {"a": None}]
    assert isinstance(output["headers"], dict)
    assert output["headers"]["content-type"] == "application/json"
    assert context.lines == ["info: GET 127.0.0.1: 200, 16 bytes"]


@pytest.mark.proves("US-3.2 (1)", "I-11", "R-INTG-3")
@pytest.mark.parametrize(
    ("body", "media_type", "text"),
    [
        ({"json": {"ä": [1, None]}}, "application/json", '{"ä":[1,null]}'),
        ({"json": None}, "application/json", "null"),
        ({"form": {"a": "ä b", "n": 1, "many": [1, True], "none": None}}, "application/x-www-form-urlencoded",
         "a=%C3%A4+b&n=1&many=1&many=true"),
        ({"text": "plain"}, "text/plain; charset=utf-8", "plain"),
        ({}, None, ""),
    ],
)  # fmt: skip
async def test_each_body_leaves_as_written(
    echo: Echo, context: Context, body: JsonObject, media_type: str | None, text: str
) -> None:
    seen = await sent(context, {"method": "post", "url": echo.url, **body})
    assert (seen["method"], seen["text"]) == ("POST", text)
    assert isinstance(seen["headers"], dict)
    assert seen["headers"].get("content-type") == media_type
    assert seen["headers"]["user-agent"] == "Vutler"


@pytest.mark.proves("US-3.2 (1)", "I-11", "R-INTG-3")
async def test_query_and_headers_are_added(echo: Echo, context: Context) -> None:
    seen = await sent(
        context,
        {
            "url": f"{echo.url}/path?a=1#part",
            "query": {"b": "x&y", "n": 2, "none": None},
            "headers": {"X-Count": 3, "X-None": None, "Content-Type": "text/csv"},
            "text": "1,2",
            "method": "PUT",
        },
    )
    assert seen["path"] == "/path"
    assert seen["query"] == {"a": "1", "b": "x&y", "n": "2"}
    assert isinstance(seen["headers"], dict)
    assert (seen["headers"]["x-count"], seen["headers"]["content-type"]) == ("3", "text/csv")
    assert "x-none" not in seen["headers"]


async def test_the_idempotency_key_goes_with_what_changes_something(echo: Echo, context: Context) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
        await run(context, {"method": method, "url": f"{echo.url}/status/200"})
    keys = {hit.method: hit.headers.get("idempotency-key") for hit in echo.hits}
    assert {method for method, key in keys.items() if key == "0190/s1/0"} == {"POST", "PUT", "PATCH", "DELETE"}
    await run(context, {"method": "POST", "url": echo.url, "headers": {"idempotency-key": "mine"}})
    assert echo.hits[-1].headers["idempotency-key"] == "mine"


@pytest.mark.parametrize(
    ("config", "effect"),
    [
        ({"method": "GET"}, Effect.IDEMPOTENT),
        ({"method": "PUT"}, Effect.IDEMPOTENT),
        ({"method": "DELETE"}, Effect.IDEMPOTENT),
        ({"method": "POST"}, Effect.UNSAFE),
        ({"method": "PATCH"}, Effect.UNSAFE),
        ({"method": "POST", "idempotent": True}, Effect.IDEMPOTENT),
    ],
)
def test_what_a_call_does_to_the_world(config: JsonObject, effect: Effect) -> None:
    assert Http().effect(HttpInput.model_validate({"url": "https://example.com", **config})) is effect


@pytest.mark.parametrize(
    ("media_type", "raw", "expected"),
    [
        ("application/json", '{"a": 1}', {"a": 1}),
        ("application/problem+json; charset=utf-8", '"x"', "x"),
        ("application/json", "{broken", "{broken"),
        ("application/json", '{"a": NaN}', '{"a": NaN}'),
        ("application/json", '{"a": 1e999}', '{"a": 1e999}'),
        ("application/json", "[" * 1000 + "]" * 1000, "[" * 1000 + "]" * 1000),
        ("application/json", '{"a\\u0000": "b\\u0000"}', {"a\ufffd": "b\ufffd"}),
        ("application/json", '"\\ud800"', '"\\ud800"'),
        ("text/html; charset=latin-1", "\xe9", "é"),
        ("text/plain", "\xe9", "\ufffd"),
        ("text/plain; charset=no-such", "a", "a"),
        ("text/plain; charset=punycode", "abc", "abc"),
        ("text/plain", "a\x00b", "a\ufffdb"),
        ("text/plain", "", None),
        ("application/json", "", None),
    ],
)
async def test_bodies_become_values(echo: Echo, context: Context, media_type: str, raw: str, expected: Json) -> None:
    url = f"{echo.url}/raw?type={quote(media_type, safe='')}&body={quote(raw)}"
    assert (await run(context, {"url": url}))["body"] == expected
    assert not context.stored


async def test_binary_and_large_bodies_are_kept_by_reference(echo: Echo, context: Context) -> None:
    binary = await run(context, {"url": f"{echo.url}/raw?type=image/png&body=%00%01"})
    assert binary["body"] == {"$blob": "b1", "size": 2, "media_type": "image/png"}
    large = await run(context, {"url": f"{echo.url}/big?bytes=65537"})
    assert large["body"] == {"$blob": "b2", "size": 65_537, "media_type": "text/plain"}
    inline = await run(context, {"url": f"{echo.url}/big?bytes=65536"})
    assert inline["body"] == "x" * 65_536
    assert [len(content) for content, _ in context.stored] == [2, 65_537]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422])
async def test_a_refusal_fails_and_says_why(echo: Echo, context: Context, status: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        await run(context, {"url": f"{echo.url}/status/{status}?text=" + quote("no\n such  lead " + "x" * 900)})
    assert caught.value.code == "http_status"
    assert caught.value.message.startswith(f"The server answered with status {status}: no such lead xxx")
    assert len(caught.value.message) < 350


@pytest.mark.proves("R-ENG-4")
@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_an_overloaded_server_is_tried_again(echo: Echo, context: Context, status: int) -> None:
    with pytest.raises(Retryable) as caught:
        await run(context, {"method": "POST", "url": f"{echo.url}/status/{status}?text=busy"})
    assert (caught.value.code, caught.value.answered, caught.value.after) == ("http_status", True, None)
    assert caught.value.message == f"The server answered with status {status}: busy"


async def test_retry_after_is_handed_on(echo: Echo, context: Context) -> None:
    with pytest.raises(Retryable) as caught:
        await run(context, {"method": "POST", "url": f"{echo.url}/flaky/1?retry_after=7"})
    assert caught.value.after == 7
    assert (await run(context, {"method": "POST", "url": f"{echo.url}/flaky/1"}))["body"] == {"attempt": 2}


async def test_the_user_says_what_fails(echo: Echo, context: Context) -> None:
    assert (await run(context, {"url": f"{echo.url}/status/404", "fail_on_status": 500}))["status"] == 404
    assert (await run(context, {"url": f"{echo.url}/status/503", "fail_on_status": 600}))["status"] == 503
    with pytest.raises(InvalidInput):
        await run(context, {"url": f"{echo.url}/status/204", "fail_on_status": 200})


@pytest.mark.parametrize(
    "config",
    [
        {}, {"url": ""}, {"url": "https://x", "method": "TRACE"}, {"url": "https://x", "json": 1, "text": "a"},
        {"url": "https://x", "form": {}, "json": None}, {"url": "https://x", "body": "a"},
        {"url": "https://x", "fail_on_status": 99}, {"url": "https://x", "connection": ""},
        {"url": "https://x", "headers": {"A": ["b"]}},
    ],
)  # fmt: skip
def test_a_wrong_config_is_refused(config: JsonObject) -> None:
    with pytest.raises(ValidationError):
        HttpInput.model_validate(config)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120), (" 5 ", 5), ("0", 0), ("999999999999", 86_400), ("Fri, 20 Nov 2026 12:00:30 GMT", 30),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0), ("-1", None), ("soon", None), ("", None), (None, None), ("1.5", None),
        ("Fri, 99 Nov 2026 12:00:30 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_in_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) == seconds
