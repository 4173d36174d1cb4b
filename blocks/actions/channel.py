"""Say something in a channel of the workspace: a room of its own, or one of an account."""

from typing import ClassVar, Final

from pydantic import Field

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Done, Outcome
from blocks.values import Json, JsonObject
from blocks.words import Language, written_out

LONGEST: Final = 40_000  # characters

_SOMEWHERE: Final[dict[Language, str]] = {"en": "a channel", "fr": "un canal"}


class ChannelInput(StepModel):
    channel: str = Field(
        min_length=1, max_length=200, description="id or name", json_schema_extra={"format": "channel"}
    )
    text: str = Field(min_length=1, max_length=LONGEST, json_schema_extra={"format": "multiline"})
    thread: str | None = Field(
        default=None, max_length=100, description="id of a message of the thread that it answers in"
    )


class ChannelOutput(StepModel):
    message_id: str
    channel: str = Field(description="its id")


class Channel(Action[ChannelInput]):
    name = "channel"
    title: ClassVar[dict[str, str]] = {"en": "Post in a channel", "fr": "Écrire dans un canal"}
    description: ClassVar[dict[str, str]] = {
        "en": "Posts a message in a channel of the workspace, or of a connected account such as Slack.",
        "fr": "Publie un message dans un canal de l'espace de travail, ou d'un compte connecté comme Slack.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "post in {channel}", "fr": "écrire dans {channel}"}
    Input = ChannelInput
    Output = ChannelOutput
    credits = 1
    retry_attempts = 2
    warm_only = True
    example: ClassVar[dict[str, Json]] = {"channel": "general", "text": "New lead: {{ trigger.data.name }}"}

    def effect(self, given: ChannelInput) -> Effect:
        """The same post twice is one: the key of the step says so, or the context asks where it can't be known."""
        return Effect.IDEMPOTENT

    async def run(self, given: ChannelInput, context: ActionContext) -> Outcome:
        said = await context.say(given.channel, given.text, thread=given.thread or None)
        context.log(f"Posted in {said['channel']}.")
        return Done(said)

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        return {"channel": written_out(config.get("channel")) or _SOMEWHERE[language]}
