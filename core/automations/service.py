"""What people do with automations. Every method stays inside the caller's workspace.

A write saves the draft and, unless it is `as_draft`, publishes it in the same transaction: what the editor stores is
what the webhook router, the scheduler and Prefect's deployments see. Templates are checked before the transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from blocks import registry
from blocks.schedule import Schedule
from blocks.triggers.cron import CronConfig
from blocks.triggers.webhook import WebhookConfig
from blocks.values import Json, JsonObject
from core import legacy
from core.audit import noting as audit
from core.automations import calls, failures, merging, publishing, reading, repository, subscribers
from core.automations.check import Checker
from core.automations.definition import Definition
from core.automations.model import Rule, Summary, TriggerRow, Version
from core.automations.reading import Reading
from core.automations.repository import Filter
from core.automations.signing_secrets import SigningSecrets
from core.caller import Caller
from core.channels.wrong import wrong_channels
from core.connections.wrong import wrong_connections
from core.credits import limits
from core.db import Connection, Database
from core.errors import Conflict, Finding, Invalid, NotFound, Stale
from core.idempotency import Made, Once, made_once
from core.schedules.fires import next_run_at, preview

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Webhook:
    """`secret` is there only in the answer of the write that made it."""

    id: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A schedule of the draft and its next times (UTC)."""

    schedule: Schedule
    next_times: list[datetime]


@dataclass(frozen=True, slots=True)
class Detail:
    """An automation with everything that belongs to it. `findings` are what is wrong with the draft."""

    rule: Rule
    webhook: Webhook | None = None
    schedules: list[Planned] = field(default_factory=list)
    next_run_at: datetime | None = None
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list. `next_run_at` is null where no schedule is live."""

    summary: Summary
    next_run_at: datetime | None


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Those that stop publishing."""
    return [finding for finding in findings if finding.severity == "error"]


