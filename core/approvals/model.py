"""Questions to people and their answers: plain values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from blocks.values import Json, JsonObject
from blocks.words import Language
from core.approvals.words import QUESTIONS, told

Decision: TypeAlias = Literal["approve", "reject", "done", "repeat", "cancel"]

# What can be answered to which kind of question, and what the question is afterwards.
STATE_AFTER: Final[dict[str, str]] = {
    "approve": "approved", "reject": "rejected", "done": "done", "repeat": "repeat", "cancel": "cancel",
}  # fmt: skip
DECISIONS: Final[dict[str, tuple[str, ...]]] = {
    "approval": ("approve", "reject"),
    "gate": ("approve", "reject"),
    "doubt": ("done", "repeat", "cancel"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """One row of `approvals`. `asked`: it is put to the present reader; `may_answer`: they may answer it.
    What the product itself asks has a `message_code`."""

    id: UUID
    workspace_id: UUID
    automation_id: UUID
    automation_name: str
    run_id: UUID
    step_id: str
    iteration: str
    action_type: str
    kind: str
    state: str
    message: str
    message_code: str | None
    message_args: JsonObject
    who: list[str]
    input: Json
    form: JsonObject | None
    deadline: datetime | None
    on_deadline: str
    remind_at: datetime | None
    reminded_at: datetime | None
    decided_by: str | None
    decided_by_name: str | None
    decided_how: str | None
    decided_at: datetime | None
    comment: str | None
    answer: JsonObject | None
    created_at: datetime
    late: bool  # its deadline has passed on the database's clock
    asked: bool
    role: str | None  # the reader's in the workspace
    reader_name: str | None

    def asking(self, language: Language) -> str:
        """What is asked: in the author's words, or in the product's in a language."""
        return told(QUESTIONS, self.message_code, self.message_args, self.message, language)

    @property
    def may_answer(self) -> bool:
        """Those it is put to, and the workspace's owners, who could change everything anyhow."""
        return self.asked or self.role == "owner"

    @property
    def answerable(self) -> bool:
        return self.state == "pending" and not self.late


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody answers. `input` is the edited one of a gate, `output` what a step in doubt gave after all;
    None leaves them out. `values` belong to the form."""

    decision: Decision
    comment: str | None = None
    input: Json = None
    values: JsonObject | None = None
    output: Json = None


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers, and how: `ident` is a user id or a mail address."""

    ident: str
    name: str
    how: Literal["api", "link", "chat"]


@dataclass(frozen=True, slots=True)
class Sought:
    """A filter over questions; None asks for nothing."""

    state: str | None = None
    run_id: UUID | None = None
    rule_id: UUID | None = None
    mine: bool = False
    before: UUID | None = field(default=None)
