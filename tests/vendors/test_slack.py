"""The Slack of these tests holds a session with Slack's own SDK before it meets ours."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.vendors.slack import Slack
from tests.vendors.slack_sender import Hooks, Sender, over_http, pressed
from tests.waiting import until


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as found:
        yield found


def client(slack: Slack, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(token=token or slack.bot_token, base_url=f"{slack.api_url}/", retry_handlers=[])


async def refused(call: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as error:
        await call
    return dict(error.value.response.data)


async def test_messages_pages_and_metadata(slack: Slack) -> None:
    room, sdk = slack.channel("general"), client(slack)
    about = await sdk.auth_test()
    assert about["user_id"] == slack.bot_user
    metadata = {"event_type": "x", "event_payload": {"key": "k1"}}
    first = await sdk.chat_postMessage(channel="#general", text="one", metadata=metadata)
    assert first["channel"] == room.id
    await sdk.chat_postMessage(channel=room.id, text="in the thread", thread_ts=first["ts"])
    for number in range(5):
        await sdk.chat_postMessage(channel=room.id, text=f"m{number}", blocks=[{"type": "divider"}])
    texts = []
    async for page in await sdk.conversations_history(channel=room.id, limit=2):
        texts += [each["text"] for each in page["messages"]]
    assert texts == ["m4", "m3", "m2", "m1", "m0", "one"]
    plain = await sdk.conversations_history(channel=room.id, oldest=first["ts"], inclusive=True, limit=99)
    told = await sdk.conversations_history(
        channel=room.id, latest=first["ts"], inclusive=True, include_all_metadata=True
    )
    assert "metadata" not in plain["messages"][-1]
    assert told["messages"][0]["metadata"] == metadata
    replies = await sdk.conversations_replies(channel=room.id, ts=first["ts"])
    assert [each["text"] for each in replies["messages"]] == ["one", "in the thread"]
    await sdk.chat_update(channel=room.id, ts=first["ts"], text="changed")
    assert slack.said(room)[0] == "changed"
    found = await sdk.users_conversations(types="public_channel,im", exclude_archived=True)
    assert [each["name"] for each in found["channels"]] == ["general"]
    assert (await sdk.conversations_info(channel=room.id))["channel"]["name"] == "general"


async def test_direct_messages_and_people(slack: Slack) -> None:
    ada, sdk = slack.user("U0ADA00001", "Ada", "ada@example.org"), client(slack)
    opened = await sdk.conversations_open(users=ada)
    posted = await sdk.chat_postMessage(channel=ada, text="hello")
    assert opened["channel"]["id"] == posted["channel"]
    assert (await sdk.users_info(user=ada))["user"]["profile"]["email"] == "ada@example.org"
    slack.scopes.remove("users:read.email")
    assert "email" not in (await sdk.users_info(user=ada))["user"]["profile"]


async def test_refusals(slack: Slack) -> None:
    sdk = client(slack)
    room, shut, far = slack.channel("general"), slack.channel("old", archived=True), slack.channel("far", member=False)
    hidden = slack.channel("hidden", private=True, member=False)
    for arguments, error in (
        ({"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": hidden.id, "text": "x"}, "channel_not_found"),
        ({"channel": far.id, "text": "x"}, "not_in_channel"),
        ({"channel": shut.id, "text": "x"}, "is_archived"),
        ({"channel": room.id}, "no_text"),
        ({"channel": room.id, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": room.id, "text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"channel": room.id, "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"channel": room.id, "text": "x", "thread_ts": "1.1"}, "thread_not_found"),
    ):
        assert (await refused(sdk.chat_postMessage(**arguments)))["error"] == error
    assert (await refused(client(slack, "xoxb-wrong").auth_test()))["error"] == "invalid_auth"
    assert (await refused(sdk.apps_connections_open(app_token=slack.bot_token)))["error"] == "not_allowed_token_type"
    slack.scopes.remove("chat:write")
    told = await refused(sdk.chat_postMessage(channel=room.id, text="x"))
    assert (told["error"], told["needed"]) == ("missing_scope", "chat:write")
    assert slack.said(room) == []


async def test_limits(slack: Slack) -> None:
    room, sdk = slack.channel("general"), client(slack)
    slack.tiers["conversations.history"], slack.channel_burst = 2, 1
    for _ in range(2):
        await sdk.conversations_history(channel=room.id)
    with pytest.raises(SlackApiError) as error:
        await sdk.conversations_history(channel=room.id)
    assert error.value.response.status_code == 429
    assert 58 <= int(error.value.response.headers["Retry-After"]) <= 61
    await sdk.chat_postMessage(channel=room.id, text="one")
    assert (await refused(sdk.chat_postMessage(channel=room.id, text="two")))["error"] == "ratelimited"


async def test_socket_mode(slack: Slack) -> None:
    room, ada = slack.channel("general"), slack.user("U0ADA00001", "Ada")
    slack.sockets.ack_s, slack.sockets.retry_s = 0.3, (0.0, 0.1, 0.1)
    heard: list[tuple[str, int | None]] = []
    sdk = SocketModeClient(slack.app_token, web_client=client(slack), ping_interval=1)

    async def listener(_: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        heard.append((request.payload["event"]["text"], request.retry_attempt))
        if request.payload["event"]["text"] != "late" or request.retry_attempt:
            await sdk.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    sdk.socket_mode_request_listeners.append(listener)  # type: ignore[arg-type]
    await sdk.connect()
    try:
        slack.say(room, ada, "in time")
        slack.say(room, ada, "late")
        await until(lambda: _is(lambda: len(slack.sockets.acknowledged) == 2))
        assert heard == [("in time", None), ("late", None), ("late", 1)]
        slack.sockets.cut = lambda number: "after" if number == 4 else None
        slack.say(room, ada, "cut")
        await until(lambda: _is(lambda: slack.sockets.opened == 2 and len(slack.sockets.open) == 1))
        await slack.sockets.disconnect("warning")
        await until(lambda: _is(lambda: slack.sockets.opened == 3))
    finally:
        await sdk.disconnect()
        await sdk.close()


async def _is(condition: Any) -> bool:
    return bool(condition())


async def test_the_events_api_and_its_signatures(slack: Slack) -> None:
    room, ada = slack.channel("general"), slack.user("U0ADA00001", "Ada")
    got: list[tuple[dict[str, str], str]] = []
    statuses = [500, 200]

    async def app(request: web.Request) -> web.Response:
        body = await request.text()
        got.append((dict(request.headers), body))
        if "challenge" in body:
            return web.json_response({"challenge": json.loads(body)["challenge"]})
        return web.Response(status=statuses.pop(0))

    runner = web.AppRunner(server := web.Application(), shutdown_timeout=0.1)
    server.router.add_post("/{rest:.*}", app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with ClientSession() as session:
            sender = Sender(f"http://127.0.0.1:{runner.addresses[0][1]}", over_http(session), retry_s=(0.0, 0.0))
            assert await sender.verify()
            message = slack.say(room, ada, "hello", quiet=True)
            assert await sender.send(slack.event(room, message))
            statuses.append(200)
            assert await sender.press(pressed(slack.team, ada, room.id, message, {"action_id": "a"})) == (200, "")
        for headers, body in got:
            verifier = SignatureVerifier(sender.secret)
            assert verifier.is_valid_request(body, headers)
            assert not SignatureVerifier("another").is_valid_request(body, headers)
        assert got[2][0]["X-Slack-Retry-Num"] == "1"
        assert got[2][0]["X-Slack-Retry-Reason"] == "http_error"
    finally:
        await runner.cleanup()


async def test_incoming_webhooks() -> None:
    async with Hooks() as hooks:
        sdk = AsyncWebhookClient(hooks.url, retry_handlers=[])
        assert (await sdk.send(text="hello")).body == "ok"
        assert (await sdk.send(text="")).body == "no_text"
        assert (await sdk.send(text="x", blocks=[{"type": "divider"}] * 51)).body == "invalid_blocks"
        wrong = await AsyncWebhookClient(f"{hooks.url}x", retry_handlers=[]).send(text="x")
        assert (wrong.status_code, wrong.body) == (403, "invalid_token")
        hooks.archived = True
        assert (await sdk.send(text="x")).status_code == 410
        hooks.active = False
        assert (await sdk.send(text="x")).body == "no_service"
        response = AsyncWebhookClient(hooks.response_url(), retry_handlers=[])
        for _ in range(5):
            assert (await response.send(text="x", replace_original=True)).body == "ok"
        assert (await response.send(text="x")).status_code == 404
    assert [each["text"] for each in hooks.posted] == ["hello"]
