"""The tools of an MCP server: its author names the server and which of its tools, the model fills their arguments."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final

from pydantic import Field, JsonValue, StringConstraints

from blocks import forms
from blocks.action import Effect, Level
from blocks.errors import ActionError, InvalidInput
from blocks.tool import Offer, Tool, ToolContext, ToolModel
from blocks.tool_server import ServerTool, ToolList, ToolServer
from blocks.values import Json, JsonObject

MOST_OFFERED: Final = 64  # tools of one server
MOST_DESCRIBED: Final = 100_000  # characters of all their schemas and descriptions, which each call of the model costs
_LONGEST_SCHEMA: Final = 16_000  # characters of JSON
_LONGEST_GUIDE: Final = 1_000
_MOST_FILES: Final = 20
_LIST_S: Final = 20.0
_UNREADABLE: Final = frozenset({"response_too_large", "invalid_response"})  # of answers to calls that were made
_SAFE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,55}")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]")
_TAKEN: Final = frozenset({"answer", "final_result"})  # what structured answers are given by

ToolName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class McpArguments(ToolModel):
    tool: ToolName
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    repeatable: bool = False


class McpSettings(ToolModel):
    connection: str = Field(
        min_length=1, max_length=200, description="the saved MCP server, by its id or name",
        json_schema_extra={"format": "connection", "purpose": "mcp"},
    )  # fmt: skip
    tools: list[ToolName] = Field(
        default_factory=list,
        max_length=MOST_OFFERED,
        description="the only tools that it may use, as the server calls them; empty: all that the server has, and then"
        " each call needs an approval",
    )
    timeout_s: float = Field(default=30.0, ge=1, le=300, description="seconds that one call may take")


class Mcp(Tool[McpArguments, McpSettings]):
    name = "mcp"
    title: ClassVar[dict[str, str]] = {"en": "MCP server", "fr": "Serveur MCP"}
    description: ClassVar[dict[str, str]] = {
        "en": "Uses tools of an MCP server that you choose.",
        "fr": "Utilise des outils d’un serveur MCP que vous choisissez.",
    }
    guide = "A tool of an MCP server."
    Arguments = McpArguments
    Settings = McpSettings
    sends_out = True
    brings_in = True
    changing = True
    connection = "mcp"
    example: ClassVar[JsonObject] = {"connection": "Tickets", "tools": ["create_issue"]}

    def effect(self, arguments: McpArguments) -> Effect:
        return Effect.IDEMPOTENT if arguments.repeatable else Effect.UNSAFE

    def listed(self, arguments: McpArguments, settings: McpSettings) -> bool:
        """A server may do anything with what it is given, so the author names the tool, and not the server alone."""
        return arguments.tool in settings.tools

    def into(self, target: JsonObject, filled: JsonObject) -> JsonObject:
        return {**target, "arguments": filled}

    async def offers(self, settings: McpSettings, context: ToolContext) -> Sequence[Offer]:
        """Raises `InvalidInput` (`tool_not_found`, `tool_unusable`, `too_many_tools`) and as `ToolServer.tools`."""
        listed = await _listed(settings.connection, context)
        known = {each.name: each for each in listed.tools}
        gone = [name for name in settings.tools if name not in known]
        if gone:
            has = ", ".join(sorted(known)[:10]) or "none"
            raise InvalidInput(
                "tool_not_found",
                f"The MCP server {settings.connection} has no tool {gone[0][:80]!r} (any more): change the agent's"
                f" tools. It has: {has}.",
            )
        chosen = [known[name] for name in dict.fromkeys(settings.tools)] if settings.tools else [*listed.tools]
        usable = [each for each in chosen if _is_usable(each)]
        unusable = [each.name for each in chosen if not _is_usable(each)]
        if unusable and settings.tools:
            raise InvalidInput(
                "tool_unusable",
                f"No model can be given the tool {unusable[0][:80]!r} of the MCP server {settings.connection}: the"
                f" schema of its arguments is none, or has more than {_LONGEST_SCHEMA} characters.",
            )
        if unusable:
            names = ", ".join(unusable)[:300]
            context.log(f"{settings.connection}: not offered, for their schemas: {names}", Level.WARNING)
        return _bounded([_offer(each) for each in usable], settings)

    async def run(self, arguments: McpArguments, settings: McpSettings, context: ToolContext) -> Json:
        if settings.tools and arguments.tool not in settings.tools:
            return {"error": f"Only these tools may be used: {', '.join(settings.tools)}."}
        server = await context.service(settings.connection, ToolServer)  # type: ignore[type-abstract]
        timeout_s = min(context.timeout_s, settings.timeout_s)
        try:
            result = await server.call(arguments.tool, dict(arguments.arguments), timeout_s=timeout_s)
        except InvalidInput as error:
            if error.code not in _UNREADABLE:
                raise
            return {"error": f"{error.message} The call was made: do not repeat it."}
        if len(result.attachments) > _MOST_FILES:
            raise InvalidInput(
                "invalid_response", f"The tool gave {len(result.attachments)} files; {_MOST_FILES} are taken."
            )
        given: JsonObject = {"result": result.text if result.structured is None else result.structured}
        if result.attachments:
            given["files"] = [await context.store(each.content, each.media_type) for each in result.attachments]
        if result.links:
            given["links"] = [*result.links]
        return given


async def _listed(connection: str, context: ToolContext) -> ToolList:
    server = await context.service(connection, ToolServer)  # type: ignore[type-abstract]
    try:
        return await server.tools(timeout_s=min(context.timeout_s, _LIST_S))
    except ActionError as error:
        error.message = f"The agent's tools of the MCP server {connection} can't be listed: {error.message}"
        raise


def _offer(tool: ServerTool) -> Offer:
    words = ": ".join(dict.fromkeys(filter(None, (tool.title if tool.title != tool.name else "", tool.description))))
    plain = "".join(each if each.isprintable() or each == "\n" else " " for each in words)
    return Offer(
        _name(tool.name),
        plain[:_LONGEST_GUIDE] or Mcp.guide,
        {"properties": {}, **tool.schema, "type": "object"},
        {"tool": tool.name, "repeatable": tool.repeatable},
    )


def _name(own: str) -> str:
    """A name that every provider takes; one that had to be changed ends in a mark of its own."""
    if _SAFE.fullmatch(own) and own not in _TAKEN:
        return own
    mark = hashlib.sha256(own.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{_UNSAFE.sub('_', own).lstrip('-0123456789')[:49] or 'tool'}_{mark}"


def _is_usable(tool: ServerTool) -> bool:
    return len(json.dumps(tool.schema)) <= _LONGEST_SCHEMA and forms.is_of_arguments(tool.schema)


def _bounded(offers: list[Offer], settings: McpSettings) -> list[Offer]:
    described = sum(len(each.description) + len(json.dumps(each.schema)) for each in offers)
    if len(offers) <= MOST_OFFERED and described <= MOST_DESCRIBED:
        return offers
    raise InvalidInput(
        "too_many_tools",
        f"The MCP server {settings.connection} offers {len(offers)} tools with {described} characters of description;"
        f" an agent takes {MOST_OFFERED} with {MOST_DESCRIBED}: name those that it needs in the tool's settings.",
    )
