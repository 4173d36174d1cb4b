"""The files of the workspace: look for them, read them, write texts."""

from typing import ClassVar, Final, Literal

from pydantic import Field

from blocks.action import Effect
from blocks.tool import NoSettings, Tool, ToolContext, ToolModel
from blocks.values import Json, JsonObject

_MOST_READ: Final = 30_000  # characters


class DriveArguments(ToolModel):
    operation: Literal["list", "read", "write"]
    file: str | None = Field(default=None, max_length=255, description="read: id or name; write: name")
    search: str | None = Field(default=None, max_length=200, description="list: part of a name")
    text: str | None = Field(default=None, max_length=500_000, description="write: what stands in the file")


class DriveSettings(NoSettings):
    write: bool = Field(default=True, description="whether it may write files, too")


class Drive(Tool[DriveArguments, DriveSettings]):
    name = "drive"
    title: ClassVar[dict[str, str]] = {"en": "Drive", "fr": "Drive"}
    description: ClassVar[dict[str, str]] = {
        "en": "Lists, reads and writes the files of the workspace.",
        "fr": "Liste, lit et écrit les fichiers de l’espace de travail.",
    }
    guide = "List, read or write text files of the workspace."
    Arguments = DriveArguments
    Settings = DriveSettings
    brings_in = True
    example: ClassVar[JsonObject] = {"write": False}

    def effect(self, arguments: DriveArguments) -> Effect:
        return Effect.IDEMPOTENT if arguments.operation == "write" else Effect.PURE

    async def run(self, arguments: DriveArguments, settings: DriveSettings, context: ToolContext) -> Json:
        if arguments.operation == "list":
            files: list[Json] = [*await context.workspace.list_files(arguments.search, 50)]
            return {"files": files}
        if not arguments.file:
            return {"error": "Name the file."}
        if arguments.operation == "read":
            return await context.workspace.read_file(arguments.file, _MOST_READ)
        if not settings.write:
            return {"error": "Files may be read here, not written."}
        text = arguments.text or ""
        return await context.workspace.write_file(
            arguments.file, text, "text/plain; charset=utf-8", context.idempotency_key
        )
