"""Whatever speaks OpenAI's chat completions: Ollama, vLLM, OpenRouter, LM Studio, a gateway of a company."""

from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from blocks.connection import ConnectionFields, Lender, Way
from blocks.llm import HttpLlm, LlmConnection, host_of
from blocks.values import Json


class CompatibleFields(ConnectionFields):
    base_url: str = Field(
        max_length=2048,
        title="Base address",
        description="As the server's own pages give it, mostly with /v1 at its end.",
        examples=["https://openrouter.ai/api/v1"],
    )
    api_key: SecretStr = Field(default=SecretStr(""), max_length=8192, title="API key, where the server asks for one")
    default_model: str | None = Field(default=None, max_length=200, title="Default model", examples=["llama3.3"])


class OpenAICompatible(LlmConnection[CompatibleFields]):
    name = "openai_compatible"
    title: ClassVar[dict[str, str]] = {"en": "OpenAI-compatible server", "fr": "Serveur compatible OpenAI"}
    description: ClassVar[dict[str, str]] = {
        "en": "Ollama, vLLM, OpenRouter or any other server that speaks OpenAI’s chat completions.",
        "fr": "Ollama, vLLM, OpenRouter ou tout autre serveur qui parle le protocole d’OpenAI.",
    }
    Fields = CompatibleFields
    example: ClassVar[dict[str, Json]] = {
        "base_url": "https://openrouter.ai/api/v1", "api_key": "the API key", "default_model": "llama3.3",
    }  # fmt: skip

    def hosts_of(self, fields: CompatibleFields) -> tuple[str, ...]:
        return host_of(fields.base_url)

    async def sign(self, fields: CompatibleFields, lender: Lender) -> dict[str, str]:
        key = fields.revealed("api_key")
        return {"Authorization": f"Bearer {key}"} if key else {}

    def service(self, fields: CompatibleFields, way: Way) -> HttpLlm:
        base = fields.base_url.rstrip("/")
        provider = "openrouter" if urlsplit(base).hostname == "openrouter.ai" else None
        return HttpLlm(
            way.http, protocol="openai", provider=provider, base_url=base, default_model=fields.default_model,
            listed=f"{base}/models",
        )  # fmt: skip
