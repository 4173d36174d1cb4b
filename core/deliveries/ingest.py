"""From an arrival to a verdict: accepted, duplicate, filtered, or a refusal that says why.

The order of the checks is the design's (engine.md, "Accepting"): exists and enabled, size, secret, rate,
dedupe, filter, commit. Every verdict is a row of the ledger.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from blocks.conditions import holds
from blocks.values import Json
from core.buckets import Buckets
from core.clock import Clock, now
from core.db import Database
from core.deliveries import repository
from core.deliveries.arrival import (
    KEY_TTL,
    Arrival,
    Data,
    File,
    Key,
    data_of,
    given_secret,
    kept_headers,
    kept_query,
    key_of,
    secret_matches,
    trigger_context,
)
from core.deliveries.hooks import Hook, Hooks
from core.errors import NotFound, RateLimited, Unauthenticated, VutlerError
from core.ids import new_id
from core.runs import blobs
from core.runs.accept import Accepted, Delivery, NewRun, accept

_log = structlog.get_logger()

KEPT_BODY: Final = 64 * 1024  # bytes of a refused body that is kept for redelivery
KEPT_STRANGER_BODY: Final = 16 * 1024  # the same where the secret was wrong
_FRESH_S: Final = 1.0

# A flood of refusals is counted, not written row by row: as many rows at once, and a second.
_REFUSALS_AT_ONCE: Final = 300
_REFUSALS_PER_SECOND: Final = 10


@dataclass(frozen=True, slots=True)
class Received:
    """The verdict on an arrival that was not refused. `run_id` of a duplicate is the first one's."""

    delivery_id: UUID
    status: str  # accepted, duplicate, filtered
    run_id: UUID | None


