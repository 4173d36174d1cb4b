"""A service account of a Google Cloud project: it proves itself by its private key.

https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
"""

import json
from datetime import UTC, datetime
from typing import ClassVar, Final

import jwt
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from blocks.action import Http
from blocks.connection import Connection, Lender, Token, Way
from blocks.errors import InvalidInput
from blocks.google.account import HOSTS, SPREADSHEETS, TOKEN_URL, Google, GoogleFields, Granted, fetch, google
from blocks.values import Json

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIVES_S: Final = 3600  # the longest that Google accepts
_REFUSED: Final = (
    "the key is not accepted; it was deleted, its service account was, or the clock of this machine is wrong"
)


class _KeyFile(BaseModel):
    """The file that Google's console makes for a key; what else is in it is not needed."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    type: str = Field(pattern="^service_account$")
    client_email: str = Field(min_length=3, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$")
    private_key: str = Field(min_length=20, max_length=16_384, pattern="^-----BEGIN [A-Z ]*PRIVATE KEY-----")
    private_key_id: str = Field(default="", max_length=200)


class ServiceAccountFields(GoogleFields):
    key: SecretStr = Field(
        max_length=20_000, title="Key file", description="The JSON file of the key, as Google's console gave it."
    )

    @field_validator("key")
    @classmethod
    def _on_one_line(cls, key: SecretStr) -> SecretStr:
        """What is needed of the file, without the line breaks between its fields."""
        try:
            found = _KeyFile.model_validate_json(key.get_secret_value())
        except ValidationError:
            raise ValueError(
                "this is not the key file of a service account: paste the whole JSON file, from { to }"
            ) from None
        return SecretStr(json.dumps(found.model_dump(exclude_defaults=True)))


class GoogleServiceAccount(Connection[ServiceAccountFields]):
    name = "google_service_account"
    title: ClassVar[dict[str, str]] = {"en": "Google (service account)", "fr": "Google (compte de service)"}
    description: ClassVar[dict[str, str]] = {
        "en": "A service account for spreadsheets that are shared with its address.",
        "fr": "Un compte de service pour les feuilles de calcul partagées avec son adresse.",
    }
    purpose = "google"
    Fields = ServiceAccountFields
    hosts = HOSTS
    renews = True
    example: ClassVar[dict[str, Json]] = {
        "key": '{"type": "service_account", "client_email": "vutler@example.iam.gserviceaccount.com",'
        ' "private_key": "-----BEGIN PRIVATE KEY-----\\n...", "private_key_id": "the id of the key"}'
    }

    def endpoints(self, fields: ServiceAccountFields) -> tuple[str, ...]:
        return (fields.token_url,)

    def service(self, fields: ServiceAccountFields, way: Way) -> Google:
        return google(fields, way, channel=False)

    async def sign(self, fields: ServiceAccountFields, lender: Lender) -> dict[str, str]:
        async def fresh() -> Token:
            return (await _granted(fields, lender)).token

        return {"Authorization": f"Bearer {await lender.token(fresh)}"}

    async def test(self, fields: ServiceAccountFields, http: Http, lender: Lender) -> str:
        await _granted(fields, lender)
        email = _key_file(fields).client_email
        return f"Google gave an access token. Spreadsheets must be shared with {email}."


def _key_file(fields: ServiceAccountFields) -> _KeyFile:
    return _KeyFile.model_validate_json(fields.revealed("key"))


async def _granted(fields: ServiceAccountFields, lender: Lender) -> Granted:
    """Raises as `fetch`, and `InvalidInput` (`connection_unreadable`)."""
    key, now = _key_file(fields), int(datetime.now(UTC).timestamp())
    lender.mask(key.private_key)
    # The audience is Google's own address, also where a proxy is asked.
    claims = {
        "iss": key.client_email, "scope": SPREADSHEETS, "aud": TOKEN_URL, "iat": now, "exp": now + _LIVES_S,
    }  # fmt: skip
    headers = {"kid": key.private_key_id} if key.private_key_id else None
    try:
        assertion = jwt.encode(claims, key.private_key, algorithm="RS256", headers=headers)
    except (jwt.PyJWTError, ValueError, TypeError):  # its text may hold the key
        raise InvalidInput(
            "connection_unreadable", "The private key in the key file can't be read: paste the file again."
        ) from None
    lender.mask(assertion)
    form = {"grant_type": _GRANT, "assertion": assertion}
    return await fetch(lender.http, fields.token_url, form, _REFUSED)
