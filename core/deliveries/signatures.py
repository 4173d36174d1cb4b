"""Signatures of webhooks, in the styles of those who send them. Pure, over the raw body, compared in constant time.

| style    | header                | signed                        | source |
|---|---|---|---|
| standard | `webhook-signature`   | `{webhook-id}.{timestamp}.{body}` | https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md |
| github   | `X-Hub-Signature-256` | the body                      | https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries |
| slack    | `X-Slack-Signature`   | `v0:{timestamp}:{body}`       | https://docs.slack.dev/authentication/verifying-requests-from-slack |
| stripe   | `Stripe-Signature`    | `{timestamp}.{body}`          | https://docs.stripe.com/webhooks#verify-manually |

All are HMAC-SHA256. A header may hold several signatures (the sender rotates its secret): one that fits is enough.
Where the time is signed it must be at most 5 minutes off; GitHub signs none.
"""  # noqa: E501 - a table of addresses

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

TOLERANCE_S: Final = 300
SIGNATURE_HEADERS: Final = {
    "standard": "webhook-signature",
    "github": "x-hub-signature-256",
    "slack": "x-slack-signature",
    "stripe": "stripe-signature",
}
STANDARD_PREFIX: Final = "whsec_"

_MOST_SIGNATURES: Final = 20
_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_KEY_BYTES: Final = (24, 64)  # of a Standard Webhooks secret, shortest and longest


class BadKey(ValueError):
    """The text is no secret of this style."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a request says of itself: these signatures are of this content."""

    content: bytes
    signatures: list[bytes]
    time: str | None = None  # Unix seconds; None: the style signs no time


def key(style: str, secret: str) -> bytes:
    """The key that `secret` stands for. Raises `BadKey`."""
    if style != "standard":
        return secret.encode()
    try:
        found = base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except binascii.Error as error:
        raise BadKey("A Standard Webhooks secret is base64, usually behind whsec_; this one is not.") from error
    if not _KEY_BYTES[0] <= len(found) <= _KEY_BYTES[1]:
        raise BadKey(f"A Standard Webhooks secret stands for 24 to 64 bytes; this one for {len(found)}.")
    return found


def refusal(style: str, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> str | None:
    """Why nobody who knows one of `secrets` sent this, in a sentence; None when somebody did."""
    header = SIGNATURE_HEADERS[style]
    claim = _CLAIMS[style](headers, body)
    if claim is None or not claim.signatures:
        return f"The request carries no usable signature of the style {style}: it belongs in the header {header}."
    matches = [
        hmac.compare_digest(hmac.digest(key(style, secret), claim.content, "sha256"), given)
        for secret in secrets
        for given in claim.signatures
    ]
    if not any(matches):
        return f"The signature in the header {header} does not fit the body and the webhook's secret."
    if claim.time is not None and abs(now.timestamp() - int(claim.time)) > TOLERANCE_S:
        return f"The signature is more than {TOLERANCE_S // 60} minutes old or ahead; check the sender's clock."
    return None


def _standard(headers: Mapping[str, str], body: bytes) -> _Claim | None:
    name, time = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or "." in name or not _TIME.fullmatch(time):  # a dot would let the parts be cut elsewhere
        return None
    parts = (part.strip(",") for part in headers.get("webhook-signature", "").split())
    given = (part.removeprefix("v1,") for part in parts if part.startswith("v1,"))
    return _Claim(f"{name}.{time}.".encode() + body, _decoded(given, _base64), time)


def _github(headers: Mapping[str, str], body: bytes) -> _Claim:
    return _Claim(body, _decoded(_after("sha256=", headers.get("x-hub-signature-256", "")), bytes.fromhex))


def _slack(headers: Mapping[str, str], body: bytes) -> _Claim | None:
    time = headers.get("x-slack-request-timestamp", "")
    if not _TIME.fullmatch(time):
        return None
    given = _after("v0=", headers.get("x-slack-signature", ""))
    return _Claim(f"v0:{time}:".encode() + body, _decoded(given, bytes.fromhex), time)


def _stripe(headers: Mapping[str, str], body: bytes) -> _Claim | None:
    """Schemes other than v1 are ignored, as Stripe asks, so that nobody can choose a weaker one."""
    header = headers.get("stripe-signature", "")
    time = next(_after("t=", header), "")
    if not _TIME.fullmatch(time):
        return None
    return _Claim(f"{time}.".encode() + body, _decoded(_after("v1=", header), bytes.fromhex), time)


def _after(prefix: str, header: str) -> Iterator[str]:
    parts = (part.strip() for part in header.split(","))
    return (part.removeprefix(prefix) for part in parts if part.startswith(prefix))


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _decoded(given: Iterable[str], decode: Callable[[str], bytes]) -> list[bytes]:
    """The signatures as bytes, without those that are none."""
    found: list[bytes] = []
    for text in given:
        try:
            found.append(decode(text))
        except ValueError:
            continue
        if len(found) == _MOST_SIGNATURES:
            break
    return found


_CLAIMS: Final[Mapping[str, Callable[[Mapping[str, str], bytes], _Claim | None]]] = {
    "standard": _standard,
    "github": _github,
    "slack": _slack,
    "stripe": _stripe,
}
