"""Accounts: registration, login, the caller's own data and workspaces."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.accounts.model import SignedIn, User, Workspace
from core.accounts.service import Registration
from core.accounts.tokens import LIFETIME
from core.errors import NotFound

router = APIRouter(prefix="/api", tags=["accounts"], route_class=StrictRoute)

_Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
_Email = Annotated[str, StringConstraints(max_length=320)]

_USER: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "email": "ada@example.org",
    "name": "Ada",
    "is_operator": True,
    "created_at": "2026-11-20T09:00:00Z",
}
_WORKSPACE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "name": "Ada's workspace",
    "plan": "unlimited",
    "role": "owner",
    "created_at": "2026-11-20T09:00:00Z",
}


class UserView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _USER})

    id: UUID
    email: str
    name: str
    is_operator: bool
    created_at: datetime


class WorkspaceView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _WORKSPACE})

    id: UUID
    name: str
    plan: str
    role: Literal["owner", "admin", "editor", "viewer"] = Field(description="yours in it")
    created_at: datetime


class SignedInView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "access_token": "eyJhbGciOiJIUzI1NiIs...",
                "token_type": "bearer",
                "expires_in": 600,
                "user": _USER,
                "workspace": _WORKSPACE,
            }
        }
    )

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a kind, not a secret
    expires_in: int = Field(description="seconds")
    user: UserView
    workspace: WorkspaceView


class RegisterBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "email": "ada@example.org",
                "password": "a long enough one",
                "name": "Ada",
                "workspace_name": "Lab",
            }
        },
    )

    email: _Email
    password: str = Field(min_length=10, max_length=256)
    name: _Name
    workspace_name: _Name | None = None


class LoginBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"email": "ada@example.org", "password": "a long enough one"}}
    )

    email: _Email
    password: str = Field(max_length=256)


class MeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "Ada Lovelace"}})

    name: _Name


class MeView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"user": _USER, "workspace": _WORKSPACE, "workspaces": [_WORKSPACE]}}
    )

    user: UserView
    workspace: WorkspaceView = Field(description="the one this request works in")
    workspaces: list[WorkspaceView]


class WorkspacesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_WORKSPACE], "next_cursor": None}})

    items: list[WorkspaceView]
    next_cursor: str | None = None


@router.post("/auth/register", status_code=201, summary="Register", responses=documented(403, 409, 413, 422, 429))
async def register(body: RegisterBody, services: ServicesDep) -> SignedInView:
    """Make an account with a workspace of its own. Closed after the first user, unless the operator opened it."""
    return _signed_in(await services.accounts.register(Registration(**body.model_dump())))


@router.post("/auth/login", summary="Sign in", responses=documented(401, 403, 413, 422, 429))
async def login(body: LoginBody, request: Request, services: ServicesDep) -> SignedInView:
    """Get an access token. The answer is the same whether the address is unknown or the password wrong."""
    remote = request.client.host if request.client else ""
    return _signed_in(await services.accounts.login(body.email, body.password, remote=remote))


@router.get("/me", summary="Who am I", responses=documented(401, 404))
async def me(caller: CallerDep, services: ServicesDep) -> MeView:
    """The caller, and the workspaces they are a member of."""
    user, workspaces = await services.accounts.me(caller)
    return _me(user, workspaces, caller.workspace_id)


@router.patch("/me", summary="Change my name", responses=documented(401, 404, 422))
async def change_me(body: MeBody, caller: CallerDep, services: ServicesDep) -> UserView:
    """Change the caller's name."""
    return UserView.model_validate(await services.accounts.rename(caller, body.name))


@router.get("/workspaces", summary="List my workspaces", responses=documented(401, 404))
async def workspaces(caller: CallerDep, services: ServicesDep) -> WorkspacesView:
    """The workspaces the caller is a member of, the oldest membership first."""
    _, found = await services.accounts.me(caller)
    return WorkspacesView(items=[WorkspaceView.model_validate(each) for each in found])


def _signed_in(outcome: SignedIn) -> SignedInView:
    return SignedInView(
        access_token=outcome.token,
        expires_in=int(LIFETIME.total_seconds()),
        user=UserView.model_validate(outcome.user),
        workspace=WorkspaceView.model_validate(outcome.workspace),
    )


def _me(user: User, workspaces: list[Workspace], current: UUID) -> MeView:
    views = [WorkspaceView.model_validate(each) for each in workspaces]
    here = next((view for view in views if view.id == current), None)
    if here is None:
        raise NotFound("workspace_not_found", "You are a member of no such workspace.")
    return MeView(user=UserView.model_validate(user), workspace=here, workspaces=views)
