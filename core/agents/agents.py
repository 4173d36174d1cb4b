"""What people do with agents. Every method stays inside the caller's workspace."""

import copy
import hashlib
import re
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self
from uuid import UUID

import asyncpg

from blocks.values import JsonObject
from core import clock
from core.agents import carried, checking, repository
from core.agents.model import RESERVED, Agent, AgentMail, AgentSettings, GivenTool, as_json
from core.agents.naming import require_unnamed
from core.agents.status import Standing, standing, watch
from core.audit import noting as audit
from core.automations.service import Automations, Detail
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Finding, Invalid, NotFound, Stale
from core.idempotency import Made, Once, made_once
from core.ids import new_id

_AUTOMATION: Final = ("trigger_type", "trigger_config", "actions", "policy")
_WEBHOOK: Final = """
SELECT t.webhook_id FROM agents a JOIN automation_triggers t ON t.rule_id = a.rule_id
WHERE a.id = $1 AND a.deleted_at IS NULL AND t.webhook_id IS NOT NULL LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody sets; a name that is not in `set` stays as it is.

    `provider` is a connection by id or name. `automation` holds `trigger_type`, `trigger_config`, `actions`, `policy`.
    """

    values: JsonObject = field(default_factory=dict)
    settings: AgentSettings | None = None
    tools: Sequence[GivenTool] | None = None
    email: AgentMail | None = None

    @property
    def automation(self) -> JsonObject:
        return {name: self.values[name] for name in _AUTOMATION if self.values.get(name) is not None}


# What of a draft that a template left becomes with the connections that are there now, as a patch.
Complete = Callable[[Connection, Caller, JsonObject], Awaitable[JsonObject]]


