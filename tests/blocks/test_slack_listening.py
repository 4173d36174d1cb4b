"""Listening to Slack: what is heard; every message is taken once and in order, however the connection fares."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest

from blocks.connections.slack import Slack as SlackKind
from blocks.errors import ActionError, InvalidInput, Retryable
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from tests.vendors.ears import RecordingEar, signed
from tests.vendors.slack import Slack
from tests.vendors.slack_channels import Channel
from tests.vendors.slack_sender import pressed
from tests.waiting import until

ADA = "U0ADA00001"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as found:
        found.user(ADA, "Ada", "ada@example.org")
        yield found


@pytest.fixture
async def out() -> AsyncIterator[Outgoing]:
    async with Outgoing(Policy.of(["127.0.0.1"])) as found:
        yield found


async def listen(slack: Slack, out: Outgoing, ear: RecordingEar) -> None:
    fields = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
    way = signed("slack", fields, out)
    await SlackKind().listen(SlackKind().read(fields), way, ear)


async def keep_listening(slack: Slack, out: Outgoing, ear: RecordingEar) -> None:
    """As `core/listening` does, without its pauses."""
    while True:
        with contextlib.suppress(Retryable):
            await listen(slack, out, ear)


@asynccontextmanager
async def listening(
    slack: Slack, out: Outgoing, ear: RecordingEar, how: Callable[..., Any] = keep_listening
) -> AsyncIterator["asyncio.Task[None]"]:
    before = slack.sockets.opened, ear.stood
    task = asyncio.create_task(how(slack, out, ear))
    try:
        await until(lambda: _is(lambda: task.done() or ((slack.sockets.opened, ear.stood) > before and ear.cursor)))
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
        raise AssertionError(f"{len(ear.taken)} of {count} were taken") from None


async def test_what_is_heard(slack: Slack, out: Outgoing) -> None:
    room, ear = slack.channel("general"), RecordingEar()
    direct = slack.channel("", im=ADA)
    slack.say(room, ADA, "before anybody listened", quiet=True)
    async with listening(slack, out, ear):
        first = slack.say(room, ADA, f"<@{slack.bot_user}> a &lt;b&gt; <https://x.test|x> <#C1|dev> <!here>")
        slack.say(room, ADA, "in the thread", first["ts"])
        slack.say(direct, ADA, "psst")
        slack.say(room, "U0CI000001", "a bot", bot_id="B0CI000001", subtype="bot_message", username="CI")
        slack.say(room, slack.bot_user, "ours", bot_id=slack.bot_id)
        slack.say(room, ADA, "edited", subtype="message_changed")
        slack.say(room, ADA, "joined", subtype="channel_join")
        await until(lambda: _is(lambda: len(slack.sockets.acknowledged) == 7))
        slack.tell({"event_id": "Ev1", "event": slack.event(room, first)["event"] | {"type": "app_mention"}})
        await until(lambda: _is(lambda: ear.repeats == 1))
    by_text = {each.text: each for each in ear.taken}
    assert list(by_text) == [
        "@vutler a <b> x (https://x.test) #dev @here", "in the thread", "psst", "a bot", "ours",
    ]  # fmt: skip
    one, reply, private, bot, own = by_text.values()
    assert (one.id, one.channel, one.channel_name, one.thread) == (first["ts"], room.id, "general", None)
    assert (one.sender_id, one.sender_name, one.mentions) == (ADA, "Ada", (slack.bot_user,))
    assert f"{one.sent_at.timestamp():.6f}" == first["ts"]
    assert reply.thread == first["ts"]
    assert (private.direct, one.direct) == (True, False)
    assert (bot.from_bot, bot.own, bot.sender_name) == (True, False, "CI")
    assert (own.from_bot, own.own) == (True, True)
    assert ear.account == slack.bot_user
    assert [method for method, _ in slack.asked].count("users.info") == 1


async def test_rooms_that_nobody_listens_to_are_left_alone(slack: Slack, out: Outgoing) -> None:
    wanted, by_id, other = slack.channel("wanted"), slack.channel("byid"), slack.channel("other")
    ear = RecordingEar(channels=frozenset({"wanted", by_id.id}))
    async with listening(slack, out, ear):
        for room in (other, wanted, by_id, slack.channel("", im=ADA)):
            slack.say(room, ADA, room.name or "direct")
        await until(lambda: _is(lambda: len(slack.sockets.acknowledged) == 4))
    assert sorted(ear.texts()) == ["byid", "direct", "wanted"], "what is caught up with comes room by room"


async def test_a_room_has_no_past_for_whoever_begins_to_listen_there(slack: Slack, out: Outgoing) -> None:
    old, new, ear = slack.channel("old"), slack.channel("new"), RecordingEar(channels=frozenset({"old"}))
    async with listening(slack, out, ear):
        slack.say(old, ADA, "one")
        await taken(ear, 1)
    slack.say(new, ADA, "to nobody", quiet=True)
    slack.say(old, ADA, "two", quiet=True)
    ear.channels = frozenset({"old", "new"})
    async with listening(slack, out, ear):
        slack.say(new, ADA, "three")
        await taken(ear, 3)
    assert ear.texts() == ["one", "two", "three"]


async def test_files_come_along_within_bounds(slack: Slack, out: Outgoing) -> None:
    room, ear = slack.channel("general"), RecordingEar()
    slack.files = {"F1": ("a.txt", "text/plain", b"hello"), "F2": ("big.bin", "application/zip", b"x")}

    def file(ident: str, size: int, host: str = slack.url) -> dict[str, Any]:
        name, kind, _ = slack.files[ident]
        return {
            "id": ident,
            "name": name,
            "mimetype": kind,
            "size": size,
            "url_private_download": f"{host}/files/{ident}",
        }

    files = [file("F1", 5), file("F2", 50_000_000), file("F1", 5, "http://169.254.169.254")]
    async with listening(slack, out, ear):
        slack.say(room, ADA, "look", subtype="file_share", files=files)
        await taken(ear, 1)
        slack.scopes.remove("files:read")
        slack.say(room, ADA, "again", subtype="file_share", files=files[:1])
        await taken(ear, 2)
    assert [(each.name, each.media_type, each.content) for each in ear.taken[0].attachments] == [
        ("a.txt", "text/plain", b"hello")
    ]
    assert [each["name"] for each in ear.taken[0].more["files"]] == ["a.txt", "big.bin", "a.txt"]  # type: ignore[union-attr, call-overload, index]
    assert ear.taken[1].attachments == []


async def test_what_was_said_meanwhile_is_caught_up_with(slack: Slack, out: Outgoing) -> None:
    room, ear, other = slack.channel("general"), RecordingEar(), slack.channel("other")
    slack.page = 3
    async with listening(slack, out, ear):
        parent = slack.say(room, ADA, "parent")
        await taken(ear, 1)
    for number in range(10):
        slack.say(room, ADA, f"m{number}", quiet=True)
        slack.say(room, ADA, f"r{number}", parent["ts"], quiet=True)
    slack.say(other, ADA, "elsewhere", quiet=True)
    async with listening(slack, out, ear):
        await taken(ear, 22)
    assert sorted(ear.texts()[1:21]) == sorted([f"{kind}{number}" for number in range(10) for kind in "mr"])
    assert ear.texts()[1:21] == [f"{kind}{number}" for number in range(10) for kind in "mr"]
    assert ear.texts()[21] == "elsewhere"
    assert ear.repeats == 0
    async with listening(slack, out, ear):
        slack.say(room, ADA, "live")
        await taken(ear, 23)
    assert ear.texts()[-1] == "live"
    assert ear.repeats == 0


async def test_what_is_said_in_a_thread_that_was_read_already_is_not_stepped_over(slack: Slack, out: Outgoing) -> None:
    """Threads are read one after the other, and people go on writing in all of them meanwhile."""
    room, ear = slack.channel("general"), RecordingEar()
    async with listening(slack, out, ear):
        one, two = (slack.say(room, ADA, text)["ts"] for text in ("one", "two"))
        await taken(ear, 2)
    for thread, text in ((one, "one 1"), (two, "two 1")):
        slack.say(room, ADA, text, thread, quiet=True)
    replies = slack._conversations_replies

    def meanwhile(given: dict[str, Any]) -> dict[str, Any] | str:
        said = replies(given)
        if "two 2" not in slack.said(room):
            first, second = [(one, "one 2"), (two, "two 2")][:: 1 if given["ts"] == one else -1]
            slack.say(room, ADA, first[1], first[0], quiet=True)
            slack.say(room, ADA, second[1], second[0], quiet=True)
        return said

    slack._conversations_replies = meanwhile  # type: ignore[method-assign]
    async with listening(slack, out, ear):
        await taken(ear, 5)
    async with listening(slack, out, ear):
        await taken(ear, 6)
    assert sorted(ear.texts()) == ["one", "one 1", "one 2", "two", "two 1", "two 2"]


async def test_slack_is_asked_as_slowly_as_it_wants(slack: Slack, out: Outgoing) -> None:
    ear = RecordingEar()
    rooms = [slack.channel(f"r{number}") for number in range(5)]
    async with listening(slack, out, ear):
        for room in rooms:
            slack.say(room, ADA, f"{room.name} first")
        await taken(ear, 5)
    slack.tiers["conversations.history"], slack.minute_s = 2, 0.5
    for room in rooms:
        slack.say(room, ADA, room.name, quiet=True)
    async with listening(slack, out, ear):
        await taken(ear, 10, seconds=20)
    assert sorted(ear.texts()[5:]) == [room.name for room in rooms]


async def test_nothing_is_acknowledged_that_was_not_taken(slack: Slack, out: Outgoing) -> None:
    room, ear = slack.channel("general"), RecordingEar()
    slack.sockets.retry_s = (0.0, 0.05, 0.05)

    async def broken(_: Any) -> None:
        ear.before = None
        raise Retryable("database", "away")

    async with listening(slack, out, ear):
        ear.before = broken
        slack.say(room, ADA, "hello")
        await taken(ear, 1)
    assert ear.texts() == ["hello"]

    async def taken_over(_: Any) -> None:
        raise LookupError("somebody else listens")

    before = list(slack.sockets.acknowledged)
    async with listening(slack, out, ear, listen) as task:
        ear.before = taken_over
        slack.say(room, ADA, "not ours")
        with pytest.raises(LookupError):
            await task
    assert slack.sockets.acknowledged == before


async def test_slack_renews_the_connection_without_a_gap(slack: Slack, out: Outgoing) -> None:
    room, ear = slack.channel("general"), RecordingEar()
    async with listening(slack, out, ear, listen) as task:
        for number in range(30):
            slack.say(room, ADA, f"m{number}")
            if number % 10 == 5:
                opened = slack.sockets.opened
                await slack.sockets.disconnect("refresh_requested" if number < 10 else "warning")
                await until(lambda opened=opened: _is(lambda: slack.sockets.opened > opened))
        await taken(ear, 30)
        await until(lambda: _is(lambda: slack.sockets.opened == 4))
        assert not task.done()
    assert ear.texts() == [f"m{number}" for number in range(30)]
    assert [method for method, _ in slack.asked].count("conversations.history") == 1


async def test_buttons_come_by_the_same_way(slack: Slack, out: Outgoing) -> None:
    room, ear = slack.channel("general"), RecordingEar()
    message = slack.say(room, ADA, "asked", quiet=True)
    async with listening(slack, out, ear):
        action = {"action_id": "vutler:approve", "value": "q1"}
        slack.tell(pressed(slack.team, ADA, room.id, message, action), "interactive")
        slack.tell(pressed(slack.team, ADA, room.id, message, {"action_id": "vutler:open"}), "interactive")
        await until(lambda: _is(lambda: len(slack.sockets.acknowledged) == 2))
    assert [(each.question, each.choice, each.user_id, each.foreign) for each in ear.presses] == [
        ("q1", "approve", ADA, False)
    ]


@pytest.mark.parametrize(
    ("arrange", "error", "code"),
    [
        (lambda slack: setattr(slack, "app_token", "xapp-other"), InvalidInput, "connection_refused"),
        (lambda slack: setattr(slack, "bot_token", "xoxb-other"), InvalidInput, "connection_refused"),
        (lambda slack: slack.trouble["auth.test"].append(503), Retryable, "slack_unavailable"),
        (lambda slack: slack.trouble["apps.connections.open"].append("garbage"), Retryable, "slack_answer"),
        (lambda slack: setattr(slack.sockets, "most", 0), Retryable, "slack_too_many"),
    ],
)
async def test_what_ends_listening(
    slack: Slack, out: Outgoing, arrange: Callable[[Slack], None], error: type[ActionError], code: str
) -> None:
    fields = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
    arrange(slack)
    with pytest.raises(error) as found:
        await SlackKind().listen(SlackKind().read(fields), signed("slack", fields, out), RecordingEar())
    assert found.value.code == code
    assert "canary" not in str(found.value)


async def test_without_an_app_token_there_is_no_socket_mode(slack: Slack, out: Outgoing) -> None:
    fields = {"bot_token": slack.bot_token, "api_url": slack.api_url}
    with pytest.raises(InvalidInput, match="app-level token"):
        await SlackKind().listen(SlackKind().read(fields), signed("slack", fields, out), RecordingEar())


async def test_events_by_http_that_did_not_arrive_are_looked_for(slack: Slack, out: Outgoing) -> None:
    room, ear = slack.channel("general"), RecordingEar()
    fields = {"bot_token": slack.bot_token, "signing_secret": "x" * 20, "api_url": slack.api_url}
    for count in (1, 2):
        way = signed("slack", fields, out)
        task = asyncio.create_task(SlackKind().listen(SlackKind().read(fields), way, ear))
        await until(lambda count=count: _is(lambda: ear.stood == count))
        task.cancel()
        slack.say(room, ADA, f"lost {count}", quiet=True)
    assert ear.texts() == ["lost 1"]
    assert slack.sockets.opened == 0


@pytest.mark.parametrize("lacks", ["im:read", "im:history", "channels:history", "users:read", "channels:read"])
async def test_a_missing_scope_costs_what_it_is_for_and_no_more(slack: Slack, out: Outgoing, lacks: str) -> None:
    room, direct, ear = slack.channel("general"), slack.channel("", im=ADA), RecordingEar()
    slack.scopes.remove(lacks)
    async with listening(slack, out, ear):
        slack.say(room, ADA, "in the room")
        slack.say(direct, ADA, "direct")
        await taken(ear, 2)
    async with listening(slack, out, ear, listen) as task:
        slack.say(room, ADA, "again")
        await taken(ear, 3)
        assert not task.done()
    assert ear.texts() == ["in the room", "direct", "again"]


async def test_garbage_does_no_harm(slack: Slack, out: Outgoing) -> None:
    room, ear = slack.channel("general"), RecordingEar()
    async with listening(slack, out, ear, listen) as task:
        for text in ("{", "[]", "null", '{"type": "events_api", "payload": []}', '{"envelope_id": 7}'):
            await slack.sockets.open[0].send_str(text)
        for event in ({"type": "message"}, {"type": "message", "channel": "C1", "ts": "x"}, {}):
            slack.tell({"event_id": "x", "event": event})
        slack.say(room, ADA, "hello")
        await taken(ear, 1)
        assert not task.done()
    assert ear.texts() == ["hello"]


async def test_five_hundred_messages_over_a_line_that_is_cut(slack: Slack, out: Outgoing) -> None:
    """Before receipt, after it, and before the acknowledgement."""
    rooms = [slack.channel(f"r{number}") for number in range(5)]
    ear = RecordingEar()
    slack.tiers.clear()
    slack.sockets.ack_s, slack.sockets.retry_s = 1.0, (0.0, 0.2, 0.4)
    ways = ("before", "after", "unacknowledged")
    slack.sockets.cut = lambda number: ways[number // 13 % 3] if number % 13 == 0 else None
    threads: dict[str, list[str]] = {}

    async def speak(room: Channel) -> None:
        parents = [slack.say(room, ADA, f"{room.name} t{number}")["ts"] for number in range(3)]
        for number in range(97):
            thread = parents[number % 3]
            said = slack.say(room, ADA, f"{room.name} {number}", thread)
            threads.setdefault(thread, []).append(said["text"])
            await asyncio.sleep(0.01)

    async with listening(slack, out, ear):
        await asyncio.gather(*(speak(room) for room in rooms))
        await taken(ear, 500, seconds=60)
        await until(lambda: _is(lambda: not slack.sockets.busy), seconds=30)
    assert len(ear.taken) == 500
    assert len({(each.channel, each.id) for each in ear.taken}) == 500
    assert slack.sockets.opened > 20, "it was cut often"
    for thread, texts in threads.items():
        assert [each.text for each in ear.taken if each.thread == thread] == texts
    for room in rooms:
        times = [float(each.id) for each in ear.taken if each.channel == room.id and each.thread is None]
        assert all(first < second for first, second in pairwise(times))
