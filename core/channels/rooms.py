"""Channels and who is in them, as people manage them. Every method stays inside the caller's workspace."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

import asyncpg

from blocks.sentences import said
from blocks.values import JsonObject
from core.audit import noting as audit
from core.caller import Caller
from core.channels import repository, telling
from core.channels.model import Channel, ListedChannel, Member
from core.channels.repository import COLUMNS, SEEN
from core.db import Connection, Database
from core.errors import Conflict, Finding, Invalid, NotFound
from core.ids import new_id

MOST_UNREAD: Final = 100
MOST_MEMBERS: Final = 500

_LISTED: Final = f"""
SELECT {", ".join(f"c.{name}" for name in COLUMNS.split(", "))}, m.id IS NOT NULL AS member, m.last_read_at,
    newest.created_at AS last_message_at, (
        SELECT count(*) FROM (SELECT FROM messages u WHERE u.channel_id = c.id AND u.sent_at IS NOT NULL
            AND u.deleted_at IS NULL AND u.created_at > coalesce(m.last_read_at, w.created_at)
            AND u.author_id IS DISTINCT FROM $2::uuid::text LIMIT {MOST_UNREAD}) counted) AS unread
FROM channels c
JOIN workspace_members w ON w.workspace_id = c.workspace_id AND w.user_id = $2
LEFT JOIN channel_members m ON m.channel_id = c.id AND m.user_id = $2
LEFT JOIN LATERAL (SELECT u.created_at FROM messages u WHERE u.channel_id = c.id AND u.sent_at IS NOT NULL
    ORDER BY u.created_at DESC LIMIT 1) newest ON true
WHERE c.workspace_id = $1 AND {SEEN}
"""
_MEMBERS: Final = """
SELECT m.id, m.channel_id, m.user_id, m.agent_id, coalesce(u.name, a.name, '') AS name, m.created_at
FROM channel_members m LEFT JOIN users u ON u.id = m.user_id LEFT JOIN agents a ON a.id = m.agent_id
WHERE m.channel_id = $1 AND ($2::uuid IS NULL OR m.id > $2) ORDER BY m.id LIMIT $3
"""
_ADD_MEMBERS: Final = """
INSERT INTO channel_members (id, workspace_id, channel_id, user_id, agent_id)
SELECT make_id(), $1::uuid, $2::uuid, NULL::uuid, a.id FROM agents a
WHERE a.workspace_id = $1 AND a.id = ANY ($3) AND a.deleted_at IS NULL
UNION ALL
SELECT make_id(), $1, $2, w.user_id, NULL FROM workspace_members w WHERE w.workspace_id = $1 AND w.user_id = ANY ($3)
ON CONFLICT DO NOTHING
"""
_KNOWN: Final = """
SELECT id FROM agents WHERE workspace_id = $1 AND id = ANY ($2) AND deleted_at IS NULL
UNION ALL SELECT user_id FROM workspace_members WHERE workspace_id = $1 AND user_id = ANY ($2)
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A new channel. `members` are ids of people and agents, besides whoever makes it. `connection_id` and
    `external_id`: one of an account's, to be known here before anybody writes in it."""

    kind: Literal["room", "direct"] = "room"
    name: str | None = None
    topic: str = ""
    is_open: bool = True
    members: Sequence[UUID] = ()
    connection_id: UUID | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """None leaves it as it is."""

    name: str | None = None
    topic: str | None = None
    is_open: bool | None = None


