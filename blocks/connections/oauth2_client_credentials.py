"""An access token for the application itself (RFC 6749, section 4.4), fetched when one is needed."""

import base64
from datetime import UTC, datetime
from typing import ClassVar, Final, Literal
from urllib.parse import quote_plus, urlencode

from pydantic import Field, SecretStr

from blocks.action import Http, HttpResponse
from blocks.connection import TEST_S, HttpConnection, HttpFields, Lender, Token, asked
from blocks.errors import InvalidInput, Retryable
from blocks.retry_after import retry_after
from blocks.values import Json, JsonObject, read_json
from blocks.words import shortened

_ERRORS: Final = {  # RFC 6749, section 5.2
    "invalid_client": "the client id or the client secret is wrong",
    "invalid_grant": "the grant is refused",
    "invalid_request": "the request lacks something that this service wants",
    "invalid_scope": "the scope is unknown or not allowed",
    "invalid_target": "the audience is unknown or not allowed",
    "unauthorized_client": "this client may not use the grant client_credentials",
    "unsupported_grant_type": "the service does not know the grant client_credentials",
}


class ClientCredentialsFields(HttpFields):
    token_url: str = Field(min_length=1, max_length=2048, pattern=r"^https?://", title="Token address")
    client_id: str = Field(min_length=1, max_length=1024, title="Client id")
    client_secret: SecretStr = Field(min_length=1, max_length=4096, title="Client secret")
    scope: str | None = Field(default=None, max_length=2048, description="Separated by spaces.")
    audience: str | None = Field(default=None, max_length=2048, json_schema_extra={"advanced": True})
    client_auth: Literal["basic", "body"] = Field(
        default="basic",
        description="How the client proves itself: in the header Authorization, or in the body.",
        title="How the client proves itself",
        json_schema_extra={"advanced": True},
    )


class OAuth2ClientCredentials(HttpConnection[ClientCredentialsFields]):
    name = "oauth2_client_credentials"
    title: ClassVar[dict[str, str]] = {"en": "OAuth 2 (client credentials)", "fr": "OAuth 2 (client credentials)"}
    description: ClassVar[dict[str, str]] = {
        "en": "An application that gets its access tokens with a client id and a client secret.",
        "fr": "Une application qui obtient ses jetons d’accès avec un identifiant et un secret de client.",
    }
    Fields = ClientCredentialsFields
    renews = True
    example: ClassVar[dict[str, Json]] = {
        "token_url": "https://login.example.com/oauth/token",
        "client_id": "vutler",
        "client_secret": "the secret",
        "scope": "leads.read leads.write",
    }

    def endpoints(self, fields: ClientCredentialsFields) -> tuple[str, ...]:
        return (fields.token_url,)

    async def sign(self, fields: ClientCredentialsFields, lender: Lender) -> dict[str, str]:
        token = await lender.token(lambda: _fetch(fields, lender.http))
        return {"Authorization": f"Bearer {token}"}

    async def test(self, fields: ClientCredentialsFields, http: Http, lender: Lender) -> str:
        if fields.test_url:
            return await asked(http, fields.test_url)
        await _fetch(fields, lender.http)
        return "The service gave an access token."


async def _fetch(fields: ClientCredentialsFields, http: Http) -> Token:
    """Raises `InvalidInput` (`connection_refused`) and `Retryable`."""
    form = {"grant_type": "client_credentials", "scope": fields.scope, "audience": fields.audience}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret = fields.revealed("client_secret")
    if fields.client_auth == "basic":
        pair = f"{quote_plus(fields.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": fields.client_id, "client_secret": secret}
    content = urlencode({name: value for name, value in form.items() if value}).encode()
    answer = await http.request("POST", fields.token_url, headers=headers, content=content, timeout_s=TEST_S)
    said = _said(answer)
    if answer.status == 429 or answer.status >= 500:
        after = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
        raise Retryable(
            "connection_token", f"The token address answered with status {answer.status}.", after=after,
            cause="rate_limited" if answer.status == 429 else "server_error",
        )  # fmt: skip
    token, kind, lives = said.get("access_token"), said.get("token_type", "Bearer"), said.get("expires_in")
    if answer.status >= 400 or not isinstance(token, str) or not token:
        raise InvalidInput("connection_refused", f"The token address gave no access token: {_why(answer, said)}.")
    if str(kind).lower() != "bearer":
        raise InvalidInput("connection_refused", "The token address gave a token that is no bearer token.")
    known = isinstance(lives, int | float | str) and str(lives).replace(".", "", 1).isdecimal()
    return Token(token, float(str(lives)) if known else None)


def _said(answer: HttpResponse) -> JsonObject:
    try:
        said = read_json(answer.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _why(answer: HttpResponse, said: JsonObject) -> str:
    """The error of RFC 6749 in words, else the status."""
    code, text = said.get("error"), said.get("error_description")
    if not isinstance(code, str):
        return f"it answered with status {answer.status}"
    known = _ERRORS.get(code, shortened(code, 60))
    return f"{known} ({shortened(text, 200)})" if isinstance(text, str) and text else known
