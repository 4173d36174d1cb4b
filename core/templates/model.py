"""What a file of the catalogue says. Strict: whatever is not known here is an error, never silence."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, field_validator, model_validator

from blocks import forms, registry
from blocks.values import Json, JsonObject
from blocks.words import Language
from core.agents.model import AgentSettings, GivenTool
from core.templates import placeholders
from core.templates.placeholders import Placeholder

Category: TypeAlias = Literal["Customer Support", "Sales", "Content", "Dev", "Custom"]
MODEL: Final = "model"  # the purpose of the accounts that agents think with
CHANNEL: Final = "channel"  # the format of an input that names a room of the workspace
_MOST_INPUTS: Final = 8
_MINE: Final = frozenset({"email", "timezone"})  # what `${me.…}` knows

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=160)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Words(Part):
    """A text in every language of the product."""

    en: Text
    fr: Text

    def said(self, language: Language) -> str:
        return self.fr if language == "fr" else self.en


class Title(Words):
    """One line of it."""

    en: Short
    fr: Short


class NeededConnection(Part):
    """An account that the template works with. `kinds`: only these of the purpose."""

    title: Title
    why: Words
    purpose: str
    kinds: list[str] = Field(default_factory=list)
    optional: bool = False

    @model_validator(mode="after")
    def _exists(self) -> Self:
        known = registry.connections_for(self.purpose)
        if not known:
            raise ValueError(f"No kind of connection has the purpose {self.purpose!r}.")
        if unknown := sorted(set(self.kinds) - set(known)):
            raise ValueError(f"Not of the purpose {self.purpose}: {', '.join(unknown)}. There are {', '.join(known)}.")
        return self

    @property
    def usable(self) -> list[str]:
        """The kinds that will do."""
        return self.kinds or [*registry.connections_for(self.purpose)]


class TemplateInput(Part):
    """A field that whoever deploys may fill. `schema` is one of `blocks/forms.py`, always with a `default`."""

    title: Title
    description: Words | None = None
    json_schema: dict[str, JsonValue] = Field(alias="schema")

    @field_validator("json_schema")
    @classmethod
    def _has_a_default(cls, schema: JsonObject) -> JsonObject:
        forms.check({"type": "object", "properties": {"value": schema}})
        if "default" not in schema:
            raise ValueError("An input needs a default, so that nobody has to fill anything.")
        return schema


class TemplateAgent(Part):
    """`channels`: where it listens, for an agent that carries no automation of the template: it answers there."""

    name: Title
    avatar: Short
    description: Words
    instructions: Words
    tools: list[GivenTool] = Field(default_factory=list)
    settings: AgentSettings = Field(default_factory=AgentSettings)
    channels: list[str] = Field(default_factory=list)


class TemplateAutomation(Part):
    """`agent` carries it; without one it stands by itself. The rest is the definition language, with placeholders, and
    with `{en: ..., fr: ...}` wherever a text is read by people."""

    agent: Key | None = None
    name: Title
    description: Words
    trigger_type: str
    trigger_config: dict[str, JsonValue] = Field(default_factory=dict)
    actions: list[dict[str, JsonValue]] = Field(min_length=1)
    policy: dict[str, JsonValue] = Field(default_factory=dict)


class Template(Part):
    """One file. `needs` says in words what has to be there, `sample` is what its trigger brings."""

    slug: Slug
    version: int = Field(ge=1)
    category: Category
    icon: Short
    title: Title
    description: Words
    use_case: Words
    needs: Words
    connections: dict[Key, NeededConnection] = Field(default_factory=dict)
    inputs: dict[Key, TemplateInput] = Field(default_factory=dict, max_length=_MOST_INPUTS)
    agents: dict[Key, TemplateAgent] = Field(min_length=1)
    automations: list[TemplateAutomation] = Field(default_factory=list)
    sample: dict[str, JsonValue]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [*_faults_of_agents(self), *_faults_of_placeholders(self)]
        if sum(each.purpose == MODEL for each in self.connections.values()) > 1:
            faults.append("One connection for models is enough: all agents of a template think with the same.")
        if faults:
            raise ValueError(" ".join(faults))
        return self

    @property
    def thinks_with(self) -> str | None:
        """The connection that its agents reach their model through."""
        return next((key for key, each in self.connections.items() if each.purpose == MODEL), None)

    def form(self, language: Language, defaults: JsonObject | None = None) -> JsonObject:
        """The inputs as a JSON Schema in one language, with other `defaults` where they are given."""
        properties: JsonObject = {}
        for key, each in self.inputs.items():
            told: JsonObject = {"title": each.title.said(language)}
            if each.description is not None:
                told["description"] = each.description.said(language)
            if defaults is not None:
                told["default"] = defaults[key]
            properties[key] = {**each.json_schema, **told}
        return {"type": "object", "properties": properties, "additionalProperties": False}


def _faults_of_agents(template: Template) -> Iterator[str]:
    carriers = [each.agent for each in template.automations if each.agent is not None]
    for key in carriers:
        if key not in template.agents:
            yield f"There is no agent {key!r} to carry an automation; there are {[*template.agents]}."
        elif carriers.count(key) > 1:
            yield f"The agent {key} carries one automation at most."
        elif template.agents[key].channels:
            yield f"The agent {key} carries an automation, so that says where it listens: take channels away."
    ids = [step.get("id") for each in template.automations for step in each.actions]
    if None in ids:
        yield "Every action of a template has an id."
    for agent in template.agents.values():
        for tool in agent.tools:
            if (known := registry.tools().get(tool.tool)) is None:
                yield f"There is no tool {tool.tool!r}."
            elif known.connection is not None and "connection" in tool.settings:
                yield f"The tool {tool.tool} can't name a connection: accounts differ between workspaces."


def _faults_of_placeholders(template: Template) -> Iterator[str]:
    known = {
        "inputs": set(template.inputs),
        "connections": {key for key, each in template.connections.items() if each.purpose != MODEL},
        "agents": set(template.agents),
        "me": set(_MINE),
    }
    agents: Json = [each.model_dump(mode="json", by_alias=True) for each in template.agents.values()]
    rules: Json = [each.model_dump(mode="json") for each in template.automations]
    defaults: Json = [each.json_schema["default"] for each in template.inputs.values()]
    triggers: Json = [dict(each.trigger_config) for each in template.automations]
    used: set[Placeholder] = set()
    for where, part, allowed in (
        ("agents", agents, {"inputs"}),
        ("automations", rules, {"inputs", "connections", "agents", "me"}),
        ("the default of an input", defaults, {"me"}),
    ):
        yield from placeholders.faults(part)
        for each in placeholders.used(part):
            used.add(each)
            if each.root not in allowed or each.name not in known[each.root]:
                yield f"{each} (in {where}) is not declared, or can't stand there."
    named = {(each.root, each.name) for each in used}
    for root in ("inputs", "connections"):
        for name in sorted(known[root]):
            if (root, name) not in named:
                yield f"Nothing uses {root}.{name}."
    optional = {key for key, each in template.connections.items() if each.optional}
    for each in placeholders.used(triggers):
        if each.root == "connections" and each.name in optional:
            yield f"A trigger can't do without {each}: it is not optional."


def languages(value: Json) -> bool:
    """Whether it is a text in every language: `{en: ..., fr: ...}`."""
    if not isinstance(value, dict) or set(value) != {"en", "fr"}:
        return False
    return all(isinstance(each, str) for each in value.values())


def in_language(value: Json, language: Language) -> Json:
    """A copy in which every text of several languages is the one of `language`."""
    if isinstance(value, dict):
        if languages(value):
            return value[language]
        return {name: in_language(each, language) for name, each in value.items()}
    if isinstance(value, list):
        return [in_language(each, language) for each in value]
    return value
