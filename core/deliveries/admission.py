"""What becomes of an arrival that was let in or turned away: a run with its delivery, or a delivery alone."""

from uuid import UUID

from blocks.values import Json
from core.db import Connection
from core.deliveries import repository
from core.deliveries.arrival import KEY_TTL, Arrival, Data, File, Key, kept_headers, kept_query
from core.deliveries.hooks import Hook
from core.ids import new_id
from core.runs import blobs
from core.runs.accept import Accepted, Delivery, NewRun, accept


async def admit(
    connection: Connection, hook: Hook, arrival: Arrival, data: Data, *, key: Key | None, delivery_id: UUID
) -> Accepted:
    """Accept the run. A `File` needs `connection` to be in a transaction."""
    if not isinstance(data, File):
        return await accept(connection, _new_run(hook, arrival, data, key, delivery_id))
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


def not_run(
    hook: Hook,
    arrival: Arrival,
    *,
    verdict: str,
    reason: str | None,
    detail: str | None,
    status: int,
    limit: int,
    key: Key | None = None,
    redelivery_of: UUID | None = None,
) -> repository.NotRun:
    """The row of an arrival that becomes no run. A body over `limit` bytes is not kept."""
    return repository.NotRun(
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
        redelivery_of=redelivery_of,
    )


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
        overlap="allow" if hook.may_overlap else None,
        metered=None if hook.metered else False,
    )
