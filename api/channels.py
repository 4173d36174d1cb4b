"""Channels, where people and agents talk: rooms of the workspace's own, and those of its accounts."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.channels.model import Kind, ListedChannel
from core.channels.rooms import MOST_UNREAD, Change, Wanted

router = APIRouter(prefix="/api", tags=["channels"], route_class=StrictRoute)

_ID: Final = "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3c01"
_AGENT: Final = "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3a02"
_CHANNEL: Final[JsonDict] = {
    "id": _ID,
    "connection_id": None,
    "external_id": None,
    "name": "general",
    "kind": "room",
    "topic": "For everybody.",
    "is_open": True,
    "archived": False,
    "member": True,
    "unread": 3,
    "last_read_at": "2026-11-20T09:00:00Z",
    "last_message_at": "2026-11-20T09:05:00Z",
    "created_at": "2026-11-20T08:00:00Z",
}
_MEMBER: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-6d1f9f5b3d01",
    "user_id": None,
    "agent_id": _AGENT,
    "name": "Sales Pro",
    "created_at": "2026-11-20T09:00:00Z",
}

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\s\x00-\x1f#@][^\x00-\x1f]*$")]
Topic = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


class ChannelBody(BaseModel):
    """A new channel. With `connection_id` and `external_id` it is a room of that account."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "leads", "topic": "New leads", "members": [_AGENT]}}
    )

    kind: Literal["room", "direct"] = "room"
    name: Name | None = Field(default=None, description="of a room")
    topic: Topic = ""
    is_open: bool = Field(default=True, description="every member of the workspace may read and write; else its own")
    members: list[UUID] = Field(default_factory=list, max_length=100, description="ids of people and agents")
    connection_id: UUID | None = None
    external_id: str | None = Field(default=None, min_length=1, max_length=200)


class ChannelPatch(BaseModel):
    """What changes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"topic": "New leads only"}})

    name: Name | None = None
    topic: Topic | None = None
    is_open: bool | None = None


class ChannelView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _CHANNEL})

    id: UUID
    connection_id: UUID | None = Field(description="of a room of an account; null: our own")
    external_id: str | None = Field(description="the service's id of it")
    name: str
    kind: Kind
    topic: str
    is_open: bool
    archived: bool
    member: bool = Field(description="you are in it")
    unread: int = Field(description=f"messages of others that you have not seen; {MOST_UNREAD} stands for more")
    last_read_at: datetime | None
    last_message_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, listed: ListedChannel) -> "ChannelView":
        channel = listed.channel
        return cls(
            id=channel.id,
            connection_id=channel.connection_id,
            external_id=None if channel.connection_id is None else channel.external_id,
            name=channel.name,
            kind=channel.kind,
            topic=channel.topic,
            is_open=channel.is_open,
            archived=channel.archived_at is not None,
            member=listed.member,
            unread=listed.unread,
            last_read_at=listed.last_read_at,
            last_message_at=listed.last_message_at,
            created_at=channel.created_at,
        )


class ChannelsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_CHANNEL], "next_cursor": None}})

    items: list[ChannelView]
    next_cursor: str | None


class MemberBody(BaseModel):
    """A person or an agent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"id": _AGENT}})

    id: UUID


class MemberView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _MEMBER})

    id: UUID = Field(description="of the membership")
    user_id: UUID | None
    agent_id: UUID | None
    name: str
    created_at: datetime


class MembersView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_MEMBER], "next_cursor": None}})

    items: list[MemberView]
    next_cursor: str | None


