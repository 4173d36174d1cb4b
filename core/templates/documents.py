"""What a template becomes: the documents of its agents and automations, with every blank filled. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from blocks import forms
from blocks.values import Json, JsonObject
from blocks.words import Language
from core.errors import Finding
from core.places import place
from core.templates import placeholders
from core.templates.model import CHANNEL, Template, TemplateAgent, TemplateAutomation, in_language


@dataclass(frozen=True, slots=True)
class Person:
    """Who deploys: what `${me.…}` stands for."""

    email: str
    timezone: str

    @property
    def blanks(self) -> JsonObject:
        return {"email": self.email, "timezone": self.timezone}


@dataclass(frozen=True, slots=True)
class Filling:
    """Everything that the blanks of one template stand for. `without`: optional connections that are not there."""

    language: Language
    inputs: Mapping[str, Json]
    connections: Mapping[str, Json]
    agents: Mapping[str, Json]
    me: Person
    without: frozenset[str] = frozenset()

    def fill(self, value: Json) -> Json:
        values: placeholders.Values = {
            "inputs": self.inputs, "connections": self.connections, "agents": self.agents, "me": self.me.blanks,
        }  # fmt: skip
        return placeholders.filled(in_language(value, self.language), values)

    def text(self, value: Json) -> str:
        return str(self.fill(value))


def answers(template: Template, given: Mapping[str, Json], me: Person) -> tuple[JsonObject, list[Finding]]:
    """The value of every input, and what is wrong with those that were `given`."""
    defaults: JsonObject = {
        key: placeholders.filled(each.json_schema["default"], {"me": me.blanks})
        for key, each in template.inputs.items()
    }
    values: JsonObject = {**defaults, **given}
    findings = [
        Finding(place(("overrides", "inputs", *at)), message)
        for at, message in forms.faults(template.form("en"), values)
    ]
    findings += [
        Finding(f"overrides.inputs.{key}", "This is taken as it stands: leave {{, {% and {# out.")
        for key, value in given.items()
        if placeholders.is_written_in_jinja(value)
    ]
    return values, findings


def rooms(template: Template) -> Iterator[str]:
    """The inputs that name a channel of the workspace."""
    return (key for key, each in template.inputs.items() if each.json_schema.get("format") == CHANNEL)


def of_agent(agent: TemplateAgent, filling: Filling) -> JsonObject:
    """Its values as `Agents.create` takes them; `channels` too."""
    return {
        "name": agent.name.said(filling.language),
        "avatar": agent.avatar,
        "description": filling.text(agent.description.model_dump()),
        "instructions": filling.text(agent.instructions.model_dump()),
        "channels": filling.fill([*agent.channels]),
    }


def of_automation(automation: TemplateAutomation, filling: Filling) -> JsonObject:
    """A document of the definition language."""
    actions = placeholders.without_steps(list(automation.actions), set(filling.without))
    return {
        "name": automation.name.said(filling.language),
        "description": filling.text(automation.description.model_dump()),
        "trigger_type": automation.trigger_type,
        "trigger_config": filling.fill(dict(automation.trigger_config)),
        "actions": filling.fill([*actions]),
        "policy": filling.fill(dict(automation.policy)),
    }


def preview(template: Template, language: Language, me: Person, known: Mapping[str, UUID]) -> list[JsonObject]:
    """What would be deployed with the defaults: accounts that are not there by the name they are to have."""
    inputs, _ = answers(template, {}, me)
    filling = Filling(
        language,
        inputs,
        {key: str(known.get(key) or each.title.said(language)) for key, each in template.connections.items()},
        {key: each.name.said(language) for key, each in template.agents.items()},
        me,
    )
    return [of_automation(each, filling) for each in template.automations]
