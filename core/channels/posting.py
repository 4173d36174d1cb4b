"""What runs say: once by the key of their step, in our own channels and in those of accounts.

A post into an account is a row before it leaves and again when the service has taken it, so that history is whole and a
step that is repeated knows what became of its earlier attempt.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg

from blocks.errors import InvalidInput
from core.channels import repository, telling
from core.channels.hearing import Parent
from core.channels.model import Author, Channel
from core.channels.talking import say
from core.db import Connection, Database
from core.ids import new_id
from core.runs.breaker import DEFAULT, Limits
from core.runs.queue import ClaimedRun

_TRIES: Final = 5  # to call a message what it is called while the account hears it
_WHO: Final = """
SELECT r.name, a.id AS agent_id, a.name AS agent_name
FROM automation_rules r LEFT JOIN agents a ON a.rule_id = r.id AND a.deleted_at IS NULL WHERE r.id = $1
"""
_KNOWN: Final = "SELECT id, channel_id, external_id, sent_at FROM messages WHERE workspace_id = $1 AND key = $2"
_BEGIN: Final = """
INSERT INTO messages (id, workspace_id, channel_id, thread_id, author_kind, author_id, author_name, is_bot, text,
    run_id, key)
VALUES ($1, $2, $3, $4, $5, $6, $7, true, $8, $9, $10)
"""
_ANSWERED: Final = """
UPDATE messages SET answered_by = $2
WHERE workspace_id = $1 AND id = $3 AND answered_by IS NULL
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a step says. `key` is the same over all its attempts; `channel` is one of ours, by id or name; `thread` a
    message of the thread that it answers in."""

    key: str
    channel: str
    text: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A post on its way. `done`: it was posted already. `again`: an earlier attempt was begun, and nobody knows what
    became of it. The rest is where it goes: an account (None: our own channel), its room, the message that began the
    thread there."""

    message_id: UUID
    channel: Channel
    done: bool
    again: bool = False
    thread: str | None = None


class Posts:
    """The service of one worker."""

    def __init__(self, db: Database, *, limits: Limits = DEFAULT) -> None:
        self._db = db
        self._limits = limits

    async def begin(self, run: ClaimedRun, draft: Draft) -> Begun:
        """In a channel of our own it is posted with this, and whoever listens is started.

        Raises `InvalidInput` (`channel_not_found`, `channel_archived`, `thread_not_found`).
        """
        async with self._db.for_workspace(run.workspace_id).transaction() as connection:
            channel = await _found(connection, run, draft.channel)
            known = await connection.fetchrow(_KNOWN, run.workspace_id, draft.key)
            root, outside = await _thread(connection, channel, draft.thread)
            if known is not None:
                return Begun(known["id"], channel, known["sent_at"] is not None, known["sent_at"] is None, outside)
            author, message_id = await _author(connection, run), new_id()
            if channel.connection_id is not None:
                await connection.execute(
                    _BEGIN, message_id, run.workspace_id, channel.id, root, author.kind, author.id, author.name,
                    draft.text, run.id, draft.key,
                )  # fmt: skip
                return Begun(message_id, channel, False, thread=outside)
            await say(
                connection, channel, author, draft.text, message_id=message_id, thread_id=root, limits=self._limits,
                parent=Parent(run.id, run.root_id, run.depth), key=draft.key,
            )  # fmt: skip
            await _answered(connection, run)
            return Begun(message_id, channel, True)

    async def sent(self, run: ClaimedRun, begun: Begun, external_id: str | None) -> None:
        """The service has taken it, and calls it so. Where the account heard it before this, or hears it this very
        moment, it is one message."""
        for tries_left in reversed(range(_TRIES)):
            try:
                await self._sent(run, begun, external_id)
            except asyncpg.UniqueViolationError:
                if not tries_left:
                    raise
            else:
                return

    async def _sent(self, run: ClaimedRun, begun: Begun, external_id: str | None) -> None:
        async with self._db.for_workspace(run.workspace_id).transaction() as connection:
            await connection.execute(
                "DELETE FROM messages WHERE channel_id = $1 AND external_id = $2 AND id <> $3",
                begun.channel.id, external_id, begun.message_id,
            )  # fmt: skip
            thread: UUID | None = await connection.fetchval(
                "UPDATE messages SET sent_at = now(), external_id = $2 WHERE id = $1 RETURNING thread_id",
                begun.message_id, external_id,
            )  # fmt: skip
            await _answered(connection, run)
            await telling.tell(connection, [telling.of_message(begun.channel, begun.message_id, thread, "new")])

    async def forget(self, run: ClaimedRun, begun: Begun) -> None:
        """It was not posted, or a person is asked whether it was: the next attempt begins anew."""
        async with self._db.for_workspace(run.workspace_id).connection() as connection:
            await connection.execute("DELETE FROM messages WHERE id = $1 AND sent_at IS NULL", begun.message_id)


async def _found(connection: Connection, run: ClaimedRun, reference: str) -> Channel:
    channel = await repository.named(connection, run.workspace_id, reference)
    if channel is None:
        raise InvalidInput(
            "channel_not_found",
            f"There is no channel {reference[:100]!r} in this workspace; make it, or name one that there is.",
        )
    if channel.archived_at is not None:
        raise InvalidInput("channel_archived", f"The channel {channel.name} is archived; nobody writes in it any more.")
    return channel


async def _thread(connection: Connection, channel: Channel, reference: str | None) -> tuple[UUID | None, str | None]:
    """The message that began the thread: our id and the service's."""
    if not reference:
        return None, None
    row = await connection.fetchrow(
        "SELECT r.id, r.external_id FROM messages m JOIN messages r ON r.id = coalesce(m.thread_id, m.id)"
        " WHERE m.channel_id = $1 AND m.id::text = lower($2)",
        channel.id,
        reference,
    )
    if row is None:
        raise InvalidInput("thread_not_found", f"There is no message {reference[:100]} in the channel {channel.name}.")
    return row["id"], row["external_id"]


async def _author(connection: Connection, run: ClaimedRun) -> Author:
    """The agent whose automation runs, else the automation."""
    row = await connection.fetchrow(_WHO, run.rule_id)
    if row is None or row["agent_id"] is None:
        return Author("agent", None, run.rule_name if row is None else row["name"], is_bot=True)
    return Author("agent", str(row["agent_id"]), row["agent_name"], is_bot=True)


async def _answered(connection: Connection, run: ClaimedRun) -> None:
    """The message that started the run has its answer."""
    data = run.trigger_data
    if run.trigger_type not in ("message", "email") or not isinstance(data, dict):
        return
    try:
        message_id = UUID(str(data.get("id")))
    except ValueError:
        return
    await connection.execute(_ANSWERED, run.workspace_id, run.id, message_id)
