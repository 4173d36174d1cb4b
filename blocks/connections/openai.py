"""OpenAI (https://platform.openai.com/docs/api-reference/authentication)."""

from typing import ClassVar, Final

from pydantic import Field, SecretStr

from blocks.connection import ConnectionFields, Lender, Way
from blocks.llm import HttpLlm, LlmConnection, host_of
from blocks.values import Json

_URL: Final = "https://api.openai.com/v1"


class OpenAIFields(ConnectionFields):
    api_key: SecretStr = Field(min_length=1, max_length=8192, title="API key")
    default_model: str | None = Field(default=None, max_length=200, title="Default model", examples=["gpt-5-mini"])
    base_url: str = Field(
        default=_URL,
        max_length=2048,
        title="Base address",
        description="Another one only for a gateway of your own.",
        json_schema_extra={"advanced": True},
    )
    organization: str | None = Field(
        default=None, max_length=200, pattern=r"^[\w.-]+$", title="Organization", json_schema_extra={"advanced": True}
    )


class OpenAI(LlmConnection[OpenAIFields]):
    name = "openai"
    title: ClassVar[dict[str, str]] = {"en": "OpenAI", "fr": "OpenAI"}
    description: ClassVar[dict[str, str]] = {
        "en": "Models of OpenAI, with an API key of your own.",
        "fr": "Les modèles d’OpenAI, avec votre propre clé d’API.",
    }
    hosts = ("api.openai.com",)
    Fields = OpenAIFields
    example: ClassVar[dict[str, Json]] = {"api_key": "the API key", "default_model": "gpt-5-mini"}

    def hosts_of(self, fields: OpenAIFields) -> tuple[str, ...]:
        return host_of(fields.base_url)

    async def sign(self, fields: OpenAIFields, lender: Lender) -> dict[str, str]:
        proof = {"Authorization": f"Bearer {fields.revealed('api_key')}"}
        return proof | ({"OpenAI-Organization": fields.organization} if fields.organization else {})

    def service(self, fields: OpenAIFields, way: Way) -> HttpLlm:
        base = fields.base_url.rstrip("/")
        return HttpLlm(
            way.http, protocol="openai", provider="openai", base_url=base, default_model=fields.default_model,
            listed=f"{base}/models",
        )  # fmt: skip
