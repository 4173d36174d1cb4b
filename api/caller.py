"""Who asks: the bearer token of a request, as a `Caller` in one workspace."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import scopes
from api.services import ServicesDep
from core.caller import Caller
from core.errors import Forbidden, Unauthenticated

_BEARER: Final = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="The `access_token` of login, or an API token (`vut_...`)."
)


@dataclass(frozen=True, slots=True)
class Session:
    """The caller, and until when their token is good. `id` is None for an API token."""

    caller: Caller
    expires_at: datetime
    id: UUID | None = None


async def _session(
    request: Request,
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    workspace: Annotated[
        UUID | None,
        Header(alias="X-Workspace-Id", description="another workspace of yours than the token's"),
    ] = None,
) -> Session:
    """A workspace in the path goes before the header, and the header before the token's own."""
    if credentials is None:
        raise Unauthenticated("token_missing", "Sign in first: this needs the header Authorization: Bearer <token>.")
    wanted = request.path_params.get("workspace_id", workspace)
    known = await services.callers.of(credentials.credentials, wanted)
    scopes.require(known.caller, request.method, request.scope["route"].path)
    return Session(known.caller, known.expires_at, known.session_id)


SessionDep = Annotated[Session, Depends(_session)]


async def _caller(session: SessionDep) -> Caller:
    return session.caller


CallerDep = Annotated[Caller, Depends(_caller)]


async def _operator(caller: CallerDep) -> Caller:
    if not caller.is_operator:
        raise Forbidden("operator_only", "This is for the operators of this installation.")
    return caller


OperatorDep = Annotated[Caller, Depends(_operator)]
