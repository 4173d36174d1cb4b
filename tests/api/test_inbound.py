"""What Slack sends: who may send it, and what becomes of it."""

__all__ = ["room", "settings"]


import asyncio
import json
from typing import Any

import httpx

from core.buckets import Buckets
from core.ids import new_id
from tests.api.conftest import Served, Tenant, problem
from tests.api.slack import ADA, Arrivals, Room, room, settings
from tests.vendors.slack_sender import Sender


def events(room: Room, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    return [room.slack.event(room.channel, message) for message in messages]


async def test_the_address_can_be_entered_and_messages_arrive_once(room: Room, ada: Tenant) -> None:
    assert await room.sender.verify()
    first = room.slack.say(room.channel, ADA, f"<@{room.slack.bot_user}> hello", quiet=True)
    reply = room.slack.say(room.channel, ADA, "under it", first["ts"], quiet=True)
    for each in events(room, first, reply, first):
        assert await room.sender.send(each)
    heard = list(room.arrivals.heard.values())
    assert [(each.text, each.thread, each.sender_name) for each in heard] == [
        (f"@{room.slack.bot_user} hello", None, "Ada"), ("under it", first["ts"], "Ada"),
    ]  # fmt: skip
    assert heard[0].mentions == (room.slack.bot_user,)
    assert room.arrivals.own == room.slack.bot_user
    assert room.arrivals.repeats == 1
    assert set(room.arrivals.workspaces) == {str(ada.workspace_id)}, "the second wall stands"
    assert [method for method, _ in room.slack.asked].count("users.info") == 1
    assert set(room.sender.answers) == {(200, "{}")}


async def test_what_is_no_message_is_taken_and_forgotten(room: Room) -> None:
    message = room.slack.say(room.channel, ADA, "x", quiet=True)
    for change in ({"subtype": "message_changed"}, {"type": "reaction_added"}, {"ts": "x"}, {"channel": None}):
        whole = events(room, message)[0]
        whole["event"] |= change
        assert await room.sender.send(whole)
    assert room.arrivals.heard == {}


async def test_slack_that_answers_slowly_holds_nothing_up(room: Room) -> None:
    room.slack.trouble["users.info"].append("slow")
    message = room.slack.say(room.channel, ADA, "hello", quiet=True)
    assert await room.sender.send(events(room, message)[0]), "within Slack's three seconds"
    assert [each.sender_name for each in room.arrivals.heard.values()] == [ADA]


async def test_who_may_send(room: Room, client: httpx.AsyncClient, ada: Tenant) -> None:
    message = room.slack.say(room.channel, ADA, "hello", quiet=True)
    body = json.dumps(events(room, message)[0]).encode()
    good = room.sender.signed(body)
    hour = room.sender.clock() - 3600
    wrong: list[tuple[dict[str, str], bytes]] = [
        ({}, body),
        (good, body + b" "),
        (good | {"X-Slack-Signature": "v0=00"}, body),
        (good | {"X-Slack-Signature": good["X-Slack-Signature"].replace("v0=", "v1=")}, body),
        (good | {"X-Slack-Request-Timestamp": "x"}, body),
        (good | {"X-Slack-Request-Timestamp": str(int(room.sender.clock()) + 1)}, body),
        (room.sender.signed(body, at=hour), body),
        (room.sender.signed(body, at=hour + 7200), body),
        (Sender("", room.sender.post, secret="another").signed(body), body),
    ]
    for headers, content in wrong:
        for path in (room.sender.url, f"{room.sender.url}/interactive"):
            answer = await client.post(path, content=content, headers=headers)
            problem(answer, 401, "signature_invalid")
            assert "canary" not in answer.text
    for path in (f"/api/inbound/slack/{new_id()}", f"/api/inbound/slack/{new_id()}/interactive"):
        problem(await client.post(path, content=body, headers=good), 404, "connection_not_found")
    for content in (b"", b"[]", b"{", b'{"a": NaN}', b"[" * 1_000, b"payload=%7B"):
        for path in (room.sender.url, f"{room.sender.url}/interactive"):
            answer = await client.post(path, content=content, headers=room.sender.signed(content))
            problem(answer, 422, "invalid_request")
    large = b"x" * (1024 * 1024 + 1)
    problem(await client.post(room.sender.url, content=large, headers=room.sender.signed(large)), 413, "body_too_large")
    assert room.arrivals.heard == {}


async def test_other_connections_take_nothing(room: Room, client: httpx.AsyncClient, ada: Tenant) -> None:
    for kind, fields, status in (
        ("http_bearer", {"token": "x" * 8}, (404, "connection_not_found")),
        ("slack", {"bot_token": "xoxb-2"}, (401, "signature_invalid")),
    ):
        given = {"name": f"other {kind}", "kind": kind, "allowed_hosts": ["127.0.0.1"], "fields": fields}
        made = (await client.post("/api/connections", json=given, headers=ada.headers)).json()
        for path in (f"/api/inbound/slack/{made['id']}", f"/api/inbound/slack/{made['id']}/interactive"):
            problem(await client.post(path, content=b"{}", headers=room.sender.signed(b"{}")), *status)


async def test_a_flood_is_slowed_down(served: Served, room: Room, client: httpx.AsyncClient) -> None:
    served.app.state.services.inbound._rates = Buckets(clock=lambda: 0.0)  # all of it at one moment
    answers = await asyncio.gather(*(client.post(room.sender.url, content=b"{}") for _ in range(210)))
    assert [answer.status_code for answer in answers].count(429) == 10
    assert {answer.status_code for answer in answers} == {401, 429}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 429)


async def test_what_cannot_be_kept_is_not_acknowledged(served: Served, room: Room) -> None:
    class Down(Arrivals):
        async def __call__(self, *_: Any, **__: Any) -> object:
            raise OSError("the database is away")

    served.app.state.services.inbound.arrive = Down()
    message = room.slack.say(room.channel, ADA, "hello", quiet=True)
    assert not await room.sender.send(events(room, message)[0])
    assert {status for status, _ in room.sender.answers} == {503}
    served.app.state.services.inbound.arrive = room.arrivals
    assert await room.sender.send(events(room, message)[0])
    assert len(room.arrivals.heard) == 1
