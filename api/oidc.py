"""Sign-in with OpenID Connect: two pages that a browser passes through, no part of the contract for programs."""

import json
from dataclasses import asdict
from typing import Annotated, Final

from cryptography.fernet import InvalidToken
from fastapi import APIRouter, Cookie, Query
from fastapi.responses import RedirectResponse

from api import session_cookie
from api.services import Services, ServicesDep
from api.strict import StrictRoute
from core.accounts.oidc import Attempt, Provider
from core.errors import NotFound, Unauthenticated, VutlerError

router = APIRouter(prefix="/api/auth/oidc", include_in_schema=False, route_class=StrictRoute)

_COOKIE: Final = "vutler_oidc"
_PATH: Final = "/api/auth/oidc"
_WITHIN_S: Final = 600


@router.get("/login")
async def login(
    services: ServicesDep,
    next_path: Annotated[str, Query(alias="next", max_length=500)] = "/",
    invitation: Annotated[str | None, Query(max_length=100)] = None,
) -> RedirectResponse:
    """On to the issuer. `next` is the page of ours to come back to."""
    place, attempt = await _provider(services).start(_local(next_path), invitation)
    response = RedirectResponse(place, 303)
    response.set_cookie(
        _COOKIE,
        services.cookies.encrypt(json.dumps(asdict(attempt)).encode()).decode(),
        max_age=_WITHIN_S,
        path=_PATH,
        secure=services.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",  # the issuer's page leads back here
    )
    return response


@router.get("/callback")
async def callback(
    services: ServicesDep,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str | None, Query(max_length=500)] = None,
    cookie: Annotated[str | None, Cookie(alias=_COOKIE)] = None,
) -> RedirectResponse:
    """Back from the issuer: signed in, or at the sign-in page with the code of what went wrong."""
    provider = _provider(services)
    try:
        attempt = _attempt(services, cookie)
        if not code:  # the issuer says `error`: somebody changed their mind
            raise Unauthenticated("oidc_refused", "The sign-in service did not let you in.")
        identity = await provider.finish(attempt, code=code, state=state, iss=iss)
        outcome = await services.identities.sign_in(identity, attempt.invitation)
    except VutlerError as error:
        response = RedirectResponse(f"/login?error={error.code}", 303)
    else:
        response = RedirectResponse(attempt.next, 303)
        session_cookie.put(response, services.settings, outcome.refresh)
    response.delete_cookie(_COOKIE, path=_PATH)
    return response


def _provider(services: Services) -> Provider:
    if services.provider is None:
        raise NotFound("oidc_off", "This Vutler has no sign-in service; its operator sets VUTLER_OIDC_ISSUER.")
    return services.provider


def _attempt(services: Services, cookie: str | None) -> Attempt:
    try:
        return Attempt(**json.loads(services.cookies.decrypt(cookie or "", ttl=_WITHIN_S)))
    except InvalidToken as error:
        raise Unauthenticated(
            "oidc_refused", "This sign-in was not begun in this browser, or took too long."
        ) from error


def _local(path: str) -> str:
    """A path of ours: never another site's address, however it is written."""
    fine = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if fine else "/"
