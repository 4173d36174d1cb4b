"""An account at Google: how it gets access tokens, and where its services are.

https://developers.google.com/identity/protocols/oauth2
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from pydantic import Field

from blocks import sentences
from blocks.action import Http, HttpResponse
from blocks.connection import TEST_S, ConnectionFields, Token, Way
from blocks.errors import InvalidInput, Retryable
from blocks.retry_after import retry_after
from blocks.values import JsonObject, read_json
from blocks.words import shortened

TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
HOSTS: Final = ("sheets.googleapis.com", "www.googleapis.com")
SPREADSHEETS: Final = "https://www.googleapis.com/auth/spreadsheets"
YOUTUBE: Final = "https://www.googleapis.com/auth/youtube.upload"

_ERROR: Final = re.compile(r"[a-z_]{1,60}")
_ERRORS: Final = {
    "invalid_client": "the client id or the client secret is wrong, or the client was deleted",
    "invalid_scope": "the account may not have this scope",
    "unauthorized_client": "this client or service account may not get tokens in this way",
    "disabled_client": "the service account is disabled",
    "org_internal": "the client is for people of its own organisation only",
    "admin_policy_enforced": "an administrator of the organisation does not allow it",
}


class GoogleFields(ConnectionFields):
    base_url: str | None = Field(
        default=None,
        max_length=2048,
        pattern=r"^https?://[^?#]+$",
        title="Base address",
        description="Of a proxy in front of Google's services. Missing: Google's own addresses.",
        json_schema_extra={"advanced": True},
    )

    @property
    def token_url(self) -> str:
        return TOKEN_URL if self.base_url is None else f"{self.base_url.rstrip('/')}/token"


@dataclass(frozen=True, slots=True)
class Google:
    """What actions use an account for. `http` signs; `channel` tells whether it can have a YouTube channel."""

    http: Http
    sheets_url: str
    uploads_url: str
    channel: bool
    mask: Callable[[str], None]


def google(fields: GoogleFields, way: Way, *, channel: bool) -> Google:
    """The account behind a connection. With a base address every service is there."""
    own = fields.base_url.rstrip("/") if fields.base_url is not None else None
    return Google(
        way.http,
        f"{own or 'https://sheets.googleapis.com'}/v4/spreadsheets",
        f"{own or 'https://www.googleapis.com'}/upload/youtube/v3/videos",
        channel,
        way.mask,
    )


@dataclass(frozen=True, slots=True)
class Granted:
    """`scopes` as Google names them; empty where it did not say."""

    token: Token
    scopes: tuple[str, ...]


async def fetch(http: Http, url: str, form: Mapping[str, str], refused: str) -> Granted:
    """Ask for an access token. `refused` says in a clause what `invalid_grant` means for this kind of account.

    Raises `InvalidInput` (`connection_refused`) and `Retryable` (`connection_token`).
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    answer = await _asked(http, url, headers, urlencode(form).encode())
    if answer.status == 429 or answer.status >= 500:
        after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        raise Retryable(
            "connection_token",
            sentences.said("Google's token address answered with status {status}.", status=answer.status),
            after=after,
            cause="rate_limited" if answer.status == 429 else "server_error",
        )  # fmt: skip
    said = _said(answer)
    token, lives, scopes = said.get("access_token"), said.get("expires_in"), said.get("scope")
    if answer.status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise InvalidInput("connection_refused", f"Google gave no access token: {_why(answer.status, said, refused)}.")
    lives_s = float(lives) if isinstance(lives, int | float) and lives > 0 else None
    return Granted(Token(token, lives_s), tuple(scopes.split()) if isinstance(scopes, str) else ())


async def _asked(http: Http, url: str, headers: dict[str, str], content: bytes) -> HttpResponse:
    """A token that never arrived harms nobody, so that asking again is always right."""
    try:
        return await http.request("POST", url, headers=headers, content=content, timeout_s=TEST_S)
    except Retryable as error:
        raise Retryable(error.code, error.message, after=error.after, cause=error.cause) from error


def _said(answer: HttpResponse) -> JsonObject:
    try:
        value = read_json(answer.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _why(status: int, said: JsonObject, refused: str) -> str:
    error, told = said.get("error"), said.get("error_description")
    if not isinstance(error, str) or not _ERROR.fullmatch(error):
        return f"it answered with status {status}"
    why = refused if error == "invalid_grant" else _ERRORS.get(error, error)
    detail = shortened(told, 200).rstrip(".") if isinstance(told, str) else ""
    return f"{why} ({detail})" if detail else why
