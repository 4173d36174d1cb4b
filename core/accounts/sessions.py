"""Sessions: one sign-in on one device, kept alive by a refresh token that changes with each use."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg

from core.accounts.callers import Callers
from core.accounts.noting import note_user
from core.accounts.refresh import Refresh, RefreshTokens
from core.db import Connection, Database
from core.errors import Unauthenticated
from core.ids import new_id

IDLE: Final = timedelta(days=14)
LONGEST: Final = timedelta(days=90)
# Tabs that refresh with the same token at the same time are given the same next one; later it is reuse.
GRACE: Final = timedelta(seconds=30)

Why = Literal["logout", "reuse", "password", "linked", "operator"]


@dataclass(frozen=True, slots=True)
class Renewed:
    user_id: UUID
    session_id: UUID
    refresh: str


async def revoke_all(connection: Connection, user_id: UUID, why: Why, *, but: UUID | None = None) -> None:
    """End the sessions of a user, in the transaction of whoever decided it. Tell `Callers.forget` after its commit."""
    await connection.execute(
        "UPDATE sessions SET revoked_at = now(), revoked_why = $2"
        " WHERE user_id = $1 AND revoked_at IS NULL AND id IS DISTINCT FROM $3",
        user_id,
        why,
        but,
    )


class Sessions:
    """Opens, renews and ends sessions. `callers` forgets what it knew when one ends."""

    def __init__(self, db: Database, tokens: RefreshTokens, callers: Callers) -> None:
        self._db = db
        self._tokens = tokens
        self._callers = callers

    async def open(self, connection: Connection, user_id: UUID) -> Renewed:
        """A new session, in the caller's transaction; sessions of this user whose time is over are forgotten."""
        session_id = new_id()
        await connection.execute(
            """WITH over AS (DELETE FROM sessions WHERE user_id = $2 AND least(expires_at, ends_at) < now())
               INSERT INTO sessions (id, user_id, expires_at, ends_at) VALUES ($1, $2, now() + $3, now() + $4)""",
            session_id,
            user_id,
            IDLE,
            LONGEST,
        )
        return Renewed(user_id, session_id, self._tokens.make(Refresh(session_id, 0)))

    async def renew(self, token: str) -> Renewed:
        """Take a token and give the next.

        Raises `Unauthenticated`: `session_invalid`, `session_over` (signed out, too old, the user is gone or disabled),
        and `session_reused` for a token that was used before, which ends the session: one of two holders is a thief.
        """
        said = self._tokens.read(token)
        async with self._db.transaction() as connection:
            row = await connection.fetchrow(
                """UPDATE sessions s SET counter = s.counter + 1, rotated_at = now(),
                       expires_at = least(now() + $3, s.ends_at)
                   FROM users u
                   WHERE s.id = $1 AND s.counter = $2 AND s.revoked_at IS NULL AND s.expires_at > now()
                     AND u.id = s.user_id AND u.disabled_at IS NULL
                   RETURNING s.user_id, s.counter""",
                said.session_id,
                said.counter,
                IDLE,
            )
            if row is None:
                row = await self._again(connection, said)
            reused = row is None and await self._end_reused(connection, said)
        if row is not None:
            next_token = self._tokens.make(Refresh(said.session_id, row["counter"]))
            return Renewed(row["user_id"], said.session_id, next_token)
        if reused:
            self._callers.forget_session(said.session_id)
            raise Unauthenticated(
                "session_reused", "This session was used in two places and has been ended; sign in again."
            )
        raise Unauthenticated("session_over", "This session is over; sign in again.")

    async def end(self, token: str, *, everywhere: bool) -> None:
        """Sign out: this session, or all of the user's. An old or foreign token ends nothing and is no error."""
        try:
            said = self._tokens.read(token)
        except Unauthenticated:
            return
        async with self._db.transaction() as connection:
            user_id: UUID | None = await connection.fetchval(
                "UPDATE sessions SET revoked_at = now(), revoked_why = 'logout'"
                " WHERE id = $1 AND revoked_at IS NULL AND counter - $2 BETWEEN 0 AND 1 RETURNING user_id",
                said.session_id,
                said.counter,
            )
            if user_id is not None and everywhere:
                await revoke_all(connection, user_id, "logout")
            if user_id is not None:
                action = "user.signed_out_everywhere" if everywhere else "user.signed_out"
                await note_user(connection, user_id, action, after={"session": str(said.session_id)})
        self._callers.forget_session(said.session_id)
        if user_id is not None:
            self._callers.forget(user_id)

    async def _again(self, connection: Connection, said: Refresh) -> asyncpg.Record | None:
        """The session, where this very token was taken a moment ago."""
        return await connection.fetchrow(
            """SELECT s.user_id, s.counter FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE s.id = $1 AND s.counter = $2 + 1 AND s.rotated_at > now() - $3::interval
                 AND s.revoked_at IS NULL AND s.expires_at > now() AND u.disabled_at IS NULL""",
            said.session_id,
            said.counter,
            GRACE,
        )

    async def _end_reused(self, connection: Connection, said: Refresh) -> bool:
        """Whether there was a session to end."""
        user_id: UUID | None = await connection.fetchval(
            "UPDATE sessions SET revoked_at = now(), revoked_why = 'reuse'"
            " WHERE id = $1 AND counter > $2 AND revoked_at IS NULL RETURNING user_id",
            said.session_id,
            said.counter,
        )
        if user_id is not None:
            await note_user(connection, user_id, "user.session_reused", after={"session": str(said.session_id)})
        return user_id is not None
