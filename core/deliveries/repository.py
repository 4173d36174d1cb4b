"""The SQL of webhooks and of the ledger of arrivals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from blocks.values import Json, JsonObject
from core.db import Connection

_HOOK = """
SELECT t.id AS trigger_id, t.rule_id, t.workspace_id, t.config, t.webhook_secret, t.previous_secret,
       t.previous_secret_until, r.live_version AS version,
       t.active AND r.enabled AND r.deleted_at IS NULL AND r.live_version IS NOT NULL AS live,
       coalesce(v.definition->'policy', '{}') AS policy, c.armed_until,
       coalesce(p.metered, false) AS metered, p.webhooks_per_min, p.payload_kb, p.name AS plan
FROM automation_triggers t
JOIN automation_rules r ON r.id = t.rule_id
LEFT JOIN webhook_captures c ON c.trigger_id = t.id AND c.delivery_id IS NULL AND r.deleted_at IS NULL
LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
LEFT JOIN workspaces w ON w.id = t.workspace_id
LEFT JOIN plans p ON p.name = w.plan
WHERE t.webhook_id = $1 AND t.type = 'webhook'
"""
_REFUSE = """
INSERT INTO deliveries (id, workspace_id, rule_id, trigger_id, verdict, reason, detail, http_status, dedupe_key,
                        size, content_type, remote, headers, query, body, redelivery_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::smallint, $9, $10, $11, $12, $13, $14, $15, $16)
"""
_COLUMNS: Final = """id, rule_id AS automation_id, trigger_id, received_at, verdict, reason, detail, http_status,
    run_id, dedupe_key, size, content_type, remote, headers, query, body IS NOT NULL AS has_body, redelivery_of"""


@dataclass(frozen=True, slots=True)
class HookRow:
    trigger_id: UUID
    rule_id: UUID
    workspace_id: UUID
    config: JsonObject
    webhook_secret: str | None
    previous_secret: str | None
    previous_secret_until: datetime | None
    version: int | None
    live: bool
    policy: JsonObject
    armed_until: datetime | None
    metered: bool
    webhooks_per_min: int | None
    payload_kb: int | None
    plan: str | None


@dataclass(frozen=True, slots=True)
class NotRun:
    """An arrival that became no run."""

    id: UUID
    workspace_id: UUID
    rule_id: UUID
    trigger_id: UUID
    verdict: str  # filtered, refused, captured, confirmed
    reason: str | None
    detail: str | None
    http_status: int
    dedupe_key: str | None
    size: int
    content_type: str | None
    remote: str | None
    headers: JsonObject
    query: JsonObject
    body: bytes | None
    redelivery_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    id: UUID
    automation_id: UUID
    trigger_id: UUID
    received_at: datetime
    verdict: str
    reason: str | None
    detail: str | None
    http_status: int
    run_id: UUID | None
    dedupe_key: str | None
    size: int
    content_type: str | None
    remote: str | None
    headers: Json
    query: Json
    has_body: bool
    redelivery_of: UUID | None


def texts(kept: Json) -> dict[str, str]:
    """The headers or the query of a delivery as they were."""
    return {name: str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


async def hook(connection: Connection, webhook_id: str) -> HookRow | None:
    row = await connection.fetchrow(_HOOK, webhook_id)
    return None if row is None else HookRow(**row)


async def add(connection: Connection, arrival: NotRun) -> None:
    await connection.execute(
        _REFUSE,
        arrival.id, arrival.workspace_id, arrival.rule_id, arrival.trigger_id, arrival.verdict, arrival.reason,
        arrival.detail, arrival.http_status, arrival.dedupe_key, arrival.size, arrival.content_type, arrival.remote,
        arrival.headers, arrival.query, arrival.body, arrival.redelivery_of,
    )  # fmt: skip


async def settle_file(connection: Connection, blob_id: str, run_id: UUID | None) -> None:
    """Give the file of an arrival to its run, or drop it (None: a duplicate needs none)."""
    if run_id is None:
        await connection.execute("DELETE FROM blobs WHERE id = $1", UUID(blob_id))
    else:
        await connection.execute("UPDATE blobs SET run_id = $2 WHERE id = $1", UUID(blob_id), run_id)


async def name_original(connection: Connection, delivery_id: UUID, original: UUID) -> None:
    """Say of a delivery which one it repeats."""
    await connection.execute("UPDATE deliveries SET redelivery_of = $2 WHERE id = $1", delivery_id, original)


async def found(
    connection: Connection, workspace_id: UUID, delivery_id: UUID
) -> tuple[DeliveryRow, bytes | None] | None:
    """One delivery and its body, where that was kept."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS}, body FROM deliveries WHERE id = $1 AND workspace_id = $2", delivery_id, workspace_id
    )
    if row is None:
        return None
    columns = dict(row)
    body: bytes | None = columns.pop("body")
    return DeliveryRow(**columns), body


async def webhook_id(connection: Connection, trigger_id: UUID) -> str | None:
    found: str | None = await connection.fetchval(
        "SELECT webhook_id FROM automation_triggers WHERE id = $1", trigger_id
    )
    return found


async def listed(
    connection: Connection,
    workspace_id: UUID,
    *,
    rule_id: UUID | None,
    verdict: str | None,
    before: UUID | None,
    limit: int,
) -> list[DeliveryRow]:
    """The newest first."""
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS} FROM deliveries
            WHERE workspace_id = $1 AND ($2::uuid IS NULL OR rule_id = $2) AND ($3::text IS NULL OR verdict = $3)
              AND ($4::uuid IS NULL OR id < $4)
            ORDER BY id DESC LIMIT $5""",
        workspace_id,
        rule_id,
        verdict,
        before,
        limit,
    )
    return [DeliveryRow(**row) for row in rows]
