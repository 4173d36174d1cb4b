"""The tools of an MCP server: their list, which is kept for a while, and calls whose arguments are checked before.

https://modelcontextprotocol.io/specification/2025-11-25/server/tools
"""

import base64
import binascii
import hashlib
import json
import re
from contextlib import AsyncExitStack
from itertools import islice
from typing import Final

from blocks import forms
from blocks.connection import Token, Way
from blocks.errors import InvalidInput
from blocks.mcp_session import Session
from blocks.services import Attachment
from blocks.tool_server import ServerTool, ToolList, ToolResult, ToolServer
from blocks.values import Json, JsonObject

KEPT_S: Final = 300.0
MOST_TOOLS: Final = 500
MOST_LISTED: Final = 512_000  # characters of a list
_MOST_PAGES: Final = 50
_MOST_VALUES: Final = 5_000  # in arguments that are checked here
_MOST_FAULTS: Final = 5
_MOST_NAMED: Final = 10
_TOLD: Final = 2_000  # characters of a tool's words in an error
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,40}/[a-z0-9.+-]{1,80}")


class McpTools(ToolServer):
    """The server at `url`, reached and signed by the connection whose `way` it is."""

    def __init__(self, way: Way, url: str) -> None:
        self._way = way
        self._url = url

    async def tools(self, *, timeout_s: float, fresh: bool = False) -> ToolList:
        async with _Opening(self._way, self._url, timeout_s) as opening:
            return await self._tools(opening, fresh=fresh)

    async def call(self, tool: str, arguments: JsonObject, *, timeout_s: float) -> ToolResult:
        async with _Opening(self._way, self._url, timeout_s) as opening:
            listed = await self._tools(opening)
            wrong = _wrong(listed, tool, arguments)
            if wrong is not None:  # by what was known some minutes ago
                listed = await self._tools(opening, fresh=True)
                wrong = _wrong(listed, tool, arguments)
            if wrong is not None:
                raise wrong
            known = next(each for each in listed.tools if each.name == tool)
            session = await opening.session()
            acts = not (known.only_reads or known.repeatable)
            result = await session.ask("tools/call", {"name": tool, "arguments": arguments}, acts=acts)
            return _result(tool, result)

    async def _tools(self, opening: "_Opening", *, fresh: bool = False) -> ToolList:
        async def fetch() -> Token:
            return Token(_list_text(await _listed(await opening.session())), KEPT_S * 2)

        text = await self._way.kept("tools", fetch, fresh=fresh)
        return _tool_list(text)


class _Opening(AsyncExitStack):
    """A session that is opened by whoever needs it first, and closed with this."""

    def __init__(self, way: Way, url: str, timeout_s: float) -> None:
        super().__init__()
        self._at = (way, url, timeout_s)
        self._session: Session | None = None

    async def session(self) -> Session:
        if self._session is None:
            self._session = await self.enter_async_context(Session.at(*self._at))
        return self._session


async def _listed(session: Session) -> list[ServerTool]:
    found: dict[str, ServerTool] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await session.ask("tools/list", {} if cursor is None else {"cursor": cursor})
        items = page.get("tools")
        if not isinstance(items, list):
            raise InvalidInput("not_a_tool_server", "The server does not say which tools it has.")
        for each in items:
            tool = _tool(each)
            if tool is not None:
                found.setdefault(tool.name, tool)
        following = page.get("nextCursor")
        if not isinstance(following, str) or not following or following == cursor or len(found) >= MOST_TOOLS:
            break
        cursor = following
    return list(found.values())[:MOST_TOOLS]


def _tool(said: Json) -> ServerTool | None:
    """None where it can't be called: without a name, or without arguments by name."""
    if not isinstance(said, dict):
        return None
    name, schema, hints = said.get("name"), said.get("inputSchema"), said.get("annotations")
    if not isinstance(name, str) or not 0 < len(name) <= 200 or not isinstance(schema, dict):
        return None
    hints = hints if isinstance(hints, dict) else {}
    only_reads = hints.get("readOnlyHint") is True
    return ServerTool(
        name=name,
        title=_text(said.get("title") or hints.get("title"), 200) or name,
        description=_text(said.get("description"), 4_000),
        schema=schema,
        only_reads=only_reads,
        repeatable=only_reads or hints.get("idempotentHint") is True,
    )


def _text(value: Json, most: int) -> str:
    return value.strip()[:most] if isinstance(value, str) else ""


def _list_text(tools: list[ServerTool]) -> str:
    """As it is kept. Raises `InvalidInput` where it is too long to be."""
    text = json.dumps(
        [[t.name, t.title, t.description, t.schema, t.only_reads, t.repeatable] for t in tools], ensure_ascii=False
    )
    if len(text) > MOST_LISTED:
        message = f"The server describes its tools in more than {MOST_LISTED // 1000} kB, which is too much here."
        raise InvalidInput("not_a_tool_server", message)
    return text


def _tool_list(text: str) -> ToolList:
    revision = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return ToolList(revision, tuple(ServerTool(*each) for each in json.loads(text)))


def _wrong(listed: ToolList, name: str, arguments: JsonObject) -> InvalidInput | None:
    """Why this can't be sent, as far as it is known here."""
    tool = next((each for each in listed.tools if each.name == name), None)
    if tool is None:
        names = ", ".join(sorted(each.name for each in listed.tools)[:_MOST_NAMED]) or "none"
        return InvalidInput("tool_not_found", f"The MCP server has no tool {name[:80]!r}; it has: {names}.")
    form = forms.judged(tool.schema)
    found = [] if form is None else list(islice(forms.faults(form, arguments, most=_MOST_VALUES), _MOST_FAULTS))
    if not found:
        return None
    told = "; ".join(f"{'.'.join(['arguments', *map(str, at)])}: {text.rstrip('.')}" for at, text in found)
    return InvalidInput("tool_arguments", f"The tool {name} does not take these arguments: {told}.")


def _result(name: str, said: JsonObject) -> ToolResult:
    content = said.get("content")
    texts: list[str] = []
    files: list[Attachment] = []
    links: list[str] = []
    for each in content if isinstance(content, list) else []:
        if isinstance(each, dict):
            _take(each, texts, files, links)
    text = "\n".join(texts)
    if said.get("isError") is True:
        words = " ".join(text.split())[:_TOLD] or "it did not say why"
        raise InvalidInput("tool_failed", f"The tool {name} failed: {words}")
    return ToolResult(text, said.get("structuredContent"), tuple(files), tuple(links))


def _take(part: JsonObject, texts: list[str], files: list[Attachment], links: list[str]) -> None:
    """One block of content; of a kind that is not known, nothing."""
    inner = part.get("resource")
    match part.get("type"):
        case "text":
            texts.append(_text(part.get("text"), MOST_LISTED * 10))
        case "image" | "audio":
            files += _file(str(part["type"]), part.get("data"), part.get("mimeType"))
        case "resource_link":
            links.append(_text(part.get("uri"), 2_048))
        case "resource" if isinstance(inner, dict) and isinstance(inner.get("text"), str):
            texts.append(str(inner["text"]))
        case "resource" if isinstance(inner, dict):
            files += _file(_text(inner.get("uri"), 200), inner.get("blob"), inner.get("mimeType"))


def _file(name: str, data: Json, media_type: Json) -> list[Attachment]:
    if not isinstance(data, str):
        return []
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("invalid_response", "The tool gave a file that is not readable (no base64).") from error
    kind = media_type if isinstance(media_type, str) and _MEDIA_TYPE.fullmatch(media_type) else None
    return [Attachment(name, kind or "application/octet-stream", content)]
