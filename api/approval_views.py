"""What questions to people and their answers look like on the wire."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from blocks.words import Language
from core.approvals.model import Decision, Question, Reply
from core.approvals.validating import LONGEST_COMMENT
from core.runs.history import Previews

State = Literal["pending", "approved", "rejected", "done", "repeat", "cancel", "expired", "withdrawn"]
Kind = Literal["approval", "gate", "doubt"]

_SHOWN_EXAMPLE: Final[JsonDict] = {
    "kind": "approval",
    "state": "pending",
    "message": "Publish “Spring offer”?",
    "message_code": None,
    "automation_name": "Lead -> landing page",
    "step_id": "ask",
    "action_type": "approval",
    "input": {"message": "Publish “Spring offer”?", "deadline": "2d"},
    "form": None,
    "deadline": "2026-11-22T09:00:00Z",
    "on_deadline": "reject",
    "created_at": "2026-11-20T09:00:00Z",
}
EXAMPLE: Final[JsonDict] = {
    **_SHOWN_EXAMPLE,
    "id": "0199c2a4-7a1e-7cc3-9f0e-5b0a7be9d001",
    "automation_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "iteration": "",
    "who": ["owner"],
    "asked": True,
    "may_answer": True,
    "remind_at": None,
    "decided_by": None,
    "decided_by_name": None,
    "decided_how": None,
    "decided_at": None,
    "comment": None,
    "answer": None,
}


class ShownView(BaseModel):
    """A question as anybody sees it who may answer it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _SHOWN_EXAMPLE})

    kind: Kind = Field(
        description="approval: the step of that name; gate: a step that needs approval; doubt: did its effect happen?"
    )
    state: State
    message: str = Field(description="in the author's words; what Vutler itself asks by `Accept-Language`")
    message_code: str | None = Field(description="of what Vutler itself asks; null of what an author wrote")
    automation_name: str
    step_id: str
    action_type: str
    input: JsonValue = Field(description="of the step, templates filled in; a gate's may be edited")
    form: JsonValue = Field(description="JSON Schema of the `values` of an answer")
    deadline: datetime | None
    on_deadline: Literal["approve", "reject", "fail"] = Field(description="what counts after the deadline")
    created_at: datetime


class ApprovalView(ShownView):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": EXAMPLE})

    id: UUID
    automation_id: UUID
    run_id: UUID
    iteration: str = Field(description="inside a loop")
    who: list[str] = Field(description="owner, role:<role>, user ids, mail addresses; empty is the owner")
    asked: bool = Field(description="it is put to you")
    may_answer: bool = Field(description="you may answer it")
    remind_at: datetime | None
    decided_by: str | None = Field(description="user id or mail address; null where the deadline decided")
    decided_by_name: str | None
    decided_how: Literal["api", "link", "chat", "deadline"] | None
    decided_at: datetime | None
    comment: str | None
    answer: JsonValue = Field(description="what the step went on with")

    @classmethod
    def of(cls, question: Question, language: Language, previews: Previews | None = None) -> "ApprovalView":
        view = cls.model_validate(question)
        view.message = question.asking(language)
        if previews is not None:
            view.input, view.answer = previews.of(view.input), previews.of(view.answer)
        return view


class ApprovalsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [EXAMPLE], "next_cursor": None}})

    items: list[ApprovalView]
    next_cursor: str | None


class RejectBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"comment": "Too dear."}})

    comment: str | None = Field(None, max_length=LONGEST_COMMENT)
    values: dict[str, JsonValue] | None = Field(None, description="of the form; none are needed to reject")

    def reply(self, decision: Decision) -> Reply:
        return Reply(decision, **_plain(self))


class ApproveBody(RejectBody):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"comment": "Fine.", "values": {"eur": 20}}}
    )

    values: dict[str, JsonValue] | None = Field(None, description="what the form asks for")
    input: dict[str, JsonValue] | None = Field(
        None, description="of a gate: the step's whole input, changed. It is data; templates in it stay as they are"
    )


class _Named(BaseModel):
    model_config = ConfigDict(extra="forbid")

    step_id: str | None = Field(None, max_length=40, description="which step, when several wait")
    iteration: str | None = Field(None, max_length=100, description="which turn of a loop")


class RunRejectBody(RejectBody, _Named):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"step_id": "ask", "comment": "Too dear."}})


class RunApproveBody(ApproveBody, _Named):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"step_id": "ask", "comment": "Fine."}})


class AnswerBody(ApproveBody):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"decision": "done", "output": {"id": 7}}})

    decision: Decision = Field(
        description="approve or reject; in doubt done (it happened), repeat (do it again) or cancel (end the run)"
    )
    output: JsonValue = Field(None, description="with done: what the step gave")


class LinkBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid", populate_by_name=True, json_schema_extra={"example": {"for": "grace@example.org"}}
    )

    recipient: str = Field(alias="for", min_length=3, max_length=320, description="a user id or a mail address")


class LinkView(BaseModel):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "url": "https://vutler.example/approvals/AQGZwqR6HnzDnw5bCnvp0AEAAAAAaXq...",
                "expires_at": "2026-11-22T09:00:00Z",
            }
        },
    )

    url: str = Field(description="good for one answer; whoever has it can give that answer")
    expires_at: datetime


class LinkedView(ShownView):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {**_SHOWN_EXAMPLE, "recipient": "grace@example.org", "expires_at": "2026-11-22T09:00:00Z"}
        }
    )

    recipient: str = Field(description="as whom the link answers")
    expires_at: datetime = Field(description="of the link")


class ClosedView(BaseModel):
    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"example": {"state": "approved", "decided_at": "2026-11-20T09:10:00Z"}}
    )

    state: State
    decided_at: datetime


def _plain(body: RejectBody) -> dict[str, Any]:
    given = body.model_dump(exclude={"step_id", "iteration", "decision"})
    return {name: value for name, value in given.items() if value is not None}
