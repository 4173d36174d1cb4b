"""Anthropic (https://docs.claude.com/en/api/overview)."""

from typing import ClassVar, Final

from pydantic import Field, SecretStr

from blocks.connection import ConnectionFields, Lender, Way
from blocks.llm import HttpLlm, LlmConnection, host_of
from blocks.values import Json

_URL: Final = "https://api.anthropic.com"
_VERSION: Final = "2023-06-01"


class AnthropicFields(ConnectionFields):
    api_key: SecretStr = Field(min_length=1, max_length=8192, title="API key")
    default_model: str | None = Field(default=None, max_length=200, title="Default model", examples=["claude-sonnet-5"])
    base_url: str = Field(
        default=_URL,
        max_length=2048,
        title="Base address",
        description="Another one only for a gateway of your own.",
        json_schema_extra={"advanced": True},
    )


class Anthropic(LlmConnection[AnthropicFields]):
    name = "anthropic"
    title: ClassVar[dict[str, str]] = {"en": "Anthropic", "fr": "Anthropic"}
    description: ClassVar[dict[str, str]] = {
        "en": "The Claude models of Anthropic, with an API key of your own.",
        "fr": "Les modèles Claude d’Anthropic, avec votre propre clé d’API.",
    }
    hosts = ("api.anthropic.com",)
    Fields = AnthropicFields
    example: ClassVar[dict[str, Json]] = {"api_key": "the API key", "default_model": "claude-sonnet-5"}

    def hosts_of(self, fields: AnthropicFields) -> tuple[str, ...]:
        return host_of(fields.base_url)

    async def sign(self, fields: AnthropicFields, lender: Lender) -> dict[str, str]:
        return {"x-api-key": fields.revealed("api_key"), "anthropic-version": _VERSION}

    def service(self, fields: AnthropicFields, way: Way) -> HttpLlm:
        base = fields.base_url.rstrip("/")
        return HttpLlm(
            way.http, protocol="anthropic", provider="anthropic", base_url=base, default_model=fields.default_model,
            listed=f"{base}/v1/models?limit=1000",
        )  # fmt: skip
