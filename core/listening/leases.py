"""Which accounts are listened to, and by whom: the SQL. One worker listens to an account, over all workers.

A worker's lease covers all that it listens to, so that an account on which nothing happens costs nothing. Who has lost
an account finds that out when it wants to take something in: then it is not its own any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.db import Connection

LEASE_S: Final = 15
CLAIM_AT_ONCE: Final = 200

# An account is needed by agents (their channels, their mailbox), by triggers, and where questions are put, whose
# buttons are pressed there. The rooms are the service's ids of those that are needed; one that is null needs them all,
# and for buttons alone it is one that no service has.
_REFRESH: Final = """
WITH hearing AS (
    SELECT t.workspace_id, t.type, t.config, a.id AS agent_id, a.channels, a.email ->> 'inbox' AS inbox
    FROM automation_triggers t JOIN automation_rules r ON r.id = t.rule_id
    LEFT JOIN agents a ON a.workspace_id = t.workspace_id AND a.deleted_at IS NULL AND a.enabled
        AND (a.slug = t.config ->> 'agent' OR a.id::text = t.config ->> 'agent')
    WHERE t.active AND t.type IN ('message', 'email') AND r.enabled AND r.deleted_at IS NULL
        AND (a.id IS NOT NULL OR t.config ->> 'agent' IS NULL)
), named AS (
    SELECT h.workspace_id, lower(ltrim(e.name, '#')) AS name, e.name AS written
    FROM hearing h, jsonb_array_elements_text(coalesce(h.config -> 'channels', h.channels, '[]')) AS e (name)
    WHERE h.type = 'message'
), accounts AS (
    SELECT h.workspace_id, lower(coalesce(h.config ->> 'connection', h.inbox)) AS name,
        CASE WHEN h.type = 'email' THEN coalesce(h.config ->> 'folder', 'INBOX') END AS room
    FROM hearing h WHERE h.type = 'email' OR h.config ->> 'connection' IS NOT NULL
    UNION ALL SELECT h.workspace_id, lower(h.inbox), 'INBOX'
    FROM hearing h WHERE h.type = 'message' AND h.config -> 'mail' = 'true' AND h.inbox IS NOT NULL
), rooms AS (
    SELECT id, workspace_id, connection_id, external_id, name FROM channels
    WHERE connection_id IS NOT NULL AND archived_at IS NULL
), places AS (  -- one comparison a branch, so that each of them is a join by hash
    SELECT c.connection_id, c.external_id AS room
    FROM named n JOIN rooms c ON c.workspace_id = n.workspace_id AND c.id::text = n.name
    UNION SELECT c.connection_id, c.external_id
    FROM named n JOIN rooms c ON c.workspace_id = n.workspace_id AND lower(c.name) = n.name
    UNION SELECT c.connection_id, c.external_id
    FROM named n JOIN rooms c ON c.workspace_id = n.workspace_id AND c.external_id = n.written
    UNION SELECT c.connection_id, c.external_id
    FROM hearing h JOIN channel_members m ON m.agent_id = h.agent_id JOIN rooms c ON c.id = m.channel_id
    WHERE h.type = 'message' AND h.config -> 'channels' IS NULL
    UNION SELECT k.id, a.room
    FROM accounts a JOIN connections k ON k.workspace_id = a.workspace_id AND k.id::text = a.name
    UNION SELECT k.id, a.room
    FROM accounts a JOIN connections k ON k.workspace_id = a.workspace_id AND lower(k.name) = a.name
    UNION SELECT connection_id, ' ' FROM approval_chats
    UNION SELECT connection_id, ' ' FROM approval_posts WHERE closed_at IS NULL
), needed AS (
    SELECT k.id, k.workspace_id, CASE WHEN bool_or(p.room IS NULL) THEN '{}'
        ELSE array_agg(p.room ORDER BY p.room) END AS rooms
    FROM places p JOIN connections k ON k.id = p.connection_id WHERE k.kind = ANY ($1) GROUP BY k.id
), unneeded AS (
    UPDATE listening SET wanted = false WHERE wanted AND connection_id NOT IN (SELECT id FROM needed)
)
INSERT INTO listening AS l (connection_id, workspace_id, rooms)
SELECT id, workspace_id, rooms FROM needed
ON CONFLICT (connection_id) DO UPDATE SET wanted = true, rooms = excluded.rooms
    WHERE NOT l.wanted OR l.rooms <> excluded.rooms
