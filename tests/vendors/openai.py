"""A server that speaks OpenAI's chat completions, written from its public pages.

POST /v1/chat/completions  https://platform.openai.com/docs/api-reference/chat/create
    `model` and `messages` are required; roles are system, developer, user, assistant, tool; a tool message answers a
    call of the assistant message before it (`tool_call_id`), and every call has to be answered before the next turn.
    `usage`, `finish_reason` (stop, length, tool_calls, content_filter), `refusal` in the message.
stream: true               https://platform.openai.com/docs/api-reference/chat-streaming
    `data: {chunk}` lines, `data: [DONE]` last; usage in a chunk of its own (empty `choices`) only with
    `stream_options: {"include_usage": true}`.
GET /v1/models             https://platform.openai.com/docs/api-reference/models/list
errors                     https://platform.openai.com/docs/guides/error-codes
    {"error": {"message", "type", "param", "code"}}: 401 invalid_api_key, 404 model_not_found, 429 rate_limit_exceeded
    (with Retry-After) and insufficient_quota, 400 context_length_exceeded, 500 server_error, 503 overloaded.
authentication             https://platform.openai.com/docs/api-reference/authentication  (Bearer)

`Fail` kinds: unauthorized, rate_limit, quota, context, server, overloaded, invalid, not_found.
"""

import asyncio
import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.vendors.script import CallTools, Cut, Fail, Garbage, Refuse, Say, Script, Slow, pieces

KEY = "sk-proj-canary-8f3kz2"
MODELS = ("gpt-5-mini", "gpt-5", "gpt-4o-mini")
CREATED = 1_763_000_000
ROLES = ("system", "developer", "user", "assistant", "tool")
ERRORS = {
    "unauthorized": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "rate_limit": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    "quota": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    "context": (400, "invalid_request_error", "context_length_exceeded", "This model's maximum context length is ..."),
    "server": (500, "server_error", None, "The server had an error while processing your request."),
    "overloaded": (503, "server_error", None, "The engine is currently overloaded, please try again later."),
    "invalid": (400, "invalid_request_error", None, "Invalid request."),
    "not_found": (404, "invalid_request_error", "model_not_found", "The model does not exist."),
}  # fmt: skip


def refusal(kind: str, message: str | None = None, retry_after: str | None = None) -> web.Response:
    status, type_, code, text = ERRORS[kind]
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    body = {"error": {"message": message or text, "type": type_, "param": None, "code": code}}
    return web.json_response(body, status=status, headers=headers)


def complaint(body: Any) -> str | None:  # noqa: PLR0911 - one for each rule
    """What the API would say of a request that it refuses."""
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        return "you must provide a model parameter"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return "'messages' is a required property"
    owed: set[str] = set()
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ROLES:
            return f"Invalid value for messages[{number}].role"
        if role == "tool":
            if message.get("tool_call_id") not in owed:
                return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
            owed.discard(message["tool_call_id"])
            continue
        if owed:
            return "An assistant message with 'tool_calls' must be followed by tool messages for each 'tool_call_id'"
        owed = {call["id"] for call in message.get("tool_calls") or ()}
    if owed:
        return "An assistant message with 'tool_calls' must be followed by tool messages for each 'tool_call_id'"
    for tool in body.get("tools") or ():
        if tool.get("type") != "function" or not tool.get("function", {}).get("name"):
            return "Invalid tool"
    return None


