"""Posting to Slack: what is sent, what is refused, and that nothing is posted twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from blocks import registry
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.services import Choice, Post, Put, Question, Rooms
from blocks.slack.posting import HookChat, SlackChat
from core.outgoing.addresses import Policy
from core.outgoing.client import Outgoing
from core.redaction import Redactor
from tests.vendors.ears import signed
from tests.vendors.slack import Slack
from tests.vendors.slack_sender import Hooks

POST = Post("#general", "hello", "run/s1/0")


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as found:
        yield found


@pytest.fixture
async def hooks() -> AsyncIterator[Hooks]:
    async with Hooks() as found:
        yield found


@pytest.fixture
async def out() -> AsyncIterator[Outgoing]:
    async with Outgoing(Policy.of(["127.0.0.1"])) as found:
        yield found


@pytest.fixture
def chat(slack: Slack, out: Outgoing) -> SlackChat:
    found = signed("slack", {"bot_token": slack.bot_token, "api_url": slack.api_url}, out).service(SlackChat)
    assert (found.repeatable, found.looks) == (False, True)
    return found


@pytest.fixture
def hook(hooks: Hooks, out: Outgoing) -> HookChat:
    return signed("slack_webhook", {"webhook_url": hooks.url}, out).service(HookChat)


async def failed(call: Any) -> ActionError:
    with pytest.raises(ActionError) as error:
        await call
    return error.value


async def test_a_message_a_thread_blocks_and_a_person(slack: Slack, chat: SlackChat) -> None:
    room, ada = slack.channel("general"), slack.user("U0ADA00001", "Ada")
    first = await chat.post(POST, timeout_s=5)
    assert first == {"message_id": room.messages[0]["ts"], "channel": room.id}
    await chat.post(replace(POST, channel=room.id, thread=str(first["message_id"]), text="under it"), timeout_s=5)
    assert room.messages[1]["thread_ts"] == first["message_id"]
    await chat.post(replace(POST, text="", blocks=[{"type": "divider"}]), timeout_s=5)
    assert room.messages[2]["blocks"] == [{"type": "divider"}]
    sent = await chat.post(replace(POST, channel=ada), timeout_s=5)
    assert slack.channels[str(sent["channel"])].im == ada
    assert [each["metadata"]["event_payload"]["key"] for each in room.messages] == ["run/s1/0"] * 3


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"channel": "#nowhere"}, "slack_channel_not_found", "knows no such channel"),
        ({"channel": "#far"}, "slack_not_in_channel", "invite it"),
        ({"channel": "#old"}, "slack_is_archived", "archived"),
        ({"channel": None}, "channel_missing", "Name the channel"),
        ({"text": ""}, "slack_no_text", "needs a text"),
        ({"text": "x" * 40_001}, "slack_msg_too_long", "40,000"),
        ({"blocks": [{"type": "divider"}] * 51}, "slack_invalid_blocks", "at most 50"),
        ({"blocks": ["no block"]}, "slack_invalid_blocks", "does not accept"),
        ({"thread": "1.000001"}, "slack_thread_not_found", "no such thread"),
        ({"channel": "#general\r\nX: y"}, "slack_channel_not_found", "knows no such channel"),
    ],
)
async def test_what_slack_refuses_fails_with_a_sentence(
    slack: Slack, chat: SlackChat, change: dict[str, Any], code: str, says: str
) -> None:
    room = slack.channel("general")
    slack.channel("far", member=False)
    slack.channel("old", archived=True)
    error = await failed(chat.post(replace(POST, **change), timeout_s=5))
    assert isinstance(error, InvalidInput)
    assert (error.code, says in error.message) == (code, True), error.message
    assert room.messages == []


async def test_credentials_and_scopes(slack: Slack, chat: SlackChat, out: Outgoing) -> None:
    slack.channel("general")
    wrong = signed("slack", {"bot_token": "xoxb-wrong", "api_url": slack.api_url}, out).service(SlackChat)
    error = await failed(wrong.post(POST, timeout_s=5))
    assert (error.code, "install the Slack app again" in error.message) == ("connection_refused", True)
    slack.scopes.remove("chat:write")
    error = await failed(chat.post(POST, timeout_s=5))
    assert (error.code, "lacks the scope chat:write" in error.message) == ("slack_missing_scope", True)


@pytest.mark.parametrize("trouble", [503, "ratelimited", "service_unavailable"])
async def test_passing_trouble_is_answered(slack: Slack, chat: SlackChat, trouble: Any) -> None:
    room = slack.channel("general")
    slack.trouble["chat.postMessage"].append(trouble)
    error = await failed(chat.post(POST, timeout_s=5))
    assert isinstance(error, Retryable)
    assert error.answered
    await chat.post(replace(POST, again=True), timeout_s=5)
    assert slack.said(room) == ["hello"]


async def test_too_often_waits_as_long_as_slack_says(slack: Slack, chat: SlackChat) -> None:
    slack.channel("general")
    slack.channel_burst = 1
    await chat.post(POST, timeout_s=5)
    error = await failed(chat.post(POST, timeout_s=5))
    assert isinstance(error, Retryable)
    assert (error.cause, error.answered) == ("rate_limited", True)
    assert error.after
    assert 1 <= error.after <= 2


@pytest.mark.parametrize("channel", ["#general", "{id}", "U0ADA00001"])
@pytest.mark.parametrize("threaded", [False, True])
async def test_a_lost_answer_is_looked_for_and_nothing_is_posted_twice(
    slack: Slack, chat: SlackChat, channel: str, threaded: bool
) -> None:
    slack.user("U0ADA00001", "Ada")
    slack.page = 2
    room = slack.channel("general") if channel != "U0ADA00001" else slack.channel("", im="U0ADA00001")
    thread = str(slack.say(room, "U0ADA00001", "before", quiet=True)["ts"]) if threaded else None
    for number in range(5):
        slack.say(room, "U0ADA00001", f"noise {number}", thread, quiet=True)
    slack.trouble["chat.postMessage"].append("cut after")
    post = replace(POST, channel=channel.format(id=room.id), thread=thread)
    said = await chat.post(post, timeout_s=15)
    assert said == {"message_id": room.messages[-1]["ts"], "channel": room.id}
    assert slack.said(room).count("hello") == 1
    assert await chat.post(replace(post, again=True), timeout_s=5) == said, "a worker that was killed asks again"
    assert slack.said(room).count("hello") == 1


async def test_a_request_that_never_arrived_may_be_tried_again(slack: Slack, chat: SlackChat) -> None:
    room = slack.channel("general")
    slack.trouble["chat.postMessage"].append("cut")
    error = await failed(chat.post(POST, timeout_s=15))
    assert isinstance(error, Retryable)
    assert error.answered
    assert "was not posted" in error.message
    await chat.post(replace(POST, again=True), timeout_s=5)
    assert slack.said(room) == ["hello"]


@pytest.mark.parametrize("trouble", ["garbage", "fatal_error", "internal_error", "cut"])
async def test_what_cannot_be_looked_for_stays_in_doubt(slack: Slack, chat: SlackChat, trouble: str) -> None:
    slack.channel("general")
    slack.scopes.remove("channels:history")
    slack.trouble["chat.postMessage"].append(trouble)
    error = await failed(chat.post(replace(POST, channel="C000000001"), timeout_s=5))
    assert isinstance(error, Retryable)
    assert not error.answered


async def test_a_slow_answer_leaves_time_to_look(slack: Slack, chat: SlackChat) -> None:
    slack.channel("general")
    slack.trouble["chat.postMessage"].append("slow")
    error = await failed(chat.post(POST, timeout_s=3))
    assert isinstance(error, Retryable)


async def test_rooms(slack: Slack, chat: SlackChat) -> None:
    for number in range(3):
        slack.channel(f"r{number}", member=number == 2)
    slack.page = 2
    assert isinstance(chat, Rooms)
    assert [(room.name, room.is_member) for room in await chat.rooms()] == [("r2", True), ("r0", False), ("r1", False)]


async def test_a_question_has_buttons_until_it_is_answered(slack: Slack, chat: SlackChat) -> None:
    room = slack.channel("general")
    choices = (Choice("approve", "Approve", "primary"), Choice("reject", "Reject", "danger"))
    question = Question(
        "q1", "<!channel> *x*", "<http://evil|x> " + "y" * 5000, "https://v.test/a", "Open", "", choices
    )
    asked = await chat.ask(question, Put("#general", "q1"), timeout_s=5)
    header, section, actions = room.messages[0]["blocks"]
    assert room.messages[0]["text"] == "&lt;!channel&gt; *x*"
    assert header["text"] == {"type": "plain_text", "text": "<!channel> *x*", "emoji": False}
    assert (section["text"]["type"], len(section["text"]["text"])) == ("plain_text", 3000)
    assert [each["action_id"] for each in actions["elements"]] == ["vutler:approve", "vutler:reject", "vutler:open"]
    assert [each.get("value") for each in actions["elements"]] == ["q1", "q1", None]
    assert await chat.ask(question, Put("#general", "q1", again=True), timeout_s=5) == asked
    assert len(room.messages) == 1
    await chat.answered(question, room.id, str(asked["message_id"]), "Approved by Ada", timeout_s=5)
    assert [each["type"] for each in room.messages[0]["blocks"]] == ["header", "section", "context"]


async def test_an_incoming_webhook(hooks: Hooks, hook: HookChat, out: Outgoing) -> None:
    post = replace(POST, channel=None)
    assert await hook.post(post, timeout_s=5) == {"message_id": None, "channel": None}
    assert hooks.posted == [{"text": "hello"}]
    for change, code in (({"channel": "#x"}, "channel_not_allowed"), ({"thread": "1.1"}, "thread_not_allowed")):
        assert (await failed(hook.post(replace(post, **change), timeout_s=5))).code == code
    for trouble, answered in ((500, True), ("limited", True), ("cut", False), ("cut after", False)):
        hooks.trouble.append(trouble)
        error = await failed(hook.post(post, timeout_s=5))
        assert isinstance(error, Retryable)
        assert error.answered is answered
        assert "canary" not in str(error)
    hooks.archived = True
    assert (await failed(hook.post(post, timeout_s=5))).code == "slack_channel_is_archived"
    hooks.active = False
    error = await failed(hook.post(post, timeout_s=5))
    assert (error.code, "canary" in error.message) == ("slack_no_service", False)


async def test_tests_of_connections(slack: Slack, hooks: Hooks, out: Outgoing) -> None:
    fields = {"bot_token": slack.bot_token, "api_url": slack.api_url}
    assert await signed("slack", fields, out).test() == "Slack knows the app as vutler in the workspace Acme."
    whole = fields | {"app_token": slack.app_token}
    assert (await signed("slack", whole, out).test()).endswith("It can listen by Socket Mode.")
    error = await failed(signed("slack", fields | {"app_token": slack.bot_token}, out).test())
    assert error.code == "connection_refused"
    assert await signed("slack_webhook", {"webhook_url": hooks.url}, out).test() == "Slack knows the webhook."
    assert hooks.posted == []
    assert (await failed(signed("slack_webhook", {"webhook_url": f"{hooks.url}x"}, out).test())).code == (
        "connection_refused"
    )


async def test_nothing_goes_to_another_host_and_no_secret_is_told(slack: Slack, out: Outgoing) -> None:
    redactor = Redactor()
    far = {"bot_token": "xoxb-canary", "api_url": "http://169.254.169.254/api"}
    error = await failed(signed("slack", far, out, redactor).service(SlackChat).post(POST, timeout_s=5))
    assert error.code in ("blocked_address", "connection_not_allowed")
    assert redactor.text("it was xoxb-canary") == "it was ***"
    with pytest.raises(InvalidInput, match="can't be used here"):
        signed("http_bearer", {"token": "x"}, out).service(SlackChat)
    for kind in ("slack", "slack_webhook"):
        assert registry.connections()[kind].purpose == "slack"
