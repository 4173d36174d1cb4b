"""A turn of an agent: what it is asked, and what it says. An action lends it by `ActionContext.converse`."""

from dataclasses import dataclass, field

from blocks.values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Turn:
    """What an agent (slug or id) is asked.

    `context` is data that goes with the prompt. With `output_schema` (JSON Schema of an object) the answer is a value
    of that shape. `conversation` names a thread: what was said in it before is told again. `tainted`: some of it comes
    from outside, so that tools which send out need an allow-listed destination or an approval. `streamed`: somebody
    watches the answer come. `answer` is what woke the turn after it had to wait.
    """

    agent: str
    prompt: str
    context: Json = None
    output_schema: JsonObject | None = None
    conversation: str | None = None
    tainted: bool = False
    streamed: bool = False
    answer: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class TurnDone:
    """What came of it. `value` is the structured answer, null where none was asked for.

    `usage`: `{"requests", "tool_calls", "tokens_in", "tokens_out"}`. `cost_usd` is null where no price is known.
    `agent`: `{"id", "slug", "name"}`.
    """

    text: str
    value: JsonObject | None
    usage: JsonObject
    cost_usd: float | None
    model: str
    agent: JsonObject = field(default_factory=dict)
