"""The respond step: what a caller who waits is answered, and the run's output."""

from typing import ClassVar

from pydantic import Field, JsonValue

from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.outcomes import Respond
from blocks.values import Json

HEADER_NAME = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$"
HEADER_VALUE = r"^[^\r\n\x00]{0,4000}$"


class RespondInput(StepModel):
    status: int = Field(default=200, ge=200, le=599, description="The HTTP status of the answer.")
    headers: dict[str, str] = Field(default_factory=dict, max_length=50, description="More headers of the answer.")
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
    example: ClassVar[dict[str, Json]] = {"status": 200, "body": {"answer": "{{ previous.output }}"}}

    def effect(self, given: RespondInput) -> Effect:
        return Effect.PURE

    async def run(self, given: RespondInput, context: ActionContext) -> Respond:
        return Respond(given.status, given.headers, given.body)
