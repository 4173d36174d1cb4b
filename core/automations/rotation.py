"""A new secret for a webhook, while the old one goes on for a while."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from blocks.sentences import said
from blocks.triggers.webhook import WebhookConfig
from blocks.values import JsonObject
from core.audit import noting as audit
from core.automations import repository, webhook_secrets
from core.automations.model import Rule, TriggerRow
from core.automations.service import Automations, webhook_config
from core.automations.signing_secrets import SigningSecret, SigningSecrets
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Finding, Invalid, NotFound

KEEP_OLD_S: Final = 86_400
LONGEST_KEEP_S: Final = 7 * 86_400

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rotated:
    """`secret` is None where the caller gave it. The old one opens the webhook until `old_until` (None: no more)."""

    webhook_id: str
    secret: str | None = field(repr=False)
    old_until: datetime | None


@dataclass(frozen=True, slots=True)
class State:
    """`set_at`: since when its present secret is the one; None: it has none yet. The one before works until
    `old_until`."""

    webhook_id: str
    config: WebhookConfig
    made_here: bool
    set_at: datetime | None
    old_until: datetime | None


# Of a plain secret the audit log says when it changed.
_STATE: Final = """
SELECT CASE WHEN t.previous_secret_until > now() THEN t.previous_secret_until END AS old_until,
    coalesce((SELECT max(a.at) FROM audit_log a WHERE a.workspace_id = $2 AND a.object_id = $3
        AND a.action = 'webhook.secret_rotated'), t.created_at) AS set_at,
    (SELECT max(s.created_at) FROM webhook_secrets s WHERE s.trigger_id = t.id) AS signing_set_at
FROM automation_triggers t WHERE t.id = $1
"""


class Rotation:
    """The service of one process."""

    def __init__(self, db: Database, automations: Automations, signing: SigningSecrets) -> None:
        self._db = db
        self._automations = automations
        self._signing = signing

    async def state(self, caller: Caller, rule_id: UUID) -> State:
        """Raises `NotFound`, `Conflict` (`no_webhook`)."""
        async with self._db.connection() as connection:
            rule = await self._automations.found(connection, caller, rule_id)
            row = await webhook_of(connection, rule)
            config = _config(rule, row)
            found = await connection.fetchrow(_STATE, row.id, caller.workspace_id, str(rule.id))
            signing = await self._signing.live(connection, rule.workspace_id, row.id)
        if found is None:
            raise NotFound("automation_not_found", f"There is no automation {rule_id} in this workspace.")
        made_here = webhook_secrets.is_made_here(config)
        if config.style is None:
            is_set = row.webhook_secret is not None
            return State(
                str(row.webhook_id), config, made_here, found["set_at"] if is_set else None, found["old_until"]
            )
        own = [each for each in signing if each.style == config.style]
        set_at = found["signing_set_at"] if own else None
        return State(str(row.webhook_id), config, made_here, set_at, next((e.live_until for e in own[1:]), None))

    async def rotate(self, caller: Caller, rule_id: UUID, *, secret: str | None, keep_old_s: int) -> Rotated:
        """Replace the secret of the automation's webhook, with one of ours where `secret` is None.

        Raises `NotFound`, `Conflict` (`no_webhook`), `Invalid` where the sender makes the secret and none is given.
        """
        caller.require("editor")
        async with self._db.transaction() as connection:
            known = await self._automations.found(connection, caller, rule_id)
            rule = await repository.find_locked(connection, caller.workspace_id, known.id)
            if rule is None:
                raise NotFound("automation_not_found", f"There is no automation {rule_id} in this workspace.")
            row = await webhook_of(connection, rule)
            config = _config(rule, row)
            text = secret or _made(config)
            webhook_secrets.require_usable(config, text, "secret")
            old_until = await self._put(connection, row, rule, style=config.style, text=text, keep_old_s=keep_old_s)
            await repository.announce(connection, rule.id)
            until: JsonObject = {"old_until": None if old_until is None else old_until.isoformat()}
            await audit.note(connection, caller, "webhook.secret_rotated", "automation", rule.id, after=until)
        _log.info(
            "webhook.rotated", automation=str(rule.id), workspace=str(rule.workspace_id), by=str(caller.user_id),
            old_until=str(old_until),
        )  # fmt: skip
        return Rotated(str(row.webhook_id), None if secret else text, old_until)

    async def _put(
        self, connection: Connection, row: TriggerRow, rule: Rule, *, style: str | None, text: str, keep_old_s: int
    ) -> datetime | None:
        if style is None:
            digest = webhook_secrets.digest(text)
            return await repository.rotate_secret(connection, row.id, digest, keep_old_s=keep_old_s)
        fresh = SigningSecret(style, text)
        return await self._signing.put(connection, rule.workspace_id, row.id, fresh, keep_old_s=keep_old_s)


async def webhook_of(connection: Connection, rule: Rule) -> TriggerRow:
    """The webhook of a rule that starts by one. Raises `Conflict` (`no_webhook`)."""
    rows = await repository.triggers(connection, rule.id)
    row = next((each for each in rows if each.webhook_id is not None), None)
    if row is None or not (row.active or rule.trigger_type == "webhook"):
        raise Conflict("no_webhook", "This automation has no webhook: give it the trigger webhook first.")
    return row


def _config(rule: Rule, row: TriggerRow) -> WebhookConfig:
    """What is live; of an automation that is not, the draft."""
    return webhook_config(row.config if row.active else rule.trigger_config)


def _made(config: WebhookConfig) -> str:
    if not webhook_secrets.is_made_here(config):
        name = str(config.style).capitalize()
        finding = Finding(
            "secret", said("{name} makes the signing secret: copy it from there and send it here.", name=name)
        )
        raise Invalid("webhook_secret_missing", f"The secret of this webhook comes from {name}.", (finding,))
    return webhook_secrets.new_secret(config.style)
