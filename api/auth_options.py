"""How people may come in here: what the sign-in page asks before anybody has signed in."""

from typing import Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from api.services import ServicesDep
from api.strict import StrictRoute

router = APIRouter(prefix="/api", tags=["accounts"], route_class=StrictRoute)

_START: Final = "/api/auth/oidc/login"
_KEPT: Final = "public, max-age=60"


class ProviderView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"label": "Example Inc.", "start_url": _START}})

    label: str = Field(description="for the button")
    start_url: str = Field(description="where the button leads; takes `?next=` and `?invitation=`")


class OptionsView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "first_run": False,
                "signup": "closed",
                "password_reset": False,
                "oidc": {"label": "Example Inc.", "start_url": _START},
            }
        }
    )

    first_run: bool = Field(description="there is no user yet: the first one becomes operator")
    signup: Literal["open", "closed"] = Field(description="closed: only with an invitation")
    password_reset: bool = Field(description="mail is set up; else the operator hands out links")
    oidc: ProviderView | None = Field(description="sign-in with OpenID Connect, where it is set up")


@router.get("/auth/options", summary="How to sign in here")
async def options(response: Response, services: ServicesDep) -> OptionsView:
    """What the sign-in page needs to know. Needs no token; may be kept for a minute once there is a user."""
    first_run = await services.accounts.is_empty()
    if not first_run:
        response.headers["Cache-Control"] = _KEPT
    oidc = services.settings.oidc
    return OptionsView(
        first_run=first_run,
        signup="open" if first_run or services.settings.signup_open else "closed",
        password_reset=services.recovery.by_mail,
        oidc=None if oidc is None else ProviderView(label=oidc.label, start_url=_START),
    )
