"""What automations and agents can be made of, with JSON Schemas; and the definition language."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.caller import CallerDep
from api.language import LanguageDep
from api.problems import documented
from blocks import registry
from blocks.action import Action, Category
from blocks.field_words import told
from blocks.words import Language
from core.automations.definition import Definition, Step

router = APIRouter(prefix="/api/catalog", tags=["catalog"])

_EXAMPLE: Final = {
    "actions": [
        {
            "name": "http",
            "title": "HTTP request",
            "description": "Sends a request to another system.",
            "sentence": "send a {method} to {host}",
            "input_schema": {"type": "object"},
            "output_schema": {"type": "object"},
            "credits": 1,
            "timeout_s": 30,
            "max_attempts": 2,
            "connection": None,
            "category": "apps",
            "contains": None,
            "exits": [],
            "example": {"method": "GET", "url": "https://api.example.com/status"},
        }
    ],
    "triggers": [
        {
            "name": "cron",
            "aliases": ["schedule"],
            "title": "Schedule",
            "description": "Starts at set times.",
            "sentence": "{times}",
            "config_schema": {"type": "object"},
            "example": {"schedules": [{"cron": "0 9 * * 1-5", "timezone": "Europe/Zurich"}]},
        }
    ],
    "connections": [
        {
            "name": "http_bearer",
            "purpose": "http",
            "title": "Bearer token",
            "description": "An access token or API key that is sent as “Authorization: Bearer …”.",
            "fields_schema": {"type": "object"},
            "secrets": ["token"],
            "default_hosts": [],
            "example": {"token": "the token"},
        }
    ],
    "tools": [
        {
            "name": "http",
            "title": "Web requests",
            "description": "Calls web services on the hosts that you allow.",
            "settings_schema": {"type": "object"},
            "arguments_schema": {"type": "object"},
            "sends_out": True,
            "brings_in": True,
            "connection": "http",
            "example": {"hosts": ["api.example.com"], "methods": ["GET"]},
        }
    ],
}


class ActionView(BaseModel):
    """A kind of step."""

    name: str = Field(description="`type` of a step")
    title: str
    description: str
    sentence: str = Field(description="what a step of it does, as a clause; what its config fills in stands in braces")
    input_schema: dict[str, JsonValue] = Field(description="JSON Schema of a step's `config`")
    output_schema: dict[str, JsonValue] | None = Field(description="of `steps.<id>.output`; null: any JSON")
    credits: int
    timeout_s: float = Field(description="seconds, unless the step says otherwise")
    max_attempts: int = Field(description="unless the step says otherwise")
    connection: str | None = Field(description="purpose of the connections that its `config.connection` may name")
    category: Category = Field(description="where a palette shows it")
    contains: str | None = Field(description="field of `config` that holds steps, of the same shape as `actions`")
    exits: list[str] = Field(
        description="names that later steps may need (`<id>:<exit>`) besides `error`; in braces: where in the config"
        " they are named, as in `{cases[].name}`"
    )
    example: dict[str, JsonValue]


class TriggerView(BaseModel):
    """A kind of trigger."""

    name: str = Field(description="`trigger_type` of an automation")
    aliases: list[str]
    title: str
    description: str
    sentence: str = Field(description="what starts a run, as a clause; what its config fills in stands in braces")
    config_schema: dict[str, JsonValue] = Field(description="JSON Schema of `trigger_config`")
    example: dict[str, JsonValue]


class ConnectionKindView(BaseModel):
    """A kind of connection."""

    name: str = Field(description="`kind` of a connection")
    purpose: str = Field(description="what it is for: actions with this `connection` may name one")
    title: str
    description: str
    fields_schema: dict[str, JsonValue] = Field(description="JSON Schema of `fields`")
    secrets: list[str] = Field(description="fields that are sealed and never shown")
    default_hosts: list[str] = Field(description="`allowed_hosts` where none are given; empty: some must be")
    example: dict[str, JsonValue]


class AgentToolView(BaseModel):
    """A kind of tool that an agent may be given."""

    name: str = Field(description="`tool` of an entry in an agent's `tools`")
    title: str
    description: str
    settings_schema: dict[str, JsonValue] = Field(description="JSON Schema of `settings`, which the author fixes")
    arguments_schema: dict[str, JsonValue] | None = Field(
        description="of what the model fills, and conditions of `approval` may name; null: each server's own, see"
        " `GET /api/connections/{connection_id}/tools`"
    )
    sends_out: bool = Field(description="it carries what the model wrote out of the workspace")
    brings_in: bool = Field(description="what it gives may come from outside, and taints the turn")
    connection: str | None = Field(description="purpose of the connections that `settings.connection` may name")
    example: dict[str, JsonValue] = Field(description="of `settings`")


class CatalogView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})  # type: ignore[dict-item]

    actions: list[ActionView]
    triggers: list[TriggerView]
    connections: list[ConnectionKindView]
    tools: list[AgentToolView]


@router.get("", summary="List actions, triggers, connections and tools", responses=documented(401))
async def catalog(_caller: CallerDep, language: LanguageDep) -> CatalogView:
    """Everything that is installed here, in English or French by `Accept-Language`."""
    return everything(language)


@router.get(
    "/definition",
    summary="Read the definition language",
    responses={
        200: {"content": {"application/json": {"example": {"title": "Definition", "type": "object"}}}},
        **documented(401),
    },
)
async def definition(_caller: CallerDep, language: LanguageDep) -> dict[str, JsonValue]:
    """The JSON Schema of an automation in its long form, without the `config` of each step: that is in the catalogue,
    for steps inside loops too (`contains`). Its words are English or French, by `Accept-Language`."""
    return definition_in(language)


def _said(texts: Mapping[str, str], language: Language) -> str:
    return texts.get(language) or texts["en"]


@cache
def everything(language: Language) -> CatalogView:
    return CatalogView(
        actions=[_action(action, language) for _, action in sorted(registry.actions().items())],
        triggers=[
            TriggerView(
                name=kind.name,
                aliases=[*kind.aliases],
                title=_said(kind.title, language),
                description=_said(kind.description, language),
                sentence=kind.template(language),
                config_schema=told(kind.Config.model_json_schema(), language),
                example=_plain(kind.example),
            )
            for _, kind in sorted(registry.triggers().items())
        ],
        connections=[
            ConnectionKindView(
                name=kind.name,
                purpose=kind.purpose,
                title=_said(kind.title, language),
                description=_said(kind.description, language),
                fields_schema=told(kind.Fields.model_json_schema(), language),
                secrets=sorted(kind.Fields.secret_names()),
                default_hosts=[*kind.hosts],
                example=_plain(kind.example),
            )
            for _, kind in sorted(registry.connections().items())
        ],
        tools=[
            AgentToolView(
                name=tool.name,
                title=_said(tool.title, language),
                description=_said(tool.description, language),
                settings_schema=told(tool.Settings.model_json_schema(), language),
                arguments_schema=None if tool.changing else tool.Arguments.model_json_schema(),
                sends_out=tool.sends_out,
                brings_in=tool.brings_in,
                connection=tool.connection,
                example=_plain(tool.example),
            )
            for _, tool in sorted(registry.tools().items())
        ],
    )


def _action(action: Action[Any], language: Language) -> ActionView:
    return ActionView(
        name=action.name,
        title=_said(action.title, language),
        description=_said(action.description, language),
        sentence=action.template(language),
        input_schema=told(_input_schema(action), language),
        output_schema=action.Output.model_json_schema(mode="serialization") if action.Output else None,
        credits=action.credits,
        timeout_s=action.timeout_s,
        max_attempts=action.retry_attempts,
        connection=action.connection,
        category=action.category,
        contains=action.contains,
        exits=[*action.leads_to],
        example=_plain(action.example),
    )


def _input_schema(action: Action[Any]) -> dict[str, JsonValue]:
    """Of a container with the shape of the steps inside, which the action itself knows nothing of."""
    schema = action.Input.model_json_schema()
    if action.contains is not None:
        step = Step.model_json_schema()
        schema["$defs"] = {**schema.get("$defs", {}), **step.pop("$defs", {}), "Step": step}
        schema["properties"][action.contains]["items"] = {"$ref": "#/$defs/Step"}
    return schema


@cache
def definition_in(language: Language) -> dict[str, JsonValue]:
    return told(Definition.model_json_schema(), language)


def _plain(example: Mapping[str, Any]) -> dict[str, JsonValue]:
    return dict(example)
