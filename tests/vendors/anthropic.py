"""A server that speaks Anthropic's messages API, written from its public pages.

POST /v1/messages    https://docs.claude.com/en/api/messages
    `model`, `max_tokens` and `messages` are required; roles are user and assistant; the first message is the user's; a
    `tool_use` block of the assistant is answered by `tool_result` blocks in the very next message
    (https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use). `stop_reason`: end_turn,
    max_tokens, tool_use, refusal (https://docs.claude.com/en/api/handling-stop-reasons).
stream: true         https://docs.claude.com/en/docs/build-with-claude/streaming
    events message_start, content_block_start, ping, content_block_delta (text_delta, input_json_delta),
    content_block_stop, message_delta, message_stop; an `error` event inside an open stream.
GET /v1/models       https://docs.claude.com/en/api/models-list
headers              https://docs.claude.com/en/api/overview  x-api-key (or Authorization: Bearer, as the client of
                     2026 sends it) and anthropic-version are required
errors               https://docs.claude.com/en/api/errors
    {"type": "error", "error": {"type", "message"}, "request_id"}: 400 invalid_request_error, 401 authentication_error,
    403 permission_error, 404 not_found_error, 413 request_too_large, 429 rate_limit_error (Retry-After), 500 api_error,
    529 overloaded_error.

`Fail` kinds: unauthorized, rate_limit, quota, context, server, overloaded, invalid, not_found, in_stream.
"""

import asyncio
import json
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.vendors.script import CallTools, Cut, Fail, Garbage, Refuse, Say, Script, Slow, pieces

