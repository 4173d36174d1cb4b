"""What is said in Slack, as it is heard here. https://docs.slack.dev/reference/events/message"""

import asyncio
import html
import re
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from blocks.action import Http
from blocks.errors import ActionError
from blocks.inbound import Person
from blocks.listening import Heard
from blocks.services import Attachment
from blocks.slack.web import Web, inside, text
from blocks.values import Json, JsonObject
from blocks.words import shortened

HURRIED_S: Final = 1.5  # for all that a request of Slack's makes us ask, which wants its answer within 3 s
PATIENT_S: Final = 20.0
_MOST_FILES: Final = 10  # of a message
_MOST_FILE: Final = 5_000_000  # bytes
_MOST_NAMES: Final = 5_000
_SAID: Final = frozenset({"", "file_share", "thread_broadcast", "me_message", "bot_message"})
_TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,6}")
_MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_MARKUP: Final = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


@dataclass(frozen=True, slots=True)
class Me:
    """The app's own user and bot."""

    user_id: str
    bot_id: str = ""
    app_id: str = ""
    name: str = ""


def me_of(payload: JsonObject) -> Me:
    """The app that an event is sent to, as the event itself tells it."""
    given = payload.get("authorizations")
    first = given[0] if isinstance(given, list) and given else None
    return Me(text(first.get("user_id")) if isinstance(first, dict) else "", app_id=text(payload.get("api_app_id")))


def worth_hearing(event: JsonObject) -> bool:
    """Messages, but no edits, no deletions and no news such as "has joined the channel"."""
    return (
        event.get("type") in ("message", "app_mention")
        and text(event.get("subtype")) in _SAID
        and not event.get("hidden")
        and bool(_TS.fullmatch(text(event.get("ts"))))
        and bool(text(event.get("channel")))
    )


def person(user: JsonObject) -> Person:
    """An address counts only where the workspace vouches for it: not of strangers, guests, bots, those who left."""
    profile = inside(user, "profile")
    doubtful = any(
        user.get(name) is True for name in ("is_stranger", "deleted", "is_bot", "is_restricted", "is_ultra_restricted")
    )
    email = text(profile.get("email")).strip().lower()
    trusted = "@" in email and not doubtful and user.get("is_email_confirmed") is not False
    return Person(_name_of(user), email if trusted else None)


class Listener:
    """Turns messages into what is heard. `names` keeps people's names by id; `patience_s` is for all questions."""

    def __init__(self, web: Web, http: Http, me: Me, names: MutableMapping[str, str], *, patience_s: float) -> None:
        self._web = web
        self._http = http
        self._me = me
        self._names = names
        self._patience_s = patience_s

    async def heard(self, event: JsonObject, channel_name: str = "") -> Heard:
        """`event` is worth hearing, and names its channel."""
        ends = time.monotonic() + self._patience_s
        ts, thread = text(event.get("ts")), text(event.get("thread_ts"))
        sender = text(event.get("user")) or text(event.get("bot_id"))
        raw = text(event.get("text"))
        mentions = tuple(dict.fromkeys(_MENTION.findall(raw)))
        own = self._is_own(event)
        name = text(inside(event, "bot_profile").get("name")) or text(event.get("username"))
        if not name and not own and text(event.get("user")):
            name = await self._name(sender, ends)
        files = _files(event)
        more: JsonObject = {"ts": ts, "raw": raw} | ({"files": [_told(each) for each in files]} if files else {})
        return Heard(
            id=ts,
            channel=text(event.get("channel")),
            channel_name=channel_name,
            text=_plain(raw, self._names),
            sender_id=sender,
            sender_name=name or sender,
            sent_at=datetime.fromtimestamp(float(ts), UTC),
            direct=text(event.get("channel_type")) == "im" or text(event.get("channel")).startswith("D"),
            thread=thread if thread and thread != ts else None,
            from_bot=own or bool(event.get("bot_id")) or event.get("subtype") == "bot_message",
            own=own,
            mentions=mentions,
            attachments=() if own else await self._fetched(files, ends),
            more=more,
        )

    def _is_own(self, event: JsonObject) -> bool:
        pairs = ((event.get("user"), self._me.user_id), (event.get("bot_id"), self._me.bot_id))
        by_app = bool(event.get("bot_id")) and event.get("app_id") == self._me.app_id
        return any(mine and given == mine for given, mine in pairs) or bool(by_app and self._me.app_id)

    async def _name(self, user_id: str, ends: float) -> str:
        if user_id not in self._names:
            try:
                said = await self._web.read("users.info", {"user": user_id}, timeout_s=_left(ends))
            except ActionError:  # without the scope users:read, say: the id has to do
                return user_id
            while len(self._names) >= _MOST_NAMES:
                del self._names[next(iter(self._names))]
            self._names[user_id] = _name_of(inside(said, "user")) or user_id
        return self._names[user_id]

    async def _fetched(self, files: list[JsonObject], ends: float) -> list[Attachment]:
        """What can be had in time; the others are told of in `more`."""
        found = await asyncio.gather(*(self._file(each, ends) for each in files[:_MOST_FILES]))
        return [each for each in found if each is not None]

    async def _file(self, file: JsonObject, ends: float) -> Attachment | None:
        url, kind = text(file.get("url_private_download")) or text(file.get("url_private")), text(file.get("mimetype"))
        size = file.get("size")
        if not url or not isinstance(size, int) or size > _MOST_FILE or _left(ends) < 0.1:
            return None
        try:
            answer = await self._http.request("GET", url, headers={}, content=None, timeout_s=_left(ends))
        except ActionError:
            return None
        page = "html" in answer.headers.get("content-type", "") and "html" not in kind  # an invitation to sign in
        if answer.status != 200 or page:
            return None
        return Attachment(
            shortened(text(file.get("name")), 200) or "file", kind or "application/octet-stream", answer.body
        )


def _files(event: JsonObject) -> list[JsonObject]:
    given = event.get("files")
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _told(file: JsonObject) -> Json:
    names = {"id": "id", "name": "name", "media_type": "mimetype", "size": "size", "page": "permalink"}
    return {ours: file[theirs] for ours, theirs in names.items() if isinstance(file.get(theirs), str | int)}


def _name_of(user: JsonObject) -> str:
    profile = inside(user, "profile")
    given = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    return shortened(next((text(each) for each in given if text(each)), ""), 100)


def _left(ends: float) -> float:
    return max(ends - time.monotonic(), 0.05)


def _plain(raw: str, names: MutableMapping[str, str]) -> str:
    """Slack's markup as people read it: https://docs.slack.dev/messaging/formatting-message-text"""

    def put(found: re.Match[str]) -> str:
        target, label = found[1], found[2] or ""
        if target.startswith("@"):
            return f"@{label or names.get(target[1:], target[1:])}"
        if target.startswith("#"):
            return f"#{label or target[1:]}"
        if target.startswith("!"):
            return label or f"@{target[1:].partition('^')[0]}"
        address = target.removeprefix("mailto:")
        return address if not label or label in (address, target) else f"{label} ({address})"

    return html.unescape(_MARKUP.sub(put, raw))
