"""The SQL of users, workspaces and memberships."""

from uuid import UUID

import asyncpg

from core.accounts.model import User, Workspace
from core.db import Connection
from core.ids import new_id

_USER = """id, email, name, is_operator, locale, timezone, mail_notifications, email_verified_at, disabled_at,
    onboarded_at, created_at"""
_WORKSPACES = """
SELECT w.id, w.name, w.plan, m.role, w.created_at
FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
WHERE m.user_id = $1 ORDER BY m.created_at, w.id
"""
_FIRST_USER_LOCK = 7_201_001  # any number of our own


async def lock_registration(connection: Connection) -> None:
    """One registration at a time, until the transaction ends: who is first is decided by one of them."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _FIRST_USER_LOCK)


async def any_user(connection: Connection) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM users)"))


async def add_user(
    connection: Connection,
    *,
    email: str,
    name: str,
    password_hash: str | None,
    is_operator: bool = False,
    verified: bool = False,
    locale: str = "en",
) -> User | None:
    """None when the address is taken. `verified`: somebody trustworthy says that it is theirs."""
    row = await connection.fetchrow(
        f"""INSERT INTO users (id, email, name, password_hash, is_operator, email_verified_at, locale)
            VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END, $7)
            ON CONFLICT (lower(email)) DO NOTHING RETURNING {_USER}""",
        new_id(),
        email,
        name,
        password_hash,
        is_operator,
        verified,
        locale,
    )
    return None if row is None else _user(row)


async def add_workspace(connection: Connection, *, name: str, owner: UUID) -> Workspace:
    (row,) = await connection.fetch(
        """WITH made AS (INSERT INTO workspaces (id, name) VALUES ($1, $2) RETURNING *),
                member AS (INSERT INTO workspace_members (workspace_id, user_id, role)
                           SELECT id, $3, 'owner' FROM made RETURNING role)
           SELECT id, name, plan, role, created_at FROM made, member""",
        new_id(),
        name,
        owner,
    )
    return Workspace(**row)


async def credentials(connection: Connection, email: str) -> tuple[User, str | None] | None:
    """The user of an address, and the hash of their password if they have one."""
    row = await connection.fetchrow(f"SELECT {_USER}, password_hash FROM users WHERE lower(email) = lower($1)", email)
    return None if row is None else (_user(row), row["password_hash"])


async def user(connection: Connection, user_id: UUID, *, lock: bool = False) -> User | None:
    """`lock`: nobody else changes it until the transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {_USER} FROM users WHERE id = $1 {'FOR NO KEY UPDATE' if lock else ''}", user_id
    )
    return None if row is None else _user(row)


async def user_of_identity(connection: Connection, issuer: str, subject: str) -> User | None:
    row = await connection.fetchrow(
        f"""SELECT {_USER} FROM users
            WHERE id = (SELECT user_id FROM user_identities WHERE issuer = $1 AND subject = $2)""",
        issuer,
        subject,
    )
    return None if row is None else _user(row)


async def add_identity(connection: Connection, issuer: str, subject: str, user_id: UUID) -> None:
    await connection.execute(
        "INSERT INTO user_identities (issuer, subject, user_id) VALUES ($1, $2, $3)", issuer, subject, user_id
    )


async def start_anew(connection: Connection, user_id: UUID) -> None:
    """The address is verified now; what opened the account before does not any more."""
    await connection.execute("DELETE FROM api_tokens WHERE user_id = $1", user_id)
    await connection.execute("DELETE FROM user_links WHERE user_id = $1", user_id)
    await connection.execute(
        "UPDATE users SET password_hash = NULL, email_verified_at = now(), updated_at = now() WHERE id = $1", user_id
    )


async def users(connection: Connection) -> list[User]:
    """The oldest first."""
    return [_user(row) for row in await connection.fetch(f"SELECT {_USER} FROM users ORDER BY id")]


async def users_page(connection: Connection, after: UUID | None, limit: int, search: str | None) -> list[User]:
    """The oldest first; `search` stands in the address or in the name."""
    rows = await connection.fetch(
        f"""SELECT {_USER} FROM users WHERE ($1::uuid IS NULL OR id > $1)
            AND ($3::text IS NULL OR position(lower($3) IN lower(email)) > 0 OR position(lower($3) IN lower(name)) > 0)
            ORDER BY id LIMIT $2""",
        after,
        limit,
        search,
    )
    return [_user(row) for row in rows]


async def change_profile(
    connection: Connection,
    user_id: UUID,
    *,
    name: str | None,
    locale: str | None,
    timezone: str | None,
    mail_notifications: str | None,
    onboarded: bool,
) -> User | None:
    """None leaves a value as it is."""
    row = await connection.fetchrow(
        f"""UPDATE users SET name = coalesce($2, name), locale = coalesce($3, locale),
                timezone = coalesce($4, timezone),
                mail_notifications = coalesce($5, mail_notifications),
                onboarded_at = CASE WHEN $6 THEN coalesce(onboarded_at, now()) ELSE onboarded_at END, updated_at = now()
            WHERE id = $1 RETURNING {_USER}""",
        user_id,
        name,
        locale,
        timezone,
        mail_notifications,
        onboarded,
    )
    return None if row is None else _user(row)


async def password_hash(connection: Connection, user_id: UUID) -> str | None:
    found: str | None = await connection.fetchval("SELECT password_hash FROM users WHERE id = $1", user_id)
    return found


async def set_password(connection: Connection, user_id: UUID, password_hash: str | None) -> None:
    await connection.execute(
        "UPDATE users SET password_hash = $2, updated_at = now() WHERE id = $1", user_id, password_hash
    )


async def workspaces_of(connection: Connection, user_id: UUID) -> list[Workspace]:
    """The oldest membership first."""
    return [Workspace(**row) for row in await connection.fetch(_WORKSPACES, user_id)]


def _user(row: "asyncpg.Record") -> User:
    return User(**{name: row[name] for name in User.__slots__})
