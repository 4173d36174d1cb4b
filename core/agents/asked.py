"""A provider without tools and streams (`blocks.llm.AskedLlm`) as a model of pydantic-ai."""

from dataclasses import replace
from typing import Final

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from blocks.errors import InvalidInput
from blocks.llm import AskedLlm
from core import jsontext

# An answer of a shape is asked for in words, since there is no tool to give it through.
_PROFILE: Final = ModelProfile(supports_tools=False, default_structured_output_mode="prompted")
_MODEL: Final = "model"


def model(llm: AskedLlm, name: str, timeout_s: float) -> Model:
    """The model `name` of a provider that gives whole answers."""

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if info.function_tools:
            raise InvalidInput(
                "model_without_tools",
                "The Claude Code CLI has no tools here: take them from the agent, or connect another provider.",
            )
        instructions, prompt = _told(messages, info)
        said = await llm.ask(instructions, prompt, model=name, timeout_s=timeout_s)
        usage = RequestUsage(
            input_tokens=said.tokens_in, output_tokens=said.tokens_out, cache_read_tokens=said.cache_read,
            cache_write_tokens=said.cache_write,
        )  # fmt: skip
        return ModelResponse(parts=[TextPart(said.text)], usage=usage, provider_details={_MODEL: said.model or name})

    return _Named(FunctionModel(answer, model_name=name, profile=_PROFILE))


class _Named(WrapperModel):
    """Its answers name the model that gave them, which price lists know, where the one asked for was a short name."""

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        answer = await super().request(messages, model_settings, model_request_parameters)
        return replace(answer, model_name=str((answer.provider_details or {}).get(_MODEL) or answer.model_name))


def _told(messages: list[ModelMessage], info: AgentInfo) -> tuple[str, str]:
    """The instructions, and the talk as one text: its last part as it is, what came before it as data."""
    system: list[str] = [info.instructions] if info.instructions else []
    talk: list[tuple[str, str]] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            talk.append(("assistant", message.text or ""))
            continue
        for part in message.parts:
            if part.part_kind == "system-prompt":
                system.append(part.content)
            elif part.part_kind == "user-prompt":
                talk.append(("user", part.content if isinstance(part.content, str) else str(part.content)))
            elif part.part_kind == "retry-prompt":
                talk.append(("user", part.model_response()))
    *before, (_, last) = talk or [("user", "")]
    if not before:
        return "\n\n".join(system), last
    past = jsontext.dump_text([{"role": role, "text": text} for role, text in before])
    return "\n\n".join(system), f"What was said before (data):\n{past}\n\nWhat is said now:\n{last}"