class Ingest:
    def __init__(self, db: Database, hooks: Hooks, *, clock: Clock = now) -> None:
        self._db = db
        self._hooks = hooks
        self._clock = clock
        self._rates = Buckets()
        self._refusals = Buckets()
        self._unwritten: dict[UUID, int] = {}

    async def hook(self, webhook_id: str) -> Hook:
        """Raises `NotFound` when there is no such webhook."""
        hook = await self._hooks.get(webhook_id)
        if hook is None:
            raise NotFound("webhook_not_found", "There is no such webhook.")
        return hook

    async def receive(self, hook: Hook, arrival: Arrival) -> Received:
        """Take the arrival in; when this returns, it is committed.

        Raises `NotFound` (`automation_disabled`), `Unauthenticated` (`wrong_secret`), `RateLimited`, `Invalid`
        (`invalid_body`): refusals, to be written down with `refuse`.
        """
        if not hook.live:
            raise NotFound("automation_disabled", "The automation of this webhook is switched off or not published.")
        await self._require_secret(hook, arrival)
        self._require_rate(hook)
        data = data_of(arrival)
        key = key_of(arrival, data, hook.config.dedupe)
        if hook.config.filter is not None and not holds(hook.config.filter, trigger_context(arrival, data)):
            return await self._filtered(hook, arrival, key)
        delivery_id = new_id()
        accepted = await self._accept(hook, arrival, data, key, delivery_id)
        return Received(delivery_id, "duplicate" if accepted.duplicate else "accepted", accepted.run_id)

    async def refuse(self, hook: Hook, arrival: Arrival, error: VutlerError, http_status: int) -> None:
        """Write the refusal into the ledger; in a flood, count it."""
        if self._refusals.take(str(hook.trigger_id), burst=_REFUSALS_AT_ONCE, per_second=_REFUSALS_PER_SECOND):
            self._unwritten[hook.trigger_id] = self._unwritten.get(hook.trigger_id, 0) + 1
            return
        unwritten = self._unwritten.pop(hook.trigger_id, 0)
        more = f" ({unwritten} more refused arrivals came before it and were only counted.)" if unwritten else ""
        if unwritten:
            _log.warning("refusals_counted_only", automation=str(hook.rule_id), count=unwritten)
        limit = KEPT_STRANGER_BODY if isinstance(error, Unauthenticated) else KEPT_BODY
        await self._write(
            hook, arrival, verdict="refused", reason=error.code, detail=error.detail + more, status=http_status,
            limit=limit,
        )  # fmt: skip

    async def _require_secret(self, hook: Hook, arrival: Arrival) -> None:
        given = given_secret(arrival)
        if secret_matches(given, hook.secrets(self._clock())):
            return
        # The secret may have been changed a moment ago, in another process.
        fresh = await self._hooks.get(hook.webhook_id, oldest_s=_FRESH_S) if given else None
        if fresh is None or not secret_matches(given, fresh.secrets(self._clock())):
            raise Unauthenticated(
                "wrong_secret",
                "The webhook's secret is missing or wrong; send it as the header X-Webhook-Secret or as ?secret=.",
            )

    def _require_rate(self, hook: Hook) -> None:
        per_second = hook.config.rate_per_min / 60
        wait = self._rates.take(str(hook.trigger_id), burst=hook.config.rate_per_min, per_second=per_second)
        if wait:
            raise RateLimited(
                "webhook_rate",
                f"More than {hook.config.rate_per_min} arrivals a minute; this webhook's rate can be raised in its"
                " automation.",
                after=wait,
            )

    async def _accept(self, hook: Hook, arrival: Arrival, data: Data, key: Key | None, delivery_id: UUID) -> Accepted:
        if not isinstance(data, File):
            async with self._db.connection() as connection:
                return await accept(connection, _new_run(hook, arrival, data, key, delivery_id))
        async with self._db.transaction() as connection:
            reference = await blobs.store(
                connection,
                workspace_id=hook.workspace_id,
                run_id=None,
                content=data.content,
                media_type=data.media_type,
            )
            accepted = await accept(connection, _new_run(hook, arrival, reference, key, delivery_id))
            await repository.settle_file(
                connection, str(reference[blobs.REFERENCE]), None if accepted.duplicate else accepted.run_id
            )
        return accepted

    async def _filtered(self, hook: Hook, arrival: Arrival, key: Key | None) -> Received:
        delivery_id = await self._write(
            hook, arrival, verdict="filtered", reason="filter", detail="The filter of the trigger is not met.",
            status=202, limit=KEPT_BODY, key=key,
        )  # fmt: skip
        return Received(delivery_id, "filtered", None)

    async def _write(
        self,
        hook: Hook,
        arrival: Arrival,
        *,
        verdict: str,
        reason: str,
        detail: str,
        status: int,
        limit: int,
        key: Key | None = None,
    ) -> UUID:
        row = repository.NotRun(
            id=new_id(),
            workspace_id=hook.workspace_id,
            rule_id=hook.rule_id,
            trigger_id=hook.trigger_id,
            verdict=verdict,
            reason=reason,
            detail=detail,
            http_status=status,
            dedupe_key=key.text if key else None,
            size=arrival.size,
            content_type=arrival.content_type,
            remote=arrival.remote,
            headers=kept_headers(arrival),
            query=kept_query(arrival),
            body=arrival.body if arrival.body and len(arrival.body) <= limit else None,
        )
        async with self._db.connection() as connection:
            await repository.add(connection, row)
        return row.id


def _new_run(hook: Hook, arrival: Arrival, data: Json, key: Key | None, delivery_id: UUID) -> NewRun:
    return NewRun(
        workspace_id=hook.workspace_id,
        rule_id=hook.rule_id,
        version=hook.version,
        trigger_type="webhook",
        data=data,
        trigger_id=hook.trigger_id,
        context={"headers": kept_headers(arrival), "query": kept_query(arrival)},
        lane=hook.lane,
        priority=hook.priority,
        key=key.text if key else None,
        key_ttl=key.ttl if key else KEY_TTL,
        delivery=Delivery(delivery_id, arrival.size, arrival.content_type, arrival.remote),
    )
