"""Rocket.Chat's REST API: one call, and what its errors mean. https://developer.rocket.chat/apidocs/rocketchat-api"""

import json
import re
import time
from typing import Final
from urllib.parse import urlencode

from blocks import sentences
from blocks.action import Http, HttpResponse
from blocks.errors import InvalidInput, Retryable
from blocks.values import Json, JsonObject, read_json
from blocks.words import shortened

READ_S: Final = 10.0
_CODE: Final = re.compile(r"\[([a-z][a-z0-9_-]{0,59})\]")
_SENTENCES: Final = {
    "error-invalid-room": "There is no such room in Rocket.Chat, or the account can't see it.",
    "error-room-not-found": "There is no such room in Rocket.Chat, or the account can't see it.",
    "error-not-allowed": "Rocket.Chat does not let the account do this; is it a member of the room?",
    "error-message-size-exceeded": "The text is longer than this Rocket.Chat takes.",
    "error-invalid-user": "There is no such person in this Rocket.Chat.",
    "room_is_blocked": "This room is blocked.",
    "You_have_been_muted": "The account is muted in this room.",
}


class Refused(InvalidInput):
    """Rocket.Chat said no. `error` is its word for it."""

    def __init__(self, error: str, message: str, code: str | None = None) -> None:
        super().__init__(code or f"rocketchat_{error.removeprefix('error-').replace('-', '_').lower()}"[:60], message)
        self.error = error


class Web:
    """The endpoints of one server. `http` signs."""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/")

    async def read(self, endpoint: str, arguments: dict[str, str] | None = None) -> JsonObject:
        """Raises as `change`."""
        query = f"?{urlencode(arguments)}" if arguments else ""
        return await self._call("GET", f"{endpoint}{query}", None, READ_S)

    async def change(self, endpoint: str, arguments: JsonObject, *, timeout_s: float) -> JsonObject:
        """Raises `Refused`, and `Retryable`, `answered=False` exactly where it may have been carried out."""
        return await self._call("POST", endpoint, json.dumps(arguments).encode(), timeout_s)

    async def _call(self, method: str, endpoint: str, content: bytes | None, timeout_s: float) -> JsonObject:
        headers = {"Content-Type": "application/json"} if content is not None else {}
        url = f"{self._url}/api/v1/{endpoint}"
        return judged(await self._http.request(method, url, headers=headers, content=content, timeout_s=timeout_s))


def judged(answer: HttpResponse) -> JsonObject:
    """The answer's object. Raises as `Web.change`."""
    if answer.status == 429:
        after = _until(answer.headers.get("x-ratelimit-reset"))
        raise Retryable("rate_limited", "Rocket.Chat asks to be slower.", after=after, cause="rate_limited")
    if answer.status >= 500:
        what = sentences.said("{name} answered with status {status}.", name="Rocket.Chat", status=answer.status)
        raise Retryable("rocketchat_unavailable", what, cause="server_error")
    try:
        said = read_json(answer.body)
    except ValueError:
        said = None
    if answer.status == 401:
        raise Refused("unauthorized", "Rocket.Chat refuses the credentials.", "connection_refused")
    good = isinstance(said, dict) and (said.get("success") is True or said.get("status") == "success")
    if not isinstance(said, dict) or (not good and answer.status < 300):
        what = sentences.said(
            "Rocket.Chat sent an answer that can't be understood (status {status}).", status=answer.status
        )
        raise Retryable("rocketchat_answer", what, answered=False, cause="server_error")
    if not good:
        raise _error(said, answer.status)
    return said


def _error(said: JsonObject, status: int) -> Refused:
    told = text(said.get("error")) or text(said.get("message"))
    found = _CODE.search(told)
    error = text(said.get("errorType")) or (found[1] if found else told if told in _SENTENCES else "refused")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,59}", error):
        error = "refused"
    return Refused(error, _SENTENCES.get(error) or f"Rocket.Chat refused it (status {status}): {shortened(told, 200)}")


def _until(reset: str | None) -> float | None:
    """Seconds until a moment in milliseconds."""
    if reset is None or not reset.isascii() or not reset.isdigit():
        return None
    return min(max(int(reset) / 1000 - time.time(), 1.0), 3_600.0)


def text(value: Json) -> str:
    """A text, or none."""
    return value if isinstance(value, str) else ""


def inside(value: Json, name: str) -> JsonObject:
    """The object of that name in an object, or an empty one."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def rows(value: Json) -> list[JsonObject]:
    """The objects in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
