"""What keeps somebody signed in and lets them back in: refresh, sign-out, forgotten passwords, verified addresses."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api import session_cookie
from api.accounts import Email, Password, SignedInView, remote_of, signed_in
from api.caller import CallerDep
from api.problems import documented
from api.same_origin import SameOriginDep
from api.services import ServicesDep
from api.strict import StrictRoute
from core.errors import Unauthenticated

router = APIRouter(prefix="/api", tags=["accounts"], route_class=StrictRoute)

_Cookie = Annotated[str | None, Cookie(alias=session_cookie.NAME, include_in_schema=False)]
_Token = Annotated[str, Field(max_length=100, description="the last part of the link")]
_LINK = "vul_Q29weSB0aGUgd2hvbGUgbGluaywgZG8gbm90IHR5cGUgaXQ"


class ForgotBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"email": "ada@example.org"}})

    email: Email


class ResetBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"token": _LINK, "password": "another long enough one"}}
    )

    token: _Token
    password: Password


class VerifyBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"token": _LINK}})

    token: _Token


@router.post(
    "/auth/refresh",
    summary="Renew the access token",
    dependencies=[SameOriginDep],
    responses=documented(401, 403),
)
async def refresh(response: Response, services: ServicesDep, cookie: _Cookie = None) -> SignedInView:
    """Takes the refresh token from its cookie, which changes each time. One that was used before ends the session.
    Only from Vutler's own pages (`Origin`, `Sec-Fetch-Site`)."""
    if cookie is None:
        raise Unauthenticated("session_missing", "There is no session here; sign in.")
    return signed_in(await services.accounts.refresh(cookie), response, services)


@router.post(
    "/auth/logout", status_code=204, summary="Sign out", dependencies=[SameOriginDep], responses=documented(403, 422)
)
async def logout(
    services: ServicesDep,
    everywhere: Annotated[bool, Query(description="end every session of yours, on all devices")] = False,
    cookie: _Cookie = None,
) -> Response:
    """End the session of the cookie; its access tokens are void at once. API tokens stay as they are."""
    if cookie is not None:
        await services.sessions.end(cookie, everywhere=everywhere)
    response = Response(status_code=204)
    session_cookie.clear(response, services.settings)
    return response


@router.post(
    "/auth/password/forgot",
    status_code=202,
    summary="Ask for a new password",
    response_class=Response,
    responses=documented(413, 422, 429),
)
async def forgot(body: ForgotBody, request: Request, services: ServicesDep) -> Response:
    """A link is sent where mail is set up; else the operator makes one. Unknown addresses are answered the same."""
    await services.recovery.forgot(body.email, remote=remote_of(request))
    return Response(status_code=202)


@router.post(
    "/auth/password/reset",
    status_code=204,
    summary="Set a new password",
    responses=documented(410, 413, 422, 429),
)
async def reset(body: ResetBody, services: ServicesDep) -> Response:
    """With the link of a forgotten password, good once and for an hour. Ends every session of the user."""
    await services.recovery.reset(body.token, body.password)
    return Response(status_code=204)


@router.post("/auth/email/verify", status_code=204, summary="Verify an address", responses=documented(410, 413, 422))
async def verify(body: VerifyBody, services: ServicesDep) -> Response:
    """With the link that was sent to it, good once and for a day."""
    await services.recovery.verify(body.token)
    return Response(status_code=204)


@router.post(
    "/auth/email/send",
    status_code=202,
    summary="Ask for a link to verify",
    response_class=Response,
    responses=documented(401, 403, 404),
)
async def send(caller: CallerDep, services: ServicesDep) -> Response:
    """Have a link sent to your own address, where mail is set up and it is not verified yet."""
    await services.recovery.ask_to_verify(caller.user_id)
    return Response(status_code=202)
