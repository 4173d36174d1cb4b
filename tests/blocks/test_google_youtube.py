"""The youtube step against a Google of the tests: in chunks, resumed wherever it breaks, and no video twice."""

import hashlib
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from blocks import registry
from blocks.action import Effect
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.google import uploading
from blocks.google.uploading import CHUNK
from blocks.pieces import Piece
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.blocks.google import Account, Context, person, robot
from tests.vendors.google import Google

YOUTUBE = registry.actions()["youtube"]
CONTENT = random.Random(1).randbytes(CHUNK * 2 + 1000)  # three chunks
SIZE = len(CONTENT)
SPANS = [f"bytes 0-{CHUNK - 1}/{SIZE}", f"bytes {CHUNK}-{2 * CHUNK - 1}/{SIZE}", f"bytes {2 * CHUNK}-{SIZE - 1}/{SIZE}"]
ASKED = f"bytes */{SIZE}"
LATER = "2999-01-31T18:00:00+01:00"


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    async with Google() as found:
        yield found


@pytest.fixture
async def out() -> AsyncIterator[Outgoing]:
    async with Outgoing(Policy.of(["127.0.0.1"])) as found:
        yield found


@pytest.fixture
def account(google: Google, out: Outgoing) -> Account:
    return person(google, out)


@pytest.fixture
def context(account: Account, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(uploading, "_FIRST_PAUSE_S", 0.001)
    return Context(account, Piece("film.mp4", "video/mp4", SIZE, CONTENT))


def given(**config: Any) -> Any:
    basis = {"connection": "YouTube", "file": {"$file": "x"}, "title": "One"}
    return YOUTUBE.Input.model_validate(basis | config)


async def upload(context: Context, **config: Any) -> Any:
    outcome: Any = await YOUTUBE.run(given(**config), context)
    return outcome.output


async def failed(context: Context, **config: Any) -> ActionError:
    with pytest.raises(ActionError) as error:
        await upload(context, **config)
    return error.value


def arrived(google: Google) -> bool:
    """One video, and it is the file."""
    return [*google.youtube.digests.values()] == [hashlib.sha256(CONTENT).hexdigest()]


async def test_an_upload_in_chunks(google: Google, context: Context) -> None:
    done = await upload(context, description="Ünï", tags=["a b", "c"], privacy="unlisted")
    assert google.youtube.spans == SPANS
    assert arrived(google)
    video = google.youtube.videos[done["video_id"]]
    assert video["snippet"] == {"title": "One", "description": "Ünï", "categoryId": "22", "tags": ["a b", "c"]}
    assert done == {
        "video_id": video["id"], "url": f"https://www.youtube.com/watch?v={video['id']}", "privacy": "unlisted",
        "publish_at": None,
    }  # fmt: skip
    assert [length for _, length in context.pieces] == [0, CHUNK, CHUNK, 1000], "never the whole of it"
    assert len(context.lines) == 4 - 1
    assert f"{CHUNK:,} of {SIZE:,}" in context.lines[0]


async def test_what_is_scheduled_is_private_until_then(google: Google, context: Context) -> None:
    done = await upload(context, operation="schedule", publish_at=LATER)
    assert (done["privacy"], done["publish_at"]) == ("private", "2999-01-31T17:00:00Z")
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    error = await failed(context, operation="schedule", publish_at=past)
    assert error.code == "publish_at_past"
    assert len(google.youtube.videos) == 1


@pytest.mark.parametrize("trouble", [500, 503, 429, "cut", "cut after", "garbage"])
@pytest.mark.parametrize("chunk", [0, 1, 2])
async def test_it_goes_on_where_it_broke(google: Google, context: Context, trouble: Any, chunk: int) -> None:
    google.trouble["chunk"] += [None] * chunk + [trouble] * 2  # a connection that broke is replaced once by itself
    google.trouble["status"] += [503, "cut", "cut"]
    await upload(context)
    assert arrived(google)
    assert ASKED in google.youtube.spans
    lost = trouble in ("cut", 500, 503, 429, "garbage")
    assert google.youtube.spans.count(SPANS[2]) <= (1 if lost and chunk != 2 else 2)


async def test_what_youtube_kept_of_a_chunk_counts(google: Google, context: Context) -> None:
    google.youtube.takes = 5 * 1024 * 1024
    await upload(context)
    assert arrived(google)
    assert google.youtube.spans[1].startswith(f"bytes {5 * 1024 * 1024}-")


async def test_a_session_is_kept_for_the_next_attempt(google: Google, context: Context) -> None:
    google.trouble["chunk"] += [None, 503, 503, 503, 503, 503]
    google.trouble["status"] += [503] * 20
    error = await failed(context)
    assert isinstance(error, Retryable)
    assert error.answered, "there is no video yet, so it may be tried again"
    google.trouble.clear()
    google.youtube.spans.clear()
    await upload(context)
    assert google.youtube.spans == [ASKED, *SPANS[1:]]
    assert arrived(google)
    assert len(google.youtube.sessions) == 1


async def test_a_lost_last_answer_is_asked_for_by_the_next_attempt(google: Google, context: Context) -> None:
    google.trouble["chunk"] += [None, None, "cut after", "cut after"]
    google.trouble["status"] += [503] * 20
    error = await failed(context)
    assert isinstance(error, Retryable)
    assert not error.answered, "there may be a video: that is a doubt, and nobody tries again by himself"
    assert arrived(google)
    google.trouble.clear()
    assert (await upload(context))["video_id"] in google.youtube.videos
    assert arrived(google)


@pytest.mark.parametrize("finished", [False, True])
async def test_a_session_that_is_gone(google: Google, context: Context, finished: bool) -> None:
    google.trouble["chunk"] += [None, *([None, "cut after", "cut after"] if finished else ["cut", "cut"])]
    google.trouble["status"] += [(404, {"error": "gone"})]
    error = await failed(context)
    assert isinstance(error, Retryable)
    assert error.code == "youtube_session_expired"
    assert error.answered is not finished
    if not finished:
        await upload(context)
        assert arrived(google)
        assert len(google.youtube.sessions) == 2


async def test_an_attempt_ends_before_its_time(google: Google, context: Context) -> None:
    context.timeout_s = 4.0  # half of it is used
    google.trouble["chunk"] += [None, "slow", "slow", "slow"]
    error = await failed(context)
    assert isinstance(error, Retryable)
    assert error.answered
    google.trouble.clear()
    await upload(context)
    assert arrived(google)


@pytest.mark.parametrize("trouble", [503, 429, "cut", "cut after", "garbage"])
async def test_an_upload_that_does_not_begin_leaves_no_doubt(google: Google, context: Context, trouble: Any) -> None:
    google.trouble["begin"].append(trouble)
    error = await failed(context)
    if trouble == "garbage":
        assert error.code == "youtube_answer"
    else:
        assert isinstance(error, Retryable)
        assert error.answered
    await upload(context)
    assert arrived(google)


@pytest.mark.parametrize(
    "headers", [{}, {"Range": "bytes=0-99999999999"}, {"Range": "bytes=7-9"}, {"Range": "x" * 7_000}, {"Range": ""}]
)
async def test_a_server_that_never_takes_anything_is_given_up(
    google: Google, context: Context, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google.youtube, "takes", 0)
    if headers:
        google.trouble["chunk"] += [lambda: web.Response(status=308, headers=headers)] * 50
        google.trouble["status"] += [lambda: web.Response(status=308, headers=headers)] * 50
    error = await failed(context)
    assert isinstance(error, Retryable)
    assert error.answered
    assert len(google.asked) < 20
    assert google.youtube.videos == {}


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ("quota", "google_quota", "midnight"),
        ("uploads", "google_uploadlimitexceeded", "tomorrow"),
        ("channel", "google_youtubesignuprequired", "no YouTube channel"),
        ("scope", "google_access_token_scope_insufficient", "lacks the scope"),
        ("category", "google_invalidcategoryid", "no such category"),
        ("revoked", "connection_refused", "expired, revoked"),
    ],
)
async def test_what_youtube_refuses_fails_with_a_sentence(
    *, google: Google, out: Outgoing, context: Context, change: str, code: str, says: str
) -> None:
    config: dict[str, Any] = {}
    match change:
        case "quota":
            google.youtube.quota = 0
        case "uploads":
            google.youtube.uploads = 0
        case "channel":
            google.youtube.without_channel.add("ada@example.org")
        case "scope":
            token = google.refresh_token("ada@example.org", "spreadsheets")
            context.account = person(google, out, refresh_token=token)
        case "category":
            config["category"] = "999"
        case "revoked":
            google.refresh_tokens.clear()
    error = await failed(context, **config)
    assert isinstance(error, InvalidInput)
    assert error.code == code
    assert says in error.message
    assert context.memory == {}


