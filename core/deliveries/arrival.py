"""What arrives at a webhook, as plain values: its body as JSON, its key, what may be kept of it. Pure."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from blocks import paths
from blocks.triggers.webhook import WebhookConfig
from blocks.values import Json, JsonObject
from core import jsontext
from core.deliveries.signatures import SIGNATURE_HEADERS
from core.errors import Finding, Invalid
from core.journal import MASK

SECRET_HEADER: Final = "x-webhook-secret"  # noqa: S105 - the name of a header
SECRET_PARAMETER: Final = "secret"  # noqa: S105 - the name of a parameter
KEY_HEADERS: Final = ("idempotency-key", "webhook-id", "x-github-delivery")
KEY_TTL: Final = timedelta(days=7)
BODY_KEY_TTL: Final = timedelta(seconds=60)
_STYLE_HEADERS: Final = {"standard": "webhook-id", "github": "x-github-delivery"}
_STYLE_FIELDS: Final = {"slack": "event_id", "stripe": "id"}  # of the body

_NEVER_KEPT: Final = frozenset(
    {
        *(SECRET_HEADER, "authorization", "proxy-authorization", "cookie", "x-api-key"),
        *(*SIGNATURE_HEADERS.values(), "x-hub-signature"),  # whoever reads one could send the request once more
    }
)
_MOST_FIELDS: Final = 1000
_LONGEST_KEY: Final = 200  # characters; longer ones are kept as their hash


@dataclass(slots=True)
class Arrival:
    """One request; its body is filled in when it has come. Names of headers are in lower case,
    several of one name joined by a comma."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    remote: str | None
    body: bytes = b""
    size: int = 0  # bytes; of a body that was not read to its end, what was announced

    @property
    def content_type(self) -> str | None:
        return self.headers.get("content-type")


@dataclass(frozen=True, slots=True)
class File:
    """A body that is no JSON, form or text: kept beside the run and referred to."""

    content: bytes
    media_type: str


Data: TypeAlias = "Json | File"


@dataclass(frozen=True, slots=True)
class Key:
    """Arrivals of one key within `ttl` are one run."""

    text: str
    ttl: timedelta


def kept_headers(arrival: Arrival) -> JsonObject:
    """The headers without their secrets."""
    return {name: MASK if name in _NEVER_KEPT else value for name, value in arrival.headers.items()}


def kept_query(arrival: Arrival) -> JsonObject:
    return {name: MASK if name == SECRET_PARAMETER else value for name, value in arrival.query.items()}


def given_secret(arrival: Arrival) -> str:
    return arrival.headers.get(SECRET_HEADER) or arrival.query.get(SECRET_PARAMETER, "")


def secret_matches(given: str, hashes: tuple[str, ...]) -> bool:
    """Whether the SHA-256 of `given` is one of `hashes` (hexadecimal), in a time that tells nothing."""
    digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).hexdigest()
    matches = [hmac.compare_digest(digest, known) for known in hashes]
    return given != "" and any(matches)


def data_of(arrival: Arrival) -> Data:
    """The body as `trigger.data`: JSON its value, a form an object, text a string, nothing null, else a `File`.

    Raises `Invalid` (`invalid_body`).
    """
    if not arrival.body:
        return None
    packed = arrival.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity"):
        raise _refused(f"The body is compressed ({packed[:40]}); send it as it is, without Content-Encoding.")
    media_type, parameters = _media_type(arrival.content_type or "")
    if media_type == "application/json" or media_type.endswith("+json"):
        return _json(arrival.body)
    if media_type == "application/x-www-form-urlencoded":
        return _form(arrival.body)
    if media_type.startswith("text/") or media_type == "application/xml" or media_type.endswith("+xml"):
        return _text(arrival.body, parameters.get("charset", "utf-8"))
    if media_type == "":
        return _undeclared(arrival.body)
    return File(arrival.body, media_type)


def key_of(arrival: Arrival, data: Data, config: WebhookConfig) -> Key | None:
    """What makes this arrival the same as another one; None when it carries no such thing.

    Without a rule of its own a signed webhook looks at what its style repeats with each attempt:
    https://docs.slack.dev/apis/events-api (event_id), https://docs.stripe.com/webhooks#handle-duplicate-events (id).
    """
    rule = config.dedupe
    if rule is None and config.style is not None:
        return _key(_repeated(config.style, arrival, data))
    if rule is None:
        found = next((value for name in KEY_HEADERS if (value := arrival.headers.get(name, "").strip())), "")
        return _key(found)
    if rule.from_ == "header":
        return _key(arrival.headers.get((rule.name or "").lower(), "").strip())
    if rule.from_ == "body":
        return Key(f"sha256:{hashlib.sha256(arrival.body).hexdigest()}", BODY_KEY_TTL)
    found_value = paths.find(trigger_context(arrival, data), paths.parse(rule.path or ""))
    if isinstance(found_value, paths.Missing) or found_value is None:
        return None
    return _key(found_value if isinstance(found_value, str) else jsontext.dump_text(found_value))


def trigger_context(arrival: Arrival, data: Data) -> JsonObject:
    """What filters and keys look at: `trigger.data`, `trigger.headers`, `trigger.query`."""
    return {
        "trigger": {
            "type": "webhook",
            "data": None if isinstance(data, File) else data,
            "headers": kept_headers(arrival),
            "query": kept_query(arrival),
        }
    }


def _repeated(style: str, arrival: Arrival, data: Data) -> str:
    if style in _STYLE_HEADERS:
        return arrival.headers.get(_STYLE_HEADERS[style], "").strip()
    found = data.get(_STYLE_FIELDS[style]) if isinstance(data, dict) else None
    return found if isinstance(found, str) else ""


def challenge_of(style: str | None, data: Data) -> str | None:
    """What Slack wants to hear back when it is given the address of the webhook, else None.

    https://docs.slack.dev/reference/events/url_verification
    """
    if style != "slack" or not isinstance(data, dict) or data.get("type") != "url_verification":
        return None
    found = data.get("challenge")
    return found if isinstance(found, str) else None


def _key(text: str) -> Key | None:
    if not text:
        return None
    if len(text) > _LONGEST_KEY or "\x00" in text:
        text = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return Key(text, KEY_TTL)


def _media_type(header: str) -> tuple[str, dict[str, str]]:
    kind, *rest = header.split(";")
    pairs = (part.partition("=") for part in rest)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _refused(message: str) -> Invalid:
    return Invalid(
        "invalid_body", "The body can't be read as what it says it is.", findings=(Finding("body", message),)
    )


def _json(body: bytes) -> Json:
    try:
        return jsontext.parse(body)
    except jsontext.NotJson as error:
        raise _refused(f"This is not valid JSON: {error}.") from error


def _form(body: bytes) -> JsonObject:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise _refused(f"This is no URL-encoded form of at most {_MOST_FIELDS} fields in UTF-8.") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else list(values) for name, values in fields.items()}


def _text(body: bytes, charset: str) -> str:
    try:
        return body.decode(charset)
    except (LookupError, ValueError) as error:
        raise _refused(f"This is no text in {charset[:40]!r}.") from error


def _undeclared(body: bytes) -> Data:
    """Senders that name no type mostly send JSON."""
    try:
        return jsontext.parse(body)
    except jsontext.NotJson:
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        return File(body, "application/octet-stream")
