"""Making a definition the live version, and keeping the trigger rows in step with what is live.

Trigger rows outlive edits: a webhook keeps its address while its automation exists, a schedule its id while it is the
same schedule. All of it happens in the transaction of the caller, who holds the lock on the rule.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from blocks.trigger import Trigger
from blocks.triggers.cron import CronConfig
from blocks.values import JsonObject
from core.automations import repository, webhook_secrets
from core.automations.definition import Definition, canonical, stored
from core.automations.model import Rule, TriggerRow
from core.db import Connection
from core.ids import new_id
from core.schedules.fires import replan

Kinds = Mapping[str, Trigger[Any]]


async def publish(
    connection: Connection, rule: Rule, definition: Definition, kinds: Kinds, *, note: str | None, by: UUID | None
) -> None:
    """Make a version of `definition` and put it live. The same definition again makes no new version."""
    document = canonical(definition)
    live = None
    if rule.live_version is not None:
        live = await repository.definition_of(connection, rule.id, rule.live_version)
    if rule.live_version is not None and live == document:
        number = rule.live_version
    else:
        number = await repository.add_version(connection, rule.id, document, note=note, by=by)
    await repository.make_live(connection, rule.id, number)
    await reconcile(connection, rule, definition, kinds, active=rule.enabled)


async def follow_switch(connection: Connection, rule: Rule, kinds: Kinds) -> None:
    """Turn the triggers of the live version on or off, as the rule is."""
    if rule.live_version is None:
        return
    document = await repository.definition_of(connection, rule.id, rule.live_version)
    if document is not None:
        await reconcile(connection, rule, stored(document), kinds, active=rule.enabled)


async def retire(connection: Connection, rule: Rule, *, by: UUID) -> None:
    """Delete the rule: its triggers fall silent, its runs stay readable."""
    await repository.mark_deleted(connection, rule.id, by=by)
    await replan(connection, rule.id)
    await repository.announce(connection, rule.id)


async def reconcile(connection: Connection, rule: Rule, definition: Definition, kinds: Kinds, *, active: bool) -> None:
    """Let the trigger rows say what `definition` says; rows that it has no use for stay, inactive."""
    spare = await repository.triggers(connection, rule.id)
    wanted = list(enumerate(_wanted(definition, kinds)))
    kept: dict[int, TriggerRow] = {}
    for exact in (True, False):  # first those that are the same, then any of the same type
        for position, (kind, config) in wanted:
            if position not in kept:
                found = next((row for row in spare if row.type == kind and (not exact or row.config == config)), None)
                if found is not None:
                    spare.remove(found)
                    kept[position] = found
    for position, (kind, config) in wanted:
        row = kept.get(position)
        if row is None:
            await repository.add_trigger(connection, rule, _new_row(kind, config, position, active=active))
        else:
            changed = TriggerRow(row.id, kind, config, position, active, row.webhook_id, row.webhook_secret)
            await repository.change_trigger(connection, changed)
    for row in spare:
        if row.active:
            silent = TriggerRow(row.id, row.type, row.config, row.position, False, row.webhook_id, row.webhook_secret)
            await repository.change_trigger(connection, silent)
    await replan(connection, rule.id)
    await repository.announce(connection, rule.id)


async def ensure_webhook(connection: Connection, rule: Rule, secret: str | None) -> tuple[TriggerRow, str | None]:
    """The rule's webhook, made (inactive) when it has none yet: with the secret to show once.

    A given `secret` of an existing webhook replaces the one it had.
    """
    rows = await repository.triggers(connection, rule.id)
    row = next((each for each in rows if each.webhook_id is not None), None)
    if row is None:
        shown = secret or webhook_secrets.new_secret()
        row = _new_row("webhook", {}, 0, active=False, secret=shown)
        await repository.add_trigger(connection, rule, row)
        return row, shown
    if secret is not None and webhook_secrets.digest(secret) != row.webhook_secret:
        await repository.set_secret(connection, row.id, webhook_secrets.digest(secret))
    return row, None


def _wanted(definition: Definition, kinds: Kinds) -> list[tuple[str, JsonObject]]:
    """The type and full configuration of each trigger row: one for each schedule of a cron trigger."""
    name = definition.trigger_type
    if name is None:
        return []
    config = kinds[name].Config.model_validate(definition.trigger_config)
    if isinstance(config, CronConfig):
        return [(name, each.model_dump(mode="json", exclude_none=True)) for each in config.schedules]
    return [(name, config.model_dump(mode="json", by_alias=True, exclude_none=True))]


def _new_row(kind: str, config: JsonObject, position: int, *, active: bool, secret: str | None = None) -> TriggerRow:
    return TriggerRow(
        id=new_id(),
        type=kind,
        config=config,
        position=position,
        active=active,
        webhook_id=webhook_secrets.new_webhook_id() if secret else None,
        webhook_secret=webhook_secrets.digest(secret) if secret else None,
    )
