"""The approval step: the run waits until somebody approves or rejects, and holds no worker meanwhile."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from blocks import forms, spans, wait_words
from blocks.action import Action, ActionContext, Effect, StepModel
from blocks.errors import InvalidInput
from blocks.outcomes import Ask, Choose, Outcome, Wait
from blocks.spans import Moment, Span
from blocks.values import Json, JsonObject
from blocks.words import Language, listed, written_out

_ROLES: Final = ("editor", "admin", "owner")
_MAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_PEOPLE: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "owner": "the owner", "role:editor": "an editor", "role:admin": "an admin", "role:owner": "a workspace owner",
        "": "somebody", "id": "a member",
    },
    "fr": {
        "owner": "son propriétaire", "role:editor": "un éditeur", "role:admin": "un administrateur",
        "role:owner": "un propriétaire de l'espace", "": "quelqu'un", "id": "un membre",
    },
}  # fmt: skip


def _person(text: str) -> str:
    entry = text.strip().lower()
    if entry == "owner" or (entry.startswith("role:") and entry[5:] in _ROLES) or _is_id(entry):
        return entry
    if _MAIL.fullmatch(entry):
        return entry
    raise ValueError('Name "owner", "role:editor", "role:admin", "role:owner", a user id or a mail address.')


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return len(text) == 36


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Person = Annotated[str, AfterValidator(_person)]


class ApprovalInput(StepModel):
    message: str = Field(
        min_length=1, max_length=4000, description="What is asked.", json_schema_extra={"format": "multiline"}
    )
    who: Annotated[list[Person], BeforeValidator(_several, json_schema_input_type=str | list[str])] = Field(
        default_factory=list,
        max_length=50,
        description="Who may answer: owner (who made the automation), role:editor, role:admin, role:owner, user ids and"
        " mail addresses. Nobody means owner.",
    )
    deadline: Moment | None = Field(
        default=None, description="Seconds, a span such as 2d or 1d12h, or a moment with its zone. None: no deadline."
    )
    on_deadline: Literal["approve", "reject", "fail"] = Field(
        default="reject", description="The answer when nobody gave one in time.", json_schema_extra={"advanced": True}
    )
    remind_after: Span | None = Field(
        default=None,
        description="Tell them once more after so long: 3600, 4h, 1d.",
        json_schema_extra={"advanced": True},
    )
    form: Annotated[dict[str, JsonValue], AfterValidator(forms.check)] | None = Field(
        default=None,
        description="JSON Schema of values that whoever approves has to give.",
        json_schema_extra={"format": "json-schema"},
    )

    @model_validator(mode="after")
    def _reminder_first(self) -> Self:
        """A moment is not compared: it may have passed when the step goes on."""
        length = spans.read(self.deadline) if self.deadline is not None else None
        if self.remind_after is not None and length is not None and spans.seconds(self.remind_after) >= length:
            raise ValueError("The reminder would come after the deadline.")
        return self

    def _remind_at(self, now: datetime) -> datetime:
        return now + timedelta(seconds=spans.seconds(self.remind_after or 0))

    def ask(self, now: datetime) -> Ask:
        return Ask(
            kind="approval", message=self.message, who=tuple(self.who), form=self.form,
            remind_at=self._remind_at(now) if self.remind_after is not None else None, on_deadline=self.on_deadline,
        )  # fmt: skip


class ApprovalOutput(StepModel):
    decision: Literal["approved", "rejected"]
    comment: str | None = None
    by: str | None = Field(default=None, description="User id or mail address; none where the deadline decided.")
    values: dict[str, JsonValue] = Field(default_factory=dict, description="What was filled into the form.")


class Approval(Action[ApprovalInput]):
    name = "approval"
    title: ClassVar[dict[str, str]] = {"en": "Approval", "fr": "Approbation"}
    description: ClassVar[dict[str, str]] = {
        "en": "Wait until somebody approves or rejects. A rejection ends the run, unless a step needs the exit"
        " rejected.",
        "fr": "Attendre que quelqu'un approuve ou refuse. Un refus termine l'exécution, sauf si une étape attend la"
        " sortie rejected.",
    }
    phrase: ClassVar[dict[str, str]] = {"en": "ask {who} for approval", "fr": "demander l'accord : {who}"}
    Input = ApprovalInput
    Output = ApprovalOutput
    timeout_s = 10.0
    category = "flow"
    leads_to = ("approved", "rejected")
    example: ClassVar[dict[str, Json]] = {
        "message": "Publish {{ trigger.data.title }}?",
        "who": ["owner", "role:admin"],
        "deadline": "2d",
        "remind_after": "1d",
    }

    def blanks(self, config: JsonObject, language: Language) -> dict[str, str]:
        who = config.get("who") or ["owner"]
        entries = who if isinstance(who, list) else [who]
        return {"who": listed([_called(entry, language) for entry in entries], language)}

    def effect(self, given: ApprovalInput) -> Effect:
        return Effect.PURE

    def recall(self, output: Json) -> Choose:
        return _choice(output if isinstance(output, dict) else {})

    async def run(self, given: ApprovalInput, context: ActionContext) -> Outcome:
        now = datetime.now(UTC)
        return Wait(
            reason=wait_words.approval(given.message),
            until=spans.moment(given.deadline, now) if given.deadline is not None else None,
            ask=given.ask(now),
        )

    async def wake(
        self, given: ApprovalInput, details: JsonObject, answer: JsonObject | None, context: ActionContext
    ) -> Outcome:
        said = answer if answer is not None else {"decision": given.on_deadline, "how": "deadline"}
        decision = said.get("decision")
        if decision == "approve":
            return _choice({
                "decision": "approved", "comment": said.get("comment"), "by": said.get("by"),
                "values": said.get("values") or {},
            })  # fmt: skip
        late = said.get("how") == "deadline"
        if decision == "fail":
            raise InvalidInput("no_answer", "Nobody answered before the deadline.")
        if context.leads_on("rejected"):
            return _choice({
                "decision": "rejected", "comment": said.get("comment"), "by": said.get("by"),
                "values": said.get("values") or {},
            })  # fmt: skip
        if late:
            raise InvalidInput("rejected", "Nobody answered before the deadline, which counts as a rejection.")
        why = f": {said['comment']}" if said.get("comment") else "."
        raise InvalidInput("rejected", f"{said.get('by_name') or 'Somebody'} rejected this{why}")


def _choice(output: JsonObject) -> Choose:
    rejected = output.get("decision") == "rejected"
    return Choose("rejected" if rejected else "approved", output, only=rejected)


def _called(entry: Json, language: Language) -> str:
    words = _PEOPLE[language]
    known = str(entry).strip().lower()
    if known in words:
        return words[known]
    return words["id"] if _is_id(known) else written_out(entry) or words[""]
