"""The SQL of users, workspaces and memberships."""

from uuid import UUID

import asyncpg

from core.accounts.model import User, Workspace
from core.caller import Caller
from core.db import Connection
from core.ids import new_id

_USER = "id, email, name, is_operator, created_at"
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
    connection: Connection, *, email: str, name: str, password_hash: str, is_operator: bool
) -> User | None:
    """None when the address is taken."""
    row = await connection.fetchrow(
        f"""INSERT INTO users (id, email, name, password_hash, is_operator) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (lower(email)) DO NOTHING RETURNING {_USER}""",
        new_id(),
        email,
        name,
        password_hash,
        is_operator,
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


async def credentials(connection: Connection, email: str) -> tuple[User, str] | None:
    """The user of an address and the hash of their password."""
    row = await connection.fetchrow(f"SELECT {_USER}, password_hash FROM users WHERE lower(email) = lower($1)", email)
    return None if row is None else (_user(row), row["password_hash"])


async def user(connection: Connection, user_id: UUID) -> User | None:
    row = await connection.fetchrow(f"SELECT {_USER} FROM users WHERE id = $1", user_id)
    return None if row is None else _user(row)


async def rename(connection: Connection, user_id: UUID, name: str) -> User | None:
    row = await connection.fetchrow(
        f"UPDATE users SET name = $2, updated_at = now() WHERE id = $1 RETURNING {_USER}", user_id, name
    )
    return None if row is None else _user(row)


async def workspaces_of(connection: Connection, user_id: UUID) -> list[Workspace]:
    """The oldest membership first."""
    return [Workspace(**row) for row in await connection.fetch(_WORKSPACES, user_id)]


async def caller(connection: Connection, user_id: UUID, workspace_id: UUID) -> Caller | None:
    row = await connection.fetchrow(
        """SELECT m.role, u.is_operator FROM workspace_members m JOIN users u ON u.id = m.user_id
           WHERE m.user_id = $1 AND m.workspace_id = $2""",
        user_id,
        workspace_id,
    )
    return None if row is None else Caller(user_id, workspace_id, row["role"], row["is_operator"])


def _user(row: "asyncpg.Record") -> User:
    return User(row["id"], row["email"], row["name"], row["is_operator"], row["created_at"])
