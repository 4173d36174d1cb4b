"""The webhooks of this process, cached: the rows the editor writes, at most 5 s old. Secrets of signed ones are in
clear here and nowhere else.

A change is announced (NOTIFY `vutler_config`) and forgets the automation's hooks at once; the age limit is the net
below a missed notice. What is not known, or not live, is asked for every time: a published automation can't answer
404 because of this cache.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final
from uuid import UUID

from blocks.triggers.webhook import WebhookConfig
from core.automations.definition import PRIORITIES
from core.automations.signing_secrets import SigningSecret, SigningSecrets
from core.db import Connection, Database
from core.deliveries import repository

OLDEST_S: Final = 5.0
_MOST: Final = 10_000
_LONGEST_ID: Final = 64  # characters, the column's width


@dataclass(frozen=True, slots=True)
class Hook:
    """Everything the accept path needs to know of a webhook. `secret` and `previous_secret` are SHA-256, hexadecimal;
    `signing` are the secrets of a signed one. `armed_until`: the next arrival is a sample (`capture.py`).
    `may_overlap`: its runs run beside each other. `metered`: the plan of its workspace counts runs or credits;
    `most_per_min` and `payload_kb`: arrivals, and KiB of each, that the plan allows, where it says so."""

    webhook_id: str
    trigger_id: UUID
    rule_id: UUID
    workspace_id: UUID
    config: WebhookConfig
    secret: str | None
    previous_secret: str | None
    previous_secret_until: datetime | None
    version: int
    live: bool
    lane: str
    priority: int
    loaded_at: float  # monotonic seconds
    armed_until: datetime | None = None
    signing: tuple[SigningSecret, ...] = ()
    may_overlap: bool = False
    metered: bool = True
    most_per_min: int | None = None
    payload_kb: int | None = None
    plan: str | None = None

    @property
    def rate_per_min(self) -> int:
        """Arrivals that are let in: what the automation says, and no more than the plan does."""
        return min(self.config.rate_per_min, self.most_per_min or self.config.rate_per_min)

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """The hashes that open this hook at `now`: one, or two while rotating."""
        hashes = [self.secret] if self.secret else []
        if self.previous_secret and self.previous_secret_until and now < self.previous_secret_until:
            hashes.append(self.previous_secret)
        return tuple(hashes)

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets whose signatures open this hook at `now`."""
        live = (each for each in self.signing if each.live_until is None or now < each.live_until)
        return tuple(each.text for each in live if each.style == self.config.style)

    def is_armed(self, now: datetime) -> bool:
        return self.armed_until is not None and now < self.armed_until


class Hooks:
    def __init__(self, db: Database, secrets: SigningSecrets) -> None:
        self._db = db
        self._secrets = secrets
        self._known: dict[str, Hook] = {}
        self._loading: dict[str, asyncio.Task[Hook | None]] = {}
        self._changes = 0

    async def get(self, webhook_id: str, *, oldest_s: float = OLDEST_S) -> Hook | None:
        """The hook as it was at most `oldest_s` seconds ago; None when there is none of this id."""
        known = self._known.get(webhook_id)
        if known is not None and known.live and monotonic() - known.loaded_at < oldest_s:
            return known
        if not webhook_id or len(webhook_id) > _LONGEST_ID or "\x00" in webhook_id:
            return None
        return await self._load_once(webhook_id)

    def forget(self, rule_id: str) -> None:
        """The automation changed (payload of `vutler_config`)."""
        self._changes += 1
        for webhook_id in [each.webhook_id for each in self._known.values() if str(each.rule_id) == rule_id]:
            del self._known[webhook_id]

    def forget_all(self) -> None:
        """Notices were missed."""
        self._changes += 1
        self._known.clear()

    async def _load_once(self, webhook_id: str) -> Hook | None:
        """One query, however many ask at the same moment."""
        task = self._loading.get(webhook_id)
        if task is None:
            task = asyncio.create_task(self._load(webhook_id))
            self._loading[webhook_id] = task
            task.add_done_callback(lambda _done: self._loading.pop(webhook_id, None))
        return await asyncio.shield(task)

    async def _load(self, webhook_id: str) -> Hook | None:
        while True:
            changes = self._changes
            async with self._db.connection() as connection:
                row = await repository.hook(connection, webhook_id)
                signing = await self._signing(connection, row)
            if changes == self._changes:
                break  # else a change was announced meanwhile: what was read may be older than it
        self._known.pop(webhook_id, None)
        if row is None:
            return None
        hook = _hook(webhook_id, row, signing)
        if hook.live:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[webhook_id] = hook
        return hook

    async def _signing(self, connection: Connection, row: repository.HookRow | None) -> tuple[SigningSecret, ...]:
        if row is None or row.config.get("auth") != "hmac":
            return ()
        return tuple(await self._secrets.live(connection, row.workspace_id, row.trigger_id))


def _hook(webhook_id: str, row: repository.HookRow, signing: tuple[SigningSecret, ...]) -> Hook:
    return Hook(
        webhook_id=webhook_id,
        trigger_id=row.trigger_id,
        rule_id=row.rule_id,
        workspace_id=row.workspace_id,
        config=WebhookConfig.model_validate(row.config),
        secret=row.webhook_secret,
        previous_secret=row.previous_secret,
        previous_secret_until=row.previous_secret_until,
        version=row.version or 0,
        live=row.live,
        lane=str(row.policy.get("lane") or "warm"),
        priority=PRIORITIES.get(str(row.policy.get("priority")), 0),
        loaded_at=monotonic(),
        armed_until=row.armed_until,
        signing=signing,
        may_overlap=row.policy.get("overlap", "allow") == "allow",
        metered=row.metered,
        most_per_min=row.webhooks_per_min,
        payload_kb=row.payload_kb,
        plan=row.plan,
    )
