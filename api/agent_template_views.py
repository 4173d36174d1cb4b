"""Templates on the wire."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.agent_views import EXAMPLE as AGENT
from api.agent_views import AgentView
from blocks.values import JsonObject
from blocks.words import Language
from core.automations.words import Narrator, Words
from core.templates.deploying import Overrides
from core.templates.model import Category
from core.templates.service import Deployed, Need, Offer

_NEED: Final[dict[str, Any]] = {
    "name": "mail",
    "title": "Mail account",
    "why": "Sends the digest.",
    "purpose": "mail_out",
    "kinds": ["resend", "sendgrid", "smtp"],
    "optional": True,
    "missing": False,
    "connections": [{"id": "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3a01", "name": "Our mail", "kind": "smtp"}],
}
_AUTOMATION: Final[dict[str, Any]] = {
    "name": "Daily digest",
    "description": "Every morning.",
    "trigger_type": "cron",
    "trigger_config": {"schedules": [{"cron": "0 8 * * 1-5", "timezone": "Europe/Zurich"}]},
    "actions": [{"id": "read", "type": "http", "config": {"url": "https://example.com/news"}}],
}
_WORDED: Final[dict[str, Any]] = {
    **_AUTOMATION,
    "trigger_sentence": "on weekdays at 08:00",
    "step_sentences": {"read": "send a GET to example.com"},
}
_CARD: Final[dict[str, Any]] = {
    "slug": "daily-digest",
    "version": 1,
    "category": "Content",
    "icon": "📰",
    "title": "Daily digest",
    "description": "Reads a source every morning and tells what is new.",
    "connections": [_NEED],
    "missing": [],
    "preview": [_WORDED],
}
_MISSING: Final[dict[str, Any]] = {
    "connection": "mail",
    "title": "Mail account",
    "purpose": "mail_out",
    "kinds": ["smtp"],
    "detail": "Add a connection and switch the agent on.",
}
_DEPLOYED: Final[dict[str, Any]] = {
    "id": AGENT["id"],
    "name": "Daily digest",
    "agent_id": AGENT["id"],
    "enabled": True,
    "live_version": 1,
    "trigger_type": "cron",
    "trigger_config": _AUTOMATION["trigger_config"],
    "actions": _AUTOMATION["actions"],
    "webhook": None,
}
_WORDS: Final[dict[Language, dict[bool, str]]] = {
    "en": {
        True: "Add a connection for “{title}” ({kinds}) under Connections (POST /api/connections), then switch the"
        " agent on (PATCH /api/agents/{agent} with enabled: true).",
        False: "Add a connection for “{title}” ({kinds}) under Connections (POST /api/connections), name it in the"
        " automation where that stands, then publish and switch on.",
    },
    "fr": {
        True: "Ajoutez une connexion pour « {title} » ({kinds}) sous Connexions (POST /api/connections), puis activez"
        " l’agent (PATCH /api/agents/{agent} avec enabled: true).",
        False: "Ajoutez une connexion pour « {title} » ({kinds}) sous Connexions (POST /api/connections), indiquez-la"
        " dans l’automatisation à l’endroit de ce nom, puis publiez et activez.",
    },
}

TemplateSlug = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9-]*$")]
Reference = Annotated[str, Field(min_length=1, max_length=200)]


class AccountView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _NEED["connections"][0]})

    id: UUID
    name: str
    kind: str


class NeedView(BaseModel):
    """A connection that a template works with."""

    model_config = ConfigDict(json_schema_extra={"example": _NEED})

    name: str = Field(description="as `overrides.connections` names it")
    title: str
    why: str
    purpose: str
    kinds: list[str] = Field(description="those that will do")
    optional: bool
    missing: bool = Field(description="it is needed, and the workspace has none that you may use")
    connections: list[AccountView] = Field(description="those of the workspace that will do")

    @classmethod
    def of(cls, need: Need, language: Language) -> Self:
        needed = need.needed
        return cls(
            name=need.key, title=needed.title.said(language), why=needed.why.said(language), purpose=needed.purpose,
            kinds=needed.usable, optional=needed.optional, missing=not (need.there or needed.optional),
            connections=[AccountView.model_validate(each) for each in need.there],
        )  # fmt: skip


class PreviewView(BaseModel):
    """An automation as it would be deployed with the defaults."""

    model_config = ConfigDict(json_schema_extra={"example": _WORDED})

    name: str
    description: str
    trigger_type: str
    trigger_config: dict[str, JsonValue]
    actions: list[JsonValue]
    trigger_sentence: str | None = Field(description="what starts it, as a clause")
    step_sentences: dict[str, str] = Field(description="what each step does, as a clause, by its id")


class TemplateCard(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _CARD})

    slug: str
    version: int
    category: Category
    icon: str
    title: str
    description: str
    connections: list[NeedView]
    missing: list[str] = Field(description="names of those connections that the workspace still lacks")
    preview: list[PreviewView] = Field(description="empty: the agent answers in its channels")

    @classmethod
    def of(cls, offer: Offer, language: Language, narrator: Narrator) -> Self:
        return cls(**_card(offer, language, narrator))


def _card(offer: Offer, language: Language, narrator: Narrator) -> dict[str, Any]:
    template, needs = offer.template, [NeedView.of(each, language) for each in offer.needs]
    return {
        "slug": template.slug, "version": template.version, "category": template.category, "icon": template.icon,
        "title": template.title.said(language), "description": template.description.said(language),
        "connections": needs, "missing": [each.name for each in needs if each.missing],
        "preview": [_preview(each, narrator.tell(each, language)) for each in offer.automations],
    }  # fmt: skip


def _preview(document: JsonObject, words: Words) -> PreviewView:
    return PreviewView.model_validate(
        document | {"policy": None, "trigger_sentence": words.trigger, "step_sentences": {**words.steps}}
    )


class TemplatesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_CARD]}})

    items: list[TemplateCard]


class TemplateAgentView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "key": "editor", "name": "Daily digest", "avatar": "📰", "description": "Writes the digest.",
                "instructions": "You write …", "tools": [], "channels": [],
            }
        }
    )  # fmt: skip

    key: str
    name: str
    avatar: str
    description: str
    instructions: str
    tools: list[JsonValue]
    channels: list[str]


class TemplateView(TemplateCard):
    """All of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **_CARD, "use_case": "A team reads one message instead of forty pages.", "needs": "A model provider.",
                "inputs_schema": {"type": "object", "properties": {"time": {"type": "string", "default": "08:00"}}},
                "agents": [], "sample": {"text": "Hello"},
            }
        }
    )  # fmt: skip

    use_case: str
    needs: str
    inputs_schema: dict[str, JsonValue] = Field(description="JSON Schema of `overrides.inputs`, with your defaults")
    agents: list[TemplateAgentView]
    sample: dict[str, JsonValue] = Field(description="what its trigger brings, to try it with")

    @classmethod
    def of(cls, offer: Offer, language: Language, narrator: Narrator) -> Self:
        template = offer.template
        agents = [
            TemplateAgentView(
                key=key, name=each.name.said(language), avatar=each.avatar, description=each.description.said(language),
                instructions=each.instructions.said(language),
                tools=[tool.model_dump(mode="json") for tool in each.tools], channels=each.channels,
            ) for key, each in template.agents.items()
        ]  # fmt: skip
        return cls(
            **_card(offer, language, narrator), use_case=template.use_case.said(language),
            needs=template.needs.said(language), inputs_schema=offer.inputs, agents=agents, sample=template.sample,
        )  # fmt: skip


