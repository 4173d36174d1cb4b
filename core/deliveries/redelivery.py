"""Sending a kept arrival through the door once more, as its owner: after a filter was mended, a secret put right."""

from typing import Final
from uuid import UUID

from blocks.conditions import holds
from blocks.values import JsonObject
from core import idempotency
from core.caller import Caller
from core.credits import limits
from core.db import Connection, Database
from core.deliveries import repository
from core.deliveries.admission import admit, not_run
from core.deliveries.arrival import Arrival, data_of, trigger_context
from core.deliveries.hooks import Hook, Hooks
from core.deliveries.ingest import KEPT_BODY, Received
from core.deliveries.repository import DeliveryRow
from core.errors import Conflict, NotFound
from core.idempotency import Once
from core.ids import new_id

_RAN: Final = ("accepted", "duplicate")


class Redelivery:
    """The service of one process."""

    def __init__(self, db: Database, hooks: Hooks) -> None:
        self._db = db
        self._hooks = hooks

    async def redeliver(self, caller: Caller, delivery_id: UUID, once: Once | None) -> Received:
        """A new delivery of the same body and headers. Secret, rate and key are not asked for again, the filter is.

        Raises `NotFound`, `Conflict` (`body_not_kept`, `automation_disabled`), `TooLarge`, `Invalid` where the body
        can't be read, and what `core.idempotency.once` raises.
        """
        caller.require("editor")
        original, arrival = await self._kept(caller, delivery_id)
        hook = await self._live_hook(original)
        async with self._db.transaction() as connection:

            async def work() -> JsonObject:
                return await _taken_in(connection, hook, arrival, original.id)

            answer, _ = await idempotency.once(connection, once, 202, work)
        run_id = answer["run_id"]
        return Received(
            UUID(str(answer["delivery_id"])), str(answer["status"]), None if run_id is None else UUID(str(run_id))
        )

    async def _kept(self, caller: Caller, delivery_id: UUID) -> tuple[DeliveryRow, Arrival]:
        async with self._db.connection() as connection:
            found = await repository.found(connection, caller.workspace_id, delivery_id)
        if found is None:
            raise NotFound("delivery_not_found", "There is no such delivery in this workspace.")
        row, body = found
        if body is None and (row.size or row.reason == "body_too_large"):
            raise Conflict("body_not_kept", _not_kept(row))
        arrival = Arrival(
            headers=repository.texts(row.headers),
            query=repository.texts(row.query),
            remote=row.remote,
            body=body or b"",
            size=row.size,
        )
        return row, arrival

    async def _live_hook(self, row: DeliveryRow) -> Hook:
        async with self._db.connection() as connection:
            webhook_id = await repository.webhook_id(connection, row.trigger_id)
        hook = await self._hooks.get(webhook_id, oldest_s=0) if webhook_id is not None else None
        if hook is None or not hook.live:
            raise Conflict(
                "automation_disabled",
                "The automation of this delivery is switched off, not published or has no webhook any more.",
            )
        return hook


async def _taken_in(connection: Connection, hook: Hook, arrival: Arrival, original: UUID) -> JsonObject:
    if hook.payload_kb is not None:
        limits.require_size(arrival.size, hook.payload_kb, hook.plan)
    data = data_of(arrival)
    if hook.config.filter is not None and not holds(hook.config.filter, trigger_context(arrival, data)):
        row = not_run(
            hook, arrival, verdict="filtered", reason="filter", detail="The filter of the trigger is not met.",
            status=202, limit=KEPT_BODY, redelivery_of=original,
        )  # fmt: skip
        await repository.add(connection, row)
        return {"delivery_id": str(row.id), "status": "filtered", "run_id": None}
    delivery_id = new_id()
    accepted = await admit(connection, hook, arrival, data, key=None, delivery_id=delivery_id)
    await repository.name_original(connection, delivery_id, original)
    return {"delivery_id": str(delivery_id), "status": "accepted", "run_id": str(accepted.run_id)}


def _not_kept(row: DeliveryRow) -> str:
    if row.verdict in _RAN:
        return "The body of this delivery is not kept beside its run: run the automation with the input of that run."
    return "The body of this delivery was too large to be kept: ask the sender to send it again."
