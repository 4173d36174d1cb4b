"""Capture the next request: for a few minutes the next arrival at a webhook is kept as a sample and starts no run.

It shows what a sender really sends before (or while) an automation is written for it; also one with a wrong secret
is kept, and marked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from blocks.values import Json
from core.audit import noting as audit
from core.automations.rotation import webhook_of
from core.automations.service import Automations
from core.caller import Caller
from core.db import Connection, Database
from core.deliveries import repository
from core.deliveries.arrival import Arrival, File, data_of
from core.deliveries.hooks import Hooks
from core.deliveries.repository import DeliveryRow
from core.errors import Invalid
from core.runs.channels import CONFIG

ARMED_S: Final = 300
KEPT_BODY: Final = 1024 * 1024  # bytes

_ARM = """
INSERT INTO webhook_captures (trigger_id, armed_until, armed_by)
VALUES ($1, clock_timestamp() + make_interval(secs => $2), $3)
ON CONFLICT (trigger_id) DO UPDATE
    SET armed_until = excluded.armed_until, armed_by = excluded.armed_by, delivery_id = NULL, authentic = NULL
"""
_TAKE = """
UPDATE webhook_captures SET delivery_id = $2, authentic = $3
WHERE trigger_id = $1 AND delivery_id IS NULL AND armed_until > clock_timestamp() RETURNING trigger_id
"""
_STATE = """
SELECT armed_until, delivery_id, authentic, armed_until > clock_timestamp() AS armed
FROM webhook_captures WHERE trigger_id = $1
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was captured. `data` is what `trigger.data` would be; None where `problem` says why it can't be read.

    `authentic`: it came with the right secret or signature.
    """

    delivery: DeliveryRow
    authentic: bool
    data: Json
    problem: str | None


@dataclass(frozen=True, slots=True)
class Capture:
    """`state` is idle, armed (until `armed_until`) or captured (then there is a `sample`)."""

    state: str
    armed_until: datetime | None = None
    sample: Sample | None = None


class Captures:
    """The service of one process."""

    def __init__(self, db: Database, automations: Automations, hooks: Hooks) -> None:
        self._db = db
        self._automations = automations
        self._hooks = hooks

    async def arm(self, caller: Caller, rule_id: UUID) -> Capture:
        """Wait for the next request from now on; an older sample is let go. Raises `NotFound`, `Conflict`."""
        caller.require("editor")
        async with self._db.transaction() as connection:
            rule = await self._automations.found(connection, caller, rule_id)
            row = await webhook_of(connection, rule)
            await connection.execute(_ARM, row.id, float(ARMED_S), caller.user_id)
            await announce(connection, rule.id)
            await audit.note(connection, caller, "webhook.capture_armed", "automation", rule.id)
            found = await _state(connection, caller, row.id)
        self._hooks.forget(str(rule.id))  # here at once, elsewhere when the notice arrives
        return found

    async def state(self, caller: Caller, rule_id: UUID) -> Capture:
        """Raises `NotFound`, `Conflict` where the automation has no webhook."""
        async with self._db.connection() as connection:
            rule = await self._automations.found(connection, caller, rule_id)
            row = await webhook_of(connection, rule)
            return await _state(connection, caller, row.id)


async def take(connection: Connection, trigger_id: UUID, delivery_id: UUID, *, authentic: bool) -> bool:
    """Make this delivery the sample; False when the capture is not armed any more. In the transaction that adds it."""
    return await connection.fetchval(_TAKE, trigger_id, delivery_id, authentic) is not None


async def announce(connection: Connection, rule_id: UUID) -> None:
    """Tell the caches of webhooks, when the transaction commits."""
    await connection.execute("SELECT pg_notify($1, $2)", CONFIG, str(rule_id))


async def _state(connection: Connection, caller: Caller, trigger_id: UUID) -> Capture:
    row = await connection.fetchrow(_STATE, trigger_id)
    if row is None:
        return Capture("idle")
    if row["delivery_id"] is None:
        return Capture("armed", row["armed_until"]) if row["armed"] else Capture("idle")
    found = await repository.found(connection, caller.workspace_id, row["delivery_id"])
    if found is None:  # its retention is over
        return Capture("idle")
    return Capture("captured", sample=_sample(*found, authentic=row["authentic"]))


def _sample(delivery: DeliveryRow, body: bytes | None, *, authentic: bool) -> Sample:
    if body is None and delivery.size:
        return Sample(delivery, authentic, None, "The body was too large to be kept.")
    try:
        data = data_of(Arrival(repository.texts(delivery.headers), {}, None, body or b""))
    except Invalid as error:
        return Sample(delivery, authentic, None, " ".join(each.message for each in error.findings))
    if isinstance(data, File):
        return Sample(delivery, authentic, None, f"The body is a file of the type {data.media_type}.")
    return Sample(delivery, authentic, data, None)
