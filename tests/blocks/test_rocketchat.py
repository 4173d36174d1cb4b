"""Rocket.Chat: what is posted once, what is refused, what is heard; every message is taken once and in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from blocks.connections.rocketchat import RocketChatServer
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.rocketchat.posting import RocketChat as RocketChatAccount
from blocks.rocketchat.posting import message_id
from blocks.services import Post
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.vendors.ears import RecordingEar, signed
from tests.vendors.rocketchat import RocketChat, Room
from tests.waiting import until

ADA = "uADA0000000000001"
POST = Post("#general", "hello", "run/s1/0")


@pytest.fixture
async def chat() -> AsyncIterator[RocketChat]:
    async with RocketChat() as found:
        found.users[ADA] = "ada"
        yield found


@pytest.fixture
async def out() -> AsyncIterator[Outgoing]:
    async with Outgoing(Policy.of(["127.0.0.1"])) as found:
        yield found


def by_token(chat: RocketChat) -> dict[str, Any]:
    return {"server_url": chat.url, "user_id": chat.user_id, "auth_token": chat.token}


def by_password(chat: RocketChat) -> dict[str, Any]:
    return {"server_url": chat.url, "username": chat.username, "password": chat.password}


@pytest.fixture(params=[by_token, by_password])
def account(request: pytest.FixtureRequest, chat: RocketChat, out: Outgoing) -> RocketChatAccount:
    return signed("rocketchat", request.param(chat), out).service(RocketChatAccount)


async def failed(call: Any) -> ActionError:
    with pytest.raises(ActionError) as error:
        await call
    return error.value


# posting --------------------------------------------------------------------------------------------------------------


async def test_a_message_a_thread_and_a_person(chat: RocketChat, account: RocketChatAccount) -> None:
    room = chat.room("general")
    assert account.repeatable
    first = await account.post(POST, timeout_s=5)
    assert first == {"message_id": message_id("run/s1/0"), "channel": room.id}
    await account.post(Post(room.id, "under it", "k2", thread=str(first["message_id"])), timeout_s=5)
    assert room.messages[1]["tmid"] == first["message_id"]
    sent = await account.post(Post("@ada", "psst", "k3"), timeout_s=5)
    assert chat.rooms[str(sent["channel"])].members == [chat.user_id, ADA]
    assert [(each.name, each.direct) for each in await account.rooms()] == [("general", False), ("", True)]


@pytest.mark.parametrize("trouble", ["cut after", "cut", 502, "garbage", None])
async def test_a_repeated_post_is_one_message(chat: RocketChat, account: RocketChatAccount, trouble: Any) -> None:
    room = chat.room("general")
    if trouble is not None:
        chat.trouble["chat.sendMessage"].append(trouble)
        error = await failed(account.post(POST, timeout_s=5))
        assert isinstance(error, Retryable)
        assert error.answered == (trouble == 502)
    for _ in range(3):
        assert (await account.post(POST, timeout_s=5))["channel"] == room.id
    assert chat.said(room) == ["hello"]
    await asyncio.gather(*(account.post(replace(POST, key="k2"), timeout_s=5) for _ in range(5)))
    assert chat.said(room) == ["hello", "hello"]


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"channel": "#nowhere"}, "rocketchat_room_not_found", "no such room"),
        ({"channel": "nowhere"}, "rocketchat_invalid_room", "no such room"),
        ({"channel": "@nobody"}, "rocketchat_invalid_user", "no such person"),
        ({"channel": "#far"}, "rocketchat_not_allowed", "member"),
        ({"channel": "#readonly"}, "rocketchat_not_allowed", "member"),
        ({"channel": None}, "channel_missing", "Name the room"),
        ({"text": " "}, "rocketchat_no_text", "needs a text"),
        ({"text": "x" * 5_001}, "rocketchat_message_size_exceeded", "longer"),
        ({"blocks": [{}]}, "rocketchat_no_blocks", "give a text"),
        ({"channel": "#general\r\nX: y"}, "rocketchat_room_not_found", "no such room"),
    ],
)
async def test_what_is_refused_fails_with_a_sentence(
    chat: RocketChat, account: RocketChatAccount, change: dict[str, Any], code: str, says: str
) -> None:
    room = chat.room("general")
    chat.room("far", member=False)
    chat.room("readonly", read_only=True)
    error = await failed(account.post(replace(POST, **change), timeout_s=5))
    assert isinstance(error, InvalidInput)
    assert (error.code, says in error.message) == (code, True), error.message
    assert room.messages == []


async def test_credentials_limits_and_the_test_of_a_connection(chat: RocketChat, out: Outgoing) -> None:
    for fields in (by_token(chat), by_password(chat)):
        assert await signed("rocketchat", fields, out).test() == "Rocket.Chat knows the account as vutler."
    for wrong in (by_token(chat) | {"auth_token": "wrong-canary"}, by_password(chat) | {"password": "wrong-canary"}):
        way = signed("rocketchat", wrong, out)
        for call in (way.test(), way.service(RocketChatAccount).post(POST, timeout_s=5)):
            error = await failed(call)
            assert (error.code, "canary" in error.message) == ("connection_refused", False)
    chat.room("general")
    chat.asked.clear()
    way = signed("rocketchat", by_password(chat), out)
    await way.service(RocketChatAccount).post(POST, timeout_s=5)
    chat.forget_tokens()
    await way.service(RocketChatAccount).post(replace(POST, key="k2"), timeout_s=5)
    assert [name for name, _ in chat.asked].count("login") == 2, "once, and again when the token is refused"
    chat.bypass, chat.limit = False, 1
    await way.service(RocketChatAccount).post(replace(POST, key="k3"), timeout_s=5)
    error = await failed(way.service(RocketChatAccount).post(POST, timeout_s=5))
    assert isinstance(error, Retryable)
    assert error.cause == "rate_limited"
    assert error.after
    assert 1 <= error.after <= 61


async def test_fields() -> None:
    kind = RocketChatServer()
    for wrong in ({}, {"user_id": "x"}, {"username": "x"}, {"username": "x", "auth_token": "xxxxxxxx"}):
        with pytest.raises(ValidationError, match="user_id and auth_token, or username and password"):
            kind.read({"server_url": "https://chat.example.com", **wrong})


# listening ------------------------------------------------------------------------------------------------------------


async def listen(chat: RocketChat, out: Outgoing, ear: RecordingEar, fields: dict[str, Any] | None = None) -> None:
    given = fields or by_token(chat)
    await RocketChatServer().listen(RocketChatServer().read(given), signed("rocketchat", given, out), ear)


async def keep_listening(chat: RocketChat, out: Outgoing, ear: RecordingEar) -> None:
    while True:
        with contextlib.suppress(Retryable):
            await listen(chat, out, ear)


@asynccontextmanager
async def listening(
    chat: RocketChat, out: Outgoing, ear: RecordingEar, how: Callable[..., Any] = keep_listening
) -> AsyncIterator["asyncio.Task[None]"]:
    stood = ear.stood
    task = asyncio.create_task(how(chat, out, ear))
    try:
        await until(lambda: _is(lambda: task.done() or (ear.stood > stood and ear.cursor and chat.sockets)))
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ActionError, LookupError):
            await task


async def _is(condition: Callable[[], Any]) -> bool:
    return bool(condition())


async def taken(ear: RecordingEar, count: int, seconds: float = 10) -> None:
    try:
        await until(lambda: _is(lambda: len(ear.taken) >= count), seconds=seconds)
    except TimeoutError:
        raise AssertionError(f"{len(ear.taken)} of {count} were taken: {ear.texts(own=True)[-20:]}") from None


@pytest.mark.parametrize("fields", [by_token, by_password])
async def test_what_is_heard(chat: RocketChat, out: Outgoing, fields: Callable[[RocketChat], dict[str, Any]]) -> None:
    room, direct, ear = chat.room("general"), chat.room(None, "d"), RecordingEar()
    chat.files["f1"] = b"hello"
    chat.ping_s = 0.02
    old = chat.say(room, ADA, "before anybody listened", quiet=True)
    old["ts"] -= 120_000

    async def how(chat: RocketChat, out: Outgoing, ear: RecordingEar) -> None:
        await listen(chat, out, ear, fields(chat))

    async with listening(chat, out, ear, how):
        file = {"_id": "f1", "name": "a b.txt", "type": "text/plain", "size": 5}
        mention = [{"_id": chat.user_id, "username": "vutler"}]
        first = chat.say(room, ADA, "@vutler look", mentions=mention, files=[file, file | {"typeGroup": "thumb"}])
        chat.say(room, ADA, "in the thread", first["_id"])
        chat.say(direct, ADA, "psst")
        chat.say(room, "uCI00000000000001", "built", bot={"i": "hubot"}, alias="CI")
        chat.say(room, chat.user_id, "ours")
        chat.say(room, ADA, "ada", t="uj")
        chat.say(room, ADA, "edited", editedAt=1)
        chat.change(room, old, reactions={":+1:": {}})
        chat.change(room, first, tcount=1)
        chat.say(room, ADA, "last")
        await taken(ear, 6)
        await until(lambda: _is(lambda: {"msg": "pong"} in chat.heard))
    assert ear.texts(own=True) == ["@vutler look", "in the thread", "psst", "built", "ours", "last"]
    one, reply, private, bot, own, _ = ear.taken
    assert (one.id, one.channel, one.channel_name, one.thread) == (first["_id"], room.id, "general", None)
    assert (one.sender_id, one.sender_name, one.mentions) == (ADA, "Ada", (chat.user_id,))
    assert one.sent_at.timestamp() * 1000 == pytest.approx(first["ts"])
    assert [(each.name, each.media_type, each.content) for each in one.attachments] == [
        ("a b.txt", "text/plain", b"hello")
    ]
    assert reply.thread == first["_id"]
    assert (private.direct, one.direct) == (True, False)
    assert (bot.from_bot, bot.own, bot.sender_name) == (True, False, "CI")
    assert (own.from_bot, own.own) == (True, True)
    assert ear.account == chat.user_id


async def test_what_was_said_meanwhile_is_caught_up_with(chat: RocketChat, out: Outgoing) -> None:
    room, other, ear = chat.room("general"), chat.room("other"), RecordingEar()
    async with listening(chat, out, ear):
        parent = chat.say(room, ADA, "parent")
        await taken(ear, 1)
    expected = []
    for number in range(60):
        chat.say(room, ADA, f"m{number}", quiet=True)
        chat.say(room, chat.user_id if number % 7 == 0 else ADA, f"r{number}", parent["_id"], quiet=True)
        expected += [f"m{number}", f"r{number}"]
    chat.say(other, ADA, "elsewhere", quiet=True)
    async with listening(chat, out, ear):
        await taken(ear, 122)
        chat.say(room, ADA, "live")
        await taken(ear, 123)
    assert [each.text for each in ear.taken if each.channel == room.id] == ["parent", *expected, "live"]
    assert [each.text for each in ear.taken if each.own] == [f"r{number}" for number in range(0, 60, 7)]
    assert "elsewhere" in ear.texts()


async def test_a_message_that_another_one_overtook_is_caught_up_with(chat: RocketChat, out: Outgoing) -> None:
    room, ear = chat.room("general"), RecordingEar()
    async with listening(chat, out, ear):
        chat.say(room, ADA, "one")
        await taken(ear, 1)
        chat.say(room, ADA, "lost on the way", quiet=True)
        chat.say(room, ADA, "two")
        await taken(ear, 2)
    async with listening(chat, out, ear):
        await taken(ear, 3)
    assert ear.texts() == ["one", "two", "lost on the way"]
    assert ear.repeats >= 1, "what is asked for again is taken once"


async def test_rooms_that_nobody_listens_to_are_left_alone(chat: RocketChat, out: Outgoing) -> None:
    wanted, other = chat.room("wanted"), chat.room("other")
    ear = RecordingEar(channels=frozenset({"wanted"}))
    async with listening(chat, out, ear):
        chat.say(other, ADA, "no")
        chat.say(wanted, ADA, "one")
        await taken(ear, 1)
    chat.say(other, ADA, "to nobody", quiet=True)
    ear.channels = frozenset({"wanted", other.id})
    async with listening(chat, out, ear):
        chat.say(other, ADA, "two")
        await taken(ear, 2)
    assert ear.texts() == ["one", "two"]


async def test_it_asks_as_slowly_as_the_server_wants(chat: RocketChat, out: Outgoing) -> None:
    ear, rooms = RecordingEar(), [chat.room(f"r{number}") for number in range(4)]
    async with listening(chat, out, ear):
        pass
    chat.bypass, chat.limit, chat.minute_s = False, 2, 0.5
    for room in rooms:
        chat.say(room, ADA, room.name or "", quiet=True)
    async with listening(chat, out, ear):
        await taken(ear, 4, seconds=20)
    assert sorted(ear.texts()) == [room.name for room in rooms]


async def test_one_room_that_may_not_be_read_is_no_reason_to_hear_none(chat: RocketChat, out: Outgoing) -> None:
    ear, room, shut = RecordingEar(), chat.room("general"), chat.room("shut")
    async with listening(chat, out, ear):
        pass
    chat.say(shut, ADA, "x", quiet=True)
    chat.say(room, ADA, "hello", quiet=True)
    chat.trouble["chat.syncMessages"].append("error-not-allowed")
    async with listening(chat, out, ear):
        chat.say(room, ADA, "live")
        await until(lambda: _is(lambda: "live" in ear.texts()))


@pytest.mark.parametrize(
    ("arrange", "error", "code"),
    [
        (lambda chat: chat._tokens.clear(), InvalidInput, "connection_refused"),
        (lambda chat: chat.trouble["rooms.get"].append(503), Retryable, "rocketchat_unavailable"),
        (lambda chat: chat.trouble["rooms.get"].append("garbage"), Retryable, "rocketchat_answer"),
    ],
)
async def test_what_ends_listening(
    chat: RocketChat, out: Outgoing, arrange: Callable[[RocketChat], None], error: type[ActionError], code: str
) -> None:
    arrange(chat)
    ear = RecordingEar(cursor={"began": 0, "since": 0, "rooms": {}})
    with pytest.raises(error) as found:
        await listen(chat, out, ear)
    assert found.value.code == code
    assert "canary" not in str(found.value)


async def test_garbage_does_no_harm(chat: RocketChat, out: Outgoing) -> None:
    room, ear = chat.room("general"), RecordingEar()
    async with listening(chat, out, ear, listen) as task:
        (socket,) = chat.sockets
        changed = '{"msg": "changed", "collection": "stream-room-messages", "fields": '
        for text in ("{", "[]", "null", changed + "[]}", changed + '{"args": [{}]}}', changed + '{"args": "x"}}'):
            await socket.send_str(text)
        chat.say(room, ADA, "hello")
        await taken(ear, 1)
        assert not task.done()
    assert ear.texts() == ["hello"]


async def test_what_was_not_taken_comes_again(chat: RocketChat, out: Outgoing) -> None:
    room, ear = chat.room("general"), RecordingEar()

    async def broken(_: Any) -> None:
        ear.before = None
        raise Retryable("database", "away")

    async with listening(chat, out, ear):
        ear.before = broken
        chat.say(room, ADA, "hello")
        await taken(ear, 1)
    assert ear.texts() == ["hello"]


async def test_five_hundred_messages_over_a_line_that_is_cut(chat: RocketChat, out: Outgoing) -> None:
    """Before receipt, after it, and while what was received is being taken."""
    rooms, ear = [chat.room(f"r{number}") for number in range(5)], RecordingEar()
    ways = ("before", "after")
    chat.cut = lambda number: ways[number // 9 % 2] if number % 9 == 0 else None
    threads: dict[str, list[str]] = {}
    takes = 0

    async def die(_: Any) -> None:
        nonlocal takes
        takes += 1
        if takes % 17 == 0:
            raise Retryable("database", "away")

    async def speak(room: Room) -> None:
        parents = [chat.say(room, ADA, f"{room.name} t{number}")["_id"] for number in range(3)]
        for number in range(97):
            thread = parents[number % 3]
            threads.setdefault(thread, []).append(chat.say(room, ADA, f"{room.name} {number}", thread)["msg"])
            await asyncio.sleep(0.01)

    async with listening(chat, out, ear):
        ear.before = die
        await asyncio.gather(*(speak(room) for room in rooms))
        await taken(ear, 500, seconds=60)
    assert len({(each.channel, each.id) for each in ear.taken}) == len(ear.taken) == 500
    assert chat.opened > 20, "it was cut often"
    for thread, texts in threads.items():
        assert [each.text for each in ear.taken if each.thread == thread] == texts
    for room in rooms:
        times = [each.sent_at for each in ear.taken if each.channel == room.id and each.thread is None]
        assert all(first < second for first, second in pairwise(times))
