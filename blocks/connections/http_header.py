"""A key in a header of the service's own."""

from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from blocks.connection import HttpConnection, HttpFields, Lender
from blocks.headers import OURS
from blocks.values import Json


class HeaderFields(HttpFields):
    header: str = Field(max_length=128, pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", title="Name of the header")
    value: SecretStr = Field(min_length=1, max_length=8192, title="Value")

    @field_validator("header")
    @classmethod
    def _can_be_sent(cls, name: str) -> str:
        if name.lower() in OURS:
            raise ValueError("this header is set by Vutler itself; name the one that holds the key")
        return name


class HttpHeader(HttpConnection[HeaderFields]):
    name = "http_header"
    title: ClassVar[dict[str, str]] = {"en": "Key in a header", "fr": "Clé dans un en-tête"}
    description: ClassVar[dict[str, str]] = {
        "en": "An API key that is sent in a header such as X-Api-Key.",
        "fr": "Une clé d’API envoyée dans un en-tête comme X-Api-Key.",
    }
    Fields = HeaderFields
    example: ClassVar[dict[str, Json]] = {"header": "X-Api-Key", "value": "the key"}

    async def sign(self, fields: HeaderFields, lender: Lender) -> dict[str, str]:
        return {fields.header: fields.revealed("value")}
