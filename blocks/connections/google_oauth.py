"""A person's Google account, by a refresh token that they gave to an OAuth client.

https://developers.google.com/identity/protocols/oauth2/web-server#offline
"""

from typing import ClassVar, Final

from pydantic import Field, SecretStr

from blocks.action import Http
from blocks.connection import Connection, Lender, Token, Way
from blocks.google.account import HOSTS, Google, GoogleFields, Granted, fetch, google
from blocks.values import Json
from blocks.words import shortened

_REFUSED: Final = "the refresh token is expired, revoked or of another client; have a new one made"


class GoogleOAuthFields(GoogleFields):
    client_id: str = Field(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$", title="Client id")
    client_secret: SecretStr = Field(min_length=1, max_length=500, title="Client secret")
    refresh_token: SecretStr = Field(
        min_length=1,
        max_length=2_000,
        title="Refresh token",
        description="Made with the scopes that are to be used: spreadsheets, youtube.upload.",
    )


class GoogleOAuth(Connection[GoogleOAuthFields]):
    name = "google_oauth"
    title: ClassVar[dict[str, str]] = {"en": "Google (OAuth)", "fr": "Google (OAuth)"}
    description: ClassVar[dict[str, str]] = {
        "en": "A person's Google account: their YouTube channel, their spreadsheets.",
        "fr": "Le compte Google d’une personne : sa chaîne YouTube, ses feuilles de calcul.",
    }
    purpose = "google"
    Fields = GoogleOAuthFields
    hosts = HOSTS
    renews = True
    example: ClassVar[dict[str, Json]] = {
        "client_id": "1234.apps.googleusercontent.com",
        "client_secret": "the secret of the client",
        "refresh_token": "the token",
    }

    def endpoints(self, fields: GoogleOAuthFields) -> tuple[str, ...]:
        return (fields.token_url,)

    def service(self, fields: GoogleOAuthFields, way: Way) -> Google:
        return google(fields, way, channel=True)

    async def sign(self, fields: GoogleOAuthFields, lender: Lender) -> dict[str, str]:
        async def fresh() -> Token:
            return (await _granted(fields, lender)).token

        return {"Authorization": f"Bearer {await lender.token(fresh)}"}

    async def test(self, fields: GoogleOAuthFields, http: Http, lender: Lender) -> str:
        scopes = (await _granted(fields, lender)).scopes
        names = ", ".join(each.rpartition("/")[2] or each for each in scopes)
        return f"Google gave an access token for {shortened(names, 300)}." if names else "Google gave an access token."


async def _granted(fields: GoogleOAuthFields, lender: Lender) -> Granted:
    """Raises as `fetch`."""
    form = {
        "grant_type": "refresh_token", "client_id": fields.client_id,
        "client_secret": fields.revealed("client_secret"), "refresh_token": fields.revealed("refresh_token"),
    }  # fmt: skip
    return await fetch(lender.http, fields.token_url, form, _REFUSED)
