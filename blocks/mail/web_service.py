"""Mail services that take mails over HTTPS: what their answers mean, and their keys."""

import base64
import json
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from blocks.action import HttpResponse
from blocks.errors import InvalidInput, Retryable
from blocks.mail.kind import one_line
from blocks.retry_after import retry_after
from blocks.services import Attachment
from blocks.values import Json, JsonObject, read_json

_ON_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")


def checked_base(url: str) -> str:
    """The address of a service without its last slash. Raises `ValueError`: a key is sent under TLS only."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _ON_THIS_MACHINE):
        raise ValueError("the address must start with https://")
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("the address is one such as https://api.example.com")
    return url.rstrip("/")


def host_of(url: str) -> str:
    """As a connection's hosts name it."""
    return urlsplit(url).netloc


def body(value: JsonObject) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def encoded(attachment: Attachment) -> str:
    return base64.b64encode(attachment.content).decode()


def answer_of(answer: HttpResponse) -> JsonObject:
    """The JSON object of an answer, empty where it holds none."""
    try:
        value: Json = read_json(answer.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def refusal(service: str, answer: HttpResponse, told: str, *, wait: str = "retry-after") -> InvalidInput | Retryable:
    """What an answer means that is not the one hoped for; `wait` is the header that says how long to wait."""
    what = f"{service} answered with status {answer.status}: {one_line(told) or '(no reason)'}"
    if answer.status == 429 or answer.status >= 500:
        after = retry_after(answer.headers.get(wait), datetime.now(UTC))
        return Retryable(
            "mail_delayed", what, after=after, cause="rate_limited" if answer.status == 429 else "server_error"
        )
    code = "sign_in_refused" if answer.status in (401, 403) else "mail_refused"
    return InvalidInput(code, what)
