"""A token in the header Authorization (RFC 6750)."""

from typing import ClassVar

from pydantic import Field, SecretStr

from blocks.connection import HttpConnection, HttpFields, Lender
from blocks.values import Json


class BearerFields(HttpFields):
    token: SecretStr = Field(min_length=1, max_length=8192, title="Token")


class HttpBearer(HttpConnection[BearerFields]):
    name = "http_bearer"
    title: ClassVar[dict[str, str]] = {"en": "Bearer token", "fr": "Jeton Bearer"}
    description: ClassVar[dict[str, str]] = {
        "en": "An access token or API key that is sent as “Authorization: Bearer …”.",
        "fr": "Un jeton d’accès ou une clé d’API, envoyés comme « Authorization: Bearer … ».",
    }
    Fields = BearerFields
    example: ClassVar[dict[str, Json]] = {"token": "the token", "test_url": "https://api.example.com/me"}

    async def sign(self, fields: BearerFields, lender: Lender) -> dict[str, str]:
        return {"Authorization": f"Bearer {fields.revealed('token')}"}
