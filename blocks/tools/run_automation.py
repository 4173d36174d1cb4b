"""Starting an automation of the workspace: the author says which ones."""

from typing import ClassVar

from pydantic import Field, JsonValue

from blocks.action import Effect
from blocks.tool import Tool, ToolContext, ToolModel
from blocks.values import Json, JsonObject


class RunArguments(ToolModel):
    automation: str = Field(min_length=1, max_length=200, description="one of those that are allowed")
    payload: JsonValue = Field(default=None, description="what it is given")


class RunSettings(ToolModel):
    automations: list[str] = Field(min_length=1, max_length=50, description="the ones that it may start, by name or id")


class RunAutomation(Tool[RunArguments, RunSettings]):
    name = "run_automation"
    title: ClassVar[dict[str, str]] = {"en": "Run an automation", "fr": "Lancer une automatisation"}
    description: ClassVar[dict[str, str]] = {
        "en": "Starts the automations that you allow, with what the agent gives them.",
        "fr": "Lance les automatisations que vous autorisez, avec ce que l’agent leur donne.",
    }
    guide = "Start an automation; it runs by itself, its result is not waited for."
    Arguments = RunArguments
    Settings = RunSettings
    sends_out = True
    example: ClassVar[JsonObject] = {"automations": ["Lead to page"]}

    def effect(self, arguments: RunArguments) -> Effect:
        return Effect.IDEMPOTENT

    def listed(self, arguments: RunArguments, settings: RunSettings) -> bool:
        return arguments.automation in settings.automations

    def described(self, settings: RunSettings) -> str:
        return f"{self.guide} Automations: {', '.join(settings.automations)}."

    async def run(self, arguments: RunArguments, settings: RunSettings, context: ToolContext) -> Json:
        if arguments.automation not in settings.automations:
            return {"error": f"Only these may be started: {', '.join(settings.automations)}."}
        return await context.workspace.start_automation(
            arguments.automation, arguments.payload, context.idempotency_key
        )