"""
_BEAT: Final = """
WITH gone AS (DELETE FROM listeners WHERE lease_until < now() - interval '1 hour')
INSERT INTO listeners (owner, lease_until) VALUES ($1, now() + make_interval(secs => $2))
ON CONFLICT (owner) DO UPDATE SET lease_until = excluded.lease_until
"""
_FREE: Final = """
UPDATE listening SET owner = NULL, state = 'stopped', since = now()
WHERE owner IS NOT NULL AND NOT EXISTS (
    SELECT FROM listeners w WHERE w.owner = listening.owner AND w.lease_until >= now())
"""
# One that was refused is tried again when somebody has changed the connection.
_CLAIM: Final = """
UPDATE listening l SET owner = $1, state = 'starting', since = now(), error = NULL
WHERE l.connection_id IN (
    SELECT f.connection_id FROM listening f JOIN connections k ON k.id = f.connection_id
    WHERE f.wanted AND f.owner IS NULL AND (f.state <> 'refused' OR f.revision IS DISTINCT FROM k.updated_at)
    ORDER BY f.connection_id LIMIT $2 FOR UPDATE OF f SKIP LOCKED)
RETURNING l.connection_id
"""
_MINE: Final = """
SELECT l.connection_id AS id, l.workspace_id, k.name, k.kind, l.wanted, l.rooms, k.updated_at AS revision
FROM listening l JOIN connections k ON k.id = l.connection_id WHERE l.owner = $1
"""


@dataclass(frozen=True, slots=True)
class Held:
    """An account that this worker listens to. `revision` changes with every edit of the connection."""

    id: UUID
    workspace_id: UUID
    name: str
    kind: str
    wanted: bool
    rooms: list[str]
    revision: datetime


async def refresh(connection: Connection, kinds: Sequence[str]) -> None:
    """Note which accounts of these kinds are needed now. One worker at a time; the others leave it to that one."""
    if await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('listening', 0))"):
        await connection.execute(_REFRESH, list(kinds))


async def beat(connection: Connection, owner: str) -> None:
    """The worker is there for another `LEASE_S` seconds."""
    await connection.execute(_BEAT, owner, float(LEASE_S))


async def claim(connection: Connection, owner: str) -> int:
    """Take accounts that nobody listens to; gives how many those were."""
    await connection.execute(_FREE)
    return len(await connection.fetch(_CLAIM, owner, CLAIM_AT_ONCE))


async def held(connection: Connection, owner: str) -> list[Held]:
    """Everything that this worker listens to, or should stop listening to."""
    return [Held(**row) for row in await connection.fetch(_MINE, owner)]


async def note(
    connection: Connection,
    owner: str,
    account: UUID,
    state: str,
    *,
    error: str | None = None,
    own_id: str | None = None,
) -> None:
    """What became of it. `own_id` stays where None is given."""
    await connection.execute(
        """UPDATE listening SET state = $3, error = $4, account = coalesce($5, account),
               since = CASE WHEN state = $3 THEN since ELSE now() END
           WHERE connection_id = $1 AND owner = $2""",
        account, owner, state, error, own_id,
    )  # fmt: skip


async def give_up(
    connection: Connection, owner: str, account: UUID, *, refused: str | None = None, revision: datetime | None = None
) -> None:
    """Let it go. `refused`: why it can't work with this `revision` of the connection."""
    await connection.execute(
        """UPDATE listening SET owner = NULL, state = CASE WHEN $3::text IS NULL THEN 'stopped' ELSE 'refused' END,
               error = $3, revision = $4, since = now()
           WHERE connection_id = $1 AND owner = $2""",
        account, owner, refused, revision,
    )  # fmt: skip


async def leave(connection: Connection, owner: str) -> None:
    """The worker stops: all that it listened to is free."""
    await connection.execute("DELETE FROM listeners WHERE owner = $1", owner)  # that alone is enough, and quick
    await connection.execute(_FREE)


async def forget_former(connection: Connection, owner: str, former: str) -> None:
    """Earlier lives of this very worker (owners that begin with `former`) are over."""
    await connection.execute("DELETE FROM listeners WHERE starts_with(owner, $2) AND owner <> $1", owner, former)


async def cursor(connection: Connection, account: UUID) -> JsonObject | None:
    kept: JsonObject | None = await connection.fetchval(
        "SELECT cursor FROM listening WHERE connection_id = $1", account
    )
    return kept


async def move(connection: Connection, owner: str, account: UUID, cursor: JsonObject) -> bool:
    """Keep where to go on, in the caller's transaction; False when somebody else listens now."""
    done = await connection.execute(
        "UPDATE listening SET cursor = $3 WHERE connection_id = $1 AND owner = $2", account, owner, cursor
    )
    return done != "UPDATE 0"
