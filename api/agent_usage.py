"""What an agent has used."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.agent_views import AgentRef
from api.caller import CallerDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute

router = APIRouter(prefix="/api", tags=["agents"], route_class=StrictRoute)

_DAYS: Final = 30
_DAY: Final[dict[str, Any]] = {
    "day": "2026-11-20", "calls": 12, "failed": 0, "tokens_in": 5210, "tokens_out": 890, "cost_usd": 0.0031,
}  # fmt: skip


class AgentDayView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _DAY})

    day: date = Field(description="in UTC, as budgets count")
    calls: int = Field(description="of the model")
    failed: int
    tokens_in: int
    tokens_out: int
    cost_usd: float = Field(description="by the public price lists; 0 where they do not know the model")


class AgentUsageView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_DAY]}})

    items: list[AgentDayView]


@router.get("/agents/{agent}/usage", summary="Read what an agent has used", responses=documented(401, 404, 422))
async def usage(
    *,
    agent: AgentRef,
    caller: CallerDep,
    services: ServicesDep,
    first: Annotated[date | None, Query(alias="from", description="the first day; 29 days before the last")] = None,
    last: Annotated[date | None, Query(alias="to", description="the last day; today")] = None,
) -> AgentUsageView:
    """Calls of its model, tokens and money of each day (UTC); days without any are left out."""
    until = last or datetime.now(UTC).date()
    found = await services.agent_usage.read(caller, agent, first or until - timedelta(days=_DAYS - 1), until)
    return AgentUsageView(items=[AgentDayView.model_validate(each) for each in found])
