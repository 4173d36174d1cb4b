"""Messages in channels: read, search, write."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.channels import ONE, ChannelId
from api.idempotency import OnceDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.channels.model import AuthorKind, Message

router = APIRouter(prefix="/api", tags=["channels"], route_class=StrictRoute)

LONGEST: Final = 40_000  # characters
_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3e01",
    "channel_id": "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3c01",
    "thread_id": None,
    "author": {"kind": "user", "id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02", "name": "Ada", "is_bot": False},
    "text": "@sales_pro what about the lead of this morning?",
    "attachments": [],
    "sent_at": "2026-11-20T09:05:00Z",
    "edited_at": None,
    "deleted": False,
    "run_id": None,
    "answered_by": None,
    "replies": 1,
}

Text = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$")]


class MessageBody(BaseModel):
    """What you say."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"text": "@sales_pro what about the lead of this morning?"}}
    )

    text: Text
    thread_id: UUID | None = Field(default=None, description="a message of the thread that it answers in")
    files: list[UUID] = Field(default_factory=list, max_length=10, description="ids of files (`POST /api/files`)")


class MessagePatch(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"text": "What about the lead?"}})

    text: Text


class AuthorView(BaseModel):
    kind: AuthorKind
    id: str | None = Field(description="of a user or an agent, or what the service calls the sender")
    name: str
    is_bot: bool = Field(description="no person wrote it")


class MessageView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: UUID
    channel_id: UUID
    thread_id: UUID | None = Field(description="the message that began the thread; null at the top level")
    author: AuthorView
    text: str
    attachments: list[JsonValue] = Field(description='files: `{"$file", "name", "size", "media_type"}`')
    sent_at: datetime
    edited_at: datetime | None
    deleted: bool
    run_id: UUID | None = Field(description="the run that posted it")
    answered_by: UUID | None = Field(description="the run that answered it first")
    replies: int

    @classmethod
    def of(cls, message: Message) -> "MessageView":
        return cls(
            id=message.id,
            channel_id=message.channel_id,
            thread_id=message.thread_id,
            author=AuthorView(
                kind=message.author_kind, id=message.author_id, name=message.author_name, is_bot=message.is_bot
            ),
            text=message.text,
            attachments=list(message.attachments),
            sent_at=message.sent_at,
            edited_at=message.edited_at,
            deleted=message.deleted_at is not None,
            run_id=message.run_id,
            answered_by=message.answered_by,
            replies=message.replies,
        )


class MessagesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}})

    items: list[MessageView]
    next_cursor: str | None

    @classmethod
    def of(cls, rows: list[Message], limit: int) -> "MessagesView":
        last = str(rows[limit - 1].id) if len(rows) > limit else None
        return cls(items=[MessageView.of(row) for row in rows[:limit]], next_cursor=last)


MessageId = Annotated[UUID, Path(description="id of a message")]
_ONE: Final = f"{ONE}/messages/{{message_id:uuid}}"


@router.get("/messages", summary="Search messages", responses=documented(401, 422))
async def search(
    *,
    caller: CallerDep,
    services: ServicesDep,
    q: Annotated[str, Query(min_length=2, max_length=200, pattern=r"^[^\x00]*$", description="a part of the text")],
    channel_id: Annotated[UUID | None, Query(description="in this channel")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> MessagesView:
    """In all channels that you may see, threads included; the newest first."""
    rows = await services.talk.search(caller, q, channel_id=channel_id, before=id_cursor(cursor), limit=limit + 1)
    return MessagesView.of(rows, limit)


@router.get(f"{ONE}/messages", summary="List messages", responses=documented(401, 404, 422))
async def messages(
    *,
    channel_id: ChannelId,
    caller: CallerDep,
    services: ServicesDep,
    thread: Annotated[UUID | None, Query(description="the thread that this message began, itself included")] = None,
    after: Annotated[
        UUID | None, Query(description="what came after this message, the oldest first: to catch up")
    ] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> MessagesView:
    """The top level, the newest first; `next_cursor` leads to older ones, with `after` to newer ones."""
    at = id_cursor(cursor)
    rows = await services.talk.messages(
        caller,
        channel_id,
        thread=thread,
        before=at if after is None else None,
        after=after if at is None or after is None else max(at, after),
        limit=limit + 1,
    )
    return MessagesView.of(rows, limit)


@router.post(
    f"{ONE}/messages",
    summary="Post a message",
    status_code=201,
    responses=documented(401, 404, 409, 413, 422),
)
async def post(
    *, channel_id: ChannelId, body: MessageBody, caller: CallerDep, services: ServicesDep, once: OnceDep,
    response: Response,
) -> MessageView:  # fmt: skip
    """In a room of the workspace's own. Agents and automations that listen there start at once."""
    said = await services.talk.post(caller, channel_id, body.text, once, thread=body.thread_id, files=body.files)
    response.headers["Location"] = f"/api/channels/{channel_id}/messages/{said.id}"
    return MessageView.of(said)


@router.patch(_ONE, summary="Edit a message", responses=documented(401, 403, 404, 409, 413, 422))
async def edit(
    channel_id: ChannelId, message_id: MessageId, body: MessagePatch, caller: CallerDep, services: ServicesDep
) -> MessageView:
    """Your own. It starts nothing again."""
    return MessageView.of(await services.talk.edit(caller, channel_id, message_id, body.text))


@router.delete(_ONE, summary="Delete a message", status_code=204, responses=documented(401, 403, 404, 409, 422))
async def delete(channel_id: ChannelId, message_id: MessageId, caller: CallerDep, services: ServicesDep) -> None:
    """Your own; admins anybody's. Its text is gone, its thread stays."""
    await services.talk.delete(caller, channel_id, message_id)
