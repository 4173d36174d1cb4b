"""Workspaces and their members. The workspace of the path is the one worked in."""

from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.accounts import WORKSPACE_EXAMPLE, Name, WorkspaceView
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.accounts.members import Role

router = APIRouter(prefix="/api/workspaces", tags=["workspaces"], route_class=StrictRoute)

_MEMBER: Final[JsonDict] = {
    "user_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "email": "ada@example.org",
    "name": "Ada",
    "role": "owner",
    "joined_at": "2026-11-20T09:00:00Z",
}
_MEMBERSHIP: Final = "/{workspace_id:uuid}/members/{user_id:uuid}"


class WorkspaceBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "Lab"}})

    name: Name


class WorkspacesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [WORKSPACE_EXAMPLE], "next_cursor": None}})

    items: list[WorkspaceView]
    next_cursor: str | None = None


class RoleBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"role": "editor"}})

    role: Role


class MemberView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _MEMBER})

    user_id: UUID
    email: str
    name: str
    role: Role = Field(description="owner > admin > editor > viewer")
    joined_at: datetime


class MembersView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_MEMBER], "next_cursor": None}})

    items: list[MemberView]
    next_cursor: str | None = None


@router.get("", summary="List my workspaces", responses=documented(401, 403, 404, 422))
async def listed(
    caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> WorkspacesView:
    """The workspaces the caller is a member of, the oldest membership first."""
    _, found = await services.accounts.me(caller)
    if caller.token_id is not None:  # a token knows its own workspace alone
        found = [each for each in found if each.id == caller.workspace_id]
    after = id_cursor(cursor)
    ids = [each.id for each in found]
    rest = found[ids.index(after) + 1 if after in ids else 0 :]
    return WorkspacesView(
        items=[WorkspaceView.model_validate(each) for each in rest[:limit]],
        next_cursor=str(rest[limit - 1].id) if len(rest) > limit else None,
    )


@router.post("", status_code=201, summary="Make a workspace", responses=documented(401, 403, 404, 409, 413, 422))
async def create(body: WorkspaceBody, caller: CallerDep, services: ServicesDep, once: OnceDep) -> WorkspaceView:
    """A further workspace, which you own."""
    return WorkspaceView.model_validate(await services.members.create(caller, body.name, once))


@router.patch("/{workspace_id:uuid}", summary="Rename a workspace", responses=documented(401, 403, 404, 413, 422))
async def rename(workspace_id: UUID, body: WorkspaceBody, caller: CallerDep, services: ServicesDep) -> WorkspaceView:
    """For its admins."""
    return WorkspaceView.model_validate(await services.members.rename(caller, body.name))


@router.get("/{workspace_id:uuid}/members", summary="List the members", responses=documented(401, 403, 404, 422))
async def members(
    workspace_id: UUID, caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> MembersView:
    """Everybody who may work in it, by the age of their accounts."""
    found = await services.members.listed(caller, limit=limit, after=id_cursor(cursor))
    return MembersView(
        items=[MemberView.model_validate(each) for each in found[:limit]],
        next_cursor=str(found[limit - 1].user_id) if len(found) > limit else None,
    )


@router.patch(_MEMBERSHIP, summary="Change a role", responses=documented(401, 403, 404, 409, 413, 422))
async def change_role(
    workspace_id: UUID, user_id: UUID, body: RoleBody, caller: CallerDep, services: ServicesDep
) -> MemberView:
    """For admins; owners are made and demoted by owners. The last owner stays one."""
    return MemberView.model_validate(await services.members.change_role(caller, user_id, body.role))


@router.delete(
    _MEMBERSHIP, status_code=204, summary="Remove a member, or leave", responses=documented(401, 403, 404, 409)
)
async def remove(workspace_id: UUID, user_id: UUID, caller: CallerDep, services: ServicesDep) -> Response:
    """Their API tokens for the workspace, and the invitations they made, are void at once. The last owner stays."""
    await services.members.remove(caller, user_id)
    return Response(status_code=204)
