"""Slack's Web API: one call, and what its errors mean. https://docs.slack.dev/apis/web-api"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias
from urllib.parse import urlencode

from blocks import sentences
from blocks.action import Http, HttpResponse
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.retry_after import retry_after
from blocks.values import Json, JsonObject, read_json
from blocks.words import shortened

Arguments: TypeAlias = dict[str, str | int]

READ_S: Final = 10.0  # for a call that changes nothing
_MOST_PAGES: Final = 20
_CONVERSATIONS: Final = 200  # of a page

_AUTH: Final = "The credentials are refused ({}): enter the token again, or install the Slack app again."
_CREDENTIALS: Final = frozenset({
    "account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked", "org_login_required",
    "ekm_access_denied", "not_allowed_token_type", "team_access_not_granted",
})  # fmt: skip
_PASSING: Final = frozenset({"ratelimited", "rate_limited", "service_unavailable", "request_timeout"})
# Of these Slack says that "some aspect of the operation" may have succeeded.
_UNSURE: Final = frozenset({"fatal_error", "internal_error"})
_SENTENCES: Final = {
    "channel_not_found": "Slack knows no such channel, or the app can't see it: check its name, and invite the app.",
    "not_in_channel": "The Slack app is not in this channel: invite it there (/invite @app).",
    "is_archived": "This channel is archived.",
    "msg_too_long": "The text is longer than Slack takes (40,000 characters).",
    "no_text": "A message needs a text or blocks.",
    "invalid_blocks": "Slack does not accept these blocks",
    "invalid_blocks_format": "Slack does not accept these blocks",
    "msg_blocks_too_long": "The blocks are longer than Slack takes.",
    "thread_not_found": "There is no such thread in this channel.",
    "message_not_found": "There is no such message in this channel.",
    "cannot_reply_to_message": "This message can't have a thread.",
    "restricted_action": "The Slack workspace does not let this app post there.",
    "user_not_found": "There is no such person in this Slack workspace.",
    "users_not_found": "There is no such person in this Slack workspace.",
    "message_limit_exceeded": "The Slack workspace's plan does not allow more messages.",
}
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


class Refused(InvalidInput):
    """Slack said no. `error` is its word for it."""

    def __init__(self, error: str, message: str, code: str | None = None) -> None:
        super().__init__(code or f"slack_{error}"[:60], message)
        self.error = error


class Web:
    """The methods of one Slack workspace. `http` signs, or `headers` do."""

    def __init__(self, http: Http, api_url: str, headers: Mapping[str, str] | None = None) -> None:
        self._http = http
        self._api_url = api_url.rstrip("/")
        self._headers = headers or {}

    async def read(self, method: str, arguments: Arguments | None = None, *, timeout_s: float = READ_S) -> JsonObject:
        """A method that changes nothing; it takes a form. Raises as `change`."""
        return await self._call(method, "application/x-www-form-urlencoded", urlencode(arguments or {}), timeout_s)

    async def change(self, method: str, arguments: JsonObject, *, timeout_s: float) -> JsonObject:
        """A method that changes something; it takes JSON.

        Raises `Refused`, and `Retryable`, `answered=False` exactly where it may have been carried out.
        """
        return await self._call(method, "application/json; charset=utf-8", json.dumps(arguments), timeout_s)

    async def pages(
        self, method: str, arguments: Arguments, name: str, *, most: int = _MOST_PAGES
    ) -> AsyncIterator[list[JsonObject]]:
        """The lists called `name`, at most so many of them."""
        cursor = ""
        for _ in range(most):
            answer = await self.read(method, {**arguments, **({"cursor": cursor} if cursor else {})})
            rows = answer.get(name)
            yield [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
            cursor = text(inside(answer, "response_metadata").get("next_cursor"))
            if not cursor:
                return

    async def _call(self, method: str, media_type: str, body: str, timeout_s: float) -> JsonObject:
        answer = await self._http.request(
            "POST",
            f"{self._api_url}/{method}",
            headers={"Content-Type": media_type, **self._headers},
            content=body.encode(),
            timeout_s=timeout_s,
        )
        return _judged(answer)


def _judged(answer: HttpResponse) -> JsonObject:
    after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    if answer.status == 429:
        raise Retryable("rate_limited", "Slack asks to be slower.", after=after, cause="rate_limited")
    if answer.status >= 500:
        what = sentences.said("{name} answered with status {status}.", name="Slack", status=answer.status)
        raise Retryable("slack_unavailable", what, after=after, cause="server_error")
    try:
        said = read_json(answer.body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
        what = sentences.said("Slack sent an answer that can't be understood (status {status}).", status=answer.status)
        raise Retryable("slack_answer", what, answered=False, cause="server_error")
    if not said["ok"]:
        raise _error(said, after)
    return said


def _error(said: JsonObject, after: float | None) -> ActionError:
    """What `ok: false` means."""
    given = text(said.get("error"))
    error = given if _CODE.fullmatch(given) else "unknown"
    if error in _PASSING | _UNSURE:
        if "limited" in error:
            return Retryable("rate_limited", "Slack asks to be slower.", after=after, cause="rate_limited")
        return Retryable(
            "slack_unavailable",
            sentences.said("Slack can't do it now ({error}).", error=error),
            after=after,
            answered=error not in _UNSURE,
            cause="server_error",
        )
    if error in _CREDENTIALS:
        return Refused(error, _AUTH.format(error), "connection_refused")
    if error == "missing_scope":
        needed = shortened(text(said.get("needed")), 100)
        return Refused(error, f"The Slack app lacks the scope {needed}: add it, and install the app again.")
    told = inside(said, "response_metadata").get("messages")
    details = shortened("; ".join(text(each) for each in told), 300) if isinstance(told, list) else ""
    sentence = _SENTENCES.get(error, f"Slack refused it: {error}.")
    return Refused(error, f"{sentence.rstrip('.')}: {details}" if details else f"{sentence.rstrip('.')}.")


async def seen(web: Web, method: str, kinds: Sequence[str]) -> list[JsonObject]:
    """The conversations of these kinds, as far as the app has the scope to list them (each kind has its own)."""

    async def of(wanted: Sequence[str]) -> list[JsonObject]:
        given: Arguments = {"types": ",".join(wanted), "exclude_archived": "true", "limit": _CONVERSATIONS}
        return [each async for page in web.pages(method, given, "channels") for each in page]

    try:
        return await of(kinds)
    except Refused as error:
        if error.error != "missing_scope":
            raise
    found: list[JsonObject] = []
    refusal: Refused | None = None
    for kind in kinds:
        try:
            found += await of([kind])
        except Refused as error:
            refusal = refusal or error
    if refusal is not None and not found:
        raise refusal
    return found


def text(value: Json) -> str:
    """A text, or none."""
    return value if isinstance(value, str) else ""


def inside(value: Json, name: str) -> JsonObject:
    """The object of that name in an object, or an empty one."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
