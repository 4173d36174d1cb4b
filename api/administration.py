"""Plans, and the plan and credits of a workspace: for operators."""

from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from api.caller import OperatorDep
from api.credits import ACCOUNT_EXAMPLE, PLAN_EXAMPLE, AccountView, account_view
from api.idempotency import OnceDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.credits.administration import Change, Plan
from core.credits.plans import Numbers

router = APIRouter(prefix="/api/admin", tags=["administration"], route_class=StrictRoute)

_EXAMPLE: Final[JsonDict] = {"name": "free", **PLAN_EXAMPLE, "pinned": False, "workspaces": 12}
_WORKSPACE: Final = "0199c2a4-7a1e-7cc3-9f0e-0a1b2c3d4e5f"


class PlanDetail(Numbers):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    name: str
    pinned: bool = Field(description="set by an operator: the plans file leaves it alone")
    workspaces: int = Field(description="how many have it")


class PlansView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None, "prices": {"agent": 5, "http": 1}}}
    )

    items: list[PlanDetail]
    next_cursor: str | None = None
    prices: dict[str, int] = Field(description="credits that a step costs, by its action; from the plans file")


class PlanBody(Numbers):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {**PLAN_EXAMPLE, "runs_per_month": 200, "pinned": True}}
    )

    pinned: bool = Field(
        default=True, description="false: the plan is as the plans file says again from the next start on"
    )


class Grant(BaseModel):
    model_config = ConfigDict(extra="forbid")

    credits: int = Field(ge=1, le=1_000_000_000)
    note: str | None = Field(default=None, max_length=200)


class WorkspaceBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"plan": "pro", "grant": {"credits": 1000, "note": "invoice 2026-118"}}},
    )

    plan: str | None = Field(default=None, max_length=40)
    grant: Grant | None = Field(default=None, description="credits on top of what the plan gives")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.plan is None and self.grant is None:
            raise ValueError("Say what to change: plan, grant or both.")
        return self


class WorkspaceAccountView(AccountView):
    model_config = ConfigDict(json_schema_extra={"example": {"workspace_id": _WORKSPACE, **ACCOUNT_EXAMPLE}})

    workspace_id: UUID


@router.get("/plans", summary="List plans", responses=documented(401, 403))
async def plans(operator: OperatorDep, services: ServicesDep) -> PlansView:
    """Every plan with its numbers (null: no limit), and the prices of actions."""
    found, prices = await services.administration.plans(operator)
    return PlansView(items=[_plan(each) for each in found], prices=prices)


@router.put("/plans/{plan}", summary="Change or make a plan", responses=documented(401, 403, 422))
async def put_plan(
    plan: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,39}$", examples=["free"])],
    body: PlanBody,
    operator: OperatorDep,
    services: ServicesDep,
) -> PlanDetail:
    """All its numbers; one that is missing means no limit. It counts for every run that is accepted from now on, at
    webhooks within five seconds. Workspaces get what it gives more in credits within a minute, and lose nothing."""
    numbers = Numbers.model_validate(body.model_dump(exclude={"pinned"}))
    return _plan(await services.administration.put_plan(operator, plan, numbers, pinned=body.pinned))


@router.patch(
    "/workspaces/{workspace_id:uuid}",
    summary="Change a workspace's plan, or grant credits",
    responses=documented(401, 403, 404, 409, 422),
)
async def change_workspace(
    workspace_id: Annotated[UUID, Path(description="id of a workspace")],
    body: WorkspaceBody,
    operator: OperatorDep,
    services: ServicesDep,
    once: OnceDep,
) -> WorkspaceAccountView:
    """A better plan grants at once what it gives more in this month. Runs that waited for credits go on. Send an
    `Idempotency-Key` so that a request which is repeated grants once."""
    change = Change(body.plan)
    if body.grant is not None:
        change = Change(body.plan, body.grant.credits, body.grant.note)
    account = await services.administration.change_workspace(operator, workspace_id, change, once)
    return WorkspaceAccountView(workspace_id=workspace_id, **account_view(account).model_dump())


def _plan(plan: Plan) -> PlanDetail:
    return PlanDetail(name=plan.name, pinned=plan.pinned, workspaces=plan.workspaces, **plan.numbers.model_dump())
