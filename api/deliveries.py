"""The ledger of arrivals."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.idempotency import OnceDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute

router = APIRouter(prefix="/api", tags=["webhooks"], route_class=StrictRoute)

_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "automation_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "trigger_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a03",
    "received_at": "2026-11-20T09:00:00Z",
    "verdict": "accepted",
    "reason": None,
    "detail": None,
    "http_status": 202,
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "dedupe_key": "evt-17",
    "size": 42,
    "content_type": "application/json",
    "remote": "203.0.113.7",
    "headers": {"content-type": "application/json", "x-webhook-secret": "***"},
    "query": {},
    "has_body": False,
    "redelivery_of": None,
}
Verdict = Literal["accepted", "duplicate", "filtered", "refused", "captured", "confirmed"]


class DeliveryView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _EXAMPLE})

    id: UUID
    automation_id: UUID
    trigger_id: UUID
    received_at: datetime
    verdict: Verdict = Field(description="captured: kept as a sample; confirmed: the sender asked for the address")
    reason: str | None = Field(description="code of a refusal; of a sample, what was wrong with it")
    detail: str | None
    http_status: int = Field(description="what the sender was answered")
    run_id: UUID | None = Field(description="of a duplicate, the first one's")
    dedupe_key: str | None
    size: int = Field(description="bytes of the body")
    content_type: str | None
    remote: str | None
    headers: JsonValue = Field(description="secrets masked")
    query: JsonValue
    has_body: bool = Field(description="the body of what became no run is kept, for redelivery")
    redelivery_of: UUID | None = Field(description="the delivery that this one repeats")


class DeliveriesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[DeliveryView]
    next_cursor: str | None


@router.get("/deliveries", summary="List arrivals", responses=documented(401, 404, 422))
async def deliveries(
    *,
    caller: CallerDep,
    services: ServicesDep,
    automation_id: UUID | None = None,
    verdict: Verdict | None = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> DeliveriesView:
    """Everything that arrived at the workspace's webhooks, with its verdict, the newest first."""
    rows = await services.ledger.listed(
        caller, rule_id=automation_id, verdict=verdict, before=id_cursor(cursor), limit=limit + 1
    )
    return DeliveriesView(
        items=[DeliveryView.model_validate(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


class RedeliveredView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3b",
                "delivery_id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e5",
                "redelivery_of": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
                "status": "accepted",
            }
        }
    )

    run_id: UUID | None
    delivery_id: UUID = Field(description="of the new delivery")
    redelivery_of: UUID
    status: Literal["accepted", "filtered"]


@router.post(
    "/deliveries/{delivery_id:uuid}/redeliver",
    status_code=202,
    summary="Deliver once more",
    responses=documented(401, 402, 403, 404, 409, 413, 422, 429),
)
async def redeliver(
    delivery_id: Annotated[UUID, Path(description="id of a delivery")],
    caller: CallerDep,
    services: ServicesDep,
    once: OnceDep,
) -> RedeliveredView:
    """Takes the kept body through the door again. You answer for it, so its secret, rate and key are not checked; the
    filter is. 409 where the body was not kept: of what became a run, the run's input is."""
    received = await services.redelivery.redeliver(caller, delivery_id, once)
    return RedeliveredView.model_validate(
        {
            "run_id": received.run_id,
            "delivery_id": received.delivery_id,
            "redelivery_of": delivery_id,
            "status": received.status,
        }
    )
