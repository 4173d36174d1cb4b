"""What Rocket.Chat's outgoing webhooks send: who may send it, and what becomes of it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from core.ids import new_id
from tests.api.conftest import Served, Tenant, problem
from tests.api.slack import Arrivals, settings
from tests.vendors.rocketchat import RocketChat

__all__ = ["settings"]

ADA = "uADA0000000000001"


@pytest.fixture
async def chat() -> AsyncIterator[RocketChat]:
    async with RocketChat() as found:
        found.users[ADA] = "ada"
        yield found


@pytest.fixture
def arrivals(served: Served) -> Arrivals:
    found = Arrivals()
    served.app.state.services.inbound.arrive = found
    return found


@pytest.fixture(params=["token", "password"])
async def address(request: pytest.FixtureRequest, chat: RocketChat, client: httpx.AsyncClient, ada: Tenant) -> str:
    account: dict[str, Any] = (
        {"user_id": chat.user_id, "auth_token": chat.token}
        if request.param == "token"
        else {"username": chat.username, "password": chat.password}
    )
    body = {
        "name": "Chat", "kind": "rocketchat", "allowed_hosts": ["127.0.0.1"],
        "fields": {"server_url": chat.url, "webhook_token": chat.webhook_token, **account},
    }  # fmt: skip
    answer = await client.post("/api/connections", json=body, headers=ada.headers)
    assert answer.status_code == 201, answer.text
    assert "canary" not in answer.text
    return f"/api/inbound/rocketchat/{answer.json()['id']}"


async def test_messages_arrive_once_and_nothing_is_answered(
    chat: RocketChat, address: str, client: httpx.AsyncClient, arrivals: Arrivals
) -> None:
    room, direct = chat.room("general"), chat.room(None, "d")
    first = chat.say(room, ADA, "hello")
    messages = [
        chat.webhook(room, first, alias="Ada L."),
        chat.webhook(room, chat.say(room, ADA, "under it", first["_id"])),
        chat.webhook(direct, chat.say(direct, ADA, "psst")),
        chat.webhook(room, chat.say(room, "uCI", "built"), bot=True),
        chat.webhook(room, chat.say(room, chat.user_id, "ours")),
        chat.webhook(room, first, isEdited=True, message_id="edited"),
        chat.webhook(room, first),
        {"token": chat.webhook_token, "channel_id": room.id, "timestamp": "x"},  # somebody joined, say
    ]
    for each in messages:
        answer = await client.post(address, json=each)
        assert (answer.status_code, answer.text) == (200, "{}"), "an answer with a text would be posted"
    heard = list(arrivals.heard.values())
    assert [each.text for each in heard] == ["hello", "under it", "psst", "built", "ours"]
    assert [each.thread for each in heard[:2]] == [None, first["_id"]]
    assert [each.direct for each in heard] == [False, False, True, False, False]
    assert [(each.from_bot, each.own) for each in heard[3:]] == [(True, False), (True, True)]
    assert heard[1].sender_name == "ada"
    assert arrivals.repeats == 1


async def test_who_may_send(
    chat: RocketChat, address: str, client: httpx.AsyncClient, arrivals: Arrivals, ada: Tenant
) -> None:
    room = chat.room("general")
    good = chat.webhook(room, chat.say(room, ADA, "hello"))
    for token in ("", "wrong", chat.webhook_token[:-1], None, 7, [chat.webhook_token], "é" * 20):
        answer = await client.post(address, json=good | {"token": token})
        problem(answer, 401, "signature_invalid")
        assert "canary" not in answer.text
    for content in (b"", b"[]", b"{", json.dumps(good).encode()[:-1], b'{"token": NaN}', b"[" * 1_000):
        problem(await client.post(address, content=content), 422, "invalid_request")
    problem(await client.post(f"/api/inbound/rocketchat/{new_id()}", json=good), 404, "connection_not_found")
    problem(await client.post(address.replace("rocketchat", "slack"), json=good), 404, "connection_not_found")
    problem(await client.post(address, content=b"x" * (1024 * 1024 + 1)), 413, "body_too_large")
    fields = {"server_url": chat.url, "username": "x", "password": "x"}
    body = {"name": "No webhook", "kind": "rocketchat", "allowed_hosts": ["127.0.0.1"], "fields": fields}
    made = (await client.post("/api/connections", json=body, headers=ada.headers)).json()
    answer = await client.post(f"/api/inbound/rocketchat/{made['id']}", json=good | {"token": ""})
    problem(answer, 401, "signature_invalid")
    assert arrivals.heard == {}
