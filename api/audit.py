"""The audit log: who did what, when and from where."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.audit.reading import Sought

router = APIRouter(prefix="/api", tags=["accounts"], route_class=StrictRoute)

_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-6c7d8e9f0a01",
    "at": "2026-11-20T09:00:00Z",
    "user_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "token_id": None,
    "actor": "ada@example.org",
    "remote": "203.0.113.7",
    "request_id": "0199c2a4-7a1e-7cc3-9f0e-6c7d8e9f0a02",
    "action": "automation.switched",
    "object_type": "automation",
    "object_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "before": {"enabled": True},
    "after": {"enabled": False},
}


class EntryView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _EXAMPLE})

    id: UUID
    at: datetime
    user_id: UUID | None
    token_id: UUID | None = Field(description="the API token that was used")
    actor: str | None = Field(description="the mail address at that time")
    remote: str | None = Field(description="the network address")
    request_id: str | None = Field(description="the same as in the header X-Request-Id and in the logs")
    action: str = Field(description="such as `automation.published` or `user.sign_in_failed`")
    object_type: str
    object_id: str | None
    before: JsonValue = Field(description="short, secrets masked")
    after: JsonValue


class AuditView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[EntryView]
    next_cursor: str | None


@router.get("/audit", summary="Read the audit log", responses=documented(401, 403, 404, 422))
async def audit(
    *,
    caller: CallerDep,
    services: ServicesDep,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="at this time or later")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="before this time")] = None,
    actor: Annotated[str | None, Query(max_length=320, description="a user's id or mail address")] = None,
    action: Annotated[str | None, Query(max_length=60, description="a whole one, or its noun: `automation`")] = None,
    about: Annotated[str | None, Query(alias="object", max_length=100, description="an id, or a type")] = None,
    installation: Annotated[bool, Query(description="what belongs to no workspace, for operators")] = False,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> AuditView:
    """For admins, the newest first. Nothing in it can be changed; it is kept for `VUTLER_AUDIT_DAYS`."""
    sought = Sought(since, until, actor, action, about, installation)
    rows = await services.audit.listed(caller, sought, before=id_cursor(cursor), limit=limit + 1)
    return AuditView(
        items=[EntryView.model_validate(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )
