"""Credits of the workspace: what is left, what moved, what was used for what."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.credits.plans import Numbers
from core.credits.service import Account, Transfer, WhenExhausted
from core.credits.usage import By, Used

router = APIRouter(prefix="/api", tags=["credits"], route_class=StrictRoute)

PLAN_EXAMPLE: Final[JsonDict] = {
    "monthly_credits": 500,
    "runs_per_month": 100,
    "runs_per_hour": 60,
    "max_running": 2,
    "webhooks_per_min": 60,
    "payload_kb": 128,
    "max_steps": 20,
    "history_days": 7,
}
ACCOUNT_EXAMPLE: Final[JsonDict] = {
    "plan": {"name": "free", **PLAN_EXAMPLE},
    "when_exhausted": "reject",
    "balance": 412,
    "reserved": 3,
    "month": "2026-11-01",
    "next_month": "2026-12-01",
    "granted": 500,
    "spent": 85,
    "runs_in_month": 40,
    "runs_waiting": 0,
}
_TRANSFER_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-5b6c7d8e9f01",
    "created_at": "2026-11-20T09:00:00.950Z",
    "kind": "settle",
    "from_account": "reserved",
    "to_account": "spent",
    "amount": 2,
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "automation_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "action": "http",
    "note": None,
}


class PlanView(Numbers):
    """Of every number, null: no limit; without monthly credits, steps cost nothing."""

    model_config = ConfigDict(json_schema_extra={"example": {"name": "free", **PLAN_EXAMPLE}})

    name: str


class AccountView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": ACCOUNT_EXAMPLE})

    plan: PlanView
    when_exhausted: WhenExhausted = Field(
        description="what becomes of a run that can't be paid: refused, or kept until there are credits"
    )
    balance: int = Field(description="credits that can be spent")
    reserved: int = Field(description="credits that runs under way may still spend")
    month: date = Field(description="the present month (UTC), to which the next three belong")
    next_month: date = Field(description="when the next credits are granted")
    granted: int
    spent: int
    runs_in_month: int
    runs_waiting: int = Field(description="runs that wait for credits")


class TransferView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _TRANSFER_EXAMPLE})

    id: UUID
    created_at: datetime
    kind: Literal["monthly", "plan_change", "grant", "reserve", "settle", "release"]
    from_account: Literal["granted", "balance", "reserved"]
    to_account: Literal["balance", "reserved", "spent"]
    amount: int
    run_id: UUID | None
    automation_id: UUID | None
    action: str | None = Field(description="what a settled amount was spent on")
    note: str | None


class CreditsView(AccountView):
    """`items` is the ledger, the newest first: each line moves an amount from one account to another."""

    model_config = ConfigDict(
        json_schema_extra={"example": {**ACCOUNT_EXAMPLE, "items": [_TRANSFER_EXAMPLE], "next_cursor": None}}
    )

    items: list[TransferView]
    next_cursor: str | None


class CreditsBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"when_exhausted": "queue"}})

    when_exhausted: WhenExhausted


class UsedView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    key: str = Field(description="the day (UTC), the id of the automation or agent, or the action")
    name: str | None = Field(description="of an automation or agent")
    runs: int
    steps: int = Field(description="that ran to their end, whatever came out")
    credits: int
    tokens: int = Field(0, description="of models, in and out; not counted by action")
    money: float = Field(0, description="what models cost by their price lists, in US dollars; not counted by action")


class UsageView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "key": "2026-11-20",
                        "name": None,
                        "runs": 12,
                        "steps": 30,
                        "credits": 18,
                        "tokens": 0,
                        "money": 0,
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[UsedView]
    next_cursor: str | None = None


def account_view(account: Account) -> AccountView:
    return AccountView.model_validate(_account(account))


def _account(account: Account) -> dict[str, object]:
    return {
        "plan": {"name": account.plan, **account.numbers.model_dump()},
        "when_exhausted": account.when_exhausted,
        "balance": account.balance,
        "reserved": account.reserved,
        "month": account.month,
        "next_month": account.next_month,
        "granted": account.granted,
        "spent": account.spent,
        "runs_in_month": account.runs_in_month,
        "runs_waiting": account.runs_waiting,
    }


@router.get("/credits", summary="Credits and ledger", responses=documented(401, 422))
async def credits(
    caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> CreditsView:
    """The plan, what is left and reserved, this month's grant and use, and the ledger, the newest first."""
    account = await services.credits.account(caller)
    rows: list[Transfer] = await services.credits.ledger(caller, before=id_cursor(cursor), limit=limit + 1)
    return CreditsView.model_validate(
        {
            **_account(account),
            "items": [TransferView.model_validate(row) for row in rows[:limit]],
            "next_cursor": str(rows[limit - 1].id) if len(rows) > limit else None,
        }
    )


@router.patch("/credits", summary="What happens without credits", responses=documented(401, 403, 422))
async def change(body: CreditsBody, caller: CallerDep, services: ServicesDep) -> AccountView:
    """`reject`: a run that can't be paid is refused with 402. `queue`: it is kept and starts when there are credits
    or a new month; at most 1,000 wait. For the role admin."""
    return account_view(await services.credits.set_when_exhausted(caller, body.when_exhausted))


@router.get("/usage", summary="Usage", responses=documented(401, 422))
async def usage(
    *,
    caller: CallerDep,
    services: ServicesDep,
    first: Annotated[
        date | None, Query(alias="from", description="the first day (UTC); 29 days before the last")
    ] = None,
    last: Annotated[date | None, Query(alias="to", description="the last day (UTC), counted too; today")] = None,
    by: By = "day",
) -> UsageView:
    """Runs, steps, credits and what models took, by day, automation, agent or action. By agent it is what its calls
    of models came to. Runs count on the day they were accepted, credits on the
    day they were settled; runs and steps that the plan's `history_days` have forgotten are not counted any more."""
    last = last or datetime.now(UTC).date()
    found: list[Used] = await services.usage.read(caller, first or last - timedelta(days=29), last, by)
    return UsageView(items=[UsedView.model_validate(each) for each in found])
