"""Invitations to a workspace."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.accounts import Email
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.accounts.members import Role

router = APIRouter(prefix="/api", tags=["workspaces"], route_class=StrictRoute)

_OF_WORKSPACE: Final = "/workspaces/{workspace_id:uuid}/invitations"
_Token = Annotated[str, Path(max_length=100, description="the last part of the invitation's link")]

_INVITATION: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-6a1d2c3b4e5f",
    "email": "bob@example.org",
    "role": "editor",
    "invited_by": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "created_at": "2026-11-20T09:00:00Z",
    "expires_at": "2026-11-27T09:00:00Z",
}
_WORKSPACE_ID: Final = "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4"


class InvitationBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"email": "bob@example.org", "role": "editor"}}
    )

    email: Email
    role: Role


class InvitationView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _INVITATION})

    id: UUID
    email: str
    role: Role
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime


class MadeInvitationView(InvitationView):
    model_config = ConfigDict(
        json_schema_extra={"example": {**_INVITATION, "link": "https://vutler.example/invitations/vui_Z2l2ZSBpdCB0"}}
    )

    link: str = Field(description="shown this once; give it to whom you invite")


class InvitationsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_INVITATION], "next_cursor": None}})

    items: list[InvitationView]
    next_cursor: str | None = None


class OfferView(BaseModel):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "workspace_id": _WORKSPACE_ID,
                "workspace_name": "Lab",
                "email": "bob@example.org",
                "role": "editor",
                "expires_at": "2026-11-27T09:00:00Z",
            }
        },
    )

    workspace_id: UUID
    workspace_name: str
    email: str = Field(description="for whom it is: nobody else can accept it")
    role: Role
    expires_at: datetime


class JoinedView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"workspace_id": _WORKSPACE_ID}})

    workspace_id: UUID


@router.post(
    _OF_WORKSPACE,
    status_code=201,
    summary="Invite somebody",
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def invite(
    workspace_id: UUID, body: InvitationBody, caller: CallerDep, services: ServicesDep, once: OnceDep
) -> MadeInvitationView:
    """For admins; owners invite owners. It is good once, for seven days, for this address, also where sign-up is
    closed. A new one takes the place of an open one for the same address."""
    made, link = await services.invitations.create(caller, body.email, body.role, once)
    return MadeInvitationView(**InvitationView.model_validate(made).model_dump(), link=link)


@router.get(_OF_WORKSPACE, summary="List open invitations", responses=documented(401, 403, 404, 422))
async def invitations(
    workspace_id: UUID, caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> InvitationsView:
    """For admins, the newest first, without their links."""
    found = await services.invitations.listed(caller, limit=limit, after=id_cursor(cursor))
    return InvitationsView(
        items=[InvitationView.model_validate(each) for each in found[:limit]],
        next_cursor=str(found[limit - 1].id) if len(found) > limit else None,
    )


@router.delete(
    _OF_WORKSPACE + "/{invitation_id:uuid}",
    status_code=204,
    summary="Withdraw an invitation",
    responses=documented(401, 403, 404),
)
async def revoke(workspace_id: UUID, invitation_id: UUID, caller: CallerDep, services: ServicesDep) -> Response:
    """Its link is void at once."""
    await services.invitations.revoke(caller, invitation_id)
    return Response(status_code=204)


@router.get("/invitations/{token}", summary="Look at an invitation", responses=documented(404, 410, 422))
async def offer(token: _Token, services: ServicesDep) -> OfferView:
    """What its link offers, for whom. Needs no token, and accepts nothing."""
    return OfferView.model_validate(await services.invitations.look(token))


@router.post(
    "/invitations/{token}/accept",
    summary="Accept an invitation",
    responses=documented(401, 403, 404, 410, 422),
)
async def accept(token: _Token, caller: CallerDep, services: ServicesDep) -> JoinedView:
    """Join as who you are signed in, where it is for your address. Registration and login take it as well."""
    return JoinedView(workspace_id=await services.invitations.accept(caller, token))
