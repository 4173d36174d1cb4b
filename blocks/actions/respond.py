"""The respond step: what a caller who waits is answered, and the run's output."""

import re
from typing import Annotated, ClassVar

from pydantic import Field, JsonValue, StringConstraints

from blocks import scalars
from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import InvalidInput
from blocks.outcomes import Respond
from blocks.scalars import Scalar
from blocks.values import Json

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,4000}")


class RespondInput(StepModel):
    status: int = Field(default=200, ge=200, le=599, description="The HTTP status of the answer.")
    headers: dict[HeaderName, Scalar] = Field(
        default_factory=dict, max_length=50, description="More headers of the answer."
    )
    body: JsonValue = Field(default=None, description="The answer: JSON; a text is sent as it is.")


class RespondAction(Action[RespondInput]):
    name = "respond"
    title: ClassVar[dict[str, str]] = {"en": "Respond", "fr": "Répondre"}
    description: ClassVar[dict[str, str]] = {
        "en": "Answer the caller who waits for this run, and make it the run's output.",
        "fr": "Répondre à l'appelant qui attend cette exécution, et en faire le résultat de l'exécution.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "answer the caller", "fr": "répondre à l'appelant"}
    Input = RespondInput
    Output = None  # {"status", "headers", "body"}
    timeout_s = 10.0
    category = "flow"
    repeats = False  # a caller gets one answer
    example: ClassVar[dict[str, Json]] = {"status": 200, "body": {"answer": "{{ previous.output }}"}}

    def effect(self, given: RespondInput) -> Effect:
        return Effect.PURE

    async def run(self, given: RespondInput, context: ActionContext) -> Respond:
        headers = {name: scalars.text(value) for name, value in given.headers.items() if value is not None}
        for name, value in headers.items():
            if not _HEADER_VALUE.fullmatch(value):
                raise InvalidInput("invalid_header", f"The header {name} has a value that can't be sent.")
        return Respond(given.status, headers, given.body)

    def recall(self, output: Json) -> Respond:
        return Respond(200, {}, output.get("body") if isinstance(output, dict) else None)
