"""API tokens: what programs sign in with, in one workspace, within the role of whoever made them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from blocks.sentences import said
from blocks.values import JsonObject
from core.accounts import scopes as all_scopes
from core.accounts import secrets
from core.accounts.callers import Callers
from core.audit import noting as audit
from core.caller import Caller
from core.clock import Clock, now
from core.db import Connection, Database
from core.errors import Conflict, Finding, Forbidden, Invalid, NotFound
from core.idempotency import Made, Once, made_once
from core.ids import new_id

MOST: Final = 100  # of one member in one workspace
_COLUMNS: Final = "id, name, scopes, last_four, created_at, expires_at, last_used_at"


@dataclass(frozen=True, slots=True)
class ApiToken:
    id: UUID
    name: str
    scopes: list[str]
    last_four: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None  # to the minute


class ApiTokens:
    def __init__(self, db: Database, callers: Callers, *, clock: Clock = now) -> None:
        self._db = db
        self._callers = callers
        self._clock = clock

    async def create(
        self,
        caller: Caller,
        name: str,
        scopes: Collection[str],
        expires_at: datetime | None,
        once: Once | None = None,
    ) -> tuple[ApiToken, str]:
        """A token and its text, which is shown this once. One that a token makes is no wider and lives no longer.

        Raises `Invalid` (scopes, expiry), `Forbidden` (`scope_missing`) and `Conflict` (`too_many_tokens`), and
        what `idempotency.made_once` raises.
        """
        wanted = sorted(set(scopes))
        if not wanted or not all_scopes.ALL.issuperset(wanted):
            raise _invalid("scopes", said("Name at least one of {known}.", known=", ".join(sorted(all_scopes.ALL))))
        if caller.scopes is not None and not caller.scopes.issuperset(wanted):
            raise Forbidden("scope_missing", "A token can't make one that may do more than itself.")
        if expires_at is not None and expires_at <= self._clock():
            raise _invalid("expires_at", "This time is over already.")
        async with self._db.transaction() as connection:

            async def work() -> Made:
                return await _insert(connection, caller, name, wanted, expires_at)

            token_id, text = await made_once(connection, once, work)
            row = await connection.fetchrow(
                f"SELECT {_COLUMNS} FROM api_tokens WHERE id = $1 AND user_id = $2", token_id, caller.user_id
            )
        if row is None or text is None:
            raise _not_found()
        return ApiToken(**row), text

    async def listed(self, caller: Caller, *, limit: int, after: UUID | None) -> list[ApiToken]:
        """The caller's own, the newest first; one more than `limit` where there are more."""
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"""SELECT {_COLUMNS} FROM api_tokens WHERE workspace_id = $1 AND user_id = $2
                    AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4""",
                caller.workspace_id,
                caller.user_id,
                after,
                limit + 1,
            )
        return [ApiToken(**row) for row in rows]

    async def delete(self, caller: Caller, token_id: UUID) -> None:
        """Raises `NotFound` (`token_not_found`)."""
        async with self._db.transaction() as connection:
            gone = await connection.fetchrow(
                f"DELETE FROM api_tokens WHERE id = $1 AND workspace_id = $2 AND user_id = $3 RETURNING {_COLUMNS}",
                token_id,
                caller.workspace_id,
                caller.user_id,
            )
            if gone is None:
                raise _not_found()
            await audit.note(connection, caller, "token.deleted", "token", token_id, before=_shown(ApiToken(**gone)))
        self._callers.forget(caller.user_id)


async def _insert(
    connection: Connection, caller: Caller, name: str, scopes: list[str], expires_at: datetime | None
) -> Made:
    text = secrets.make(secrets.API_TOKEN)
    row = await connection.fetchrow(
        f"""INSERT INTO api_tokens (id, workspace_id, user_id, name, scopes, hash, last_four, expires_at)
            SELECT $1, workspace_id, user_id, $4, $5, $6, $7,
                least($8, (SELECT maker.expires_at FROM api_tokens maker WHERE maker.id = $9))
            FROM workspace_members m WHERE workspace_id = $2 AND user_id = $3 AND $10 > (
                SELECT count(*) FROM api_tokens t
                WHERE t.workspace_id = m.workspace_id AND t.user_id = m.user_id)
            RETURNING {_COLUMNS}""",
        new_id(), caller.workspace_id, caller.user_id, name, scopes, secrets.digest(text), text[-4:],
        expires_at, caller.token_id, MOST,
    )  # fmt: skip
    if row is None:
        raise Conflict("too_many_tokens", f"You have {MOST} tokens in this workspace; delete some first.")
    made = ApiToken(**row)
    await audit.note(connection, caller, "token.created", "token", made.id, after=_shown(made))
    return made.id, text


def _not_found() -> NotFound:
    return NotFound("token_not_found", "You have no such token in this workspace.")


def _shown(token: ApiToken) -> JsonObject:
    """What the audit log holds of it."""
    return {
        "name": token.name, "scopes": list(token.scopes), "last_four": token.last_four,
        "expires_at": None if token.expires_at is None else token.expires_at.isoformat(),
    }  # fmt: skip


def _invalid(at: str, message: str) -> Invalid:
    return Invalid("invalid_request", "The request is not valid; `errors` says where.", (Finding(at, message),))
