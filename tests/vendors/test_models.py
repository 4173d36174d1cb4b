"""The model servers pass a session with the vendors' own clients before they meet ours."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest

from tests.vendors.anthropic import KEY as ANTHROPIC_KEY
from tests.vendors.anthropic import AnthropicServer
from tests.vendors.openai import KEY as OPENAI_KEY
from tests.vendors.openai import OpenAIServer
from tests.vendors.script import CallTools, Cut, Fail, Refuse, Say

USER: Any = {"role": "user", "content": "Hi"}
OPENAI_TOOL: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
ANTHROPIC_TOOL: Any = {"name": "look", "input_schema": {"type": "object"}}


@pytest.fixture
async def one() -> AsyncIterator[tuple[OpenAIServer, openai.AsyncOpenAI]]:
    async with OpenAIServer() as server, openai.AsyncOpenAI(
        base_url=server.url, api_key=OPENAI_KEY, max_retries=0
    ) as client:  # fmt: skip
        yield server, client


@pytest.fixture
async def other() -> AsyncIterator[tuple[AnthropicServer, anthropic.AsyncAnthropic]]:
    async with AnthropicServer() as server, anthropic.AsyncAnthropic(
        base_url=server.url, api_key=ANTHROPIC_KEY, max_retries=0
    ) as client:  # fmt: skip
        yield server, client


async def test_openai_talks(one: tuple[OpenAIServer, openai.AsyncOpenAI]) -> None:
    server, client = one
    assert [each.id async for each in client.models.list()] == list(server.models)
    server.script.answers = [
        Say("Hello."),
        CallTools([("look", {"at": "x"})]),
        Refuse("No."),
        Say("One two", hold=True),
    ]
    said = await client.chat.completions.create(model="gpt-5-mini", messages=[USER])
    assert (said.choices[0].message.content, said.usage.total_tokens if said.usage else 0) == ("Hello.", 18)
    called = await client.chat.completions.create(model="gpt-5-mini", messages=[USER], tools=[OPENAI_TOOL])
    (call,) = called.choices[0].message.tool_calls or ()
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("look", '{"at": "x"}')
    refused = await client.chat.completions.create(model="gpt-5-mini", messages=[USER])
    assert refused.choices[0].message.refusal == "No."
    stream = await client.chat.completions.create(
        model="gpt-5-mini", messages=[USER], stream=True, stream_options={"include_usage": True}
    )
    text, tokens = "", 0
    async with asyncio.timeout(10):
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                text += chunk.choices[0].delta.content
                server.script.release()  # it holds back the last piece until the first has arrived
            if chunk.usage:
                tokens = chunk.usage.total_tokens
    assert (text, tokens) == ("One two", 18)


async def test_openai_refuses(one: tuple[OpenAIServer, openai.AsyncOpenAI]) -> None:
    server, client = one
    ask = client.chat.completions.create
    server.script.answers = [
        Fail("rate_limit", "7"), Fail("quota"), Fail("context"), Fail("server"), Fail("overloaded"), Cut(), Cut(True),
    ]  # fmt: skip
    with pytest.raises(openai.RateLimitError) as limited:
        await ask(model="gpt-5-mini", messages=[USER])
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.RateLimitError) as poor:
        await ask(model="gpt-5-mini", messages=[USER])
    assert poor.value.code == "insufficient_quota"
    with pytest.raises(openai.BadRequestError) as long:
        await ask(model="gpt-5-mini", messages=[USER])
    assert long.value.code == "context_length_exceeded"
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            await ask(model="gpt-5-mini", messages=[USER])
    for _ in range(2):
        with pytest.raises(openai.APIConnectionError):
            await ask(model="gpt-5-mini", messages=[USER])
    with pytest.raises(openai.NotFoundError):
        await ask(model="gpt-2", messages=[USER])
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="sk-wrong").models.list()
    with pytest.raises(openai.BadRequestError, match="must be a response to a preceding message"):
        await ask(model="gpt-5-mini", messages=[{"role": "tool", "content": "x", "tool_call_id": "call_1"}])
    with pytest.raises(openai.BadRequestError, match="required"):
        await ask(model="gpt-5-mini", messages=[])


async def test_anthropic_talks(other: tuple[AnthropicServer, anthropic.AsyncAnthropic]) -> None:
    server, client = other
    assert [each.id async for each in client.models.list()] == list(server.models)
    server.script.answers = [Say("Hello."), CallTools([("look", {"at": "x"})]), Refuse(), Say("One two", hold=True)]
    ask: Any = {"model": "claude-sonnet-5", "max_tokens": 100, "messages": [USER]}
    said = await client.messages.create(**ask)
    assert (said.content[0].type, said.usage.input_tokens, said.stop_reason) == ("text", 11, "end_turn")
    called = await client.messages.create(**ask, tools=[ANTHROPIC_TOOL])
    (block,) = called.content
    assert block.type == "tool_use"
    assert (block.name, block.input, called.stop_reason) == ("look", {"at": "x"}, "tool_use")
    assert (await client.messages.create(**ask)).stop_reason == "refusal"
    text = ""
    async with asyncio.timeout(10), client.messages.stream(**ask) as stream:
        async for piece in stream.text_stream:
            text += piece
            server.script.release()
        final = await stream.get_final_message()
    assert (text, final.usage.output_tokens) == ("One two", 7)


async def test_anthropic_refuses(other: tuple[AnthropicServer, anthropic.AsyncAnthropic]) -> None:
    server, client = other
    ask: Any = {"model": "claude-sonnet-5", "max_tokens": 100, "messages": [USER]}
    server.script.answers = [Fail("rate_limit", "7"), Fail("context"), Fail("server"), Fail("overloaded"), Cut()]
    with pytest.raises(anthropic.RateLimitError) as limited:
        await client.messages.create(**ask)
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
        await client.messages.create(**ask)
    with pytest.raises(anthropic.InternalServerError):
        await client.messages.create(**ask)
    with pytest.raises(anthropic.APIStatusError) as overloaded:
        await client.messages.create(**ask)
    assert overloaded.value.status_code == 529
    with pytest.raises(anthropic.APIConnectionError):
        await client.messages.create(**ask)
    with pytest.raises(anthropic.NotFoundError):
        await client.messages.create(**{**ask, "model": "claude-1"})
    with pytest.raises(anthropic.AuthenticationError):
        await client.with_options(api_key="sk-wrong").messages.create(**ask)
    with pytest.raises(anthropic.BadRequestError, match="first message must use the user role"):
        await client.messages.create(**{**ask, "messages": [{"role": "assistant", "content": "Hi"}]})
    orphan = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}]}
    with pytest.raises(anthropic.BadRequestError, match="unexpected `tool_use_id`"):
        await client.messages.create(**{**ask, "messages": [orphan]})
