"""Posting into Rocket.Chat: a message has the id that its client gives it, so that a repeated one is no second one.

The server inserts a message only where there is none of its id; a repeat is then answered with an error (the endpoint
has no message to show), so that an error is believed only where the message is not there.
https://developer.rocket.chat/apidocs/send-message
"""

import hashlib
from typing import Final

from blocks.errors import InvalidInput
from blocks.rocketchat.web import Refused, Web, inside, rows, text
from blocks.services import Chat, Post, Room, Rooms
from blocks.values import JsonObject

_ID_LENGTH: Final = 24  # characters; Rocket.Chat's own have 17
_ROOM_UNKNOWN: Final = ("error-invalid-room", "error-room-not-found")


class RocketChat(Chat, Rooms):
    """An account of a Rocket.Chat server."""

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def repeatable(self) -> bool:
        return True

    async def post(self, post: Post, *, timeout_s: float) -> JsonObject:
        """`channel` is a room's id, `#name`, or `@username` for direct messages."""
        if not post.channel:
            raise InvalidInput("channel_missing", "Name the room to post into: its id, #name or @username.")
        if not post.text.strip():
            raise InvalidInput("rocketchat_no_text", "A message needs a text.")
        if post.blocks:
            raise InvalidInput("rocketchat_no_blocks", "Blocks are Slack's; give a text.")
        room = await self._room_id(post.channel)
        ident = message_id(post.key)
        message: JsonObject = {"_id": ident, "rid": room, "msg": post.text}
        if post.thread:
            message["tmid"] = post.thread
        try:
            await self._web.change("chat.sendMessage", {"message": message}, timeout_s=timeout_s)
        except Refused as error:
            if error.code == "connection_refused" or not await self._is_there(ident):
                raise
        return {"message_id": ident, "channel": room}

    async def rooms(self) -> list[Room]:
        """Those that the account is in."""
        found = rows((await self._web.read("rooms.get")).get("update"))
        return sorted(
            (
                Room(text(each.get("_id")), room_name(each), direct=each.get("t") == "d", is_member=True)
                for each in found
                if each.get("t") in ("c", "p", "d")
            ),
            key=lambda room: (room.direct, room.name),
        )

    async def _room_id(self, channel: str) -> str:
        if channel.startswith("@"):
            said = await self._web.change("im.create", {"username": channel[1:]}, timeout_s=10)
            room = inside(said, "room")
            return text(room.get("_id")) or text(room.get("rid"))
        if not channel.startswith("#"):
            return channel
        said = await self._web.read("rooms.info", {"roomName": channel[1:]})
        return text(inside(said, "room").get("_id"))

    async def _is_there(self, ident: str) -> bool:
        try:
            said = await self._web.read("chat.getMessage", {"msgId": ident})
        except Refused:
            return False
        return inside(said, "message").get("_id") == ident


def message_id(key: str) -> str:
    """The id of the message with this key: the same over all attempts."""
    return hashlib.sha256(f"vutler message {key}".encode()).hexdigest()[:_ID_LENGTH]


def room_name(room: JsonObject) -> str:
    return text(room.get("name")) or text(room.get("fname"))
