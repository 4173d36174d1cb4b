"""Deploying one template: its agents, their automations, and the channels that are not there yet."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from blocks.sentences import said
from blocks.values import Json, JsonObject
from blocks.words import Language
from core import jsontext
from core.accounts import repository as people
from core.agents import carried
from core.agents.agents import Agents, Given, slug_of
from core.agents.model import RESERVED, Agent
from core.audit import noting as audit
from core.automations.service import Automations, Detail
from core.caller import Caller
from core.channels import repository as channels
from core.channels.rooms import Channels, Wanted
from core.db import Connection, Database
from core.errors import Finding, Invalid
from core.idempotency import Made
from core.templates import accounts, documents, placeholders
from core.templates.accounts import Chosen
from core.templates.documents import Filling, Person
from core.templates.model import Template, TemplateAutomation

Over = Callable[[Database], tuple[Agents, Automations]]

_LONGEST_NAME: Final = 200
_NAMES: Final = "SELECT lower(name) FROM agents WHERE workspace_id = $1 AND deleted_at IS NULL"
_SLUGS: Final = "SELECT slug FROM agents WHERE workspace_id = $1 AND deleted_at IS NULL"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What whoever deploys wants otherwise. `name` to `channels` are the first agent's; `connections` are ids or names
    by the template's names for them (null: go without), `inputs` values of its fields."""

    name: str | None = None
    avatar: str | None = None
    instructions: str | None = None
    model: str | None = None
    channels: list[str] | None = None
    connections: Mapping[str, str | None] = field(default_factory=dict)
    inputs: Mapping[str, Json] = field(default_factory=dict)
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """Who deploys what, with which wishes, in which language."""

    caller: Caller
    template: Template
    overrides: Overrides
    language: Language


