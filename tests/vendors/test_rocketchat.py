"""The Rocket.Chat of these tests speaks as captures of the real one do, before it meets ours.

DDP as captured in https://github.com/mathieui/unha2/blob/master/docs/message.rst
"""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from tests.vendors.rocketchat import RocketChat

CAPTURED = {
    "msg": "changed",
    "collection": "stream-room-messages",
    "id": "id",
    "fields": {
        "eventName": "<room-id>",
        "args": [
            {
                "_id": "<message-id>",
                "rid": "<room-id>",
                "msg": "<message-text> ",
                "ts": {"$date": 1488238875497},
                "u": {"_id": "<user-id>", "username": "<username>"},
                "_updatedAt": {"$date": 1488238875552},
            }
        ],
    },
}


@pytest.fixture
async def chat() -> AsyncIterator[RocketChat]:
    async with RocketChat() as found:
        yield found


@pytest.fixture
async def session(chat: RocketChat) -> AsyncIterator[ClientSession]:
    headers = {"X-User-Id": chat.user_id, "X-Auth-Token": chat.token}
    async with ClientSession(chat.url, headers=headers) as found:
        yield found


async def told(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        said: dict[str, Any] = await socket.receive_json(timeout=5)
        if said.get("msg") == kind:
            return said


def shaped(captured: Any, found: Any) -> None:
    """Everything that the capture has is there, and of its type."""
    assert type(captured) is type(found)
    if isinstance(captured, dict):
        for name, value in captured.items():
            shaped(value, found[name])
    elif isinstance(captured, list):
        shaped(captured[0], found[0])


async def test_realtime(chat: RocketChat, session: ClientSession) -> None:
    chat.ping_s = 0.05
    room = chat.room("general")
    async with session.ws_connect("/websocket") as socket:
        assert await socket.receive_json() == {"server_id": "0"}
        await socket.send_json({"msg": "connect", "version": "pre1", "support": ["pre1"]})
        assert await told(socket, "failed") == {"msg": "failed", "version": "1"}
        await socket.send_json({"msg": "connect", "version": "1", "support": ["1"]})
        assert (await told(socket, "connected"))["session"]
        sub = {"msg": "sub", "id": "1", "name": "stream-room-messages", "params": ["__my_messages__", False]}
        await socket.send_json(sub)
        assert (await told(socket, "nosub"))["id"] == "1", "not before one signed in"
        login: dict[str, Any] = {"msg": "method", "method": "login", "id": "2", "params": [{"resume": "wrong"}]}
        await socket.send_json(login)
        assert (await told(socket, "result"))["error"]["error"] == 403
        digest = hashlib.sha256(chat.password.encode()).hexdigest()
        account = {"user": {"username": chat.username}, "password": {"digest": digest, "algorithm": "sha-256"}}
        for params in (account, {"resume": chat.token}):
            await socket.send_json(login | {"params": [params]})
            assert (await told(socket, "result"))["result"]["id"] == chat.user_id
        await socket.send_json(sub | {"params": ["__nothing__"]})
        assert (await told(socket, "nosub"))["error"]
        await socket.send_json(sub)
        assert await told(socket, "ready") == {"msg": "ready", "subs": ["1"]}
        message = chat.say(room, "u2", "hello")
        changed = await told(socket, "changed")
        shaped(CAPTURED, changed)
        assert changed["fields"]["args"][0]["ts"] == {"$date": message["ts"]}
        assert changed["fields"]["args"][1]["roomName"] == "general"
        await told(socket, "ping")
        await socket.send_json({"msg": "ping", "id": "7"})
        assert await told(socket, "pong") == {"msg": "pong", "id": "7"}


async def test_rest(chat: RocketChat, session: ClientSession) -> None:
    room = chat.room("general")

    async def call(method: str, endpoint: str, **more: Any) -> tuple[int, dict[str, Any]]:
        async with session.request(method, f"/api/v1/{endpoint}", **more) as answer:
            return answer.status, await answer.json()

    message = {"_id": "mine", "rid": room.id, "msg": "hello"}
    status, said = await call("POST", "chat.sendMessage", json={"message": message})
    assert (status, said["message"]["_id"], said["success"]) == (200, "mine", True)
    assert (await call("POST", "chat.sendMessage", json={"message": message}))[0] == 400
    assert chat.said(room) == ["hello"], "an id is taken once"
    reply = {"_id": "reply", "rid": room.id, "msg": "under it", "tmid": "mine"}
    await call("POST", "chat.sendMessage", json={"message": reply})
    nested = {"_id": "nested", "rid": room.id, "msg": "deeper", "tmid": "reply"}
    await call("POST", "chat.sendMessage", json={"message": nested})
    assert [each.get("tmid") for each in room.messages] == [None, "mine", "mine"]
    synced = (await call("GET", "chat.syncMessages", params={"roomId": room.id, "lastUpdate": "2020-01-01T00:00:00Z"}))[
        1
    ]
    assert [each["_id"] for each in synced["result"]["updated"]] == ["nested", "reply", "mine"]
    for given, error in (
        ({"rid": "nowhere", "msg": "x"}, "error-invalid-room"),
        ({"rid": chat.room("far", member=False).id, "msg": "x"}, "error-not-allowed"),
        ({"rid": room.id, "msg": "x" * 5_001}, "error-message-size-exceeded"),
    ):
        status, said = await call("POST", "chat.sendMessage", json={"message": given})
        assert (status, said["errorType"]) == (400, error)
    assert (await call("GET", "me", headers={"X-Auth-Token": "wrong"}))[0] == 401
    status, said = await call("POST", "login", json={"user": chat.username, "password": chat.password})
    token = said["data"]["authToken"]
    assert (await call("GET", "me", headers={"X-Auth-Token": token}))[1]["_id"] == chat.user_id
    assert (await call("POST", "login", json={"user": chat.username, "password": "x"}))[0] == 401
    chat.bypass = False
    assert [(await call("GET", "rooms.get"))[0] for _ in range(11)] == [200] * 10 + [429]
