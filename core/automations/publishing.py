"""Making a definition the live version, and keeping the trigger rows in step with what is live.

Trigger rows outlive edits: a webhook keeps its address while its automation exists, a schedule its id while it is the
same schedule. All of it happens in the transaction of the caller, who holds the lock on the rule.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from blocks.sentences import said
from blocks.trigger import Trigger, TriggerModel
from blocks.triggers.cron import CronConfig
from blocks.triggers.webhook import WebhookConfig
from blocks.values import JsonObject
from core.automations import repository, webhook_secrets
from core.automations.definition import Definition, canonical, stored
from core.automations.model import Rule, TriggerRow
from core.automations.signing_secrets import SigningSecret, SigningSecrets
from core.db import Connection
from core.errors import Finding
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
    if rule.live_version is not None and live is not None and canonical(stored(live)) == document:
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
            fresh = kept[position] = _new_row(kind, config, position, active=active)
            await repository.add_trigger(connection, rule, fresh)
        else:
            changed = TriggerRow(row.id, kind, config, position, active, row.webhook_id, row.webhook_secret)
            await repository.change_trigger(connection, changed)
    for row in spare:
        if row.active:
            silent = TriggerRow(row.id, row.type, row.config, row.position, False, row.webhook_id, row.webhook_secret)
            await repository.change_trigger(connection, silent)
    await repository.mark_live(connection, rule.id, [row.id for row in kept.values()])
    await replan(connection, rule.id)
    await repository.announce(connection, rule.id)


async def ensure_webhook(
    connection: Connection, rule: Rule, config: WebhookConfig, secret: str | None, signing: SigningSecrets
) -> tuple[str | None, list[Finding]]:
    """See that the rule has a webhook (inactive when it is made here) with a secret for `config`; gives the secret to
    show once, and a warning where one is still to come from the sender.

    A given `secret` replaces the one the webhook had. Raises `Invalid` where it can't be used.
    """
    if secret is not None:
        webhook_secrets.require_usable(config, secret, "trigger_config.secret")
    rows = await repository.triggers(connection, rule.id)
    row = next((each for each in rows if each.webhook_id is not None), None)
    if row is None:
        row = _new_row("webhook", stored_config(config), 0, active=False, webhook_id=webhook_secrets.new_webhook_id())
        await repository.add_trigger(connection, rule, row)
    elif rule.live_version is None:
        draft = TriggerRow(row.id, row.type, stored_config(config), 0, False, row.webhook_id, row.webhook_secret)
        await repository.change_trigger(connection, draft)
    if config.style is not None:
        return await _ensure_signing(connection, rule, row, signing, config=config, secret=secret)
    if row.webhook_secret is None:
        shown = secret or webhook_secrets.new_secret()
        await repository.set_secret(connection, row.id, webhook_secrets.digest(shown))
        return shown, []
    if secret is not None and webhook_secrets.digest(secret) != row.webhook_secret:
        await repository.set_secret(connection, row.id, webhook_secrets.digest(secret))
    return None, []


async def _ensure_signing(
    connection: Connection,
    rule: Rule,
    row: TriggerRow,
    signing: SigningSecrets,
    *,
    config: WebhookConfig,
    secret: str | None,
) -> tuple[str | None, list[Finding]]:
    style = config.style or ""
    known = [each.text for each in await signing.live(connection, rule.workspace_id, row.id) if each.style == style]
    if secret is None and known:
        return None, []
    if secret is None and not webhook_secrets.is_made_here(config):
        message = said(
            "This webhook takes nothing yet: give it the signing secret that {service} shows you"
            " (POST .../webhook/rotate, or trigger_config.secret).",
            service=style.capitalize(),
        )
        return None, [Finding("trigger_config.secret", message, "warning")]
    text = secret or webhook_secrets.new_secret(style)
    if known[:1] != [text]:
        fresh = SigningSecret(style, text)
        await signing.put(connection, rule.workspace_id, row.id, fresh, keep_old_s=0)
    return (None if known else text), []


def stored_config(config: TriggerModel) -> JsonObject:
    """A trigger's configuration as the column `config` holds it."""
    return config.model_dump(mode="json", by_alias=True, exclude_none=True)


def _wanted(definition: Definition, kinds: Kinds) -> list[tuple[str, JsonObject]]:
    """The type and full configuration of each trigger row: one for each schedule of a cron trigger."""
    name = definition.trigger_type
    if name is None:
        return []
    config = kinds[name].Config.model_validate(definition.trigger_config)
    if isinstance(config, CronConfig):
        return [(name, each.model_dump(mode="json", exclude_none=True)) for each in config.schedules]
    return [(name, stored_config(config))]


def _new_row(
    kind: str, config: JsonObject, position: int, *, active: bool, webhook_id: str | None = None
) -> TriggerRow:
    return TriggerRow(
        id=new_id(),
        type=kind,
        config=config,
        position=position,
        active=active,
        webhook_id=webhook_id,
        webhook_secret=None,
    )
