"""Looking into what has run before."""

from typing import ClassVar

from pydantic import Field

from blocks.action import Effect
from blocks.tool import NoSettings, Tool, ToolContext, ToolModel
from blocks.values import Json


class SearchArguments(ToolModel):
    words: str = Field(min_length=2, max_length=200, description="stand in a run's input, output or error")
    limit: int = Field(default=10, ge=1, le=50)


class SearchHistory(Tool[SearchArguments, NoSettings]):
    name = "search_history"
    title: ClassVar[dict[str, str]] = {"en": "Search the history", "fr": "Chercher dans l’historique"}
    description: ClassVar[dict[str, str]] = {
        "en": "Finds earlier runs of the workspace by what stands in them.",
        "fr": "Trouve d’anciennes exécutions d’après leur contenu.",
    }
    guide = "Find earlier runs of this workspace by words in their input, output or error."
    Arguments = SearchArguments
    brings_in = True

    def effect(self, arguments: SearchArguments) -> Effect:
        return Effect.PURE

    async def run(self, arguments: SearchArguments, settings: NoSettings, context: ToolContext) -> Json:
        runs: list[Json] = [*await context.workspace.search_history(arguments.words, arguments.limit)]
        return {"runs": runs}