class Automations:
    """The service of one process."""

    def __init__(self, db: Database, checker: Checker, signing: SigningSecrets) -> None:
        self._db = db
        self._checker = checker
        self._signing = signing

    async def create(self, caller: Caller, raw: Json, *, as_draft: bool = False, once: Once | None = None) -> Detail:
        """Raises `Invalid` with every finding, `Forbidden`, and what `idempotency.made_once` raises."""
        caller.require("editor")
        read, found = await self._accept(caller, reading.read(raw), as_draft=as_draft)
        definition = _understood(read)
        fresh: list[Detail] = []
        async with self._db.transaction() as connection:

            async def work() -> Made:
                by, on = caller.user_id, read.enabled is not False
                made = await repository.insert(connection, caller.workspace_id, definition, enabled=on, by=by)
                detail = await self._finish(connection, caller, made, read, found, as_draft=as_draft, done="created")
                fresh.append(detail)
                return made, detail.webhook.secret if detail.webhook else None

            rule_id, secret = await made_once(connection, once, work)
            if fresh:
                return fresh[0]
            return await self._detail(connection, await self.found(connection, caller, rule_id), secret=secret)

    async def listing(
        self, caller: Caller, chosen: Filter, *, before: UUID | None, limit: int
    ) -> tuple[list[Listed], UUID | None]:
        """A page, newest first, and the id to go on from."""
        async with self._db.connection() as connection:
            rows = await repository.page(connection, caller.workspace_id, chosen, before, limit + 1)
            due = await next_run_at(connection, [row.id for row in rows[:limit]])
        listed = [Listed(row, due.get(row.id)) for row in rows[:limit]]
        return listed, rows[limit - 1].id if len(rows) > limit else None

    async def get(self, caller: Caller, rule_id: UUID) -> Detail:
        """Raises `NotFound`."""
        async with self._db.connection() as connection:
            rule = await self.found(connection, caller, rule_id)
            return await self._detail(connection, rule)

    async def replace(
        self, caller: Caller, rule_id: UUID, raw: Json, *, as_draft: bool = False, revision: int | None = None
    ) -> Detail:
        """Put a whole new definition. Raises `Invalid`, `NotFound`, `Stale`, `Conflict` while a run is running."""
        caller.require("editor")
        await self.get(caller, rule_id)
        read, found = await self._accept(caller, reading.read(raw), as_draft=as_draft)
        async with self._db.transaction() as connection:
            rule = await self._locked(connection, caller, rule_id, revision)
            await _save(connection, caller, rule, read, guard=not as_draft)
            return await self._finish(connection, caller, rule.id, read, found, as_draft=as_draft)

    async def patch(
        self, caller: Caller, rule_id: UUID, raw: Json, *, as_draft: bool = False, revision: int | None = None
    ) -> Detail:
        """Change a part (JSON Merge Patch); `enabled` alone makes no new version. Raises as `replace`."""
        caller.require("editor")
        if not isinstance(raw, dict):
            raise _invalid([Finding("", 'A change is a JSON object with the new values, such as {"enabled": false}.')])
        if too_big := reading.limits(raw):
            raise _invalid([too_big])
        for attempt in range(1, _TRIES + 1):
            before = (await self.get(caller, rule_id)).rule
            read, touched = merging.apply(before.document, raw)
            found: list[Finding] = []
            if touched or read.findings:
                read, found = await self._accept(caller, read, as_draft=as_draft)
            async with self._db.transaction() as connection:
                rule = await self._locked(connection, caller, rule_id, revision)
                if rule.revision != before.revision and touched:
                    if attempt < _TRIES:
                        continue
                    raise Stale("changed_meanwhile", "Others kept changing this automation; read it again and retry.")
                if not touched and read.secret is None:
                    return await self._switch(connection, caller, rule, read.enabled)
                await _save(connection, caller, rule, read, guard=not as_draft and bool(touched & merging.GUARDED))
                return await self._finish(connection, caller, rule.id, read, found, as_draft=as_draft)
        raise AssertionError("unreachable")

    async def delete(self, caller: Caller, rule_id: UUID) -> None:
        """Its triggers fall silent; runs under way finish, and all stay readable. Raises `NotFound`."""
        caller.require("editor")
        async with self._db.transaction() as connection:
            rule = await self._locked(connection, caller, rule_id, None)
            await publishing.retire(connection, rule, by=caller.user_id)
            await audit.note(
                connection, caller, "automation.deleted", "automation", rule.id, before={"name": rule.name}
            )

    async def restore(self, caller: Caller, rule_id: UUID) -> Detail:
        """Undo a deletion: the automation is as it was, its triggers, address and secret too; what was due meanwhile is
        not caught up. Raises `Conflict` where it is not deleted, `NotFound` also when it was deleted too long ago."""
        caller.require("editor")
        async with self._db.transaction() as connection:
            known = await legacy.resolve(connection, "automation_rules", rule_id)
            deleted = await repository.find_deleted(connection, caller.workspace_id, known)
            if deleted is None:
                await self.found(connection, caller, rule_id)
                raise Conflict("automation_not_deleted", "This automation is not deleted, so there is nothing to undo.")
            await repository.unmark_deleted(connection, deleted.id, by=caller.user_id)
            rule = await self.found(connection, caller, deleted.id)
            await publishing.follow_switch(connection, rule, self._checker.triggers)
            await audit.note(
                connection, caller, "automation.restored", "automation", rule.id, after={"name": rule.name}
            )
            return await self._detail(connection, rule)

    async def duplicate(self, caller: Caller, rule_id: UUID, once: Once | None = None) -> Detail:
        """A copy, switched off, with an address and secret of its own; a draft where the original has errors."""
        caller.require("editor")
        original = (await self.get(caller, rule_id)).rule
        copy: JsonObject = {**original.document, "name": f"{original.name[:193]} (copy)", "enabled": False}
        found = await self._checker.review(reading.read(copy), str(caller.workspace_id))
        return await self.create(caller, copy, as_draft=bool(errors(found)), once=once)

    async def validate(self, caller: Caller, rule_id: UUID, raw: Json = None) -> list[Finding]:
        """Every finding of a body, or of the stored draft where there is none. Raises `NotFound`."""
        rule = (await self.get(caller, rule_id)).rule
        read = reading.read(rule.document if raw is None else raw)
        found = await self._checker.review(read, str(caller.workspace_id))
        if read.definition is None:
            return found
        async with self._db.connection() as connection:
            return [*found, *await self._missing(connection, caller, rule, read.definition)]

    async def publish(
        self, caller: Caller, rule_id: UUID, *, note: str | None = None, revision: int | None = None
    ) -> Detail:
        """Put the draft live. Raises `Invalid` with what stops it, `NotFound`, `Stale`."""
        caller.require("editor")
        draft = (await self.get(caller, rule_id)).rule
        read, found = await self._accept(caller, reading.read(draft.document), as_draft=False)
        async with self._db.transaction() as connection:
            await self._locked(connection, caller, rule_id, draft.revision if revision is None else revision)
            return await self._finish(connection, caller, draft.id, read, found, as_draft=False, note=note)

    async def rollback(self, caller: Caller, rule_id: UUID, number: int) -> Detail:
        """Publish an old version as a new one; the draft becomes it too. Raises `NotFound`, `Invalid`."""
        caller.require("editor")
        async with self._db.connection() as connection:
            rule = await self.found(connection, caller, rule_id)
            document = await repository.definition_of(connection, rule.id, number)
        if document is None:
            raise NotFound("version_not_found", f"This automation has no version {number}.")
        read, found = await self._accept(caller, reading.read(document), as_draft=False)
        async with self._db.transaction() as connection:
            rule = await self._locked(connection, caller, rule.id, None)
            await _save(connection, caller, rule, read, guard=False)
            note = f"Version {number} again"
            done = "rolled_back"
            return await self._finish(connection, caller, rule.id, read, found, as_draft=False, note=note, done=done)

    async def versions(
        self, caller: Caller, rule_id: UUID, *, before: int | None, limit: int
    ) -> tuple[list[Version], int | None]:
        """A page, newest first, and the number to go on from. Raises `NotFound`."""
        async with self._db.connection() as connection:
            rule = await self.found(connection, caller, rule_id)
            rows = await repository.versions(connection, rule.id, before, limit + 1)
        return rows[:limit], rows[limit - 1].number if len(rows) > limit else None

    async def found(self, connection: Connection, caller: Caller, rule_id: UUID) -> Rule:
        """The rule by its id, or by the one it was adopted with. Raises `NotFound`."""
        known = await legacy.resolve(connection, "automation_rules", rule_id)
        rule = await repository.find(connection, caller.workspace_id, known)
        if rule is None:
            raise _not_found(rule_id)
        return rule

    # inside ---------------------------------------------------------------------------------------------------------

    async def _accept(self, caller: Caller, read: Reading, *, as_draft: bool) -> tuple[Reading, list[Finding]]:
        """A draft may be unfinished but must be readable; what is published must be right."""
        found = await self._checker.review(read, str(caller.workspace_id))
        if read.findings or (errors(found) and not as_draft):
            raise _invalid(found)
        return read, found

    async def _locked(self, connection: Connection, caller: Caller, rule_id: UUID, revision: int | None) -> Rule:
        known = await legacy.resolve(connection, "automation_rules", rule_id)
        rule = await repository.find_locked(connection, caller.workspace_id, known)
        if rule is None:
            raise _not_found(rule_id)
        if revision is not None and rule.revision != revision:
            raise Stale(
                "automation_stale",
                f"You changed revision {revision}, it is now at {rule.revision}; read it again and redo the change.",
            )
        return rule

    async def _switch(self, connection: Connection, caller: Caller, rule: Rule, enabled: bool | None) -> Detail:
        if enabled is not None and enabled != rule.enabled:
            await repository.switch(connection, rule.id, enabled=enabled, by=caller.user_id)
            await _note_switch(connection, caller, rule, enabled=enabled)
            rule = await self.found(connection, caller, rule.id)
            await publishing.follow_switch(connection, rule, self._checker.triggers)
        return await self._detail(connection, rule)

    async def _finish(
        self,
        connection: Connection,
        caller: Caller,
        rule_id: UUID,
        read: Reading,
        found: list[Finding],
        *,
        as_draft: bool,
        note: str | None = None,
        done: str = "published",
    ) -> Detail:
        """After the draft was written: its webhook, its version, the line in the audit log, and what to show."""
        rule = await self.found(connection, caller, rule_id)
        definition = _understood(read)
        secret = None
        found = [*found, *await self._missing(connection, caller, rule, definition)]
        if errors(found) and not as_draft:
            raise _invalid(found)
        if definition.trigger_type == "webhook":
            _refuse_secret_of_draft(rule, read.secret, as_draft=as_draft)
            config = webhook_config(definition.trigger_config)
            secret, waiting = await publishing.ensure_webhook(connection, rule, config, read.secret, self._signing)
            found += waiting
        if as_draft and read.enabled is not None:
            await publishing.follow_switch(connection, rule, self._checker.triggers)
        if not as_draft:
            await publishing.publish(connection, rule, definition, self._checker.triggers, note=note, by=caller.user_id)
            rule = await self.found(connection, caller, rule_id)
        if not as_draft or done == "created":
            after: JsonObject = {"name": rule.name, "version": rule.live_version, "enabled": rule.enabled}
            await audit.note(connection, caller, f"automation.{done}", "automation", rule_id, after=after)
        return await self._detail(connection, rule, found, secret)

    async def _missing(
        self, connection: Connection, caller: Caller, rule: Rule, definition: Definition
    ) -> list[Finding]:
        """What is wrong with the automations and connections that this one names, and what the plan forbids."""
        return [
            *await limits.findings(connection, rule.workspace_id, definition, self._checker.actions),
            *await subscribers.missing(connection, rule, definition, self._checker.triggers),
            *await calls.wrong_calls(connection, rule, definition, self._checker.actions),
            *await failures.findings(connection, rule, definition),
            *await wrong_connections(connection, caller, definition, self._checker.actions),
            *await wrong_channels(connection, caller, definition, self._checker.actions, registry.connections()),
        ]

    async def _detail(
        self, connection: Connection, rule: Rule, found: list[Finding] | None = None, secret: str | None = None
    ) -> Detail:
        rows = await repository.triggers(connection, rule.id)
        due = await next_run_at(connection, [rule.id])
        return Detail(rule, _webhook(rule, rows, secret), _planned(rule), due.get(rule.id), found or [])


