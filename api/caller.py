"""Who asks: the bearer token of a request, as a `Caller` in one workspace."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import scopes
from api.gate import STANDING
from api.services import ServicesDep
from core import tenancy
from core.accounts.callers import Callers
from core.caller import Caller
from core.db import AWAY
from core.errors import Forbidden, NotFound, Unauthenticated, Unavailable

_BEARER: Final = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="The `access_token` of login, or an API token (`vut_...`)."
)

WITHIN: Final = "vutler.session"  # in the scope of an operation that another one calls: whose session it is
_OF_ONE: Final = "/api/workspaces/{workspace_id:uuid}"


@dataclass(frozen=True, slots=True)
class Session:
    """The caller, and until when their token is good. `id` is None for an API token."""

    caller: Caller
    expires_at: datetime
    id: UUID | None
    bearer: str = field(repr=False)
    callers: Callers = field(repr=False)

    async def holds(self) -> bool:
        """Whether the caller is let in still: streams outlive sessions, memberships and tokens. While the database is
        away, nobody is sent away."""
        try:
            await self.callers.of(self.bearer, self.caller.workspace_id)
        except (Unauthenticated, NotFound):
            return False
        except (*AWAY, Unavailable):
            return True
        return True


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
    within: Session | None = request.scope.get(WITHIN)
    if within is not None:  # it was counted when it came
        scopes.require(within.caller, request.method, request.scope["route"].path)
        return within
    if credentials is None:
        raise Unauthenticated("token_missing", "Sign in first: this needs the header Authorization: Bearer <token>.")
    path: str = request.scope["route"].path
    wanted = request.path_params["workspace_id"] if path.startswith(_OF_ONE) else workspace
    known = await services.callers.of(credentials.credentials, wanted)
    scopes.require(known.caller, request.method, path)
    request.scope[STANDING] = services.rates.count(known.caller)
    tenancy.enter(known.caller.workspace_id)
    return Session(known.caller, known.expires_at, known.session_id, credentials.credentials, services.callers)


SessionDep = Annotated[Session, Depends(_session)]


async def _caller(session: SessionDep) -> Caller:
    return session.caller


CallerDep = Annotated[Caller, Depends(_caller)]


async def _operator(caller: CallerDep) -> Caller:
    if not caller.is_operator:
        raise Forbidden("operator_only", "This is for the operators of this installation.")
    return caller


OperatorDep = Annotated[Caller, Depends(_operator)]
