"""The agent step: an agent of the workspace is asked, and its answer is the output."""

from contextlib import suppress
from typing import ClassVar, Final

from pydantic import Field, JsonValue, field_validator

from blocks import forms
from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.conversing import Turn, TurnDone
from blocks.outcomes import Done, Outcome, Wait
from blocks.values import Json, JsonObject, read_json
from blocks.words import Language, written_out

MOST_CONTEXT: Final = 200_000  # bytes of large values that the model is told, as the prompt may be long
_TEXTS: Final = ("json", "xml", "yaml", "csv", "javascript")


class AgentInput(StepModel):
    agent: str = Field(min_length=1, max_length=200, description="slug or id", json_schema_extra={"format": "agent"})
    prompt: str = Field(max_length=200_000, json_schema_extra={"format": "textarea"})
    context: JsonValue = Field(
        default=None, description="data that goes with the prompt", json_schema_extra={"advanced": True}
    )
    output_schema: dict[str, JsonValue] | None = Field(
        default=None,
        description="JSON Schema of an object: the answer is then a value of this shape",
        title="Shape of the answer",
        json_schema_extra={"format": "json-schema", "advanced": True},
    )
    conversation: str | None = Field(
        default=None,
        max_length=500,
        description="name of a thread; what was said in it before is told again",
        json_schema_extra={"advanced": True},
    )
    stream: bool = Field(
        default=False,
        description="show the answer as it comes to whoever watches the run",
        json_schema_extra={"advanced": True},
    )

    @field_validator("output_schema")
    @classmethod
    def _is_a_schema(cls, schema: JsonObject | None) -> JsonObject | None:
        return None if schema is None else forms.check(schema)


class Agent(Action[AgentInput]):
    name = "agent"
    title: ClassVar[dict[str, str]] = {"en": "Ask an agent", "fr": "Demander à un agent"}
    description: ClassVar[dict[str, str]] = {
        "en": "Give an agent of the workspace a prompt and go on with its answer.",
        "fr": "Donner une consigne à un agent de l’espace de travail et continuer avec sa réponse.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "ask {agent}", "fr": "demander à {agent}"}
    Input = AgentInput
    Output = None  # the text or the value, with usage
    credits = 5
    timeout_s = 60.0
    category = "agents"
    retry_attempts = 2
    brings_in = True
    journaled = True
    warm_only = True
    example: ClassVar[dict[str, Json]] = {"agent": "sales_pro", "prompt": "Score this lead: {{ trigger.data.lead }}"}

    def effect(self, given: AgentInput) -> Effect:
        return Effect.UNSAFE  # by its tools

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        nobody = {"en": "an agent", "fr": "un agent"}[language]
        return {"agent": written_out(config.get("agent")) or nobody}

    async def run(self, given: AgentInput, context: ActionContext) -> Outcome:
        return await self._ask(given, context, None)

    async def wake(
        self, given: AgentInput, details: JsonObject, answer: JsonObject | None, context: ActionContext
    ) -> Outcome:
        return await self._ask(given, context, {**(answer or {}), "seq": details.get("seq")})

    async def _ask(self, given: AgentInput, context: ActionContext, answer: JsonObject | None) -> Outcome:
        told, _ = await _resolved(given.context, context, MOST_CONTEXT)
        done = await context.converse(
            Turn(
                given.agent, given.prompt, told, given.output_schema, given.conversation, context.tainted,
                given.stream, answer,
            )
        )  # fmt: skip
        return done if isinstance(done, Wait) else Done(_output(given, done))


async def _resolved(value: Json, context: ActionContext, left: int) -> tuple[Json, int]:
    """The value with the texts themselves instead of references to them, and how many bytes of texts may still come."""
    if isinstance(value, list):
        items: list[Json] = []
        for each in value:
            item, left = await _resolved(each, context, left)
            items.append(item)
        return items, left
    if not isinstance(value, dict):
        return value, left
    if isinstance(value.get("$blob"), str):
        return await _text(value, context, left)
    fields: JsonObject = {}
    for name, each in value.items():
        fields[name], left = await _resolved(each, context, left)
    return fields, left


async def _text(reference: JsonObject, context: ActionContext, left: int) -> tuple[Json, int]:
    """What a large answer or value says, cut off where it is too long; what is no text stays a reference."""
    media_type = str(reference.get("media_type") or "").partition(";")[0].strip().lower()
    if not (media_type.startswith("text/") or media_type.endswith(_TEXTS)):
        return reference, left
    piece = await context.piece(reference, 0, left)
    text = piece.content.decode("utf-8", "replace")
    if piece.size <= left:
        if media_type.endswith("json"):
            with suppress(ValueError):
                return read_json(piece.content), left - piece.size
        return text, left - piece.size
    note = f"Cut off here: it has {piece.size} bytes, and this is its beginning ({len(piece.content)} bytes)."
    return {"cut": True, "text": text, "note": note}, 0


def _output(given: AgentInput, done: TurnDone) -> Json:
    """The value itself where one was asked for, with what the turn used beside it under a key of its own."""
    told: JsonObject = {"usage": done.usage, "cost_usd": done.cost_usd, "model": done.model, "agent": done.agent}
    if given.output_schema is not None and done.value is not None:
        return {**told, **done.value}
    return {**told, "text": done.text}
