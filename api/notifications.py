"""The bell: what you were told in this workspace."""

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.language import LanguageDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.words import Language
from core.notifications.reading import Notification

router = APIRouter(prefix="/api", tags=["notifications"], route_class=StrictRoute)

_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-5b0a7be9d002",
    "kind": "approval",
    "title": "Lead -> landing page: your approval is asked for",
    "text": "Publish “Spring offer”?",
    "link": "/approvals?id=0199c2a4-7a1e-7cc3-9f0e-5b0a7be9d001",
    "subject": "0199c2a4-7a1e-7cc3-9f0e-5b0a7be9d001",
    "created_at": "2026-11-20T09:00:00Z",
    "read_at": None,
    "what": "approval_asked",
    "args": {"automation": "Lead -> landing page", "step": "ask", "message": "Publish “Spring offer”?"},
    "reminder": False,
}


class NotificationView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _EXAMPLE})

    id: UUID
    kind: str = Field(description="what it is about: approval, alert ...")
    title: str
    text: str
    link: str = Field(description="a path of the user interface")
    subject: UUID = Field(description="id of what it is about")
    created_at: datetime
    read_at: datetime | None
    what: str | None = Field(description="code of what it says, for programs; null of what was told by older versions")
    args: dict[str, JsonValue] = Field(description="what the sentences of `what` are made of")
    reminder: bool = Field(description="the same was told before")

    @classmethod
    def of(cls, row: Notification, language: Language) -> Self:
        title, text = row.told(language)
        return cls.model_validate(row).model_copy(update={"title": title, "text": text})


class NotificationsView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None, "unread_count": 1}}
    )

    items: list[NotificationView]
    next_cursor: str | None
    unread_count: int = Field(description="of all, not of this page")


class ReadView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"read": 3}})

    read: int = Field(description="how many were unread before")


@router.get("/notifications", summary="List notifications", responses=documented(401, 404, 422))
async def notifications(
    *,
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    unread: Annotated[bool | None, Query(description="true: only unread ones; false: only read ones")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> NotificationsView:
    """Your own in this workspace, the newest first; in English or French by `Accept-Language`."""
    rows, count = await services.bell.listed(caller, unread=unread, before=id_cursor(cursor), limit=limit + 1)
    return NotificationsView(
        items=[NotificationView.of(row, language) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
        unread_count=count,
    )


@router.post(
    "/notifications/{notification_id:uuid}/read", summary="Mark a notification as read", responses=documented(401, 404)
)
async def read(
    notification_id: Annotated[UUID, Path(description="id of a notification of yours")],
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
) -> NotificationView:
    """Marking it again changes nothing."""
    return NotificationView.of(await services.bell.read(caller, notification_id), language)


@router.post("/notifications/read", summary="Mark all notifications as read", responses=documented(401, 404))
async def read_all(caller: CallerDep, services: ServicesDep) -> ReadView:
    """Your own in this workspace."""
    return ReadView(read=await services.bell.read_all(caller))
