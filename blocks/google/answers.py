"""What Google's services answer, and what their errors mean.

https://cloud.google.com/apis/design/errors, https://developers.google.com/youtube/v3/docs/errors
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from blocks.action import HttpResponse
from blocks.errors import ActionError, InvalidInput, Retryable
from blocks.retry_after import retry_after
from blocks.sentences import said
from blocks.values import Json, JsonObject, read_json
from blocks.words import shortened

_REASON: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_SLOWER: Final = frozenset({"RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", "rateLimitExceeded", "userRateLimitExceeded"})
_USED_UP: Final = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_SENTENCES: Final = {
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": "The connection lacks the scope for this: have its refresh token made with it.",
    "SERVICE_DISABLED": "This API is not enabled in the Google Cloud project of the connection: enable it there.",
    "accessNotConfigured": "This API is not enabled in the Google Cloud project of the connection: enable it there.",
    "youtubeSignupRequired": "This Google account has no YouTube channel: make one, or use another account.",
    "uploadLimitExceeded": "This channel has uploaded as many videos as YouTube takes in 24 hours: try again tomorrow.",
}


def judged(answer: HttpResponse, name: str) -> JsonObject:
    """The object in an answer that says yes. `name` is the service's.

    Raises `InvalidInput` where it says no, and `Retryable`: `answered=False` for a 5xx as well, since Google may have
    carried out what it could not answer (https://cloud.google.com/apis/design/errors#handling_errors).
    """
    if not 200 <= answer.status < 300:
        raise refused(answer, name)
    found = _read(answer)
    if found is None:
        raise Retryable(
            "google_answer",
            said("{name} sent an answer that can't be understood.", name=name),
            answered=False,
        )
    return found


def refused(answer: HttpResponse, name: str, known: Mapping[str, str] | None = None) -> ActionError:
    """The error that an answer with another status than 2xx means. `known`: sentences for the service's own reasons."""
    after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    error = (_read(answer) or {}).get("error")
    error = error if isinstance(error, dict) else {}
    reasons = list(_reasons(error))
    if answer.status == 429 or _SLOWER.intersection(reasons):
        return Retryable(
            "rate_limited", said("{name} asks to be slower.", name=name), after=after, cause="rate_limited"
        )
    if answer.status >= 500:
        what = said("{name} answered with status {status}.", name=name, status=answer.status)
        return Retryable("google_unavailable", what, after=after, answered=False, cause="server_error")
    if answer.status < 400:
        return InvalidInput("google_answer", f"{name} sent an answer that can't be understood ({answer.status}).")
    if _USED_UP.intersection(reasons):
        text = f"The daily quota that the Google Cloud project has for {name} is used up; it is renewed at midnight"
        return InvalidInput("google_quota", f"{text}, Pacific Time.")
    told = error.get("message")
    detail = shortened(told, 300).rstrip(".") if isinstance(told, str) else f"status {answer.status}"
    if answer.status == 401 and "youtubeSignupRequired" not in reasons:
        return InvalidInput("connection_refused", f"{name} refuses the credentials: {detail}.")
    sentences = {**_SENTENCES, **(known or {})}
    sentence = next((sentences[each] for each in reasons if each in sentences), None)
    code = f"google_{reasons[0].lower()}" if reasons else f"google_{answer.status}"
    return InvalidInput(code, f"{sentence} ({detail})" if sentence else f"{name} refused it: {detail}.")


def _reasons(error: JsonObject) -> Iterator[str]:
    """The most exact first: of the details (newer services), of the list (older ones), the status."""
    for name in ("details", "errors"):
        rows = error.get(name)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                yield from _word(row.get("reason"))
    yield from _word(error.get("status"))


def _word(value: Json) -> Iterator[str]:
    if isinstance(value, str) and _REASON.fullmatch(value):
        yield value


def _read(answer: HttpResponse) -> JsonObject | None:
    try:
        value = read_json(answer.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
