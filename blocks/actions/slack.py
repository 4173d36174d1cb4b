"""The slack step: one message into a channel or to a person."""

from typing import ClassVar, Self

from pydantic import Field, JsonValue, model_validator

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Done
from blocks.services import Chat, Post
from blocks.values import Json, JsonObject
from blocks.words import Language, written_out

_SOMEWHERE: dict[Language, str] = {"en": "a channel", "fr": "un canal"}


class SlackInput(StepModel):
    connection: str = Field(
        min_length=1,
        max_length=200,
        description="A saved Slack app or incoming webhook, by id or name.",
        json_schema_extra={"format": "connection", "purpose": "slack"},
    )
    channel: str | None = Field(
        default=None, min_length=1, max_length=200,
        description="A channel (#name or id) or a person (id). Not with an incoming webhook: it has its own.",
    )  # fmt: skip
    text: str = Field(
        default="",
        max_length=40_000,
        description="Sent as it is: *bold*, _italic_ and <links> are Slack's own. With blocks: for notifications.",
        json_schema_extra={"format": "multiline"},
    )
    blocks: list[JsonValue] | None = Field(
        default=None,
        max_length=50,
        description="Slack's Block Kit, instead of the text.",
        json_schema_extra={"advanced": True},
    )
    thread: str | None = Field(
        default=None,
        min_length=1,
        max_length=40,
        description="`ts` of the message to answer under. Not with an incoming webhook.",
        json_schema_extra={"advanced": True},
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.text and not self.blocks:
            raise ValueError("give a text or blocks")
        return self


class SlackOutput(StepModel):
    ts: str | None = Field(description="Slack's id of the message; null with an incoming webhook.")
    channel: str | None = Field(description="Slack's id of the channel; null with an incoming webhook.")


class Slack(Action[SlackInput]):
    name = "slack"
    title: ClassVar[dict[str, str]] = {"en": "Slack message", "fr": "Message Slack"}
    description: ClassVar[dict[str, str]] = {
        "en": "Post a message into a Slack channel, a thread or direct messages.",
        "fr": "Publier un message dans un canal Slack, un fil ou des messages directs.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "post to {channel} in Slack", "fr": "publier dans {channel} sur Slack"}
    Input = SlackInput
    Output = SlackOutput
    connection = "slack"
    credits = 1
    timeout_s = 30.0
    retry_attempts = 2
    example: ClassVar[dict[str, Json]] = {
        "connection": "sales-slack",
        "channel": "#leads",
        "text": "New lead: {{ trigger.data.name }}",
    }

    def effect(self, given: SlackInput) -> Effect:
        return Effect.UNSAFE

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        return {"channel": written_out(config.get("channel")) or _SOMEWHERE[language]}

    async def run(self, given: SlackInput, context: ActionContext) -> Done:
        chat = await context.service(given.connection, Chat)  # type: ignore[type-abstract]
        post = Post(
            given.channel, given.text, context.idempotency_key, given.thread, given.blocks, again=context.attempt > 1
        )
        said = await chat.post(post, timeout_s=context.timeout_s)
        context.log(f"Posted to Slack: {said.get('channel') or 'the channel of the webhook'}")
        return Done({"ts": said.get("message_id"), "channel": said.get("channel")})