@dataclass
class OpenAIServer:
    """`async with OpenAIServer() as server: server.url` (with /v1)."""

    script: Script = field(default_factory=Script)
    key: str | None = KEY  # None: everybody is let in, as with Ollama
    models: tuple[str, ...] = MODELS
    down: int | str | None = None  # a status that every list of models has, or "silent": it never comes
    port: int = 0
    _runner: web.AppRunner | None = None
    _count: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._completions)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.script.release()
        if self._runner is not None:
            await self._runner.cleanup()

    def _let_in(self, request: web.Request) -> bool:
        return self.key is None or request.headers.get("Authorization") == f"Bearer {self.key}"

    async def _models(self, request: web.Request) -> web.Response:
        if self.down == "silent":
            await asyncio.sleep(3600)
        if isinstance(self.down, int):
            return web.json_response({"error": {"message": "The server had an error", "type": "server_error"}},
                                     status=self.down)  # fmt: skip
        if not self._let_in(request):
            return refusal("unauthorized")
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "openai"} for name in self.models]
        return web.json_response({"object": "list", "data": data})

    async def _completions(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - one for each answer
        if not self._let_in(request):
            return refusal("unauthorized")
        try:
            body = await request.json()
        except ValueError:
            return refusal("invalid", "We could not parse the JSON body of your request.")
        if (wrong := complaint(body)) is not None:
            return refusal("invalid", wrong)
        if body["model"] not in self.models:
            return refusal("not_found", f"The model `{body['model']}` does not exist or you do not have access to it.")
        self.script.asked.append(body)
        self.script.headers.append({name.lower(): value for name, value in request.headers.items()})
        answer = self.script.next(body)
        match answer:
            case Fail():
                return refusal(answer.kind, retry_after=answer.retry_after)
            case Garbage():
                return web.Response(body=answer.body, content_type=answer.content_type)
            case Slow():
                await asyncio.sleep(answer.seconds)
                return web.Response()
            case Cut():
                return await self._cut(request, answer)
        self._count += 1
        if body.get("stream"):
            return await self._stream(request, body, answer)
        if isinstance(answer, Say) and answer.hold:
            await self.script.held.wait()
        return web.json_response(self._whole(body, answer))

    async def _cut(self, request: web.Request, answer: Cut) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        if answer.late:
            await response.prepare(request)
            await response.write(b'{"id": "chatcmpl-')
        assert request.transport is not None
        request.transport.abort()
        return response

    def _calls(self, answer: CallTools) -> list[dict[str, Any]]:
        return [
            {
                "id": f"call_{self._count}_{number}", "type": "function",
                "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
            }
            for number, (name, given) in enumerate(answer.calls)
        ]  # fmt: skip

    def _whole(self, body: dict[str, Any], answer: Say | CallTools | Refuse) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        reason, usage = "stop", (11, 7)
        match answer:
            case Say():
                message["content"], usage = answer.text, answer.usage
            case Refuse():
                message["refusal"] = answer.text
            case CallTools():
                message |= {"content": answer.text or None, "tool_calls": self._calls(answer)}
                reason, usage = "tool_calls", answer.usage
        return {
            "id": f"chatcmpl-{self._count}", "object": "chat.completion", "created": CREATED, "model": body["model"],
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
            "usage": _usage(usage), "service_tier": "default",
        }  # fmt: skip

    async def _stream(
        self, request: web.Request, body: dict[str, Any], answer: Say | CallTools | Refuse
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        base = {
            "id": f"chatcmpl-{self._count}", "object": "chat.completion.chunk", "created": CREATED,
            "model": body["model"], "service_tier": "default",
        }  # fmt: skip
        wants_usage = bool((body.get("stream_options") or {}).get("include_usage"))

        async def send(delta: dict[str, Any], reason: str | None = None) -> None:
            chunk = base | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
            if wants_usage:
                chunk["usage"] = None
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

        reason, usage = "stop", (11, 7)
        await send({"role": "assistant", "content": "", "refusal": None})
        match answer:
            case Say():
                usage = answer.usage
                *first, last = pieces(answer.text)
                for piece in first:
                    await send({"content": piece})
                if answer.hold:
                    await self.script.held.wait()
                await send({"content": last})
            case Refuse():
                await send({"refusal": answer.text})
            case CallTools():
                reason, usage = "tool_calls", answer.usage
                for number, call in enumerate(self._calls(answer)):
                    arguments = call["function"]["arguments"]
                    call["function"]["arguments"] = ""
                    await send({"tool_calls": [{"index": number, **call}]})
                    for piece in pieces(arguments):
                        await send({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
        await send({}, reason)
        if wants_usage:
            await response.write(
                b"data: " + json.dumps(base | {"choices": [], "usage": _usage(usage)}).encode() + b"\n\n"
            )
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response


def _usage(tokens: tuple[int, int]) -> dict[str, Any]:
    return {
        "prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens),
        "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
