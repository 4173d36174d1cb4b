"""A resumable upload to YouTube, in chunks.

https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol

A video comes into being with its last byte and not before. So until that byte is sent everything may be tried again;
from then on only asking the session how far it is tells whether there is a video, and where it can't be asked nobody
knows.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

from blocks.action import HttpResponse
from blocks.errors import InvalidInput, Retryable
from blocks.google.account import Google
from blocks.google.answers import refused
from blocks.sentences import said
from blocks.values import JsonObject, read_json

CHUNK: Final = 8 * 1024 * 1024  # bytes: a multiple of 256 KiB, as the protocol wants
_MOST_TRIES: Final = 5  # in a row without a byte more
_FIRST_PAUSE_S: Final = 0.2  # doubled from try to try
_LONGEST_PAUSE_S: Final = 30.0  # that is waited for here; what asks for more is left to the next attempt
_CHUNK_S: Final = 120.0
_NAME: Final = "YouTube"
_RANGE: Final = re.compile(r"(?:bytes=)?0-([0-9]{1,18})")
_SESSION: Final = "session"
_FINISHING: Final = "finishing"  # the last byte was sent and nothing was heard since
SENTENCES: Final = {
    "invalidTitle": "YouTube does not accept this title.",
    "invalidDescription": "YouTube does not accept this description.",
    "invalidTags": "YouTube does not accept these tags.",
    "invalidCategoryId": "YouTube knows no such category.",
    "invalidPublishAt": "YouTube does not accept this time of publication.",
    "mediaBodyRequired": "YouTube got no video.",
    "forbiddenPrivacySetting": "This channel may not use this privacy setting.",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A video of `size` bytes; `read(start, length)` gives some of them."""

    size: int
    media_type: str
    read: Callable[[int, int], Awaitable[bytes]]


