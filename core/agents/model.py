"""Agents as their rows tell them, and what people set of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from blocks.conditions import Condition, Operator, holds
from blocks.mail.fields import Recipient
from blocks.values import Json, JsonObject

SLUG: Final = r"^[a-z][a-z0-9_-]{0,59}$"
RESERVED: Final = frozenset({
    "templates", "from-template", "run", "runs", "webhook", "automation", "automation-list", "new", "status", "execute",
})  # fmt: skip
DEFAULT_TIMEOUT_S: Final = 60.0

Slug = Annotated[str, StringConstraints(pattern=SLUG)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Budget(Part):
    """What an agent may spend; money in US dollars. Null: no limit of this kind."""

    run_usd: float | None = Field(default=1.0, gt=0, le=10_000, description="in one run")
    day_usd: float | None = Field(default=None, gt=0, le=100_000, description="in one day (UTC), over all runs")
    requests: int = Field(default=20, ge=1, le=200, description="calls of the model in one turn")
    tokens: int | None = Field(default=200_000, ge=1, le=10_000_000, description="in and out, in one turn")
    tool_calls: int = Field(default=20, ge=0, le=200, description="in one turn")


class AgentSettings(Part):
    """How the model is called, and what it may spend."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int = Field(default=4096, ge=1, le=200_000, description="of one answer")
    timeout_s: float = Field(default=DEFAULT_TIMEOUT_S, ge=1, le=900, description="seconds that one call may take")
    budget: Budget = Field(default_factory=Budget)
    while_busy: Literal["queue", "merge", "interrupt"] = Field(
        default="queue", description="what becomes of messages that come during a turn"
    )
    answer_bots: bool = False


class ArgumentTest(Part):
    """A comparison with one argument of a call."""

    argument: str = Field(min_length=1, max_length=200, description="its name, with dots into it: `json.amount`")
    op: Operator
    value: JsonValue = None

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        self.holds({})
        return self

    def holds(self, arguments: JsonObject) -> bool:
        test = Condition(path=f"trigger.data.{self.argument}", op=self.op, value=self.value)
        return holds(test, {"trigger": {"data": arguments}})


class ApprovalWhen(Part):
    """An approval for some calls alone."""

    when: list[ArgumentTest] = Field(min_length=1, max_length=20, description="any of them")


class GivenTool(Part):
    """A tool that an agent has. `settings` is what its author fixes."""

    tool: str = Field(min_length=1, max_length=40, description="name of a tool of the catalogue")
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    approval: Literal["never", "always"] | ApprovalWhen = "never"

    def asks(self, arguments: JsonObject) -> bool:
        """Whether its author wants to be asked before this call."""
        if isinstance(self.approval, ApprovalWhen):
            return any(test.holds(arguments) for test in self.approval.when)
        return self.approval == "always"


class AgentMail(Part):
    """The mailbox of an agent: connections by id or name."""

    inbox: str | None = Field(default=None, max_length=200)
    account: str | None = Field(default=None, max_length=200)
    sender: Recipient | None = Field(default=None, alias="from", max_length=320)


@dataclass(frozen=True, slots=True)
class Agent:
    """A row of `agents`; `settings` and `tools` as they are stored."""

    id: UUID
    workspace_id: UUID
    slug: str
    name: str
    avatar: str | None
    description: str
    instructions: str
    connection_id: UUID | None
    model: str | None
    settings: JsonObject
    tools: list[JsonObject]
    channels: list[str]
    email: JsonObject | None
    rule_id: UUID | None
    enabled: bool
    created_by: UUID | None
    updated_by: UUID | None
    created_at: datetime
    updated_at: datetime

    @property
    def told(self) -> JsonObject:
        """Whom outputs and events name."""
        return {"id": str(self.id), "slug": self.slug, "name": self.name}

    def read_settings(self) -> AgentSettings:
        return AgentSettings.model_validate(self.settings)

    def read_tools(self) -> list[GivenTool]:
        return [GivenTool.model_validate(each) for each in self.tools]


def as_json(part: BaseModel) -> Json:
    """As it is stored."""
    dumped: Json = part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return dumped
