"""Where a workspace's questions are put besides the inbox: one channel of one account that can ask with buttons."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blocks import registry
from blocks.inbound import HasButtons
from blocks.values import JsonObject
from core.audit import noting as audit
from core.caller import Caller
from core.connections import repository as connections
from core.db import Connection, Database
from core.errors import Finding, Invalid
from core.runs.channels import LISTENING


@dataclass(frozen=True, slots=True)
class Chat:
    """`channel` is the service's id or name of it."""

    connection_id: UUID
    channel: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A question in a channel. `closed`: its buttons are gone."""

    workspace_id: UUID
    connection_id: UUID
    channel: str
    message_id: str
    closed: bool


class Chats:
    """What people set."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, caller: Caller) -> Chat | None:
        async with self._db.connection() as connection:
            return await chat_of(connection, caller.workspace_id)

    async def choose(self, caller: Caller, connection_id: UUID, channel: str) -> Chat:
        """Questions from now on. Raises `Forbidden`, and `Invalid` where the account can't ask."""
        caller.require("admin")
        async with self._db.transaction() as connection:
            found = await connections.find(connection, caller.workspace_id, connection_id)
            if found is None or not isinstance(registry.connections().get(found[0].kind), HasButtons):
                why = "There is no such connection." if found is None else "This connection can't ask with buttons."
                raise Invalid(
                    "invalid_request", "The request is not valid; `errors` says where.",
                    (Finding("connection_id", why),),
                )  # fmt: skip
            row = await connection.fetchrow(
                "INSERT INTO approval_chats (workspace_id, connection_id, channel, updated_by) VALUES ($1, $2, $3, $4)"
                " ON CONFLICT (workspace_id) DO UPDATE SET connection_id = $2, channel = $3, updated_by = $4,"
                " updated_at = now() RETURNING connection_id, channel, updated_at",
                caller.workspace_id, connection_id, channel, caller.user_id,
            )  # fmt: skip
            await _tell_listeners(connection)
            after: JsonObject = {"connection": str(connection_id), "channel": channel}
            await audit.note(connection, caller, "approval_chat.chosen", "workspace", caller.workspace_id, after=after)
        return Chat(**dict(row or {}))

    async def clear(self, caller: Caller) -> None:
        """Raises `Forbidden`."""
        caller.require("admin")
        async with self._db.transaction() as connection:
            await connection.execute("DELETE FROM approval_chats WHERE workspace_id = $1", caller.workspace_id)
            await _tell_listeners(connection)
            await audit.note(connection, caller, "approval_chat.cleared", "workspace", caller.workspace_id)


async def _tell_listeners(connection: Connection) -> None:
    """Presses of buttons may come by the connection that listens to the account."""
    await connection.execute("SELECT pg_notify($1, '')", LISTENING)


async def chat_of(connection: Connection, workspace_id: UUID) -> Chat | None:
    row = await connection.fetchrow(
        "SELECT connection_id, channel, updated_at FROM approval_chats WHERE workspace_id = $1", workspace_id
    )
    return None if row is None else Chat(**row)


async def standing(connection: Connection, question_id: UUID) -> Standing | None:
    row = await connection.fetchrow(
        "SELECT workspace_id, connection_id, channel, message_id, closed_at IS NOT NULL AS closed FROM approval_posts"
        " WHERE approval_id = $1",
        question_id,
    )
    return None if row is None else Standing(**row)


async def stands(connection: Connection, question_id: UUID, where: Standing) -> None:
    """Note where a question was put; putting it there again changes nothing."""
    await connection.execute(
        "INSERT INTO approval_posts (approval_id, workspace_id, connection_id, channel, message_id)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        question_id, where.workspace_id, where.connection_id, where.channel, where.message_id,
    )  # fmt: skip


async def closed(connection: Connection, question_id: UUID) -> None:
    await connection.execute("UPDATE approval_posts SET closed_at = now() WHERE approval_id = $1", question_id)