class Channels:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def listed(
        self, caller: Caller, *, archived: bool, connection_id: UUID | None, before: UUID | None, limit: int
    ) -> list[ListedChannel]:
        """Those that the caller may see, the newest first."""
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"{_LISTED} AND ($4::uuid IS NULL OR c.id < $4) AND (c.archived_at IS NOT NULL) = $5"
                " AND ($6::uuid IS NULL OR c.connection_id = $6) ORDER BY c.id DESC LIMIT $7",
                *_who(caller), before, archived, connection_id, limit,
            )  # fmt: skip
        return [_listed(row) for row in rows]

    async def get(self, caller: Caller, channel_id: UUID) -> ListedChannel:
        """Raises `NotFound`, also for one that the caller may not see."""
        async with self._db.connection() as connection:
            return await self._get(connection, caller, channel_id)

    async def create(self, caller: Caller, wanted: Wanted) -> ListedChannel:
        """A direct room of the same people and agents is made once; then that one is given.

        Raises `Forbidden` (viewers make direct rooms only), `Invalid`, `Conflict` where the name is taken.
        """
        caller.require("viewer" if wanted.kind == "direct" else "editor")
        async with self._db.transaction() as connection:
            if wanted.connection_id is not None:
                channel = await self._of_account(connection, caller, wanted)
            else:
                channel = await self._own(connection, caller, wanted)
            after: JsonObject = {"name": channel.name, "kind": channel.kind}
            await audit.note(connection, caller, "channel.created", "channel", channel.id, after=after)
            return await self._get(connection, caller, channel.id)

    async def change(self, caller: Caller, channel_id: UUID, change: Change) -> ListedChannel:
        """Raises `Forbidden`, `NotFound`, `Conflict`."""
        async with self._db.transaction() as connection:
            channel = await self.found(connection, caller, channel_id, lock=True)
            _require_room(caller, channel)
            try:
                await connection.execute(
                    "UPDATE channels SET name = coalesce($2, name), topic = coalesce($3, topic),"
                    " is_open = coalesce($4, is_open) WHERE id = $1",
                    channel.id, change.name, change.topic, change.is_open,
                )  # fmt: skip
            except asyncpg.UniqueViolationError as error:
                raise _taken(change.name or channel.name) from error
            if change.is_open is False:  # whoever closes the door stands inside
                await connection.execute(_ADD_MEMBERS, caller.workspace_id, channel.id, [caller.user_id])
            await telling.tell(connection, [telling.of_channel(channel, "changed")])
            after: JsonObject = {"name": change.name, "topic": change.topic, "is_open": change.is_open}
            await audit.note(
                connection, caller, "channel.changed", "channel", channel.id, before={"name": channel.name},
                after=after,
            )  # fmt: skip
            return await self._get(connection, caller, channel_id)

    async def archive(self, caller: Caller, channel_id: UUID) -> None:
        """Nobody writes in it or is started by it any more; what was written stays. Raises as `change`."""
        async with self._db.transaction() as connection:
            channel = await self.found(connection, caller, channel_id, lock=True)
            _require_room(caller, channel)
            await telling.tell(connection, [telling.of_channel(channel, "archived")])
            await connection.execute(
                "UPDATE channels SET archived_at = coalesce(archived_at, now()) WHERE id = $1", channel.id
            )
            await audit.note(
                connection, caller, "channel.archived", "channel", channel.id, before={"name": channel.name}
            )

    async def members(self, caller: Caller, channel_id: UUID, *, after: UUID | None, limit: int) -> list[Member]:
        """In the order in which they came. Raises `NotFound`."""
        async with self._db.connection() as connection:
            channel = await self.found(connection, caller, channel_id)
            return [Member(**row) for row in await connection.fetch(_MEMBERS, channel.id, after, limit)]

    async def add_member(self, caller: Caller, channel_id: UUID, member_id: UUID) -> Member:
        """A person of the workspace or an agent; whoever is in it already stays. Raises `Forbidden`, `NotFound`,
        `Invalid`, `Conflict` for direct rooms, whose members are what they are."""
        async with self._db.transaction() as connection:
            channel = await self.found(connection, caller, channel_id, lock=True)
            if channel.kind == "direct" and channel.connection_id is None:
                raise Conflict("channel_direct", "A direct room keeps its members; make another one with them.")
            if member_id != caller.user_id or not channel.is_open:
                caller.require("editor")
            await _require_known(connection, caller, [member_id], "body.")
            await connection.execute(_ADD_MEMBERS, caller.workspace_id, channel.id, [member_id])
            after: JsonObject = {"member": str(member_id)}
            await audit.note(connection, caller, "channel.member_added", "channel", channel.id, after=after)
            await telling.tell(connection, [telling.of_channel(channel, "members")])
            row = await connection.fetchrow(
                _MEMBERS.replace("m.id > $2", "coalesce(m.user_id, m.agent_id) = $2"), channel.id, member_id, 1
            )
        if row is None:
            raise NotFound("member_not_found", "There is no such member in this channel.")
        return Member(**row)

    async def remove_member(self, caller: Caller, channel_id: UUID, member_id: UUID) -> None:
        """`member_id` is the id of the membership. Raises as `add_member`; `NotFound` also where there is none."""
        async with self._db.transaction() as connection:
            channel = await self.found(connection, caller, channel_id, lock=True)
            row = await connection.fetchrow(
                "SELECT user_id, agent_id FROM channel_members WHERE channel_id = $1 AND id = $2", channel.id, member_id
            )
            if row is None:
                raise NotFound("member_not_found", "There is no such member in this channel.")
            if row["user_id"] != caller.user_id:
                caller.require("editor")
            if channel.kind == "direct" and channel.connection_id is None:
                raise Conflict("channel_direct", "A direct room keeps its members; make another one without them.")
            await telling.tell(connection, [telling.of_channel(channel, "members")])
            await connection.execute("DELETE FROM channel_members WHERE id = $1", member_id)
            before: JsonObject = {"member": str(row["user_id"] or row["agent_id"])}
            await audit.note(connection, caller, "channel.member_removed", "channel", channel.id, before=before)

    async def read(self, caller: Caller, channel_id: UUID, message_id: UUID | None) -> ListedChannel:
        """Everything up to this message, or all of it, was seen. A mark never goes back. Raises `NotFound`."""
        async with self._db.transaction() as connection:
            channel = await self.found(connection, caller, channel_id)
            known = None if message_id is None else await repository.message(connection, channel.id, message_id)
            if message_id is not None and known is None:
                raise NotFound("message_not_found", "There is no such message in this channel.")
            await connection.execute(
                """INSERT INTO channel_members AS m (id, workspace_id, channel_id, user_id, last_read_at)
                   VALUES ($1, $2, $3, $4, coalesce((SELECT created_at FROM messages WHERE id = $5), now()))
                   ON CONFLICT (channel_id, user_id) DO UPDATE
                   SET last_read_at = greatest(m.last_read_at, excluded.last_read_at)""",
                new_id(), caller.workspace_id, channel.id, caller.user_id, message_id,
            )  # fmt: skip
            await telling.tell_one(connection, caller, channel)
            return await self._get(connection, caller, channel.id)

    async def found(self, connection: Connection, caller: Caller, channel_id: UUID, *, lock: bool = False) -> Channel:
        """Raises `NotFound`."""
        channel = await repository.find(
            connection, caller.workspace_id, channel_id, caller.user_id, admin=caller.may("admin"), lock=lock
        )
        if channel is None:
            raise not_found()
        return channel

    # inside ---------------------------------------------------------------------------------------------------------

    async def _get(self, connection: Connection, caller: Caller, channel_id: UUID) -> ListedChannel:
        row = await connection.fetchrow(f"{_LISTED} AND c.id = $4", *_who(caller), channel_id)
        if row is None:
            raise not_found()
        return _listed(row)

    async def _own(self, connection: Connection, caller: Caller, wanted: Wanted) -> Channel:
        members = list(dict.fromkeys([caller.user_id, *wanted.members]))
        await _require_known(connection, caller, members, "body.members.")
        direct = wanted.kind == "direct"
        if direct and len(members) < 2:
            raise _invalid("body.members", "Say with whom: a direct room has another person or an agent in it.")
        if not direct and not wanted.name:
            raise _invalid("body.name", "A room needs a name.")
        digest = hashlib.sha256(" ".join(sorted(map(str, members))).encode()).hexdigest() if direct else None
        name = wanted.name or "direct"
        try:
            row = await connection.fetchrow(
                f"""INSERT INTO channels (id, workspace_id, external_id, name, kind, topic, is_open, created_by)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                    ON CONFLICT (workspace_id, external_id) WHERE connection_id IS NULL
                    DO UPDATE SET archived_at = NULL RETURNING {COLUMNS}""",
                new_id(), caller.workspace_id, digest, name, wanted.kind, wanted.topic,
                wanted.is_open and not direct, caller.user_id,
            )  # fmt: skip
        except asyncpg.UniqueViolationError as error:
            raise _taken(name) from error
        if row is None:
            raise LookupError("the channel was not made")
        channel = Channel(**row)
        await connection.execute(_ADD_MEMBERS, caller.workspace_id, channel.id, members)
        await telling.tell(connection, [telling.of_channel(channel, "new")])
        return channel

    async def _of_account(self, connection: Connection, caller: Caller, wanted: Wanted) -> Channel:
        known = await connection.fetchval(
            "SELECT id FROM connections WHERE workspace_id = $1 AND id = $2", caller.workspace_id, wanted.connection_id
        )
        if known is None or wanted.connection_id is None:
            raise _invalid("body.connection_id", "There is no such connection in this workspace.")
        if not wanted.external_id:
            raise _invalid("body.external_id", "Say which room of the account (GET /api/connections/{id}/channels).")
        given: dict[str, tuple[str, str]] = {wanted.external_id: (wanted.name or "", wanted.kind)}
        made = await repository.find_or_make(connection, caller.workspace_id, wanted.connection_id, given)
        channel = made[wanted.external_id]
        await connection.execute(_ADD_MEMBERS, caller.workspace_id, channel.id, list(wanted.members))
        await telling.tell(connection, [telling.of_channel(channel, "new")])
        return channel


