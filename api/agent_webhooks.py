"""The older addresses of agents: their webhooks, and one-time automations."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api import webhooks
from api.caller import CallerDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from blocks.values import Json, JsonObject
from core.automations.repository import Filter

router = APIRouter(prefix="/api", tags=["agents"])

_LINE: Final[dict[str, Any]] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a", "name": "Remind the team", "run_at": "2026-12-01T09:00:00Z",
    "status": "scheduled",
}  # fmt: skip


@router.post(
    "/agents/webhook/{agent_id:uuid}",
    status_code=202,
    summary="Send an event to an agent",
    response_class=Response,
    responses=webhooks.RESPONSES,
    openapi_extra=webhooks.BODY,
)
async def ingest(
    agent_id: Annotated[UUID, Path(description="id of an agent whose automation has a webhook")],
    request: Request,
    services: ServicesDep,
) -> Response:
    """The same as `POST /api/webhooks/{webhook_id}`, by the agent's id."""
    return await webhooks.ingest(await services.agents.webhook_of(agent_id), request, services)


class OnceBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "Remind the team", "prompt": "Write a reminder of the meeting", "agent": "content-agent",
                "run_at": "2026-12-01T09:00:00Z",
            }
        },
    )  # fmt: skip

    name: str = Field(min_length=1, max_length=200)
    run_at: datetime = Field(description="with a zone")
    prompt: str | None = Field(default=None, min_length=1, max_length=200_000, description="instead of actions")
    agent: str = Field(default="content-agent", min_length=1, max_length=200, description="who is asked the prompt")
    actions: list[JsonValue] | None = Field(default=None, min_length=1, max_length=200)


class OnceView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {name: value for name, value in _LINE.items() if name != "name"}}
    )

    id: UUID
    run_at: datetime
    status: str


class OnceLine(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _LINE})

    id: UUID
    name: str
    run_at: datetime | None = Field(description="null once it has run")
    status: str = Field(description="scheduled, done or inactive")


class OnceList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_LINE], "next_cursor": None}})

    items: list[OnceLine]
    next_cursor: str | None


@router.post(
    "/agents/run/automation",
    status_code=201,
    summary="Make an automation that runs once",
    responses=documented(401, 403, 413, 422),
    deprecated=True,
)
async def make(body: OnceBody, caller: CallerDep, services: ServicesDep) -> OnceView:
    """CrucibAI's older way. `POST /api/automations` with a trigger `cron` does this and more."""
    ask: Json = [{"type": "agent", "config": {"agent": body.agent, "prompt": body.prompt or ""}}]
    actions: Json = body.actions if body.actions is not None else ask
    document: JsonObject = {
        "name": body.name, "trigger_type": "cron", "actions": actions,
        "trigger_config": {"schedules": [{"run_at": body.run_at.isoformat()}]},
    }  # fmt: skip
    detail = await services.automations.create(caller, document)
    return OnceView(id=detail.rule.id, run_at=body.run_at, status="scheduled")


@router.get(
    "/agents/run/automation-list", summary="List scheduled automations", responses=documented(401, 422),
    deprecated=True,
)  # fmt: skip
async def listing(caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None) -> OnceList:
    """CrucibAI's older list: the automations that run at set times, the newest first."""
    chosen = Filter(trigger_type="cron", carried=True)
    rows, after = await services.automations.listing(caller, chosen, before=id_cursor(cursor), limit=limit)
    items = [
        OnceLine(
            id=row.summary.id, name=row.summary.name, run_at=row.next_run_at,
            status="inactive" if not row.summary.enabled else "done" if row.next_run_at is None else "scheduled",
        )
        for row in rows
    ]  # fmt: skip
    return OnceList(items=items, next_cursor=None if after is None else str(after))
