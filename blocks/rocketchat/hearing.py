"""What is said in Rocket.Chat, as it is heard here. https://developer.rocket.chat/apidocs/introduction-to-messaging"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from blocks.action import Http
from blocks.errors import ActionError
from blocks.listening import Heard
from blocks.rocketchat.web import inside, rows, text
from blocks.services import Attachment
from blocks.values import Json, JsonObject
from blocks.words import shortened

_MOST_FILES: Final = 10  # of a message
_MOST_FILE: Final = 5_000_000  # bytes
_FILE_S: Final = 10.0
_NEW_MS: Final = 30_000  # what changed later than this after it was said was heard before


@dataclass(frozen=True, slots=True)
class Place:
    """A room as a message tells it."""

    name: str = ""
    direct: bool = False


def moment_ms(value: Json) -> int:
    """A time as DDP writes it (`{"$date": ms}`) or as REST does (ISO 8601); 0 for what is none."""
    if isinstance(value, dict):
        value = value.get("$date")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value)
    try:
        return round(datetime.fromisoformat(text(value)).timestamp() * 1000) if value else 0
    except ValueError:
        return 0


def worth_hearing(message: JsonObject) -> bool:
    """What people say, but no news such as "has joined" (`t`), no edits, nothing hidden or encrypted."""
    return (
        not message.get("t")
        and not message.get("editedAt")
        and message.get("_hidden") is not True
        and bool(text(message.get("_id")) and text(message.get("rid")))
        and moment_ms(message.get("ts")) > 0
    )


def is_new(message: JsonObject) -> bool:
    """Not a message of before that somebody reacted to, pinned or began a thread under."""
    updated = moment_ms(message.get("_updatedAt"))
    return not updated or updated - moment_ms(message.get("ts")) <= _NEW_MS


async def heard(message: JsonObject, place: Place, own_id: str, files: "Files | None" = None) -> Heard:
    """`message` is worth hearing."""
    sender = inside(message, "u")
    own = bool(own_id) and sender.get("_id") == own_id
    names = {text(each.get("_id")): each for each in rows(message.get("mentions"))}
    listed = _files(message)
    name = text(message.get("alias")) or text(sender.get("name")) or text(sender.get("username"))
    return Heard(
        id=text(message.get("_id")),
        channel=text(message.get("rid")),
        channel_name=place.name,
        text=text(message.get("msg")),
        sender_id=text(sender.get("_id")),
        sender_name=shortened(name, 200),
        sent_at=datetime.fromtimestamp(moment_ms(message.get("ts")) / 1000, UTC),
        direct=place.direct,
        thread=text(message.get("tmid")) or None,
        from_bot=own or bool(message.get("bot")),
        own=own,
        mentions=tuple(ident for ident in names if ident),
        attachments=() if own or files is None else await files.fetched(listed),
        more={"files": [_told(each) for each in listed]} if listed else {},
    )


class Files:
    """Fetches what messages refer to, within bounds. `http` signs."""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    async def fetched(self, files: list[JsonObject]) -> list[Attachment]:
        found = await asyncio.gather(*(self._one(each) for each in files[:_MOST_FILES]))
        return [each for each in found if each is not None]

    async def _one(self, file: JsonObject) -> Attachment | None:
        name, size = text(file.get("name")) or "file", file.get("size")
        if not text(file.get("_id")) or (isinstance(size, int | float) and size > _MOST_FILE):
            return None
        url = f"{self._url}/file-upload/{quote(text(file['_id']), safe='')}/{quote(name, safe='')}"
        try:
            answer = await self._http.request("GET", url, headers={}, content=None, timeout_s=_FILE_S)
        except ActionError:
            return None
        if answer.status != 200:
            return None
        kind = text(file.get("type")) or "application/octet-stream"
        return Attachment(shortened(name, 200), kind, answer.body)


def _files(message: JsonObject) -> list[JsonObject]:
    """`files` holds the previews of pictures as well, which name the file that they are made of (`typeGroup`)."""
    listed = rows(message.get("files")) or rows([message.get("file")])
    return [each for each in listed if each.get("typeGroup") != "thumb"]


def _told(file: JsonObject) -> Json:
    names: Mapping[str, str] = {"id": "_id", "name": "name", "media_type": "type", "size": "size"}
    return {ours: file[theirs] for ours, theirs in names.items() if isinstance(file.get(theirs), str | int)}
