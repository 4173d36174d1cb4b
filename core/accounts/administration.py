"""What the operator of an installation does with its users. Everything runs in the caller's transaction."""

from typing import Final
from uuid import UUID

from core import legacy
from core.accounts import recovery, repository
from core.accounts.addresses import normalised_email
from core.accounts.model import User
from core.accounts.noting import note_command, note_workspace
from core.accounts.sessions import revoke_all
from core.db import Connection
from core.errors import Conflict, NotFound

_OTHER_OPERATOR: Final = "SELECT EXISTS (SELECT FROM users WHERE id <> $1 AND is_operator AND disabled_at IS NULL)"


async def users(connection: Connection) -> list[User]:
    """Everybody, the oldest account first."""
    return await repository.users(connection)


async def user(connection: Connection, email: str) -> User:
    """Raises `NotFound` (`user_not_found`)."""
    found = await repository.credentials(connection, email.strip())
    if found is None:
        raise NotFound("user_not_found", f"There is no user {email}; `vutler users list` shows them all.")
    return found[0]


async def add(connection: Connection, email: str, name: str, public_url: str) -> str:
    """A user with a workspace and no password; gives the link that sets one. The first user is operator.

    Raises `Invalid` (`invalid_email`) and `Conflict` (`email_taken`).
    """
    address = normalised_email(email)
    shown = name.strip()[:100] or address.partition("@")[0]
    await repository.lock_registration(connection)
    first = not await repository.any_user(connection)
    made = await repository.add_user(connection, email=address, name=shown, password_hash=None, is_operator=first)
    if made is None:
        raise Conflict("email_taken", f"There is a user {address} already.")
    workspace = await repository.add_workspace(connection, name=f"{shown}'s workspace", owner=made.id)
    await note_workspace(connection, workspace.id, made.id, workspace.name)
    await note_command(connection, made.id, "user.added", after={"email": address, "operator": first})
    if first:
        await legacy.hand_over(connection, made.id)
    return await recovery.make_link(connection, "password", made, public_url)


async def reset_link(connection: Connection, found: User, public_url: str, by: UUID | None = None) -> str:
    """A link that sets a new password: good once, for an hour. Raises `Conflict` (`account_disabled`)."""
    if found.disabled_at is not None:
        raise Conflict(
            "account_disabled",
            f"{found.email} is disabled; enable the account first: vutler users enable {found.email}",
        )
    await note_command(connection, found.id, "user.reset_link_made", by=by, after={"email": found.email})
    return await recovery.make_link(connection, "password", found, public_url)


async def disable(connection: Connection, found: User, by: UUID | None = None) -> None:
    """Raises `Conflict` (`last_operator`)."""
    await _require_another_operator(connection, found)
    await connection.execute("UPDATE users SET disabled_at = coalesce(disabled_at, now()) WHERE id = $1", found.id)
    await revoke_all(connection, found.id, "operator")
    await note_command(connection, found.id, "user.disabled", by=by, before={"email": found.email})


async def enable(connection: Connection, found: User, by: UUID | None = None) -> None:
    """They sign in anew; their API tokens work again."""
    await connection.execute("UPDATE users SET disabled_at = NULL WHERE id = $1", found.id)
    await note_command(connection, found.id, "user.enabled", by=by, after={"email": found.email})


async def set_operator(connection: Connection, found: User, *, is_operator: bool, by: UUID | None = None) -> None:
    """Raises `Conflict` (`last_operator`)."""
    if not is_operator:
        await _require_another_operator(connection, found)
    await connection.execute("UPDATE users SET is_operator = $2 WHERE id = $1", found.id, is_operator)
    await note_command(
        connection, found.id, "user.operator_changed", by=by,
        before={"operator": found.is_operator}, after={"operator": is_operator},
    )  # fmt: skip


async def _require_another_operator(connection: Connection, found: User) -> None:
    await repository.lock_registration(connection)
    if found.is_operator and not await connection.fetchval(_OTHER_OPERATOR, found.id):
        raise Conflict("last_operator", "This is the last operator; make somebody else one first.")