KEY = "sk-ant-api03-canary-5t8w1q"
MODELS = ("claude-sonnet-5", "claude-haiku-5-5")
ERRORS = {
    "unauthorized": (401, "authentication_error", "invalid x-api-key"),
    "rate_limit": (429, "rate_limit_error", "This request would exceed your organization's rate limit."),
    "quota": (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    "context": (400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
    "server": (500, "api_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "invalid": (400, "invalid_request_error", "Invalid request."),
    "not_found": (404, "not_found_error", "model: no such model"),
}  # fmt: skip


def refusal(kind: str, message: str | None = None, retry_after: str | None = None) -> web.Response:
    status, type_, text = ERRORS[kind]
    headers = {"Retry-After": retry_after} if retry_after is not None else {}
    body = {"type": "error", "error": {"type": type_, "message": message or text}, "request_id": "req_011CSHoE"}
    return web.json_response(body, status=status, headers={**headers, "request-id": "req_011CSHoE"})


def complaint(body: Any) -> str | None:  # noqa: PLR0911 - one for each rule
    """What the API would say of a request that it refuses."""
    if not isinstance(body, dict):
        return "request body is not an object"
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if not isinstance(body.get(name), kind):
            return f"{name}: Field required"
    owed: set[str] = set()
    for number, message in enumerate(body["messages"]):
        if message.get("role") not in ("user", "assistant"):
            return f"messages.{number}.role: Input should be 'user' or 'assistant'"
        if number == 0 and message["role"] != "user":
            return "messages: first message must use the user role"
        content = message.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        results = {block["tool_use_id"] for block in blocks if block.get("type") == "tool_result"}
        if owed - results:
            return f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after"
        if results - owed:
            return f"messages.{number}: unexpected `tool_use_id` found in `tool_result` blocks"
        owed = {block["id"] for block in blocks if block.get("type") == "tool_use"}
    return "messages: `tool_use` without `tool_result`" if owed else None


@dataclass
class AnthropicServer:
    """`async with AnthropicServer() as server: server.url`."""

    script: Script = field(default_factory=Script)
    key: str = KEY
    models: tuple[str, ...] = MODELS
    port: int = 0
    _runner: web.AppRunner | None = None
    _count: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v1/messages", self._messages)
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

    def _objection(self, request: web.Request) -> web.Response | None:
        keys = {request.headers.get("x-api-key"), request.headers.get("Authorization", "").removeprefix("Bearer ")}
        if keys - {None, ""} != {self.key}:
            return refusal("unauthorized")
        if not request.headers.get("anthropic-version"):
            return refusal("invalid", "anthropic-version: header is required")
        return None

    async def _models(self, request: web.Request) -> web.Response:
        if (wrong := self._objection(request)) is not None:
            return wrong
        data = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2025-09-29T00:00:00Z"}
            for name in self.models
        ]
        return web.json_response(
            {"data": data, "has_more": False, "first_id": self.models[0], "last_id": self.models[-1]}
        )

    async def _messages(self, request: web.Request) -> web.StreamResponse:  # noqa: PLR0911 - one for each answer
        if (wrong := self._objection(request)) is not None:
            return wrong
        try:
            body = await request.json()
        except ValueError:
            return refusal("invalid", "The request body is not valid JSON")
        if (problem := complaint(body)) is not None:
            return refusal("invalid", problem)
        if body["model"] not in self.models:
            return refusal("not_found", f"model: {body['model']}")
        self.script.asked.append(body)
        self.script.headers.append({name.lower(): value for name, value in request.headers.items()})
        answer = self.script.next(body)
        match answer:
            case Fail(kind="in_stream"):
                return await self._broken_stream(request)
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
        return await (self._stream(request, body, answer) if body.get("stream") else self._whole(body, answer))

    async def _cut(self, request: web.Request, answer: Cut) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
        if answer.late:
            await response.prepare(request)
            await response.write(b'{"id": "msg_')
        assert request.transport is not None
        request.transport.abort()
        return response

    def _blocks(self, answer: Say | CallTools | Refuse) -> tuple[list[dict[str, Any]], str, tuple[int, int]]:
        """The content, the stop reason, tokens in and out."""
        match answer:
            case Say():
                return [{"type": "text", "text": answer.text}], "end_turn", answer.usage
            case Refuse():
                return [], "refusal", (11, 7)
        text = [{"type": "text", "text": answer.text}] if answer.text else []
        calls = [
            {"type": "tool_use", "id": f"toolu_{self._count}_{number}", "name": name, "input": given}
            for number, (name, given) in enumerate(answer.calls)
        ]
        return [*text, *calls], "tool_use", answer.usage

    def _envelope(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"msg_{self._count:024d}", "type": "message", "role": "assistant", "model": body["model"],
            "stop_sequence": None,
        }  # fmt: skip

    async def _whole(self, body: dict[str, Any], answer: Say | CallTools | Refuse) -> web.Response:
        blocks, reason, usage = self._blocks(answer)
        return web.json_response(
            self._envelope(body) | {"content": blocks, "stop_reason": reason, "usage": _usage(usage)}
        )

    async def _broken_stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await _send(response, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
        await response.write_eof()
        return response

    async def _stream(
        self, request: web.Request, body: dict[str, Any], answer: Say | CallTools | Refuse
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        blocks, reason, usage = self._blocks(answer)
        start = self._envelope(body) | {"content": [], "stop_reason": None, "usage": _usage((usage[0], 1))}
        await _send(response, {"type": "message_start", "message": start})
        await _send(response, {"type": "ping"})
        for index, block in enumerate(blocks):
            empty = {"text": ""} if block["type"] == "text" else {"input": {}}
            await _send(response, {"type": "content_block_start", "index": index, "content_block": block | empty})
            text = block["text"] if block["type"] == "text" else json.dumps(block["input"])
            kind, name = ("text_delta", "text") if block["type"] == "text" else ("input_json_delta", "partial_json")
            *first, last = pieces(text)
            for number, piece in enumerate([*first, last]):
                if number == len(first) and isinstance(answer, Say) and answer.hold:
                    await self.script.held.wait()
                delta = {"type": kind, name: piece}
                await _send(response, {"type": "content_block_delta", "index": index, "delta": delta})
            await _send(response, {"type": "content_block_stop", "index": index})
        end = {"stop_reason": reason, "stop_sequence": None}
        await _send(response, {"type": "message_delta", "delta": end, "usage": {"output_tokens": usage[1]}})
        await _send(response, {"type": "message_stop"})
        await response.write_eof()
        return response


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())


def _usage(tokens: tuple[int, int]) -> dict[str, Any]:
    return {
        "input_tokens": tokens[0], "output_tokens": tokens[1], "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0, "service_tier": "standard",
    }  # fmt: skip