@dataclass(slots=True)
class Deploying:
    """One deployment, inside of its transaction."""

    connection: Connection
    rooms: Channels
    agents: Agents
    automations: Automations
    order: Order
    me: Person
    chosen: Chosen
    inputs: JsonObject

    @classmethod
    async def begin(cls, db: Database, connection: Connection, over: Over, order: Order) -> "Deploying":
        """`db` is the database within the transaction of `connection`. One at a time in a workspace, so that names are
        free still when they are taken. Raises `Invalid`."""
        caller, template = order.caller, order.template
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _lock_number(caller.workspace_id))
        me = await person(connection, caller)
        there = await accounts.usable(connection, caller)
        chosen, findings = accounts.choose(template, there, order.overrides.connections)
        inputs, faults = documents.answers(template, order.overrides.inputs, me)
        faults += await _wrong_channels(connection, order)
        if findings or faults:
            raise _invalid(*findings, *faults)
        agents, automations = over(db)
        return cls(connection, Channels(db), agents, automations, order, me, chosen, inputs)

    async def all(self) -> Made:
        for key in documents.rooms(self.order.template):
            self.inputs[key] = await self._room(f"overrides.inputs.{key}", str(self.inputs[key]))
        made = await self._agents()
        secrets: list[Json] = []
        for automation in self.order.template.automations:
            detail = await self._automation(automation, made)
            secrets.append([str(detail.rule.id), detail.webhook.secret if detail.webhook else None])
        first = next(iter(made.values()))
        after: JsonObject = {
            "template": self.order.template.slug, "version": self.order.template.version,
            "missing": [*self.chosen.missing],
        }  # fmt: skip
        await audit.note(self.connection, self.order.caller, "template.deployed", "agent", first.id, after=after)
        record: JsonObject = {
            "agents": [str(each.id) for each in made.values()], "automations": secrets,
            "missing": [*self.chosen.missing],
        }  # fmt: skip
        return first.id, jsontext.dump_text(record)

    @property
    def enabled(self) -> bool:
        return self.order.overrides.enabled and not self.chosen.missing

    async def _room(self, at: str, reference: str) -> str:
        """The id of a channel that the caller may see; one of a new name is made."""
        caller = self.order.caller
        known = await channels.named(self.connection, caller.workspace_id, reference)
        if known is not None and await _sees(self.connection, caller, known.id):
            return str(known.id)
        if known is not None or _is_id(reference):
            raise _invalid(_no_channel(at, reference))
        listed = await self.rooms.create(caller, Wanted(name=reference.lstrip("#")))
        return str(listed.channel.id)

    def _filling(self, agents: Mapping[str, Json]) -> Filling:
        """With the name of what is missing in its place, so that an account of that name completes it."""
        needed = self.order.template.connections
        named = {
            key: str(self.chosen.accounts[key].id)
            if key in self.chosen.accounts
            else each.title.said(self.order.language)
            for key, each in needed.items()
        }
        without = {key for key in needed if key not in self.chosen.accounts and key not in self.chosen.missing}
        return Filling(self.order.language, self.inputs, named, agents, self.me, frozenset(without))

    async def _agents(self) -> dict[str, Agent]:
        filling, made = self._filling({}), dict[str, Agent]()
        model = self.order.template.thinks_with
        for number, (key, each) in enumerate(self.order.template.agents.items()):
            values: JsonObject = {**documents.of_agent(each, filling), "enabled": self.enabled}
            if number == 0:
                values |= _overridden(self.order.overrides)
            if model is not None and self.order.overrides.connections.get(model) is not None:
                values["provider"] = str(self.chosen.accounts[model].id)
            if self.order.overrides.model is not None:
                values["model"] = self.order.overrides.model
            values["name"], values["slug"] = await self._free(str(values["name"]))
            agent, _ = await self.agents.create(self.order.caller, Given(values, each.settings, each.tools))
            made[key] = agent
        return made

    async def _free(self, name: str) -> tuple[str, str]:
        """The name with a number behind it, where the workspace has one of that name or slug already."""
        taken = {row[0] for row in await self.connection.fetch(_NAMES, self.order.caller.workspace_id)}
        slugs = {row[0] for row in await self.connection.fetch(_SLUGS, self.order.caller.workspace_id)} | RESERVED
        number, free, slug = 1, name, slug_of(name)
        while free.lower() in taken or slug in slugs:
            number += 1
            free, slug = f"{name[: _LONGEST_NAME - 6]} {number}", f"{slug_of(name)[:54]}-{number}"
        return free, slug

    async def _automation(self, automation: TemplateAutomation, agents: Mapping[str, Agent]) -> Detail:
        document = documents.of_automation(automation, self._filling({key: each.slug for key, each in agents.items()}))
        carrier = agents.get(automation.agent or "")
        if carrier is not None:
            document["name"] = carrier.name
        named = placeholders.used(automation.model_dump(mode="json"))
        unfinished = any(each.root == "connections" and each.name in self.chosen.missing for each in named)
        detail = await self.automations.create(
            self.order.caller, document | {"enabled": self.enabled}, as_draft=unfinished
        )
        if carrier is not None:
            await carried.adopt(self.connection, carrier, detail.rule.id)
        return detail


def _overridden(overrides: Overrides) -> JsonObject:
    given: JsonObject = {
        "name": overrides.name, "avatar": overrides.avatar, "instructions": overrides.instructions,
        "channels": None if overrides.channels is None else [*overrides.channels],
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not None}


async def _wrong_channels(connection: Connection, order: Order) -> list[Finding]:
    given, first = order.overrides.channels, next(iter(order.template.agents.values()))
    if given is None:
        return []
    if not first.channels:
        message = "This agent is started by its automation, and listens in no channel: leave channels out."
        return [Finding("overrides.channels", message)]
    return [
        _no_channel(f"overrides.channels[{number}]", each)
        for number, each in enumerate(given)
        if not await _sees(connection, order.caller, UUID(each))
    ]


async def _sees(connection: Connection, caller: Caller, channel_id: UUID) -> bool:
    admin = caller.may("admin")
    return await channels.find(connection, caller.workspace_id, channel_id, caller.user_id, admin=admin) is not None


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _no_channel(at: str, reference: str) -> Finding:
    return Finding(
        at, said("There is no channel {name} in this workspace that you may see.", name=repr(reference[:100]))
    )


def _invalid(*findings: Finding) -> Invalid:
    return Invalid("template_invalid", "The template can't be deployed like this; `errors` says why.", findings)


async def person(connection: Connection, caller: Caller) -> Person:
    """What a template knows of whoever deploys it."""
    user = await people.user(connection, caller.user_id)
    return Person("", "UTC") if user is None else Person(user.email, user.timezone)


def _lock_number(workspace_id: UUID) -> int:
    return int.from_bytes(hashlib.sha256(b"templates" + workspace_id.bytes).digest()[:8], signed=True)
