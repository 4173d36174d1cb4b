"""Questions to people: the inbox, the answers, and links that answer without signing in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from api.approval_views import (
    AnswerBody,
    ApprovalsView,
    ApprovalView,
    ApproveBody,
    ClosedView,
    LinkBody,
    LinkedView,
    LinkView,
    RejectBody,
    ShownView,
    State,
)
from api.caller import CallerDep
from api.language import LanguageDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.approvals import links
from core.approvals.model import Sought
from core.runs.history import Previews

router = APIRouter(prefix="/api", tags=["approvals"], route_class=StrictRoute)

ApprovalId = Annotated[UUID, Path(description="id of a question")]
Token = Annotated[str, Path(max_length=links.LONGEST, description="the last part of a signed link")]


@router.get("/approvals", summary="List questions to people", responses=documented(401, 404, 422))
async def approvals(
    *,
    caller: CallerDep,
    services: ServicesDep,
    state: State | None = None,
    mine: Annotated[bool, Query(description="only those that are put to you")] = False,
    run_id: UUID | None = None,
    automation_id: UUID | None = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
    language: LanguageDep,
) -> ApprovalsView:
    """What the workspace's runs asked people, the newest first; `?state=pending&mine=true` is your inbox."""
    sought = Sought(state=state, run_id=run_id, rule_id=automation_id, mine=mine, before=id_cursor(cursor))
    rows = await services.approvals.listed(caller, sought, limit + 1)
    previews = Previews()
    return ApprovalsView(
        items=[ApprovalView.of(row, language, previews) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


@router.get("/approvals/{approval_id:uuid}", summary="Read a question", responses=documented(401, 404))
async def approval(
    approval_id: ApprovalId, caller: CallerDep, services: ServicesDep, language: LanguageDep
) -> ApprovalView:
    """One question with the whole input of its step, and its answer."""
    return ApprovalView.of(await services.approvals.one(caller, approval_id), language)


@router.post(
    "/approvals/{approval_id:uuid}/approve", summary="Approve", responses=documented(401, 403, 404, 409, 413, 422)
)
async def approve(
    approval_id: ApprovalId, body: ApproveBody, caller: CallerDep, services: ServicesDep, language: LanguageDep
) -> ApprovalView:
    """The step goes on at once. 403 when the question is put to others, 409 when somebody was quicker."""
    return ApprovalView.of(await services.approvals.answer(caller, approval_id, body.reply("approve")), language)


@router.post(
    "/approvals/{approval_id:uuid}/reject", summary="Reject", responses=documented(401, 403, 404, 409, 413, 422)
)
async def reject(
    approval_id: ApprovalId, body: RejectBody, caller: CallerDep, services: ServicesDep, language: LanguageDep
) -> ApprovalView:
    """The run takes the path for rejections, or ends."""
    return ApprovalView.of(await services.approvals.answer(caller, approval_id, body.reply("reject")), language)


@router.post(
    "/approvals/{approval_id:uuid}/answer",
    summary="Answer a question",
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def answer(
    approval_id: ApprovalId, body: AnswerBody, caller: CallerDep, services: ServicesDep, language: LanguageDep
) -> ApprovalView:
    """Any answer, and the only way to say whether the effect of a step in doubt happened."""
    return ApprovalView.of(await services.approvals.answer(caller, approval_id, body.reply(body.decision)), language)


@router.post(
    "/approvals/{approval_id:uuid}/link",
    summary="Make a link that answers",
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def link(approval_id: ApprovalId, body: LinkBody, caller: CallerDep, services: ServicesDep) -> LinkView:
    """For somebody whom the question is put to. Good for one answer, for seven days or until the deadline."""
    return LinkView.model_validate(await services.links.make(caller, approval_id, body.recipient))


@router.get(
    "/approvals/by-token/{token}",
    summary="Look at a question by its link",
    responses=documented(403, 404, 409, 410, 422, 429),
)
async def by_token(token: Token, request: Request, services: ServicesDep, language: LanguageDep) -> LinkedView:
    """What is asked. Decides nothing, so that a mail scanner that opens links does no harm."""
    question, claim = await services.links.look(token, remote=_remote(request))
    shown = ShownView.model_validate(question).model_dump() | {"message": question.asking(language)}
    return LinkedView(**shown, recipient=claim.recipient, expires_at=claim.expires_at)


@router.post(
    "/approvals/by-token/{token}",
    summary="Answer by a link",
    responses=documented(403, 404, 409, 410, 413, 422, 429),
)
async def answer_by_token(token: Token, body: AnswerBody, request: Request, services: ServicesDep) -> ClosedView:
    """Answer as the link's recipient, without signing in. The first answer ends every link to the question."""
    return ClosedView.model_validate(
        await services.links.answer(token, body.reply(body.decision), remote=_remote(request))
    )


def _remote(request: Request) -> str:
    return request.client.host if request.client else ""
