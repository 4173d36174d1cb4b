"""Posting into Slack: practically once, although Slack knows no key.

A message carries its key as metadata (https://docs.slack.dev/messaging/message-metadata). Where it is not known whether
one was posted, the channel is searched for the key before anybody posts again.
"""

import asyncio
import re
import time
from typing import Final

from blocks.action import Http
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.services import Asker, Chat, Post, Put, Question, Room, Rooms
from blocks.slack import questions
from blocks.slack.web import Arguments, Web, inside, seen, text
from blocks.values import JsonObject

MOST_TEXT: Final = 40_000  # characters
MOST_BLOCKS: Final = 50
_EVENT: Final = "vutler_post"
_ID: Final = re.compile(r"[CGD][A-Z0-9]{6,}")
_USER: Final = re.compile(r"[UW][A-Z0-9]{6,}")
_LOOKS_S: Final = (0.5, 1.0, 2.0)  # pauses before each look for what may have been posted
_BACK_S: Final = 86_400.0  # how far the search goes
_SEARCHED: Final = 5  # pages of 200
_KINDS: Final = ("public_channel", "private_channel")


class SlackChat(Chat, Rooms, Asker):
    """A Slack app with a bot token."""

    def __init__(self, web: Web) -> None:
        self._web = web

    @property
    def repeatable(self) -> bool:
        return False

    @property
    def looks(self) -> bool:
        return True

    async def post(self, post: Post, *, timeout_s: float) -> JsonObject:
        """`message_id` is Slack's `ts`. A person's id as the channel posts into the direct messages with them."""
        require_fitting(post)
        if not post.channel:
            raise InvalidInput("channel_missing", "Name the channel to post into: its id, #name, or a person's id.")
        ends = time.monotonic() + timeout_s
        if post.again and (found := await self._search(post, post.channel)) is not None:
            return found
        try:
            said = await self._web.change("chat.postMessage", _arguments(post), timeout_s=timeout_s * 0.6)
        except Retryable as doubt:
            if doubt.answered:
                raise
            return await self._look(post, post.channel, doubt, ends)
        return {"message_id": text(said.get("ts")), "channel": text(said.get("channel")) or post.channel}

    async def rooms(self) -> list[Room]:
        """The channels that the app can see, those first that it is in."""
        found = [
            Room(text(each.get("id")), text(each.get("name")), is_member=each.get("is_member") is True)
            for each in await seen(self._web, "conversations.list", _KINDS)
        ]
        return sorted(found, key=lambda room: (not room.is_member, room.name))

    async def ask(self, question: Question, put: Put, *, timeout_s: float) -> JsonObject:
        post = Post(
            put.channel, questions.fallback(question), put.key, blocks=questions.blocks(question), again=put.again
        )
        return await self.post(post, timeout_s=timeout_s)

    async def answered(self, question: Question, channel: str, message_id: str, said: str, *, timeout_s: float) -> None:
        arguments: JsonObject = {
            "channel": channel, "ts": message_id, "text": questions.fallback(question),
            "blocks": questions.answered(question, said),
        }  # fmt: skip
        await self._web.change("chat.update", arguments, timeout_s=timeout_s)

    # inside -----------------------------------------------------------------------------------------------------------

    async def _look(self, post: Post, channel: str, doubt: Retryable, ends: float) -> JsonObject:
        """What became of a message of which nothing was heard. Raises `doubt` as it is where that can't be found out,
        and as answered where the message is not there."""
        for pause in _LOOKS_S:
            if time.monotonic() + pause >= ends:
                raise doubt
            await asyncio.sleep(pause)
            try:
                found = await self._search(post, channel)
            except ActionError:
                raise doubt from None
            if found is not None:
                return found
        raise Retryable(
            doubt.code, f"{doubt.message} The message was not posted.", after=doubt.after, cause=doubt.cause
        )

    async def _search(self, post: Post, channel: str) -> JsonObject | None:
        """The message with the post's key, among those of a day."""
        where = await self._id_of(channel)
        if where is None:
            return None
        given: Arguments = {
            "channel": where,
            "oldest": f"{time.time() - _BACK_S:.6f}",
            "limit": 200,
            "include_all_metadata": "true",
        }
        method = "conversations.history"
        if post.thread:
            method, given = "conversations.replies", given | {"ts": post.thread}
        async for page in self._web.pages(method, given, "messages", most=_SEARCHED):
            for each in page:
                metadata = inside(each, "metadata")
                key = inside(metadata, "event_payload").get("key")
                if metadata.get("event_type") == _EVENT and key == post.key:
                    return {"message_id": text(each.get("ts")), "channel": where}
        return None

    async def _id_of(self, channel: str) -> str | None:
        if _ID.fullmatch(channel):
            return channel
        if _USER.fullmatch(channel):
            opened = await self._web.change("conversations.open", {"users": channel}, timeout_s=10)
            return text(inside(opened, "channel").get("id")) or None
        name = channel.removeprefix("#")
        return next((room.id for room in await self.rooms() if room.name == name), None)


class HookChat(Chat):
    """An incoming webhook: posts into the one channel that it was made for.

    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url

    @property
    def repeatable(self) -> bool:
        return False

    async def post(self, post: Post, *, timeout_s: float) -> JsonObject:
        """Gives neither `message_id` nor `channel`: Slack tells none."""
        require_fitting(post)
        for name, value in (("channel", post.channel), ("thread", post.thread)):
            if value:
                what = f"An incoming webhook posts into its own channel; take {name} away, or use an app with a token."
                raise InvalidInput(f"{name}_not_allowed", what)
        await questions.send(self._http, self._url, _message(post), timeout_s=timeout_s)
        return {"message_id": None, "channel": None}


def require_fitting(post: Post) -> None:
    """Raises `InvalidInput` for what Slack takes from nobody."""
    if not post.text and not post.blocks:
        raise InvalidInput("slack_no_text", "A message needs a text or blocks.")
    if len(post.text) > MOST_TEXT:
        raise InvalidInput("slack_msg_too_long", f"The text is longer than Slack takes ({MOST_TEXT:,} characters).")
    if len(post.blocks or ()) > MOST_BLOCKS:
        raise InvalidInput("slack_invalid_blocks", f"Slack takes at most {MOST_BLOCKS} blocks.")


def _message(post: Post) -> JsonObject:
    return {"text": post.text} | ({"blocks": post.blocks} if post.blocks else {})


def _arguments(post: Post) -> JsonObject:
    metadata: JsonObject = {"event_type": _EVENT, "event_payload": {"key": post.key}}
    thread: JsonObject = {"thread_ts": post.thread} if post.thread else {}
    return {"channel": post.channel, **_message(post), **thread, "metadata": metadata}
