"""Messages as people read and write them: a page at a time, threads, search, posts of their own."""

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from blocks.sentences import said
from blocks.values import Json, JsonObject
from core import idempotency
from core.caller import Caller
from core.channels import hearing, repository, telling
from core.channels.hearing import Parent, Source
from core.channels.model import Arrived, Author, Channel, Message
from core.channels.repository import SEEN, SHOWN
from core.channels.rooms import Channels
from core.clock import now
from core.db import Connection, Database
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from core.idempotency import Once
from core.ids import new_id
from core.runs.breaker import DEFAULT, Limits

_MENTION: Final = re.compile(r"(?<![\w@])@([A-Za-z0-9][\w-]{0,79})")
MOST_MENTIONS: Final = 50
_FULL: Final = f"""
SELECT {SHOWN}, CASE WHEN m.thread_id IS NULL THEN (
    SELECT count(*) FROM messages r WHERE r.thread_id = m.id AND r.sent_at IS NOT NULL) ELSE 0 END AS replies
FROM messages m
"""
_ADD: Final = """
INSERT INTO messages (id, workspace_id, channel_id, thread_id, author_kind, author_id, author_name, is_bot, text,
    attachments, sent_at, run_id, key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, now(), $11, $12)
"""
_FILES: Final = "SELECT id, name, size, media_type FROM files WHERE workspace_id = $1 AND id = ANY ($2)"
# What is looked for may stand anywhere; of the newest so many messages of the workspace, so that a search ends.
_SEARCH: Final = f"""
{_FULL} JOIN channels c ON c.id = m.channel_id
WHERE m.workspace_id = $1 AND c.workspace_id = $1 AND {SEEN} AND m.sent_at IS NOT NULL AND m.deleted_at IS NULL
    AND m.text ILIKE $4 AND ($5::uuid IS NULL OR m.channel_id = $5) AND ($6::uuid IS NULL OR m.id < $6)
ORDER BY m.id DESC LIMIT $7
"""


class Talk:
    """The service of one process."""

    def __init__(self, db: Database, channels: Channels, *, limits: Limits = DEFAULT) -> None:
        self._db = db
        self._channels = channels
        self._limits = limits

    async def messages(
        self,
        caller: Caller,
        channel_id: UUID,
        *,
        thread: UUID | None,
        before: UUID | None,
        after: UUID | None,
        limit: int,
    ) -> list[Message]:
        """The top level of a channel, or a thread with the message that began it. The newest first, but with `after`
        the oldest first. Raises `NotFound`."""
        place = (
            "m.channel_id = $1 AND m.thread_id IS NULL"
            if thread is None
            else ("m.channel_id = $1 AND (m.thread_id = $5 OR m.id = $5)")
        )
        thread_id = () if thread is None else (thread,)
        async with self._db.connection() as connection:
            channel = await self._channels.found(connection, caller, channel_id)
            if thread is not None and await repository.message(connection, channel.id, thread) is None:
                raise _no_message()
            rows = await connection.fetch(
                f"{_FULL} WHERE {place} AND m.sent_at IS NOT NULL AND ($2::uuid IS NULL OR m.id < $2)"
                f" AND ($3::uuid IS NULL OR m.id > $3) ORDER BY m.id {'DESC' if after is None else 'ASC'} LIMIT $4",
                channel.id, before, after, limit, *thread_id,
            )  # fmt: skip
        return [Message(**row) for row in rows]

    async def search(
        self, caller: Caller, text: str, *, channel_id: UUID | None, before: UUID | None, limit: int
    ) -> list[Message]:
        """Messages of channels that the caller may see which hold `text`, the newest first."""
        wanted = "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                _SEARCH, caller.workspace_id, caller.user_id, caller.may("admin"), wanted,
                channel_id, before, limit,
            )  # fmt: skip
        return [Message(**row) for row in rows]

    async def post(
        self,
        caller: Caller,
        channel_id: UUID,
        text: str,
        once: Once | None,
        *,
        thread: UUID | None = None,
        files: Sequence[UUID] = (),
    ) -> Message:
        """Say something; whoever listens is started in the same transaction. Raises `NotFound`, `Invalid`, `Conflict`
        (archived, or a channel of an account, where people write themselves), and what `idempotency.once` raises."""
        async with self._db.transaction() as connection:

            async def work() -> JsonObject:
                channel = await self._channels.found(connection, caller, channel_id)
                require_own(channel)
                root = None if thread is None else await _root(connection, channel, thread)
                attachments = await _attachments(connection, caller.workspace_id, files)
                name = await connection.fetchval("SELECT name FROM users WHERE id = $1", caller.user_id)
                author = Author("user", str(caller.user_id), name or "")
                said = await say(
                    connection, channel, author, text, message_id=new_id(), thread_id=root, attachments=attachments,
                    limits=self._limits,
                )  # fmt: skip
                return {"id": str(said)}

            answer, _ = await idempotency.once(connection, once, 201, work)
            return await self._one(connection, channel_id, UUID(str(answer["id"])))

    async def edit(self, caller: Caller, channel_id: UUID, message_id: UUID, text: str) -> Message:
        """One's own; it starts nothing. Raises `NotFound`, `Forbidden`, `Conflict`."""
        async with self._db.transaction() as connection:
            channel, found = await self._own(connection, caller, channel_id, message_id)
            await connection.execute("UPDATE messages SET text = $2, edited_at = now() WHERE id = $1", found.id, text)
            await telling.tell(connection, [telling.of_message(channel, found.id, found.thread_id, "edited")])
            return await self._one(connection, channel_id, found.id)

    async def delete(self, caller: Caller, channel_id: UUID, message_id: UUID) -> None:
        """One's own; admins anybody's. Its place in the thread stays, its text is gone. Raises as `edit`."""
        async with self._db.transaction() as connection:
            channel, found = await self._own(connection, caller, channel_id, message_id, admins=True)
            await connection.execute(
                "UPDATE messages SET text = '', attachments = '[]', deleted_at = now() WHERE id = $1", found.id
            )
            await telling.tell(connection, [telling.of_message(channel, found.id, found.thread_id, "deleted")])

    async def _own(
        self, connection: Connection, caller: Caller, channel_id: UUID, message_id: UUID, *, admins: bool = False
    ) -> tuple[Channel, Message]:
        channel = await self._channels.found(connection, caller, channel_id)
        found = await repository.message(connection, channel.id, message_id, lock=True)
        if found is None or found.deleted_at is not None:
            raise _no_message()
        require_own(channel)
        mine = found.author_kind == "user" and found.author_id == str(caller.user_id)
        if not mine and not (admins and caller.may("admin")):
            raise Forbidden("message_not_yours", "Only who wrote a message changes it.")
        return channel, found

    async def _one(self, connection: Connection, channel_id: UUID, message_id: UUID) -> Message:
        row = await connection.fetchrow(f"{_FULL} WHERE m.channel_id = $1 AND m.id = $2", channel_id, message_id)
        if row is None:
            raise _no_message()
        return Message(**row)


