"""From an arrival to a verdict: accepted, duplicate, filtered, captured, confirmed, or a refusal that says why.

The order of the checks is the design's (engine.md, "Accepting"): exists and enabled, size, secret or signature, rate,
dedupe, filter, commit. Every verdict is a row of the ledger. Two things come before: the sample that somebody waits
for (`capture.py`) also of an automation that is not live yet, and Slack's question whether the address is ours.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from blocks.conditions import holds
from core import crash
from core.buckets import Buckets
from core.clock import Clock, now
from core.credits import limits
from core.db import Database
from core.deliveries import capture, repository, signatures
from core.deliveries.admission import admit, not_run
from core.deliveries.arrival import (
    Arrival,
    Data,
    File,
    Key,
    challenge_of,
    data_of,
    given_secret,
    key_of,
    secret_matches,
    trigger_context,
)
from core.deliveries.hooks import Hook, Hooks
from core.errors import NotFound, RateLimited, Unauthenticated, VutlerError
from core.ids import new_id
from core.runs.accept import Accepted

_log = structlog.get_logger()

KEPT_BODY: Final = 64 * 1024  # bytes of a refused body that is kept for redelivery
KEPT_STRANGER_BODY: Final = 16 * 1024  # the same where the secret was wrong
_FRESH_S: Final = 1.0

# A flood of refusals is counted, not written row by row: as many rows at once, and a second.
_REFUSALS_AT_ONCE: Final = 300
_REFUSALS_PER_SECOND: Final = 10


@dataclass(frozen=True, slots=True)
class Received:
    """The verdict on an arrival that was not refused. `run_id` of a duplicate is the first one's.

    A sample may have come with a wrong secret: then `refusal` is what to answer. `challenge` is to be sent back.
    """

    delivery_id: UUID
    status: str  # accepted, duplicate, filtered, captured, confirmed
    run_id: UUID | None = None
    refusal: VutlerError | None = None
    challenge: str | None = None


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

        Raises `NotFound` (`automation_disabled`), `Unauthenticated` (`wrong_secret`, `wrong_signature`),
        `TooLarge` (`payload_too_large`), `RateLimited`, `Invalid` (`invalid_body`), `PaymentRequired`: refusals, to be
        written down with `refuse`.
        """
        if hook.payload_kb is not None:
            limits.require_size(arrival.size, hook.payload_kb, hook.plan)
        refusal = await self._refusal(hook, arrival)
        if hook.is_armed(self._clock()):
            sample = await self._capture(hook, arrival, refusal)
            if sample is not None:
                return Received(sample, "captured", refusal=refusal)
        if refusal is None and hook.config.style is not None:
            challenge = challenge_of(hook.config.style, data_of(arrival))
            if challenge is not None:
                return await self._confirm(hook, arrival, challenge)
        if not hook.live:
            raise NotFound("automation_disabled", "The automation of this webhook is switched off or not published.")
        if refusal is not None:
            raise refusal
        self._require_rate(hook)
        data = data_of(arrival)
        key = key_of(arrival, data, hook.config)
        if hook.config.filter is not None and not holds(hook.config.filter, trigger_context(arrival, data)):
            return await self._filtered(hook, arrival, key)
        delivery_id = new_id()
        accepted = await self._accept(hook, arrival, data, key, delivery_id)
        crash.point("accepted")
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
        row = not_run(
            hook, arrival, verdict="refused", reason=error.code, detail=error.detail + more, status=http_status,
            limit=limit,
        )  # fmt: skip
        async with self._db.connection() as connection:
            await repository.add(connection, row)

    async def _refusal(self, hook: Hook, arrival: Arrival) -> Unauthenticated | None:
        """What to say to a sender who does not know the webhook's secret, else None."""
        refusal = _judged(hook, arrival, self._clock)
        if refusal is None or not _is_signed(hook, arrival):
            return refusal
        # The secret may have been changed a moment ago, in another process.
        fresh = await self._hooks.get(hook.webhook_id, oldest_s=_FRESH_S)
        return refusal if fresh is None or fresh is hook else _judged(fresh, arrival, self._clock)

    def _require_rate(self, hook: Hook) -> None:
        rate = hook.rate_per_min
        wait = self._rates.take(str(hook.trigger_id), burst=rate, per_second=rate / 60)
        if wait:
            where = "its automation" if rate == hook.config.rate_per_min else "another plan"
            raise RateLimited(
                "webhook_rate",
                f"More than {rate} arrivals a minute; this webhook's rate can be raised in {where}.",
                after=wait,
                standing=self._rates.standing(str(hook.trigger_id), name="webhook", burst=rate, per_second=rate / 60),
            )

    async def _accept(self, hook: Hook, arrival: Arrival, data: Data, key: Key | None, delivery_id: UUID) -> Accepted:
        if not isinstance(data, File):
            async with self._db.calling() as connection:
                return await admit(connection, hook, arrival, data, key=key, delivery_id=delivery_id)
        async with self._db.transaction() as connection:
            return await admit(connection, hook, arrival, data, key=key, delivery_id=delivery_id)

    async def _capture(self, hook: Hook, arrival: Arrival, refusal: VutlerError | None) -> UUID | None:
        """Keep the arrival as the sample; None when another one was quicker."""
        row = not_run(
            hook,
            arrival,
            verdict="captured",
            reason=refusal.code if refusal else None,
            detail=refusal.detail if refusal else None,
            status=401 if refusal else 202,
            limit=KEPT_STRANGER_BODY if refusal else capture.KEPT_BODY,
        )
        async with self._db.transaction() as connection:
            if not await capture.take(connection, hook.trigger_id, row.id, authentic=refusal is None):
                return None
            await repository.add(connection, row)
            await capture.announce(connection, hook.rule_id)
        return row.id

    async def _confirm(self, hook: Hook, arrival: Arrival, challenge: str) -> Received:
        row = not_run(
            hook, arrival, verdict="confirmed", reason="url_verification",
            detail="The sender asked whether this address is ours, and was answered.", status=200, limit=0,
        )  # fmt: skip
        async with self._db.connection() as connection:
            await repository.add(connection, row)
        return Received(row.id, "confirmed", challenge=challenge)

    async def _filtered(self, hook: Hook, arrival: Arrival, key: Key | None) -> Received:
        row = not_run(
            hook, arrival, verdict="filtered", reason="filter", detail="The filter of the trigger is not met.",
            status=202, limit=KEPT_BODY, key=key,
        )  # fmt: skip
        async with self._db.connection() as connection:
            await repository.add(connection, row)
        return Received(row.id, "filtered")


def _judged(hook: Hook, arrival: Arrival, clock: Clock) -> Unauthenticated | None:
    if hook.config.style is None:
        if secret_matches(given_secret(arrival), hook.secrets(clock())):
            return None
        return Unauthenticated(
            "wrong_secret",
            "The webhook's secret is missing or wrong; send it as the header X-Webhook-Secret or as ?secret=.",
        )
    moment = clock()
    reason = signatures.refusal(hook.config.style, arrival.headers, arrival.body, hook.signing_secrets(moment), moment)
    return None if reason is None else Unauthenticated("wrong_signature", reason)


def _is_signed(hook: Hook, arrival: Arrival) -> bool:
    """Whether the sender shows a secret or a signature at all."""
    if hook.config.style is None:
        return given_secret(arrival) != ""
    return signatures.SIGNATURE_HEADERS[hook.config.style] in arrival.headers
