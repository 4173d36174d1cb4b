"""Saying something in a channel: the author fixes which ones, the model writes the text."""

from typing import ClassVar, Final

from pydantic import Field

from blocks.action import Effect
from blocks.tool import Tool, ToolContext, ToolModel
from blocks.values import Json, JsonObject

_LONGEST: Final = 40_000  # characters


class PostArguments(ToolModel):
    channel: str = Field(min_length=1, max_length=200, description="one of those that are allowed")
    text: str = Field(min_length=1, max_length=_LONGEST)
    thread: str | None = Field(default=None, max_length=100, description="id of a message, to answer in its thread")


class PostSettings(ToolModel):
    channels: list[str] = Field(
        min_length=1, max_length=50, description="the ones that it may post in, by name or id",
        json_schema_extra={"items": {"type": "string", "format": "channel"}},
    )  # fmt: skip


class ChannelPost(Tool[PostArguments, PostSettings]):
    name = "channel_post"
    title: ClassVar[dict[str, str]] = {"en": "Post in a channel", "fr": "Écrire dans un canal"}
    description: ClassVar[dict[str, str]] = {
        "en": "Posts messages in the channels that you allow.",
        "fr": "Publie des messages dans les canaux que vous autorisez.",
    }
    guide = "Post a message in a channel. Your answer to whoever asks you is posted by itself: this is for others."
    Arguments = PostArguments
    Settings = PostSettings
    sends_out = True
    example: ClassVar[JsonObject] = {"channels": ["general"]}

    def effect(self, arguments: PostArguments) -> Effect:
        """As of the action `channel`: the key of the call makes it one, or the context asks."""
        return Effect.IDEMPOTENT

    def listed(self, arguments: PostArguments, settings: PostSettings) -> bool:
        return arguments.channel in settings.channels

    def described(self, settings: PostSettings) -> str:
        return f"{self.guide} Channels: {', '.join(settings.channels)}."

    async def run(self, arguments: PostArguments, settings: PostSettings, context: ToolContext) -> Json:
        if arguments.channel not in settings.channels:
            return {"error": f"Only these may be posted in: {', '.join(settings.channels)}."}
        return await context.say(arguments.channel, arguments.text, thread=arguments.thread)