def not_found() -> NotFound:
    return NotFound("channel_not_found", "There is no such channel in this workspace, or it is not open to you.")


def _who(caller: Caller) -> tuple[UUID, UUID, bool]:
    return caller.workspace_id, caller.user_id, caller.may("admin")


def _listed(row: asyncpg.Record) -> ListedChannel:
    facts = dict(row)
    more = {name: facts.pop(name) for name in ("member", "unread", "last_read_at", "last_message_at")}
    return ListedChannel(Channel(**facts), **more)


def _require_room(caller: Caller, channel: Channel) -> None:
    caller.require("editor")
    if channel.kind == "direct" and channel.connection_id is None:
        raise Conflict("channel_direct", "A direct room has no name or topic, and stays.")


async def _require_known(connection: Connection, caller: Caller, members: Sequence[UUID], at: str) -> None:
    if len(members) > MOST_MEMBERS:
        raise _invalid(at.rstrip("."), said("At most {most} members are added at once.", most=MOST_MEMBERS))
    known = {row["id"] for row in await connection.fetch(_KNOWN, caller.workspace_id, list(members))}
    missing = [str(each) for each in members if each not in known]
    if missing:
        message = said("There is no person or agent {name} in this workspace.", name=missing[0])
        raise _invalid(at.rstrip("."), message)


def _invalid(at: str, message: str) -> Invalid:
    return Invalid("invalid_request", "The request is not valid; `errors` says where.", (Finding(at, message),))


def _taken(name: str) -> Conflict:
    return Conflict("channel_name_taken", f"There is a room {name!r} already; choose another name.")
