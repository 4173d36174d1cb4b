"""The mcp step: one call of a tool of an MCP server, what it gave as the output."""

from typing import ClassVar

from pydantic import Field, JsonValue

from blocks.action import Action, ActionContext, Effect, Level, StepModel
from blocks.errors import InvalidInput
from blocks.outcomes import Done
from blocks.tool_server import ToolServer
from blocks.values import Json, JsonObject
from blocks.words import Language, written_out

MOST_FILES = 20  # of one result

_SOME: dict[Language, str] = {"en": "a tool", "fr": "un outil"}
_SOME_SERVER: dict[Language, str] = {"en": "an MCP server", "fr": "un serveur MCP"}


class McpInput(StepModel):
    connection: str = Field(
        min_length=1,
        max_length=200,
        description="The saved MCP server, by its id or name.",
        json_schema_extra={"format": "connection", "purpose": "mcp"},
    )
    tool: str = Field(
        min_length=1, max_length=200, description="As the server calls it; the connection's page lists its tools."
    )
    arguments: dict[str, JsonValue] = Field(default_factory=dict, description="What the tool's own schema asks for.")
    idempotent: bool = Field(
        default=False,
        description="Calling the tool twice does the same as calling it once.",
        json_schema_extra={"advanced": True},
    )


class McpOutput(StepModel):
    result: JsonValue = Field(description="the structured value that the tool gave, else its text")
    text: str = Field(description="all text that the tool gave")
    files: list[JsonValue] = Field(description="images, sounds and other files, as references")
    links: list[str] = Field(description="addresses that the tool named")


class Mcp(Action[McpInput]):
    name = "mcp"
    title: ClassVar[dict[str, str]] = {"en": "Use an MCP tool", "fr": "Utiliser un outil MCP"}
    description: ClassVar[dict[str, str]] = {
        "en": "Call a tool of an MCP server and use what it gives.",
        "fr": "Appeler un outil d’un serveur MCP et utiliser ce qu’il donne.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "use {tool} of {server}", "fr": "utiliser {tool} de {server}"}
    Input = McpInput
    Output = McpOutput
    connection = "mcp"
    credits = 1
    timeout_s = 60.0
    category = "agents"
    brings_in: ClassVar[bool] = True
    example: ClassVar[dict[str, Json]] = {
        "connection": "Tickets",
        "tool": "create_issue",
        "arguments": {"title": "{{ trigger.data.subject }}", "priority": 2},
    }

    def effect(self, given: McpInput) -> Effect:
        """What the server says of its tools is not known before it is asked, so the author says it."""
        return Effect.IDEMPOTENT if given.idempotent else Effect.UNSAFE

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        return {
            "tool": written_out(config.get("tool")) or _SOME[language],
            "server": written_out(config.get("connection")) or _SOME_SERVER[language],
        }

    async def run(self, given: McpInput, context: ActionContext) -> Done:
        server = await context.service(given.connection, ToolServer)  # type: ignore[type-abstract]
        try:
            result = await server.call(given.tool, dict(given.arguments), timeout_s=context.timeout_s)
        except InvalidInput as error:
            if error.code == "tool_failed":
                context.log(f"{given.tool} failed", Level.WARNING)
            raise
        if len(result.attachments) > MOST_FILES:
            text = f"The tool gave {len(result.attachments)} files; {MOST_FILES} are taken."
            raise InvalidInput("invalid_response", text)
        files: list[Json] = [await context.store(each.content, each.media_type) for each in result.attachments]
        context.log(f"{given.tool}: {len(result.text)} characters, {len(files)} files")
        output: JsonObject = {
            "result": result.text if result.structured is None else result.structured,
            "text": result.text, "files": files, "links": [*result.links],
        }  # fmt: skip
        return Done(output)
