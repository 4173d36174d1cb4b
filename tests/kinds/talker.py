"""Accounts at the service of tests/core/talker.py: listened to over a WebSocket, posted in over HTTP."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import SecretStr

from blocks.action import Http
from blocks.connection import Connection, ConnectionFields, Lender, Way
from blocks.errors import InvalidInput, Retryable
from blocks.listening import Ear, Heard, Listens
from blocks.services import Chat, Post, Room, Rooms
from blocks.values import Json, JsonObject


class TalkerFields(ConnectionFields):
    url: str
    token: SecretStr
    repeatable: bool = True


class _Chat(Chat, Rooms):
    def __init__(self, fields: TalkerFields, http: Http) -> None:
        self._fields = fields
        self._http = http

    @property
    def repeatable(self) -> bool:
        return self._fields.repeatable

    async def post(self, post: Post, *, timeout_s: float) -> JsonObject:
        body = {"channel": post.channel, "text": post.text, "thread": post.thread, "key": post.key}
        answer = await self._http.request(
            "POST", f"{self._fields.url}/post", headers={}, timeout_s=timeout_s,
            content=json.dumps(body | {"twice": not self._fields.repeatable}).encode(),
        )  # fmt: skip
        if answer.status == 429:
            raise Retryable("rate_limited", "The talker asks to slow down.", cause="rate_limited")
        return {"message_id": json.loads(answer.body)["id"], "channel": post.channel}

    async def rooms(self) -> Sequence[Room]:
        return [Room("C1", "leads", is_member=True), Room("C2", "random")]


class TalkerKind(Connection[TalkerFields], Listens[TalkerFields]):
    name = "talker"
    title: ClassVar[Mapping[str, str]] = {"en": "Talker", "fr": "Talker"}
    description: ClassVar[Mapping[str, str]] = {"en": "Talks.", "fr": "Parle."}
    purpose = "talker"
    Fields = TalkerFields
    example: ClassVar[dict[str, Json]] = {"url": "http://talker.example", "token": "x"}

    async def sign(self, fields: TalkerFields, lender: Lender) -> dict[str, str]:
        return {"Authorization": f"Bearer {fields.revealed('token')}"}

    async def test(self, fields: TalkerFields, http: Http, lender: Lender) -> str:
        return "It works."

    def service(self, fields: TalkerFields, way: Way) -> object:
        return _Chat(fields, way.http)

    async def listen(self, fields: TalkerFields, way: Way, ear: Ear) -> None:
        token = fields.revealed("token")
        headers = {"Authorization": f"Bearer {token}"}
        socket = await way.websocket(f"{fields.url.replace('http', 'ws')}/listen", headers=headers, timeout_s=5)
        try:
            if token == "never":
                raise InvalidInput("connection_refused", f"The talker refuses the token {token}.")
            at = int(str((ear.cursor or {}).get("at", 0)))
            await socket.send(json.dumps({"from": at}))
            ear.working("BOT")
            while (text := await socket.receive()) is not None:
                said = json.loads(text)
                await ear.take([heard_of(said)], {"at": said["at"] + 1})
                await socket.send("ok")
            raise Retryable("connection_failed", "The talker hung up.")
        finally:
            await socket.close()


def heard_of(said: dict[str, Any]) -> Heard:
    sender = said["sender"]
    return Heard(
        id=said["id"], channel=said["channel"], channel_name=said.get("channel_name", ""), text=said["text"],
        sender_id=sender, sender_name=sender.title(), sent_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        thread=said.get("thread"), from_bot=said.get("from_bot", False), own=sender == "BOT",
        mentions=tuple(said.get("mentions", ())), direct=said.get("direct", False),
    )  # fmt: skip