class ReadBody(BaseModel):
    """How far you have read."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"message_id": _ID}})

    message_id: UUID | None = Field(default=None, description="everything up to this one; missing: everything")


ChannelId = Annotated[UUID, Path(description="id of a channel")]
ONE: Final = "/channels/{channel_id:uuid}"


@router.get("/channels", summary="List channels", responses=documented(401, 422))
async def channels(
    *,
    caller: CallerDep,
    services: ServicesDep,
    archived: Annotated[bool, Query(description="those that were archived")] = False,
    connection_id: Annotated[UUID | None, Query(description="those of this account")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> ChannelsView:
    """Those that you may see, the newest first: open rooms, and whatever you are in."""
    rows = await services.channels.listed(
        caller, archived=archived, connection_id=connection_id, before=id_cursor(cursor), limit=limit + 1
    )
    return ChannelsView(
        items=[ChannelView.of(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].channel.id) if len(rows) > limit else None,
    )


@router.post("/channels", summary="Create a channel", status_code=201, responses=documented(401, 403, 409, 413, 422))
async def create(body: ChannelBody, caller: CallerDep, services: ServicesDep, response: Response) -> ChannelView:
    """A room, or a direct room with somebody: that of the same people and agents is made once. Agents in it answer
    there from now on, unless their automations say otherwise."""
    wanted = Wanted(body.kind, body.name, body.topic, body.is_open, body.members, body.connection_id, body.external_id)
    made = await services.joining.create(caller, wanted)
    response.headers["Location"] = f"/api/channels/{made.channel.id}"
    return ChannelView.of(made)


@router.get(ONE, summary="Read a channel", responses=documented(401, 404, 422))
async def channel(channel_id: ChannelId, caller: CallerDep, services: ServicesDep) -> ChannelView:
    """With what you have not read of it."""
    return ChannelView.of(await services.channels.get(caller, channel_id))


@router.patch(ONE, summary="Change a channel", responses=documented(401, 403, 404, 409, 413, 422))
async def change(channel_id: ChannelId, body: ChannelPatch, caller: CallerDep, services: ServicesDep) -> ChannelView:
    """Its name, its topic, whether it is open to everybody of the workspace."""
    return ChannelView.of(
        await services.channels.change(caller, channel_id, Change(body.name, body.topic, body.is_open))
    )


@router.delete(ONE, summary="Archive a channel", status_code=204, responses=documented(401, 403, 404, 409, 422))
async def archive(channel_id: ChannelId, caller: CallerDep, services: ServicesDep) -> None:
    """Nobody writes in it any more, and it starts nothing; what was written stays readable."""
    await services.channels.archive(caller, channel_id)


@router.get(f"{ONE}/members", summary="List the members of a channel", responses=documented(401, 404, 422))
async def members(
    *,
    channel_id: ChannelId,
    caller: CallerDep,
    services: ServicesDep,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> MembersView:
    """People and agents, in the order in which they came."""
    rows = await services.channels.members(caller, channel_id, after=id_cursor(cursor), limit=limit + 1)
    return MembersView(
        items=[MemberView.model_validate(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


@router.post(
    f"{ONE}/members",
    summary="Add a member to a channel",
    status_code=201,
    responses=documented(401, 403, 404, 409, 413, 422),
)
async def add_member(channel_id: ChannelId, body: MemberBody, caller: CallerDep, services: ServicesDep) -> MemberView:
    """A person of the workspace, or an agent, which then listens and answers there, unless its automation says
    otherwise. Whoever is in it already stays."""
    return MemberView.model_validate(await services.joining.add_member(caller, channel_id, body.id))


@router.delete(
    f"{ONE}/members/{{member_id:uuid}}",
    summary="Remove a member from a channel",
    status_code=204,
    responses=documented(401, 403, 404, 409, 422),
)
async def remove_member(
    channel_id: ChannelId,
    member_id: Annotated[UUID, Path(description="id of a membership")],
    caller: CallerDep,
    services: ServicesDep,
) -> None:
    """Yourself, or with the role editor anybody."""
    await services.channels.remove_member(caller, channel_id, member_id)


@router.post(f"{ONE}/read", summary="Mark a channel as read", responses=documented(401, 404, 413, 422))
async def read(channel_id: ChannelId, body: ReadBody, caller: CallerDep, services: ServicesDep) -> ChannelView:
    """Everything up to a message, or all of it. A mark never goes back."""
    return ChannelView.of(await services.channels.read(caller, channel_id, body.message_id))
