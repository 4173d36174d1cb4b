"""Who asks: the bearer token of a request, as a `Caller` in one workspace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.services import ServicesDep
from core import tenancy
from core.caller import Caller
from core.errors import Forbidden, Unauthenticated

_BEARER: Final = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The `access_token` of login.")


@dataclass(frozen=True, slots=True)
class Session:
    """The caller, and until when their token is good."""

    caller: Caller
    expires_at: datetime


async def _session(
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    workspace: Annotated[
        UUID | None,
        Header(alias="X-Workspace-Id", description="another workspace of yours than the token's"),
    ] = None,
) -> Session:
    if credentials is None:
        raise Unauthenticated("token_missing", "Sign in first: this needs the header Authorization: Bearer <token>.")
    caller, access = await services.accounts.caller(credentials.credentials, workspace)
    tenancy.enter(caller.workspace_id)
    return Session(caller, access.expires_at)


SessionDep = Annotated[Session, Depends(_session)]


async def _caller(session: SessionDep) -> Caller:
    return session.caller


CallerDep = Annotated[Caller, Depends(_caller)]


async def _operator(caller: CallerDep) -> Caller:
    if not caller.is_operator:
        raise Forbidden("operator_only", "This is for the operators of this installation.")
    return caller


OperatorDep = Annotated[Caller, Depends(_operator)]
