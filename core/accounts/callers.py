"""Who is behind a bearer token, in which workspace, with which role: read from the database, known for five seconds.

Whoever changes a membership, a session or a token says so with `forget`: it counts at once in this process, and in
others within those five seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final
from uuid import UUID

import asyncpg

from core.accounts import secrets
from core.accounts.tokens import Access, AccessTokens
from core.caller import Caller
from core.clock import now
from core.db import Database
from core.errors import NotFound, Unauthenticated

_TTL_S: Final = 5.0
_MOST: Final = 10_000
_TOKEN_SESSION: Final = timedelta(minutes=10)  # how long a stream may live on an API token before it asks again

_ALWAYS: Final = datetime.max.replace(tzinfo=UTC)

_BY_SESSION: Final = """
SELECT m.role, u.is_operator, u.disabled_at IS NOT NULL AS disabled,
    EXISTS (SELECT FROM sessions s WHERE s.id = $3 AND s.user_id = u.id AND s.revoked_at IS NULL) AS live
FROM users u LEFT JOIN workspace_members m ON m.user_id = u.id AND m.workspace_id = $2
WHERE u.id = $1
"""
_BY_HASH: Final = """
SELECT t.id, t.user_id, t.workspace_id, t.scopes, t.expires_at, m.role, u.is_operator,
    u.disabled_at IS NOT NULL AS disabled, t.expires_at <= now() AS expired,
    coalesce(t.last_used_at < now() - interval '1 minute', true) AS worth_noting
FROM api_tokens t JOIN users u ON u.id = t.user_id
JOIN workspace_members m ON m.user_id = t.user_id AND m.workspace_id = t.workspace_id
WHERE t.hash = $1
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A caller, and until when what they showed is good. `session_id` is None for an API token."""

    caller: Caller
    session_id: UUID | None
    expires_at: datetime


class Callers:
    def __init__(self, db: Database, tokens: AccessTokens) -> None:
        self._db = db
        self._tokens = tokens
        self._known: dict[tuple[object, UUID | None], tuple[float, Known]] = {}
        self._changes = 0

    async def of(self, bearer: str, workspace_id: UUID | None = None) -> Known:
        """The caller behind a bearer token, in the workspace asked for or the token's own.

        Raises `Unauthenticated` (`token_invalid`, `token_expired`, `token_revoked`, `account_disabled`), and
        `NotFound` (`workspace_not_found`) for a workspace that is not theirs.
        """
        if bearer.startswith(secrets.API_TOKEN):
            return await self._of_token(bearer, workspace_id)
        access = self._tokens.read(bearer)
        wanted = workspace_id or access.workspace_id
        key = ((access.user_id, access.session_id), wanted)
        known = self._recall(key)
        if known is None:
            changes = self._changes
            known = await self._of_session(access, wanted)
            self._keep(key, known, changes)
        return Known(known.caller, access.session_id, access.expires_at)

    def forget(self, user_id: UUID) -> None:
        self._drop(lambda known: known.caller.user_id == user_id)

    def forget_session(self, session_id: UUID) -> None:
        self._drop(lambda known: known.session_id == session_id)

    async def _of_session(self, access: Access, workspace_id: UUID) -> Known:
        async with self._db.connection() as connection:
            row = await connection.fetchrow(_BY_SESSION, access.user_id, workspace_id, access.session_id)
        if row is None:
            raise Unauthenticated("token_invalid", "The account of this token is gone; sign in again.")
        _require_enabled(row)
        if not row["live"]:
            raise Unauthenticated("token_revoked", "The session of this token was ended; sign in again.")
        if row["role"] is None:
            raise not_a_member()
        caller = Caller(access.user_id, workspace_id, row["role"], row["is_operator"])
        return Known(caller, access.session_id, access.expires_at)

    async def _of_token(self, bearer: str, workspace_id: UUID | None) -> Known:
        hash_ = secrets.digest(bearer)
        known = self._recall((hash_, None))
        if known is None:
            changes = self._changes
            async with self._db.connection() as connection:
                row = await connection.fetchrow(_BY_HASH, hash_)
                if row is None:
                    raise Unauthenticated("token_invalid", "This API token is not valid, or was deleted.")
                _require_enabled(row)
                if row["expired"]:
                    raise Unauthenticated("token_expired", "This API token has expired; make another one.")
                if row["worth_noting"]:
                    await connection.execute("UPDATE api_tokens SET last_used_at = now() WHERE id = $1", row["id"])
            known = _known_token(row)
            self._keep((hash_, None), known, changes)
        if known.expires_at <= now():
            raise Unauthenticated("token_expired", "This API token has expired; make another one.")
        if workspace_id not in (None, known.caller.workspace_id):
            raise not_a_member()
        return Known(known.caller, None, min(known.expires_at, now() + _TOKEN_SESSION))

    def _recall(self, key: tuple[object, UUID | None]) -> Known | None:
        found = self._known.get(key)
        return found[1] if found is not None and found[0] > monotonic() else None

    def _keep(self, key: tuple[object, UUID | None], known: Known, changes: int) -> None:
        """What was read while something changed may be out of date already, and is not kept."""
        if changes != self._changes:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = (monotonic() + _TTL_S, known)

    def _drop(self, which: Callable[[Known], bool]) -> None:
        self._changes += 1
        for key in [key for key, (_, known) in self._known.items() if which(known)]:
            del self._known[key]


def not_a_member() -> NotFound:
    return NotFound("workspace_not_found", "You are a member of no such workspace.")


def _require_enabled(row: asyncpg.Record) -> None:
    if row["disabled"]:
        raise Unauthenticated("account_disabled", "This account is disabled; ask the operator of this installation.")


def _known_token(row: asyncpg.Record) -> Known:
    scopes = frozenset(row["scopes"])
    caller = Caller(
        row["user_id"],
        row["workspace_id"],
        row["role"],
        row["is_operator"] and "admin" in scopes,
        token_id=row["id"],
        scopes=scopes,
    )
    return Known(caller, None, row["expires_at"] or _ALWAYS)
