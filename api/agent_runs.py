"""The runs of agents, in the words of `/api/agents`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from api.approval_views import ApprovalView, RunApproveBody, RunRejectBody
from api.caller import CallerDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute

router = APIRouter(prefix="/api", tags=["approvals"], route_class=StrictRoute)

RunId = Annotated[UUID, Path(description="id of a run, an agent's or an automation's")]


@router.post(
    "/agents/runs/{run_id:uuid}/approve",
    summary="Approve what a run waits for",
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def approve(run_id: RunId, body: RunApproveBody, caller: CallerDep, services: ServicesDep) -> ApprovalView:
    """409 where nothing waits, and where several steps wait and none is named (`errors` lists them)."""
    return ApprovalView.of(
        await services.approvals.answer_run(caller, run_id, body.step_id, body.iteration, body.reply("approve"))
    )


@router.post(
    "/agents/runs/{run_id:uuid}/reject",
    summary="Reject what a run waits for",
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def reject(run_id: RunId, body: RunRejectBody, caller: CallerDep, services: ServicesDep) -> ApprovalView:
    """The run takes the path for rejections, or ends."""
    return ApprovalView.of(
        await services.approvals.answer_run(caller, run_id, body.step_id, body.iteration, body.reply("reject"))
    )
