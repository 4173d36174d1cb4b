"""Servers of tools: a real one, made with the protocol's own package, and one that does everything wrong.

Streamable HTTP          https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
    POST with `Accept: application/json, text/event-stream`, else 406; 202 for notifications; `Mcp-Session-Id`, else
    400, unknown 404; DELETE ends the session; `MCP-Protocol-Version` after the first request.
Lifecycle                https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle
    initialize, then notifications/initialized, before anything else.
Tools                    https://modelcontextprotocol.io/specification/2025-11-25/server/tools
    pages of tools/list by `nextCursor`; `isError` for a tool that failed, errors of JSON-RPC for calls that are none.
Authorization            https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization
    401 with WWW-Authenticate without a token, or with a wrong one.

`python -m tests.vendors.mcp` serves the real one and prints its address.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import uvicorn
from aiohttp import web
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import AudioContent, CallToolResult, ImageContent, ResourceLink, TextContent, ToolAnnotations
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

TOKEN = "mcp-canary-7c1d9f5a"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture"
SOUND = b"RIFF sound"


class Issue(BaseModel):
    number: int
    title: str


@dataclass
class Tickets:
    """What the real server has been asked: headers of requests, and issues that were made."""

    url: str = ""
    json_response: bool = False
    requests: list[dict[str, str]] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)
    added: int = 0

    def server(self) -> MCPServer[Any]:
        made = MCPServer("tickets", title="Tickets", log_level="ERROR")

        @made.tool(annotations=ToolAnnotations(read_only_hint=True))
        def add(a: int, b: int) -> int:
            """Add two numbers."""
            self.added += 1
            return a + b

        @made.tool(title="Create an issue")
        def create_issue(title: str, priority: int = 1) -> Issue:
            """Create an issue."""
            self.issues.append(title)
            return Issue(number=len(self.issues), title=title)

        @made.tool(structured_output=False)
        def tell(name: str | None = None) -> str:
            """Greet somebody."""
            return f"Hello {name or 'you'}\0!"

        @made.tool(structured_output=False)
        def show() -> CallToolResult:
            """A picture, a sound and a link."""
            return CallToolResult(content=[
                TextContent(type="text", text="Look:"),
                ImageContent(type="image", data=base64.b64encode(PICTURE).decode(), mime_type="image/png"),
                AudioContent(type="audio", data=base64.b64encode(SOUND).decode(), mime_type="audio/wav"),
                ResourceLink(type="resource_link", uri="https://example.org/more", name="more"),
            ])  # fmt: skip

        @made.tool(structured_output=False)
        def fail(why: str) -> str:
            """Fail."""
            raise ToolError(why)

        @made.tool(structured_output=False)
        def repeat_token() -> str:
            """A server that says what it was sent."""
            return f"You sent {self.requests[-1]['authorization']}"

        return made

    def app(self) -> ASGIApp:
        inner = self.server().streamable_http_app(json_response=self.json_response)

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.requests.append({"method": scope["method"], "path": scope["path"], **headers})
            if headers.get("authorization") == f"Bearer {TOKEN}":
                await inner(scope, receive, send)
                return
            refusal = [(b"www-authenticate", b"Bearer"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 401, "headers": refusal})
            await send({"type": "http.response.body", "body": b""})

        return guarded


@asynccontextmanager
async def tickets(*, json_response: bool = False) -> AsyncIterator[Tickets]:
    """The real server, on a free port."""
    made = Tickets(json_response=json_response)
    running = uvicorn.Server(uvicorn.Config(made.app(), port=0, log_config=None, timeout_graceful_shutdown=1))
    task = asyncio.create_task(running.serve())
    deadline = monotonic() + 20
    while not running.started:
        assert monotonic() < deadline, "the server did not start"
        assert not task.done(), task.exception()
        await asyncio.sleep(0.01)
    made.url = f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}/mcp"
    try:
        yield made
    finally:
        running.should_exit = True
        await task


Answer = Callable[["Hostile", web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


@dataclass
class Hostile:
    """Answers as it is told, by method of the protocol; what it is not told, it answers well.

    `seen` are the messages that it got, `resumed` the event ids that somebody asked on from.
    """

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    tools: list[dict[str, Any]] = field(default_factory=lambda: [plain_tool("act")])
    seen: list[dict[str, Any]] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    resume: Answer | None = None

    def methods(self) -> list[str]:
        return [each.get("method", "answer") for each in self.seen]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "DELETE":
            return web.Response(status=405)
        if request.method == "GET":
            self.resumed.append(request.headers.get("Last-Event-ID", ""))
            return await self.resume(self, request, {}) if self.resume else web.Response(status=405)
        message = await request.json()
        self.seen.append(message)
        told = self.answers.get(message.get("method", ""))
        if told is not None:
            return await told(self, request, message)
        if "id" not in message or "method" not in message:
            return web.Response(status=202)
        return web.json_response(said(message, self.result(message["method"])))

    def result(self, method: str) -> dict[str, Any]:
        if method == "initialize":
            return {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "h", "version": "1"}}
        if method == "tools/list":
            return {"tools": self.tools}
        return {"content": [{"type": "text", "text": "done"}]}


def plain_tool(name: str, **hints: bool) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}, "annotations": hints}


def said(message: dict[str, Any], result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def body(text: str | bytes, content_type: str = "application/json", status: int = 200, **headers: str) -> Answer:
    """Always the same."""

    async def answer(_server: Hostile, _request: web.Request, _message: dict[str, Any]) -> web.Response:
        raw = text.encode() if isinstance(text, str) else text
        return web.Response(body=raw, status=status, headers={"Content-Type": content_type, **headers})

    return answer


def result(value: Any) -> Answer:
    async def answer(_server: Hostile, _request: web.Request, message: dict[str, Any]) -> web.Response:
        return web.json_response(said(message, value))

    return answer


async def cut(_server: Hostile, request: web.Request, _message: dict[str, Any]) -> web.StreamResponse:
    """The request is taken, and the connection closed."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def endless(_server: Hostile, request: web.Request, _message: dict[str, Any]) -> web.StreamResponse:
    """Notifications without an end."""
    stream = await opened(request)
    while True:
        await stream.write(event({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"x": "y" * 10_000}}))


async def silent(_server: Hostile, request: web.Request, _message: dict[str, Any]) -> web.StreamResponse:
    """Begins an answer and never goes on."""
    stream = await opened(request)
    await asyncio.Event().wait()
    return stream


def streamed(*events: bytes) -> Answer:
    async def answer(_server: Hostile, request: web.Request, _message: dict[str, Any]) -> web.StreamResponse:
        stream = await opened(request)
        for each in events:
            await stream.write(each)
        await stream.write_eof()
        return stream

    return answer


async def opened(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await stream.prepare(request)
    return stream


def event(message: Any, ident: str | None = None) -> bytes:
    head = f"id: {ident}\n" if ident is not None else ""
    return f"{head}event: message\ndata: {json.dumps(message)}\n\n".encode()


@asynccontextmanager
async def hostile() -> AsyncIterator[Hostile]:
    made = Hostile()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/mcp", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
    try:
        yield made
    finally:
        await runner.cleanup()


async def _main() -> None:
    async with tickets() as server:
        print(server.url, TOKEN, flush=True)  # noqa: T201 - for whoever started it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
