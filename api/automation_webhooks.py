"""The webhook of an automation: a new secret, and the capture of a sample."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.automations.rotation import KEEP_OLD_S, LONGEST_KEEP_S
from core.automations.webhook_secrets import is_takeable
from core.deliveries.capture import Capture, Sample

router = APIRouter(prefix="/api", tags=["webhooks"], route_class=StrictRoute)

Id = Annotated[UUID, Path(description="id of an automation")]

_ADDRESS: Final = "https://vutler.example.com/api/webhooks/kX2v9ZrQ0aYb3mTn5LcWd7EfGh1JsUoP"
_SAMPLE: Final[JsonDict] = {
    "delivery_id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "received_at": "2026-11-20T09:00:00Z",
    "authentic": True,
    "headers": {"content-type": "application/json", "x-webhook-secret": "***"},
    "query": {},
    "data": {"lead": {"name": "Ada", "budget": 1200}},
    "size": 42,
    "problem": None,
}


class RotateBody(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"keep_old_s": 86400}})

    keep_old_s: int = Field(
        default=KEEP_OLD_S, ge=0, le=LONGEST_KEEP_S, description="seconds for which the old secret still works"
    )
    secret: str | None = Field(
        default=None,
        description="8 to 256 printable ASCII characters; missing: we make one; needed where the sender makes it"
        " (Slack, Stripe)",
    )

    @field_validator("secret")
    @classmethod
    def _takeable(cls, secret: str | None) -> str | None:
        if secret is not None and not is_takeable(secret):
            raise ValueError("A secret has 8 to 256 printable ASCII characters.")
        return secret


class RotatedView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "kX2v9ZrQ0aYb3mTn5LcWd7EfGh1JsUoP",
                "url": _ADDRESS,
                "secret": "whs_8mF0...shown only now",
                "old_until": "2026-11-21T09:00:00Z",
            }
        }
    )

    id: str
    url: str
    secret: str | None = Field(description="the new one, shown only here; null where you gave it yourself")
    old_until: datetime | None = Field(description="the old one works until then; null: no more")


class SampleView(BaseModel):
    delivery_id: UUID
    received_at: datetime
    authentic: bool = Field(description="it came with the right secret or signature; else anybody may have sent it")
    headers: JsonValue = Field(description="secrets masked")
    query: JsonValue
    data: JsonValue = Field(description="what `trigger.data` would be")
    size: int = Field(description="bytes of the body")
    problem: str | None = Field(description="why there is no data, or what was wrong with the secret")

    @classmethod
    def of(cls, sample: Sample) -> Self:
        row = sample.delivery
        return cls.model_validate(
            {
                "delivery_id": row.id,
                "received_at": row.received_at,
                "authentic": sample.authentic,
                "headers": row.headers,
                "query": row.query,
                "data": sample.data,
                "size": row.size,
                "problem": sample.problem or row.detail,
            }
        )


class CaptureView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"state": "captured", "armed_until": None, "sample": _SAMPLE}}
    )

    state: Literal["idle", "armed", "captured"]
    armed_until: datetime | None
    sample: SampleView | None

    @classmethod
    def of(cls, capture: Capture) -> Self:
        sample = None if capture.sample is None else SampleView.of(capture.sample)
        return cls.model_validate({"state": capture.state, "armed_until": capture.armed_until, "sample": sample})


class StandingView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "kX2v9ZrQ0aYb3mTn5LcWd7EfGh1JsUoP",
                "url": _ADDRESS,
                "secret_set_at": "2026-11-20T09:00:00Z",
                "old_until": None,
            }
        }
    )

    id: str
    url: str
    secret_set_at: datetime = Field(description="since when the present secret is the one")
    old_until: datetime | None = Field(description="the one before works until then; null: no more")


@router.get(
    "/automations/{automation_id:uuid}/webhook",
    summary="Read about a webhook",
    responses=documented(401, 404, 409, 422),
)
async def webhook(automation_id: Id, caller: CallerDep, services: ServicesDep) -> StandingView:
    """Its address, and since when its secret is the one; the secret itself is shown when it is made and never again.
    409 where the automation has no webhook."""
    found = await services.rotation.standing(caller, automation_id)
    return StandingView(
        id=found.webhook_id,
        url=f"{services.settings.public_url}/api/webhooks/{found.webhook_id}",
        secret_set_at=found.secret_set_at,
        old_until=found.old_until,
    )


@router.post(
    "/automations/{automation_id:uuid}/webhook/rotate",
    summary="Change the secret of a webhook",
    responses=documented(401, 403, 404, 409, 422),
)
async def rotate(
    automation_id: Id,
    caller: CallerDep,
    services: ServicesDep,
    body: Annotated[RotateBody | None, Body()] = None,
) -> RotatedView:
    """The new secret works at once and is shown only here; the old one goes on for `keep_old_s`, so that the sender
    can be changed in between. 409 where the automation has no webhook."""
    wanted = body or RotateBody()
    rotated = await services.rotation.rotate(caller, automation_id, secret=wanted.secret, keep_old_s=wanted.keep_old_s)
    return RotatedView(
        id=rotated.webhook_id,
        url=f"{services.settings.public_url}/api/webhooks/{rotated.webhook_id}",
        secret=rotated.secret,
        old_until=rotated.old_until,
    )


@router.post(
    "/automations/{automation_id:uuid}/capture",
    summary="Capture the next request",
    responses=documented(401, 403, 404, 409),
)
async def arm(automation_id: Id, caller: CallerDep, services: ServicesDep) -> CaptureView:
    """For five minutes the next request at the automation's webhook is kept as a sample and starts no run, also while
    the automation is a draft. A request with a wrong secret is kept as well, and marked; its sender is answered 401."""
    return CaptureView.of(await services.captures.arm(caller, automation_id))


@router.get(
    "/automations/{automation_id:uuid}/capture",
    summary="Read the captured request",
    responses=documented(401, 404, 409),
)
async def captured(automation_id: Id, caller: CallerDep, services: ServicesDep) -> CaptureView:
    """Whether a capture is armed, and the sample once it is there."""
    return CaptureView.of(await services.captures.state(caller, automation_id))
