"""User name and password in the header Authorization (RFC 7617)."""

import base64
from typing import ClassVar

from pydantic import Field, SecretStr

from blocks.connection import HttpConnection, HttpFields, Lender
from blocks.values import Json


class BasicFields(HttpFields):
    username: str = Field(max_length=512, pattern=r"^[^:\x00-\x1f\x7f]*$", title="User name")
    password: SecretStr = Field(max_length=4096, title="Password")


class HttpBasic(HttpConnection[BasicFields]):
    name = "http_basic"
    title: ClassVar[dict[str, str]] = {"en": "User name and password", "fr": "Nom d’utilisateur et mot de passe"}
    description: ClassVar[dict[str, str]] = {
        "en": "HTTP basic authentication.",
        "fr": "Authentification HTTP « basic ».",
    }
    Fields = BasicFields
    example: ClassVar[dict[str, Json]] = {"username": "vutler", "password": "the password"}

    async def sign(self, fields: BasicFields, lender: Lender) -> dict[str, str]:
        pair = f"{fields.username}:{fields.revealed('password')}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
