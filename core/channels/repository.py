"""The SQL of channels and messages. Every query is bound to a workspace."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from core.channels.model import Channel, Message
from core.db import Connection

COLUMNS: Final = (
    "id, workspace_id, connection_id, external_id, name, kind, topic, is_open, created_by, created_at, archived_at"
)
SHOWN: Final = """m.id, m.channel_id, m.external_id, m.thread_id, m.author_kind, m.author_id, m.author_name, m.is_bot,
    CASE WHEN m.deleted_at IS NULL THEN m.text ELSE '' END AS text,
    CASE WHEN m.deleted_at IS NULL THEN m.attachments ELSE '[]' END AS attachments, m.more, m.sent_at, m.edited_at,
    m.deleted_at, m.run_id, m.answered_by"""

# Who may see a channel: everybody an open one, its members one that is not; those of accounts (direct ones, mailboxes)
# also admins. $2 is the user, $3 whether they are an admin.
SEEN: Final = """(c.is_open OR ($3 AND c.connection_id IS NOT NULL)
    OR EXISTS (SELECT FROM channel_members s WHERE s.channel_id = c.id AND s.user_id = $2))"""

_FIND_OR_MAKE: Final = f"""
WITH given AS (
    SELECT * FROM unnest($3::text[], $4::text[], $5::text[]) AS g (external_id, name, kind)
), known AS (
    SELECT c.*, g.name AS said FROM channels c JOIN given g USING (external_id) WHERE c.connection_id = $2
), renamed AS (
    UPDATE channels c SET name = k.said FROM known k WHERE c.id = k.id AND k.said NOT IN ('', k.name)
), made AS (
    INSERT INTO channels (id, workspace_id, connection_id, external_id, name, kind, is_open)
    SELECT make_id(), $1, $2, g.external_id, coalesce(nullif(g.name, ''), g.external_id), g.kind, g.kind = 'room'
    FROM given g WHERE NOT EXISTS (SELECT FROM known k WHERE k.external_id = g.external_id)
    ON CONFLICT (connection_id, external_id) DO UPDATE SET name = excluded.name RETURNING *
)
SELECT {COLUMNS} FROM known UNION ALL SELECT {COLUMNS} FROM made
"""
_ADD: Final = """
INSERT INTO messages (id, workspace_id, channel_id, external_id, thread_id, author_kind, author_id, author_name, is_bot,
    text, more, sent_at)
SELECT g.id, $1, g.channel_id, g.external_id, g.thread_id, 'outside', g.author_id, g.author_name, g.is_bot, g.text,
    g.more, g.sent_at
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::boolean[], $9::text[],
    $10::jsonb[], $11::timestamptz[])
    AS g (id, channel_id, external_id, thread_id, author_id, author_name, is_bot, text, more, sent_at)
ON CONFLICT (channel_id, external_id) DO UPDATE SET author_id = excluded.author_id, sent_at = excluded.sent_at,
    author_name = excluded.author_name, is_bot = excluded.is_bot, text = excluded.text, more = excluded.more,
    created_at = excluded.created_at
    WHERE messages.sent_at IS NULL AND messages.run_id IS NULL
RETURNING id, channel_id, external_id
"""
# Those that began a thread. One that was never heard gets a row of its own, which nobody is shown until it is.
_ROOTS: Final = """
WITH given AS (
    SELECT DISTINCT channel_id, external_id FROM unnest($2::uuid[], $3::text[]) AS g (channel_id, external_id)
), known AS (
    SELECT m.id, m.thread_id, m.channel_id, m.external_id FROM messages m JOIN given g USING (channel_id, external_id)
), made AS (
    INSERT INTO messages (id, workspace_id, channel_id, external_id, author_kind, text)
    SELECT make_id(), $1, g.channel_id, g.external_id, 'outside', '' FROM given g
    WHERE NOT EXISTS (SELECT FROM known k WHERE k.channel_id = g.channel_id AND k.external_id = g.external_id)
    ON CONFLICT (channel_id, external_id) DO UPDATE SET author_kind = messages.author_kind
    RETURNING id, thread_id, channel_id, external_id
)
SELECT coalesce(thread_id, id) AS id, channel_id, external_id FROM known
UNION ALL SELECT coalesce(thread_id, id), channel_id, external_id FROM made
"""


async def find_or_make(
    connection: Connection, workspace_id: UUID, account: UUID, given: dict[str, tuple[str, str]]
) -> dict[str, Channel]:
    """The channels of an account by the service's ids; `given` has the name and the kind of each."""
    names, facts = list(given), list(given.values())
    rows = await connection.fetch(
        _FIND_OR_MAKE, workspace_id, account, names, [name for name, _ in facts], [kind for _, kind in facts]
    )
    return {row["external_id"]: Channel(**row) for row in rows}


async def roots(
    connection: Connection, workspace_id: UUID, wanted: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], UUID]:
    """Our ids of the messages that began threads, by channel and the service's id."""
    rows = await connection.fetch(_ROOTS, workspace_id, [each[0] for each in wanted], [each[1] for each in wanted])
    return {(row["channel_id"], row["external_id"]): row["id"] for row in rows}


async def add(
    connection: Connection, workspace_id: UUID, rows: Sequence[tuple[Any, ...]]
) -> dict[tuple[UUID, str], UUID]:
    """Add messages of an account: (id, channel, external id, thread, author's id and name, is a bot, text, more, sent
    at). Gives the ids of those that are new, by channel and external id."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = await connection.fetch(_ADD, workspace_id, *columns)
    return {(row["channel_id"], row["external_id"]): row["id"] for row in found}


async def find(
    connection: Connection, workspace_id: UUID, channel_id: UUID, user_id: UUID, *, admin: bool, lock: bool = False
) -> Channel | None:
    """A channel that this user may see."""
    row = await connection.fetchrow(
        f"SELECT {COLUMNS} FROM channels c WHERE c.workspace_id = $1 AND {SEEN} AND c.id = $4"
        f"{' FOR UPDATE' if lock else ''}",
        workspace_id, user_id, admin, channel_id,
    )  # fmt: skip
    return None if row is None else Channel(**row)


async def named(connection: Connection, workspace_id: UUID, reference: str) -> Channel | None:
    """The channel with this id; else an open one with this name, our own before those of accounts."""
    row = await connection.fetchrow(
        f"""SELECT {COLUMNS} FROM channels
            WHERE workspace_id = $1 AND (id::text = lower($2) OR (is_open AND archived_at IS NULL
                AND lower(name) = lower(ltrim($2, '#'))))
            ORDER BY id::text = lower($2) DESC, connection_id NULLS FIRST, id LIMIT 1""",
        workspace_id, reference,
    )  # fmt: skip
    return None if row is None else Channel(**row)


async def message(connection: Connection, channel_id: UUID, message_id: UUID, *, lock: bool = False) -> Message | None:
    """One that was sent; of a deleted one no text."""
    row = await connection.fetchrow(
        f"SELECT {SHOWN} FROM messages m WHERE m.channel_id = $1 AND m.id = $2 AND m.sent_at IS NOT NULL"
        f"{' FOR UPDATE' if lock else ''}",
        channel_id, message_id,
    )  # fmt: skip
    return None if row is None else Message(**row)
