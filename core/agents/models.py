"""Models of pydantic-ai over a connection: what they send is signed by it and goes through the one way out."""

from decimal import Decimal
from types import TracebackType
from typing import Final, Self

from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RequestUsage

from blocks.errors import InvalidInput
from blocks.llm import AskedLlm
from blocks.services import Llm
from core.agents import asked
from core.agents.prices import cost
from core.outgoing import transport
from core.outgoing.transport import Streams

_UNUSED: Final = "signed-by-the-connection"  # the libraries want a key; the transport drops it


class OpenModel:
    """`async with OpenModel(llm, signed, name, timeout_s) as model`."""

    def __init__(self, llm: Llm, streams: Streams, name: str, timeout_s: float) -> None:
        self._client = transport.client(streams, timeout_s)
        self._llm = llm
        self._timeout_s = timeout_s
        self._name = name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def model(self) -> Model:
        """Raises `InvalidInput` for a provider that is spoken to in another way."""
        llm = self._llm
        if llm.protocol == "openai":
            openai = AsyncOpenAI(
                base_url=llm.base_url, api_key=_UNUSED, http_client=self._client, max_retries=0, organization=None
            )
            # Else a thread finds it out for each new client, for headers that are not sent.
            openai._platform = "Unknown"
            return OpenAIChatModel(self._name, provider=OpenAIProvider(openai_client=openai))
        if llm.protocol == "anthropic":
            anthropic = AsyncAnthropic(
                base_url=llm.base_url, api_key=_UNUSED, http_client=self._client, max_retries=0, auth_token=None
            )
            anthropic._platform = "Unknown"
            return AnthropicModel(self._name, provider=AnthropicProvider(anthropic_client=anthropic))
        if isinstance(llm, AskedLlm):
            return asked.model(llm, self._name, self._timeout_s)
        raise InvalidInput("connection_not_allowed", "This connection is no provider of language models.")


def price(provider: str | None, name: str, usage: RequestUsage) -> Decimal | None:
    """What one answer costs in US dollars by the public price lists; None where they do not know the model."""
    return cost(
        provider, name, tokens_in=usage.input_tokens, tokens_out=usage.output_tokens,
        cache_read=usage.cache_read_tokens, cache_write=usage.cache_write_tokens,
    )  # fmt: skip