async def _save(connection: Connection, caller: Caller, rule: Rule, read: Reading, *, guard: bool) -> None:
    if guard and await repository.is_running(connection, rule.id):
        raise Conflict(
            "automation_running",
            "A run of this automation is running: wait for its end, or save with ?as_draft=true and publish.",
        )
    enabled = rule.enabled if read.enabled is None else read.enabled
    if enabled != rule.enabled:
        await _note_switch(connection, caller, rule, enabled=enabled)
    await repository.save(connection, rule.id, _understood(read), enabled=enabled, by=caller.user_id)


async def _note_switch(connection: Connection, caller: Caller, rule: Rule, *, enabled: bool) -> None:
    await audit.note(
        connection, caller, "automation.switched", "automation", rule.id,
        before={"enabled": rule.enabled}, after={"enabled": enabled},
    )  # fmt: skip


def _webhook(rule: Rule, rows: Sequence[TriggerRow], secret: str | None) -> Webhook | None:
    if rule.trigger_type != "webhook":
        return None
    row = next((each for each in rows if each.webhook_id is not None), None)
    return None if row is None or row.webhook_id is None else Webhook(row.webhook_id, secret)


def webhook_config(document: JsonObject) -> WebhookConfig:
    """The webhook of a definition; of an unfinished draft, that of a plain one."""
    try:
        return WebhookConfig.model_validate(document)
    except ValueError:
        return WebhookConfig()


def _planned(rule: Rule) -> list[Planned]:
    if rule.trigger_type != "cron":
        return []
    try:
        config = CronConfig.model_validate(rule.trigger_config)
    except ValueError:  # an unfinished draft
        return []
    return [Planned(each, [due.at for due in preview(each)]) for each in config.schedules]


def _refuse_secret_of_draft(rule: Rule, secret: str | None, *, as_draft: bool) -> None:
    if as_draft and secret is not None and rule.live_version is not None:
        message = "A secret takes effect at once, so it can't wait in a draft: save without ?as_draft=true."
        raise _invalid([Finding("trigger_config.secret", message)])


def _understood(read: Reading) -> Definition:
    if read.definition is None:
        raise _invalid(read.findings)
    return read.definition


def _invalid(findings: Sequence[Finding]) -> Invalid:
    wrong = len(errors(findings))
    message = f"There {'is 1 error' if wrong == 1 else f'are {wrong} errors'} in this automation."
    return Invalid("automation_invalid", message, tuple(findings))


def _not_found(rule_id: UUID) -> NotFound:
    return NotFound("automation_not_found", f"There is no automation {rule_id} in this workspace.")
