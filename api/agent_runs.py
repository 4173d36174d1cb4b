"""The runs of agents, in the words of `/api/agents`."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.agent_views import AgentRef
from api.approval_views import ApprovalView, RunApproveBody, RunRejectBody
from api.automation_views import StartedView
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.language import LanguageDep
from api.logs import LinesView, LineView
from api.paging import DEFAULT, Cursor, Limit, id_cursor, number_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.values import Json
from core import jsontext
from core.errors import Conflict
from core.runs.history import Run, Wanted

router = APIRouter(prefix="/api", tags=["agents"], route_class=StrictRoute)

RunId = Annotated[UUID, Path(description="id of a run, an agent's or an automation's")]
RunStatus = Literal["running", "success", "failed", "cancelled", "waiting_approval"]

_STATUS: Final[dict[str, RunStatus]] = {"queued": "running", "waiting": "waiting_approval", "skipped": "cancelled"}
_SUMMARY: Final = 500  # characters
_EXAMPLE: Final[dict[str, Any]] = {
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "agent_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "triggered_at": "2026-11-20T09:00:00Z",
    "triggered_by": "webhook",
    "status": "success",
    "started_at": "2026-11-20T09:00:00.012Z",
    "finished_at": "2026-11-20T09:00:02.512Z",
    "duration_ms": 2500,
    "error_message": None,
    "output_summary": None,
    "logs_ref": "/api/agents/runs/0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a/logs",
}


class AgentRunView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    run_id: UUID
    agent_id: UUID | None = Field(description="null: the run of an automation that no agent carries")
    triggered_at: datetime
    triggered_by: str = Field(description="schedule, webhook, manual, api, message ...")
    status: RunStatus
    started_at: datetime | None
    finished_at: datetime | None
    duration_ms: int | None
    error_message: str | None
    output_summary: str | None = Field(description="the beginning of its output; in a list null")
    logs_ref: str

    @classmethod
    def of(cls, run: Run, agent_id: UUID | None, output: Json = None) -> Self:
        text = output if isinstance(output, str) else None if output is None else jsontext.dump_text(output)
        return cls(
            run_id=run.id, agent_id=agent_id, triggered_at=run.created_at,
            triggered_by="schedule" if run.trigger_type == "cron" else run.trigger_type,
            status=_STATUS.get(run.status, run.status), started_at=run.started_at,  # type: ignore[arg-type]
            finished_at=run.completed_at, duration_ms=run.duration_ms, error_message=run.error,
            output_summary=None if text is None else text[:_SUMMARY], logs_ref=f"/api/agents/runs/{run.id}/logs",
        )  # fmt: skip


class AgentRunsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[AgentRunView]
    next_cursor: str | None


class AgentRunBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"payload": {"lead": {"name": "Ada"}}}})

    payload: JsonValue = Field(default=None, description="`trigger.data` of the run")


@router.post(
    "/agents/{agent}/run",
    status_code=202,
    summary="Run an agent's automation now",
    responses=documented(401, 402, 403, 404, 409, 413, 422, 429),
)
async def run_now(
    agent: AgentRef,
    caller: CallerDep,
    services: ServicesDep,
    once: OnceDep,
    body: Annotated[AgentRunBody | None, Body()] = None,
) -> StartedView:
    """Starts the automation that it carries by hand. An agent without one is asked with `/execute`: 409."""
    found = await services.agents.get(caller, agent)
    if found.rule_id is None:
        raise _nothing_to_run(found.name)
    run_id = await services.starting.start(caller, found.rule_id, body.payload if body is not None else None, once)
    return StartedView(run_id=run_id, status_url=f"{services.settings.public_url}/api/agents/runs/{run_id}")


def _nothing_to_run(name: str) -> Conflict:
    return Conflict(
        "agent_without_automation",
        f"{name} carries no automation yet: give it a trigger and actions (PATCH), or ask it (POST .../execute).",
    )


@router.get("/agents/{agent}/runs", summary="List the runs of an agent", responses=documented(401, 404, 422))
async def runs(
    agent: AgentRef, caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> AgentRunsView:
    """Of the automation that it carries, those in which somebody asked it among them; the newest first."""
    found, before = await services.agents.get(caller, agent), id_cursor(cursor)
    if found.rule_id is None:
        return AgentRunsView(items=[], next_cursor=None)
    rows = await services.history.runs(caller, Wanted(rule_id=found.rule_id), before=before, limit=limit + 1)
    return AgentRunsView(
        items=[AgentRunView.of(row, found.id) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


@router.get("/agents/runs/{run_id:uuid}", summary="Read a run of an agent", responses=documented(401, 404, 422))
async def one(run_id: RunId, caller: CallerDep, services: ServicesDep) -> AgentRunView:
    """Any run of the workspace, in these words. `/api/automations/logs/{id}` tells it step by step."""
    run, facts, _ = await services.history.detail(caller, run_id)
    return AgentRunView.of(run, await services.agents.carrier_of(caller, run.automation_id), facts.output)


@router.get(
    "/agents/runs/{run_id:uuid}/logs", summary="Read the log lines of an agent's run",
    responses=documented(401, 404, 422),
)  # fmt: skip
async def lines(
    run_id: RunId, caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> LinesView:
    """In the order in which they were written."""
    run = await services.history.run(caller, run_id)
    rows = await services.history.lines_after(run, number_cursor(cursor), limit + 1)
    return LinesView(
        items=[LineView.of(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].seq) if len(rows) > limit else None,
    )


@router.post(
    "/agents/runs/{run_id:uuid}/approve",
    summary="Approve what a run waits for",
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def approve(
    run_id: RunId, body: RunApproveBody, caller: CallerDep, services: ServicesDep, language: LanguageDep
) -> ApprovalView:
    """409 where nothing waits, and where several steps wait and none is named (`errors` lists them)."""
    return ApprovalView.of(
        await services.approvals.answer_run(caller, run_id, body.step_id, body.iteration, body.reply("approve")),
        language,
    )


@router.post(
    "/agents/runs/{run_id:uuid}/reject",
    summary="Reject what a run waits for",
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def reject(
    run_id: RunId, body: RunRejectBody, caller: CallerDep, services: ServicesDep, language: LanguageDep
) -> ApprovalView:
    """The run takes the path for rejections, or ends."""
    return ApprovalView.of(
        await services.approvals.answer_run(caller, run_id, body.step_id, body.iteration, body.reply("reject")),
        language,
    )