async def say(
    connection: Connection,
    channel: Channel,
    author: Author,
    text: str,
    *,
    message_id: UUID,
    thread_id: UUID | None,
    limits: Limits,
    attachments: list[Json] | None = None,
    parent: Parent | None = None,
    key: str | None = None,
) -> UUID:
    """Put a message into a channel of our own and start whoever listens, in the caller's transaction; gives
    `message_id`. `parent` is the run that says it, `key` that of its step."""
    await connection.execute(
        _ADD, message_id, channel.workspace_id, channel.id, thread_id, author.kind, author.id, author.name,
        author.is_bot, text, attachments or [], None if parent is None else parent.id, key,
    )  # fmt: skip
    arrived = Arrived(
        id=message_id, channel=channel, author=author, text=text, thread_id=thread_id, sent_at=now(),
        mentions=mentions(text), attachments=attachments or [],
    )  # fmt: skip
    await hearing.start_runs(connection, channel.workspace_id, [arrived], Source(), limits=limits, parent=parent)
    await telling.tell(connection, [telling.of_message(channel, message_id, thread_id, "new")])
    return message_id


def mentions(text: str) -> tuple[str, ...]:
    """Whom a text addresses: the words behind an @."""
    return tuple(dict.fromkeys(found[1] for found in list(_MENTION.finditer(text))[:MOST_MENTIONS]))


def require_own(channel: Channel) -> None:
    """Raises `Conflict` where people can't write by us."""
    if channel.archived_at is not None:
        raise Conflict("channel_archived", "This channel is archived; nobody writes in it any more.")
    if channel.connection_id is not None:
        raise Conflict(
            "channel_outside", "This channel belongs to an account: write there, or let an automation or agent post."
        )


async def _root(connection: Connection, channel: Channel, thread: UUID) -> UUID:
    """The message that began the thread that this one stands in."""
    found = await repository.message(connection, channel.id, thread)
    if found is None:
        finding = Finding("body.thread_id", "There is no such message in this channel.")
        raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,))
    return found.thread_id or found.id


async def _attachments(connection: Connection, workspace_id: UUID, files: Sequence[UUID]) -> list[Json]:
    if not files:
        return []
    rows = {row["id"]: row for row in await connection.fetch(_FILES, workspace_id, list(files))}
    if missing := [str(each) for each in files if each not in rows]:
        finding = Finding("body.files", said("There is no file {name} in this workspace.", name=missing[0]))
        raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,))
    return [
        {"$file": str(each), **{name: rows[each][name] for name in ("name", "size", "media_type")}} for each in files
    ]


def _no_message() -> NotFound:
    return NotFound("message_not_found", "There is no such message in this channel.")