@dataclass(slots=True)
class Upload:
    """One upload over all attempts of a step: `memory` holds its session, whose address is a secret.

    `until` is the moment (time.monotonic()) at which this attempt gives up. `told` is called with the bytes that
    YouTube has.
    """

    google: Google
    source: Source
    memory: MutableMapping[str, str]
    until: float
    told: Callable[[int], None]
    _most: int = field(default=0, init=False)  # bytes that YouTube had
    _tries: int = field(default=0, init=False)

    async def run(self, video: JsonObject) -> JsonObject:
        """The video that came of it. Raises the classes of `blocks/errors.py`."""
        known: int | None = None  # how much YouTube has, where that is known
        if _SESSION not in self.memory:
            await self._begin(video)
            known = 0
        while True:
            try:
                found = await (self._ask() if known is None else self._send(known))
            except Retryable as error:
                await self._pause(error)
                known = None
                continue
            if isinstance(found, dict):
                return found
            if found > self._most:
                self._most, self._tries = found, 0
                self.told(found)
            elif known is not None:
                await self._pause(Retryable("youtube_stuck", said("YouTube does not take in the video.")))
            known = found

    async def _begin(self, video: JsonObject) -> None:
        """Open a session. Without its answer nothing has happened that anybody could see."""
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "X-Upload-Content-Length": str(self.source.size),
            "X-Upload-Content-Type": self.source.media_type,
        }
        parts = ",".join(video)
        url = f"{self.google.uploads_url}?uploadType=resumable&part={parts}"
        content = json.dumps(video, ensure_ascii=False).encode()
        try:
            answer = await self._request("POST", url, headers, content)
            if answer.status != 200:
                raise refused(answer, _NAME, SENTENCES)
        except Retryable as error:
            raise _certain(error) from error
        session = answer.headers.get("location", "")
        if not _same_origin(session, self.google.uploads_url):
            raise InvalidInput("youtube_answer", "YouTube named no address for the upload that could be used.")
        for secret in (session, *(text for texts in parse_qs(urlsplit(session).query).values() for text in texts)):
            if len(secret) >= 16:
                self.google.mask(secret)
        self.memory[_SESSION] = session

    async def _send(self, start: int) -> int | JsonObject:
        """The next chunk: how much YouTube has then, or the video."""
        length = min(CHUNK, self.source.size - start)
        content = await self.source.read(start, length)
        if len(content) != length:
            raise InvalidInput("file_changed", "The file changed while it was uploaded.")
        end = start + length
        if end == self.source.size:
            self.memory[_FINISHING] = "yes"
        span = f"bytes {start}-{end - 1}/{self.source.size}"
        headers = {"Content-Type": self.source.media_type, "Content-Range": span}
        return self._judged(await self._request("PUT", self.memory[_SESSION], headers, content), end)

    async def _ask(self) -> int | JsonObject:
        """How much YouTube has, or the video."""
        headers = {"Content-Range": f"bytes */{self.source.size}"}
        return self._judged(await self._request("PUT", self.memory[_SESSION], headers, b""), self.source.size)

    def _judged(self, answer: HttpResponse, sent: int) -> int | JsonObject:
        if answer.status in (200, 201):
            return _video(answer)
        if answer.status == 308:
            has = _has(answer, sent)
            if has < self.source.size:
                self.memory.pop(_FINISHING, None)
            return has
        if answer.status in (404, 410):
            del self.memory[_SESSION]
            finishing = self.memory.pop(_FINISHING, None) is not None
            raise _Expired(answered=not finishing)
        error = refused(answer, _NAME, SENTENCES)
        if not isinstance(error, Retryable):
            self.memory.clear()
        raise error

    async def _pause(self, error: Retryable) -> None:
        """Before it is tried again here; raises where the next attempt has to, or a person."""
        if isinstance(error, _Expired):
            raise error
        self._tries += 1
        pause = max(error.after or 0.0, _FIRST_PAUSE_S * 2 ** (self._tries - 1))
        late = time.monotonic() + pause >= self.until
        if self._tries >= _MOST_TRIES or pause > _LONGEST_PAUSE_S or late:
            raise _certain(error) if _FINISHING not in self.memory else _doubtful(error)
        await asyncio.sleep(pause)

    async def _request(self, method: str, url: str, headers: dict[str, str], content: bytes) -> HttpResponse:
        left = min(_CHUNK_S, max(self.until - time.monotonic(), 1.0))
        return await self.google.http.request(method, url, headers=headers, content=content, timeout_s=left)


class _Expired(Retryable):
    """The session is gone."""

    def __init__(self, *, answered: bool) -> None:
        text = said("YouTube has forgotten the upload; it has to begin again.")
        super().__init__("youtube_session_expired", text, answered=answered, cause="server_error")


def _certain(error: Retryable) -> Retryable:
    """There is no video."""
    return Retryable(error.code, error.message, after=error.after, cause=error.cause)


def _doubtful(error: Retryable) -> Retryable:
    return Retryable(error.code, error.message, after=error.after, answered=False, cause=error.cause)


def _has(answer: HttpResponse, sent: int) -> int:
    """The bytes that YouTube has, by the header Range of a 308; without it none."""
    text = answer.headers.get("range")
    if text is None:
        return 0
    found = _RANGE.fullmatch(text.strip())
    has = int(found[1]) + 1 if found else -1
    if not 0 < has <= sent:
        raise Retryable("youtube_answer", said("YouTube told a range that can't be."), cause="server_error")
    return has


def _video(answer: HttpResponse) -> JsonObject:
    try:
        video = read_json(answer.body)
    except ValueError:
        video = None
    if not isinstance(video, dict) or not isinstance(video.get("id"), str):
        raise Retryable("youtube_answer", said("YouTube did not say which video it has made."), cause="server_error")
    return video


def _same_origin(url: str, other: str) -> bool:
    try:
        one, two = urlsplit(url), urlsplit(other)
        return (one.scheme, one.hostname, one.port) == (two.scheme, two.hostname, two.port) and "@" not in one.netloc
    except ValueError:
        return False
