"""Where a workspace's questions to people are put besides the inbox."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.approvals.chats import Chat

router = APIRouter(prefix="/api/approvals", tags=["approvals"], route_class=StrictRoute)

_BODY: Final[JsonDict] = {"connection_id": "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3a01", "channel": "#approvals"}


class ApprovalChatBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _BODY})

    connection_id: UUID = Field(description="an account that can ask with buttons, such as a Slack app")
    channel: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")] = Field(
        description="the service's id or name of it"
    )


class ApprovalChatView(BaseModel):
    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"example": _BODY | {"updated_at": "2026-11-20T09:00:00Z"}}
    )

    connection_id: UUID | None = Field(default=None, description="null: questions stand in the inbox alone")
    channel: str | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, chat: Chat | None) -> "ApprovalChatView":
        return cls() if chat is None else cls.model_validate(chat)


@router.get("/chat", summary="Where questions are put", responses=documented(401, 404))
async def approval_chat(caller: CallerDep, services: ServicesDep) -> ApprovalChatView:
    """The channel in which new questions stand with buttons, besides the inbox."""
    return ApprovalChatView.of(await services.approval_chats.get(caller))


@router.put("/chat", summary="Put questions into a channel", responses=documented(401, 403, 404, 413, 422))
async def choose_approval_chat(body: ApprovalChatBody, caller: CallerDep, services: ServicesDep) -> ApprovalChatView:
    """Needs the role admin. People answer there with buttons; who they are, their mail address in the service tells."""
    return ApprovalChatView.of(await services.approval_chats.choose(caller, body.connection_id, body.channel))


@router.delete("/chat", status_code=204, summary="Put questions nowhere else", responses=documented(401, 403, 404))
async def clear_approval_chat(caller: CallerDep, services: ServicesDep) -> Response:
    """New questions stand in the inbox alone. Needs the role admin."""
    await services.approval_chats.clear(caller)
    return Response(status_code=204)