async def test_a_service_account_is_refused_at_once(google: Google, out: Outgoing, context: Context) -> None:
    context.account = robot(google, out)
    assert "service account" in (await failed(context)).message
    assert google.asked == []


@pytest.mark.parametrize(
    ("media_type", "size"), [("text/html", 9), ("image/png", 9), ("video/mp4\r\nX: y", 9), ("video/mp4", 0)]
)
async def test_what_is_no_video_is_not_sent(google: Google, context: Context, media_type: str, size: int) -> None:
    context.file = Piece("x", media_type, size, b"x" * size)
    assert (await failed(context)).code == "not_a_video"
    assert google.asked == []


@pytest.mark.parametrize(
    "config",
    [
        {"title": ""}, {"title": " "}, {"title": "x" * 101}, {"title": "<b>"}, {"description": "a>b"},
        {"description": "ü" * 2_501}, {"tags": ["x" * 100] * 5}, {"tags": ["<"]}, {"category": "1\r\n"},
        {"privacy": "secret"}, {"operation": "schedule"}, {"publish_at": LATER}, {"file": "film.mp4"},
        {"operation": "schedule", "publish_at": "2999-01-31T18:00:00"},
        {"operation": "schedule", "publish_at": LATER, "privacy": "public"},
    ],
)  # fmt: skip
def test_hostile_and_wrong_input_is_refused_before_anything_is_sent(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        given(**config)


def test_an_upload_is_unsafe() -> None:
    assert YOUTUBE.effect(given()) is Effect.UNSAFE


@pytest.mark.parametrize("host", ["https://evil.example", "http://127.0.0.1:1", "http://user@127.0.0.1", "//x", ""])
async def test_the_token_goes_to_no_other_address(google: Google, context: Context, host: str) -> None:
    google.youtube.host = host or "no address"
    error = await failed(context)
    assert error.code == "youtube_answer"
    assert google.youtube.spans == []
    assert context.memory == {}


async def test_the_address_of_the_upload_is_a_secret(google: Google, context: Context) -> None:
    google.trouble["chunk"] += [None, (403, {"error": {"message": "{session}", "code": 403}})]

    async def telling(reference: Any, start: int, length: int) -> Piece:
        session = context.memory.get("session", "")
        for each in google.trouble["chunk"]:
            if each:
                each[1]["error"]["message"] = f"no: {session} {session.partition('upload_id=')[2]}"
        return await Context.piece(context, reference, start, length)

    context.piece = telling  # type: ignore[method-assign]
    error = await failed(context)
    assert "***" in error.message
    assert "canary" not in error.message
    assert "canary" not in "".join(context.lines)