class OverridesBody(BaseModel):
    """What you want otherwise; all of it may be left out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"inputs": {"time": "07:30"}, "connections": {"mail": "Our mail"}}},
    )

    name: str | None = Field(default=None, min_length=1, max_length=190, description="of the (first) agent")
    avatar: str | None = Field(default=None, max_length=40, description="one emoji")
    instructions: str | None = Field(default=None, max_length=50_000)
    model: str | None = Field(default=None, min_length=1, max_length=200, description="null: the connection's default")
    channels: list[UUID] | None = Field(default=None, max_length=200, description="where an answering agent listens")
    connections: dict[str, Reference | None] = Field(
        default_factory=dict,
        max_length=20,
        description="ids or names by the template's names for them; null: go without an optional one",
    )
    inputs: dict[str, JsonValue] = Field(default_factory=dict, max_length=50, description="as `inputs_schema` says")
    enabled: bool = True

    def given(self) -> Overrides:
        return Overrides(
            self.name, self.avatar, self.instructions, self.model,
            None if self.channels is None else [str(each) for each in self.channels],
            self.connections, self.inputs, self.enabled,
        )  # fmt: skip


class FromTemplateBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"template_slug": "daily-digest", "overrides": {"inputs": {"time": "07:30"}}}},
    )

    template_slug: TemplateSlug
    overrides: OverridesBody = Field(default_factory=OverridesBody)


class HookView(BaseModel):
    """`secret` is there only this once."""

    id: str
    url: str
    secret: str | None


class DeployedAutomation(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _DEPLOYED})

    id: UUID
    name: str
    agent_id: UUID | None = Field(description="the agent that carries it")
    enabled: bool
    live_version: int | None = Field(description="null: a draft, since something is missing")
    trigger_type: str
    trigger_config: dict[str, JsonValue]
    actions: list[JsonValue]
    webhook: HookView | None


class MissingView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _MISSING})

    connection: str
    title: str
    purpose: str
    kinds: list[str]
    detail: str = Field(description="what to do")


class DeployedView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "template_slug": "daily-digest", "template_version": 1, "agent": AGENT, "agents": [AGENT],
                "automations": [_DEPLOYED], "missing": [],
            }
        }
    )  # fmt: skip

    template_slug: str
    template_version: int
    agent: AgentView
    agents: list[AgentView]
    automations: list[DeployedAutomation] = Field(
        description="those of the template, and what its agents do of themselves"
    )
    missing: list[MissingView] = Field(description="what it was switched off for")

    @classmethod
    def of(cls, deployed: Deployed, language: Language, public_url: str) -> Self:
        carried = {each.rule.id: each for each in deployed.automations}
        agents = [
            AgentView.of(each, carried.get(each.rule_id) if each.rule_id else None, public_url)
            for each in deployed.agents
        ]
        carriers = {each.rule_id: each.id for each in deployed.agents if each.rule_id is not None}
        automations = [
            DeployedAutomation(
                id=each.rule.id, name=each.rule.name, agent_id=carriers.get(each.rule.id), enabled=each.rule.enabled,
                live_version=each.rule.live_version, trigger_type=each.rule.trigger_type or "",
                trigger_config=each.rule.trigger_config, actions=[*each.rule.actions],
                webhook=None if each.webhook is None else HookView(
                    id=each.webhook.id, url=f"{public_url}/api/webhooks/{each.webhook.id}", secret=each.webhook.secret
                ),
            ) for each in deployed.automations
        ]  # fmt: skip
        return cls(
            template_slug=deployed.template.slug, template_version=deployed.template.version, agent=agents[0],
            agents=agents, automations=automations, missing=_missing(deployed, language),
        )  # fmt: skip


def _missing(deployed: Deployed, language: Language) -> list[MissingView]:
    template, found = deployed.template, []
    for key in deployed.missing:
        needed = template.connections[key]
        title = needed.title.said(language)
        by_agent = all(each.agent is not None for each in template.automations)
        detail = _WORDS[language][by_agent].format(
            title=title, kinds=", ".join(needed.usable), agent=deployed.agents[0].slug
        )
        found.append(
            MissingView(connection=key, title=title, purpose=needed.purpose, kinds=needed.usable, detail=detail)
        )
    return found
