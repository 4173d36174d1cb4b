"""What somebody of the workspace should look at."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.alerts.service import Chosen

router = APIRouter(prefix="/api", tags=["alerts"], route_class=StrictRoute)

_FIRST: Final = "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02"
_SECOND: Final = "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a03"
_ROOT: Final = "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a"
_TITLE: Final = "Automations start each other: Orders -> Stock -> Orders -> Stock"
_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-5b6c7d8e9f01",
    "kind": "too_deep",
    "severity": "warning",
    "automation_id": _SECOND,
    "automation_name": "Stock",
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3c",
    "root_id": _ROOT,
    "title": _TITLE,
    "text": "Stock was not started: it would be run 4 of a chain of automations that start each other (Orders -> Stock"
    " -> Orders -> Stock), and 3 are allowed. Change a trigger or step of these automations so that they do not start"
    " each other in a circle.",
    "facts": {
        "root_id": _ROOT,
        "chain": [
            {"run_id": _ROOT, "automation_id": _FIRST, "automation": "Orders"},
            {"run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3b", "automation_id": _SECOND, "automation": "Stock"},
            {"run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3c", "automation_id": _FIRST, "automation": "Orders"},
        ],
        "not_started": {"automation_id": _SECOND, "automation": "Stock"},
        "trigger_type": "automation",
        "depth": 4,
        "limit": 3,
    },
    "count": 1,
    "created_at": "2026-11-20T09:00:00Z",
    "last_at": "2026-11-20T09:00:00Z",
    "resolved_at": None,
    "resolved_by": None,
}


class AlertView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _EXAMPLE})

    id: UUID
    kind: str = Field(
        description="too_deep: a chain of automations was broken off; too_many_runs, rate: an automation was paused;"
        " failing: its runs fail in a row; credits_low, credits_used_up, runs_low, runs_used_up: of this month"
    )
    severity: Literal["warning", "error"]
    automation_id: UUID | None = Field(description="what it is about; of a chain, what was not started")
    automation_name: str | None
    run_id: UUID | None = Field(description="where to look: the newest run concerned")
    root_id: UUID | None = Field(description="the run that a chain or storm began with")
    title: str
    text: str
    facts: dict[str, JsonValue] = Field(description="the same for programs, by kind")
    count: int = Field(description="how often it was raised while open")
    created_at: datetime
    last_at: datetime = Field(description="when it was raised last")
    resolved_at: datetime | None
    resolved_by: UUID | None


class AlertsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[AlertView]
    next_cursor: str | None


AlertId = Annotated[UUID, Path(description="id of an alert")]


@router.get("/alerts", summary="List alerts", responses=documented(401, 422))
async def alerts(
    *,
    caller: CallerDep,
    services: ServicesDep,
    is_open: Annotated[bool | None, Query(alias="open", description="not resolved yet, or resolved")] = None,
    automation_id: UUID | None = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> AlertsView:
    """The newest first. The same again, while it is open, counts up instead of making another."""
    chosen = Chosen(open=is_open, rule_id=automation_id, kind=kind)
    rows = await services.alerts.listed(caller, chosen, before=id_cursor(cursor), limit=limit + 1)
    return AlertsView(
        items=[AlertView.model_validate(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


@router.get("/alerts/{alert_id:uuid}", summary="Read an alert", responses=documented(401, 404, 422))
async def alert(alert_id: AlertId, caller: CallerDep, services: ServicesDep) -> AlertView:
    """With the facts behind it: chain, limit, error."""
    return AlertView.model_validate(await services.alerts.get(caller, alert_id))


@router.post("/alerts/{alert_id:uuid}/resolve", summary="Resolve an alert", responses=documented(401, 403, 404, 422))
async def resolve(alert_id: AlertId, caller: CallerDep, services: ServicesDep) -> AlertView:
    """The same again is then a new alert. What is resolved already stays as it is. An automation that was paused stays
    paused: switch it on with `PATCH /api/automations/{automation_id}`."""
    return AlertView.model_validate(await services.alerts.resolve(caller, alert_id))
