"""Telling the pages of a workspace that something changed in a channel: ids only, on the event stream."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

from blocks.values import Json, JsonObject
from core.caller import Caller
from core.channels.model import Channel
from core.db import Connection
from core.runs.channels import EVENTS

_TELL: Final = """
SELECT pg_notify($1, jsonb_build_array(CASE WHEN c.is_open THEN n.notice
    ELSE n.notice || jsonb_build_object('user', m.user_id) END)::text)
FROM unnest($2::jsonb[], $3::uuid[]) AS n (notice, channel) JOIN channels c ON c.id = n.channel
LEFT JOIN channel_members m ON m.channel_id = c.id AND m.user_id IS NOT NULL AND NOT c.is_open
WHERE c.is_open OR m.user_id IS NOT NULL
"""


async def tell(connection: Connection, notices: Sequence[tuple[UUID, JsonObject]]) -> None:
    """Notices with their channels: for everybody where the channel is open, else for its members alone."""
    if notices:
        await connection.execute(_TELL, EVENTS, [notice for _, notice in notices], [channel for channel, _ in notices])


def of_message(
    channel: Channel, message_id: UUID, thread_id: UUID | None, change: Literal["new", "edited", "deleted"]
) -> tuple[UUID, JsonObject]:
    thread: Json = None if thread_id is None else str(thread_id)
    return channel.id, {
        "workspace": str(channel.workspace_id), "kind": "message", "change": change, "id": str(message_id),
        "channel": str(channel.id), "thread": thread,
    }  # fmt: skip


def of_channel(channel: Channel, change: Literal["new", "changed", "archived", "members"]) -> tuple[UUID, JsonObject]:
    return channel.id, {
        "workspace": str(channel.workspace_id), "kind": "channel", "change": change, "channel": str(channel.id),
    }  # fmt: skip


async def tell_one(connection: Connection, caller: Caller, channel: Channel) -> None:
    """The caller's other pages: they have read this channel."""
    notice: JsonObject = {
        "workspace": str(channel.workspace_id), "kind": "channel", "change": "read", "channel": str(channel.id),
        "user": str(caller.user_id),
    }  # fmt: skip
    await connection.execute("SELECT pg_notify($1, jsonb_build_array($2::jsonb)::text)", EVENTS, notice)
