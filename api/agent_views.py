"""Agents on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from core.agents.agents import Given
from core.agents.model import Agent, AgentMail, AgentSettings, GivenTool, Slug
from core.agents.overview import Line
from core.agents.status import Status
from core.automations.service import Detail

OFFLINE_BECAUSE: Final = (
    "why it is offline: `agent_disabled`, `no_model_provider`, or how its provider fails, by the code that its runs"
    " fail with"
)
_TRIGGER: Final[dict[str, Any]] = {"event": "agent.message.received"}
BODY_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Support",
    "avatar": "🛟",
    "description": "Answers customers.",
    "instructions": "You answer questions of customers of our shop, shortly and kindly.",
    "provider": "OpenAI",
    "model": "gpt-5-mini",
    "settings": {"max_tokens": 1000, "budget": {"run_usd": 0.1}},
    "tools": [{"tool": "http", "settings": {"hosts": ["api.example.com"]}, "approval": "never"}],
}
EXAMPLE: Final[dict[str, Any]] = {
    **BODY_EXAMPLE,
    "id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "slug": "support",
    "provider": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "channels": [],
    "email": None,
    "enabled": True,
    "automation_id": None,
    "trigger_type": None,
    "trigger_config": None,
    "actions": None,
    "webhook": None,
    "created_by": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "updated_by": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "created_at": "2026-11-18T09:00:00Z",
    "updated_at": "2026-11-18T09:00:00Z",
}

AgentRef = Annotated[
    str, Path(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="id or slug of an agent")
]


class AgentPatch(BaseModel):
    """What is given changes; `provider` null: the workspace's default."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"instructions": "Answer in French."}})

    name: str | None = Field(default=None, min_length=1, max_length=200)
    slug: Slug | None = None
    avatar: str | None = Field(default=None, max_length=40, description="one emoji; a picture is uploaded by itself")
    description: str | None = Field(default=None, max_length=2000)
    instructions: str | None = Field(default=None, max_length=50_000)
    provider: str | None = Field(default=None, max_length=200, description="a connection, by id or name")
    model: str | None = Field(default=None, max_length=200, description="null: the connection's default")
    settings: AgentSettings | None = None
    tools: list[GivenTool] | None = Field(default=None, max_length=50)
    channels: list[UUID] | None = Field(default=None, max_length=200, description="where it listens")
    email: AgentMail | None = None
    enabled: bool | None = None
    trigger_type: str | None = Field(default=None, max_length=40, description="of the automation that it carries")
    trigger_config: dict[str, JsonValue] | None = None
    actions: list[JsonValue] | None = Field(default=None, max_length=200)
    policy: dict[str, JsonValue] | None = None

    def given(self) -> Given:
        """What was set; null where a field may be emptied."""
        plain = self.model_dump(mode="json", exclude_unset=True, exclude={"settings", "tools", "email"})
        for name in ("name", "slug", "description", "instructions", "enabled", "channels"):
            if plain.get(name, "") is None:
                del plain[name]
        if "email" in self.model_fields_set:
            plain["email"] = None
        return Given(plain, self.settings, self.tools, self.email)


class AgentBody(AgentPatch):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": BODY_EXAMPLE})

    name: str = Field(min_length=1, max_length=200)


class AgentWebhook(BaseModel):
    """Of an automation with a webhook; the secret is there only this once."""

    id: str
    url: str
    secret: str | None = None


class AgentView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    id: UUID
    slug: str
    name: str
    avatar: str | None = Field(description="an emoji, or the address of a picture")
    description: str
    instructions: str
    provider: UUID | None
    model: str | None
    settings: AgentSettings
    tools: list[GivenTool]
    channels: list[str]
    email: AgentMail | None
    enabled: bool
    automation_id: UUID | None = Field(description="the automation that it carries, once it needs one")
    trigger_type: str | None
    trigger_config: dict[str, JsonValue] | None
    actions: list[JsonValue] | None
    webhook: AgentWebhook | None
    created_by: UUID | None
    updated_by: UUID | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, agent: Agent, detail: Detail | None, public_url: str) -> Self:
        rule = detail.rule if detail is not None else None
        hook = detail.webhook if detail is not None else None
        return cls(
            id=agent.id, slug=agent.slug, name=agent.name, avatar=shown_avatar(agent), description=agent.description,
            instructions=agent.instructions, provider=agent.connection_id, model=agent.model,
            settings=agent.read_settings(), tools=agent.read_tools(), channels=agent.channels,
            email=AgentMail.model_validate(agent.email) if agent.email is not None else None, enabled=agent.enabled,
            automation_id=agent.rule_id, trigger_type=rule.trigger_type if rule is not None else None,
            trigger_config=rule.trigger_config if rule is not None else None,
            actions=[*rule.actions] if rule is not None else None,
            webhook=AgentWebhook(id=hook.id, url=f"{public_url}/api/agents/webhook/{agent.id}", secret=hook.secret)
            if hook is not None else None,
            created_by=agent.created_by, updated_by=agent.updated_by, created_at=agent.created_at,
            updated_at=agent.updated_at,
        )  # fmt: skip


_LAST_RUN: Final[dict[str, Any]] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3c", "at": "2026-11-20T09:00:00Z", "status": "success",
}  # fmt: skip
_SHOWN: Final = ("id", "slug", "name", "avatar", "description", "model", "channels", "enabled", "automation_id")
_LINE: Final[dict[str, Any]] = {
    **{name: EXAMPLE[name] for name in _SHOWN}, "trigger_type": None, "status": "online", "reason_code": None,
    "reason": None, "last_run": _LAST_RUN,
}  # fmt: skip


class LastRunView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _LAST_RUN})

    id: UUID | None
    at: datetime
    status: str | None


class AgentLine(BaseModel):
    """An agent in the list."""

    model_config = ConfigDict(json_schema_extra={"example": _LINE})

    id: UUID
    slug: str
    name: str
    avatar: str | None
    description: str
    model: str | None
    channels: list[str] = Field(description="ids of those that it listens in")
    enabled: bool
    automation_id: UUID | None
    trigger_type: str | None = Field(description="what starts the automation that it carries")
    status: Status
    reason_code: str | None = Field(description=OFFLINE_BECAUSE)
    reason: str | None = Field(description="why it is offline, in a sentence")
    last_run: LastRunView | None = Field(description="of the automation that it carries")

    @classmethod
    def of(cls, line: Line) -> Self:
        agent = line.agent
        return cls(
            id=agent.id, slug=agent.slug, name=agent.name, avatar=shown_avatar(agent), description=agent.description,
            model=agent.model, channels=agent.channels, enabled=agent.enabled, automation_id=agent.rule_id,
            trigger_type=line.trigger_type, status=line.standing.status, reason_code=line.standing.code,
            reason=line.standing.reason,
            last_run=None if line.last_run is None else LastRunView.model_validate(line.last_run),
        )  # fmt: skip


class AgentsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_LINE], "next_cursor": None}})

    items: list[AgentLine]
    next_cursor: str | None


def shown_avatar(agent: Agent) -> str | None:
    """The emoji, or where the picture is."""
    try:
        return f"/api/files/{UUID(agent.avatar or '')}/content"
    except ValueError:
        return agent.avatar
