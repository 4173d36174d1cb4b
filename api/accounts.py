"""Accounts: registration, login, the caller's own data."""

import zoneinfo
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from api import etags, session_cookie
from api.caller import CallerDep, SessionDep
from api.language import LanguageDep
from api.problems import documented
from api.services import Services, ServicesDep
from api.strict import StrictRoute
from core.accounts.model import SignedIn, User, Workspace
from core.accounts.service import Changes, Registration
from core.accounts.tokens import LIFETIME
from core.errors import NotFound

router = APIRouter(prefix="/api", tags=["accounts"], route_class=StrictRoute)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Email = Annotated[str, StringConstraints(max_length=320)]
Password = Annotated[str, Field(min_length=10, max_length=256)]
Invitation = Annotated[str, Field(max_length=100, description="the last part of an invitation's link")]


def _known_zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError("This is no time zone; take a name such as Europe/Paris.")
    return name


USER_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "email": "ada@example.org",
    "name": "Ada",
    "is_operator": True,
    "locale": "en",
    "timezone": "Europe/Paris",
    "mail_notifications": "approvals",
    "email_verified_at": None,
    "onboarded_at": None,
    "created_at": "2026-11-20T09:00:00Z",
}
WORKSPACE_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "name": "Ada's workspace",
    "plan": "unlimited",
    "role": "owner",
    "created_at": "2026-11-20T09:00:00Z",
}


class UserView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": USER_EXAMPLE})

    id: UUID
    email: str
    name: str
    is_operator: bool
    locale: str
    timezone: str
    mail_notifications: Literal["approvals", "all", "none"] = Field(description="which of them also come by mail")
    email_verified_at: datetime | None
    onboarded_at: datetime | None = Field(description="when the first steps were done or skipped")
    created_at: datetime


class WorkspaceView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": WORKSPACE_EXAMPLE})

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
                "user": USER_EXAMPLE,
                "workspace": WORKSPACE_EXAMPLE,
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

    email: Email
    password: Password
    name: Name
    workspace_name: Name | None = None
    invitation: Invitation | None = None
    locale: Literal["en", "fr"] | None = Field(default=None, description="missing: what `Accept-Language` likes best")


class LoginBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"email": "ada@example.org", "password": "a long enough one"}}
    )

    email: Email
    password: str = Field(max_length=256)
    invitation: Invitation | None = None


class MeBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Ada Lovelace", "timezone": "Europe/Paris"}}
    )

    name: Name | None = None
    locale: Literal["en", "fr"] | None = None
    timezone: Annotated[str, AfterValidator(_known_zone)] | None = Field(
        None, max_length=64, description="an IANA name", examples=["Europe/Paris"]
    )
    mail_notifications: Literal["approvals", "all", "none"] | None = None
    onboarded: Literal[True] | None = Field(None, description="the first steps are done or skipped")
    password: Password | None = None
    current_password: str | None = Field(None, max_length=256)


class MeView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"user": USER_EXAMPLE, "workspace": WORKSPACE_EXAMPLE, "workspaces": [WORKSPACE_EXAMPLE]}
        }
    )

    user: UserView
    workspace: WorkspaceView = Field(description="the one this request works in")
    workspaces: list[WorkspaceView]


@router.post(
    "/auth/register", status_code=201, summary="Register", responses=documented(403, 404, 409, 410, 413, 422, 429)
)
async def register(
    body: RegisterBody, response: Response, services: ServicesDep, language: LanguageDep
) -> SignedInView:
    """Make an account with a workspace of its own, or with an `invitation` to one. Without that it is closed after the
    first user, unless the operator opened it. The refresh token comes as a cookie.
    Where the installation sends mail, a link that verifies the address is on its way."""
    given = body.model_dump() | {"locale": body.locale or language}
    outcome = await services.accounts.register(Registration(**given))
    return signed_in(outcome, response, services)


@router.post("/auth/login", summary="Sign in", responses=documented(401, 403, 404, 410, 413, 422, 429))
async def login(body: LoginBody, request: Request, response: Response, services: ServicesDep) -> SignedInView:
    """Get an access token, and the refresh token as a cookie. The answer is the same whether the address is unknown or
    the password wrong. An `invitation` is accepted on the way."""
    outcome = await services.accounts.login(
        body.email, body.password, remote=remote_of(request), invitation=body.invitation
    )
    return signed_in(outcome, response, services)


@router.get("/me", summary="Who am I", responses=documented(401, 403, 404))
async def me(caller: CallerDep, services: ServicesDep, response: Response) -> MeView:
    """The caller, and the workspaces they are a member of. The ETag is that of the profile."""
    user, workspaces = await services.accounts.me(caller)
    etags.put(response, user.revision)
    return _me(user, workspaces, caller.workspace_id)


@router.patch("/me", summary="Change my profile", responses=documented(401, 403, 404, 412, 422, 429))
async def change_me(
    *,
    body: MeBody,
    request: Request,
    response: Response,
    session: SessionDep,
    services: ServicesDep,
    read: etags.ReadDep,
) -> UserView:
    """Change name, language, time zone, or the password, which needs the current one and ends all other sessions."""
    changes = Changes(read, **body.model_dump())
    user = await services.accounts.change(session.caller, session.id, changes, remote=remote_of(request))
    etags.put(response, user.revision)
    return UserView.model_validate(user)


def remote_of(request: Request) -> str:
    """The client's address."""
    return request.client.host if request.client else ""


def signed_in(outcome: SignedIn, response: Response, services: Services) -> SignedInView:
    """The answer to somebody who came in; the refresh token goes into its cookie."""
    session_cookie.put(response, services.settings, outcome.refresh)
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