class Agents:
    """The service of one process."""

    def __init__(
        self,
        db: Database,
        everyone: Database,
        automations: Callable[[Database], Automations],
        complete: Complete | None = None,
        *,
        fallback: bool = False,
    ) -> None:
        self._fallback = fallback
        self._db = db
        self._everyone = everyone  # for senders, who have no workspace
        self._over = automations
        self._automations = automations(db)
        self._complete = complete

    def within(self, connection: Connection) -> Self:
        """The same service inside of a transaction that is under way."""
        view = copy.copy(self)
        view._db = self._db.within(connection)
        view._automations = self._over(view._db)
        return view

    async def listing(self, caller: Caller, search: str | None, *, before: UUID | None, limit: int) -> list[Agent]:
        """The newest first."""
        async with self._db.connection() as connection:
            return await repository.page(connection, caller.workspace_id, search, before, limit)

    async def get(self, caller: Caller, reference: str) -> Agent:
        """By id or slug. Raises `NotFound`."""
        async with self._db.connection() as connection:
            return await found(connection, caller, reference)

    async def called(self, caller: Caller, name: str) -> Agent:
        """By slug, id or name. Raises `NotFound`, and `Conflict` (`agent_ambiguous`) where several have the name."""
        async with self._db.connection() as connection:
            agent = await repository.named(connection, caller.workspace_id, name)
            if agent is not None:
                return agent
            several = await repository.called(connection, caller.workspace_id, name)
        if not several:
            raise _not_found(name)
        if len(several) > 1:
            slugs = ", ".join(each.slug for each in several)
            raise Conflict("agent_ambiguous", f"Several agents are called {name}; name one by its slug: {slugs}.")
        return several[0]

    async def standing(self, caller: Caller, reference: str) -> tuple[Agent, Standing]:
        """Whether it can be spoken to. Raises `NotFound`."""
        async with self._db.connection() as connection:
            agent = await found(connection, caller, reference)
            return agent, await standing(connection, agent, fallback=self._fallback)

    async def watched(self, caller: Caller) -> None:
        """Somebody watches how the agents stand."""
        async with self._db.connection() as connection:
            await watch(connection, caller.workspace_id)

    async def carrier_of(self, caller: Caller, rule_id: UUID) -> UUID | None:
        """The agent that carries an automation."""
        async with self._db.connection() as connection:
            found_id: UUID | None = await connection.fetchval(
                "SELECT agent_id FROM automation_rules WHERE id = $1 AND workspace_id = $2", rule_id,
                caller.workspace_id,
            )  # fmt: skip
        return found_id

    async def webhook_of(self, agent_id: UUID) -> str:
        """The webhook of the automation that an agent carries, for whoever sends to it. Raises `NotFound`."""
        async with self._everyone.connection() as connection:
            webhook_id: str | None = await connection.fetchval(_WEBHOOK, agent_id)
        if webhook_id is None:
            raise NotFound("webhook_not_found", "There is no such webhook.")
        return webhook_id

    async def automation_of(self, caller: Caller, agent: Agent) -> Detail | None:
        """The automation that it carries; None where nothing needed one yet."""
        return None if agent.rule_id is None else await self._automations.get(caller, agent.rule_id)

    async def create(self, caller: Caller, given: Given, once: Once | None = None) -> tuple[Agent, Detail | None]:
        """Raises `Forbidden`, `Invalid` with every finding, `Conflict` where the slug is taken, and what
        `idempotency.made_once` raises."""
        caller.require("editor")
        name = str(given.values.get("name") or "")
        blank = Agent(
            id=new_id(), workspace_id=caller.workspace_id, slug=str(given.values.get("slug") or slug_of(name)),
            name=name, avatar=None, description="", instructions="", connection_id=None, model=None, settings={},
            tools=[], channels=[], email=None, rule_id=None, enabled=True, created_by=caller.user_id,
            updated_by=caller.user_id, created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        if given.values.get("slug") is None:
            blank = replace(blank, slug=await self._free_slug(caller, blank.slug))
        async with self._db.transaction() as connection:
            inside = self.within(connection)

            async def work() -> Made:
                return (await self._save(connection, caller, blank, given, done="agent.created")).id, None

            made, _ = await made_once(connection, once, work)
            agent = await inside.get(caller, str(made))
            detail = await inside._begin_to_carry(caller, agent, given, once)
            return await inside.get(caller, str(agent.id)), detail

    async def change(
        self, caller: Caller, reference: str, given: Given, *, read: str | None = None
    ) -> tuple[Agent, Detail | None]:
        """Raises as `create`, `NotFound`, `Conflict` while its automation is changed (`automation_running`) or where
        others name the slug that changes (`agent_named`), and `Stale` where `read`, the revision that the caller has
        seen, is not the present one."""
        caller.require("editor")
        async with self._db.transaction() as connection:
            inside = self.within(connection)
            former = await found(connection, caller, reference, lock=True)
            await _require_fresh(connection, former, read)
            if given.values.get("enabled") is True:
                await inside._put_live(caller, former)
            if given.values.get("slug", former.slug) != former.slug:
                await require_unnamed(connection, former)
            changed = await self._save(connection, caller, former, given, done="agent.changed")
            detail = await inside._carry(caller, changed, given, former)
            return await inside.get(caller, str(changed.id)), detail

    async def be_heard(self, caller: Caller, members: Sequence[UUID]) -> None:
        """Agents among the new members of a channel answer there from now on, unless they carry something else, or an
        automation listens for them. Viewers change no agents: for them everything stays as it is."""
        if not caller.may("editor"):
            return
        for member in sorted(members):  # in one order, since each of them is locked
            async with self._db.transaction() as connection:
                agent = await repository.locked(connection, caller.workspace_id, str(member))
                if agent is None or await repository.listens(connection, agent):
                    continue
                automations = self._over(self._db.within(connection))
                document = carried.default_document(agent) | {"enabled": agent.enabled}
                if agent.rule_id is None:
                    detail = await automations.create(caller, document)
                    await carried.adopt(connection, agent, detail.rule.id)
                elif carried.is_bare((await automations.get(caller, agent.rule_id)).rule):
                    await automations.patch(caller, agent.rule_id, document)

    async def delete(self, caller: Caller, reference: str) -> None:
        """Its automation goes with it; runs under way finish. Raises `NotFound`, `Forbidden`."""
        caller.require("editor")
        agent = await self.get(caller, reference)
        if agent.rule_id is not None:
            with suppress(NotFound):  # somebody deleted it by itself
                await self._automations.delete(caller, agent.rule_id)
        async with self._db.transaction() as connection:
            await repository.mark_deleted(connection, agent, caller.user_id)
            await audit.note(connection, caller, "agent.deleted", "agent", agent.id, before={"name": agent.name})

    # inside ---------------------------------------------------------------------------------------------------------

    async def _save(self, connection: Connection, caller: Caller, agent: Agent, given: Given, *, done: str) -> Agent:
        changed = await self._changed(connection, caller, agent, given)
        try:
            await repository.save(connection, changed)
        except asyncpg.UniqueViolationError as error:
            message = f"The workspace has an agent {changed.slug} already; choose another slug."
            raise Conflict("agent_slug_taken", message) from error
        await audit.note(connection, caller, done, "agent", agent.id, after={"name": changed.name})
        return changed

    async def _changed(self, connection: Connection, caller: Caller, agent: Agent, given: Given) -> Agent:
        values = given.values
        changes: dict[str, Any] = {
            name: values[name]
            for name in ("name", "slug", "avatar", "description", "instructions", "model", "channels", "enabled")
            if name in values
        }
        findings = checking.wrong_slug(str(changes.get("slug", agent.slug)))
        if "provider" in values:
            row, wrong = await checking.usable(connection, caller, "provider", values["provider"], "model")
            findings += wrong
            changes["connection_id"] = row.id if row is not None else None
        if given.settings is not None:
            changes["settings"] = as_json(given.settings)
        if given.tools is not None:
            findings += await checking.wrong_tools(connection, caller, given.tools)
            changes["tools"] = [as_json(each) for each in given.tools]
        if "channels" in changes:
            findings += await checking.wrong_channels(connection, caller, changes["channels"], agent.channels)
        if "email" in values:
            findings += await checking.wrong_mail(connection, caller, given.email)
            changes["email"] = None if given.email is None else as_json(given.email)
        if findings:
            raise _invalid(findings)
        return replace(agent, **changes, updated_by=caller.user_id)

    async def _begin_to_carry(
        self, caller: Caller, agent: Agent, given: Given, once: Once | None = None
    ) -> Detail | None:
        """Make the automation that it carries, where what was set asks for one. `once` is the key of the agent."""
        wanted = given.automation
        if not wanted and not agent.channels and not agent.email:
            return None
        full: JsonObject = carried.default_document(agent) | _owners(wanted) | {"enabled": agent.enabled}
        key = None if once is None else replace(once, route=f"{once.route} automation")
        detail = await self._automations.create(caller, full, once=key)
        async with self._db.transaction() as connection:
            await carried.adopt(connection, agent, detail.rule.id)
        return detail

    async def _put_live(self, caller: Caller, agent: Agent) -> None:
        """Publish what the agent was made to carry and could not yet, for want of a connection. Raises `Invalid` with
        what is still missing."""
        if agent.rule_id is None:
            return
        rule = (await self._automations.get(caller, agent.rule_id)).rule
        if rule.live_version is not None or carried.is_bare(rule):
            return
        async with self._db.connection() as connection:
            changes = {} if self._complete is None else await self._complete(connection, caller, rule.document)
        await self._automations.patch(caller, rule.id, {"name": rule.name, "enabled": True, **changes})

    async def _carry(self, caller: Caller, agent: Agent, given: Given, former: Agent) -> Detail | None:
        """Make or change the automation that it carries, as what was set asks for."""
        if agent.rule_id is None:
            return await self._begin_to_carry(caller, agent, given)
        wanted, listens = given.automation, bool(agent.channels or agent.email)
        document = carried.default_document(agent)
        changes: JsonObject = {**wanted}
        if given.values.keys() & {"name", "description"}:
            changes |= {"name": agent.name, "description": agent.description[:5000]}
        if "enabled" in given.values:
            changes["enabled"] = agent.enabled
        detail = await self._automations.get(caller, agent.rule_id)
        if carried.is_bare(detail.rule) and not wanted and listens:
            changes = document | changes
        changes = carried.following(detail, former, agent) | changes
        if not changes:
            return detail
        return await self._automations.patch(caller, agent.rule_id, changes)

    async def _free_slug(self, caller: Caller, wanted: str) -> str:
        async with self._db.connection() as connection:
            number, slug = 2, wanted
            while slug in RESERVED or await repository.named(connection, caller.workspace_id, slug) is not None:
                slug, number = f"{wanted[:54]}-{number}", number + 1
        return slug


def _owners(wanted: JsonObject) -> JsonObject:
    """What the owner gave, without a default that belongs to another trigger."""
    return {"trigger_config": {}, "policy": {}} | wanted if "trigger_type" in wanted else wanted


def revision(agent: Agent, of_rule: int | None) -> str:
    """Of the agent with the automation that it carries: another one after each change of either."""
    return hashlib.sha256(f"{agent.updated_at.isoformat()} {of_rule}".encode()).hexdigest()[:16]


async def _require_fresh(connection: Connection, agent: Agent, read: str | None) -> None:
    if read is not None and read != revision(agent, await _revision_of_rule(connection, agent)):
        raise Stale("agent_stale", "Somebody changed this agent; read it again and redo the change.")


async def _revision_of_rule(connection: Connection, agent: Agent) -> int | None:
    found_: int | None = await connection.fetchval(
        "SELECT revision FROM automation_rules WHERE id = $1 AND workspace_id = $2", agent.rule_id, agent.workspace_id
    )
    return found_


def slug_of(name: str) -> str:
    """A slug out of a name: letters without accents, digits, "-"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:60]
    return slug if slug and slug[0].isalpha() else f"agent-{slug}".rstrip("-")[:60]


async def found(connection: Connection, caller: Caller, reference: str, *, lock: bool = False) -> Agent:
    """Raises `NotFound`."""
    find = repository.locked if lock else repository.named
    agent = await find(connection, caller.workspace_id, reference)
    if agent is None:
        raise _not_found(reference)
    return agent


def _not_found(reference: str) -> NotFound:
    return NotFound("agent_not_found", f"There is no agent {reference[:100]} in this workspace.")


def _invalid(findings: Sequence[Finding]) -> Invalid:
    return Invalid("agent_invalid", "The agent can't be saved; `errors` says why.", tuple(findings))
