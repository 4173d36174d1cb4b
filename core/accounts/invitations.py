"""Invitations: a link that makes whoever has its address a member, once, within seven days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import asyncpg

from blocks.values import JsonObject
from core.accounts import secrets
from core.accounts.addresses import normalised_email
from core.accounts.callers import Callers
from core.accounts.members import Role, require_may_give
from core.audit import noting as audit
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Forbidden, Gone, NotFound
from core.idempotency import Made, Once, made_once
from core.ids import new_id


class Invites(Protocol):
    """How an invitation reaches somebody; called in the transaction that makes it."""

    async def invited(self, connection: Connection, workspace_id: UUID, invitation_id: UUID, token: str) -> None: ...


class NoInvites:
    """No mail is set up: whoever invites hands the link over."""

    async def invited(self, connection: Connection, workspace_id: UUID, invitation_id: UUID, token: str) -> None: ...


LIFETIME: Final = timedelta(days=7)
_COLUMNS: Final = "id, email, role, invited_by, created_at, expires_at"


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invitation as the workspace sees it."""

    id: UUID
    email: str
    role: Role
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """What whoever holds the link is told."""

    workspace_id: UUID
    workspace_name: str
    email: str
    role: Role
    expires_at: datetime


async def look(connection: Connection, token: str) -> Offer:
    """Raises `NotFound` (`invitation_unknown`) and `Gone` (`invitation_over`: used, withdrawn or too old)."""
    row = None
    if secrets.is_shaped(token, secrets.INVITATION):
        row = await connection.fetchrow(
            """SELECT i.workspace_id, w.name AS workspace_name, i.email, i.role, i.expires_at,
                   i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now() AS open
               FROM invitations i JOIN workspaces w ON w.id = i.workspace_id WHERE i.hash = $1""",
            secrets.digest(token),
        )
    if row is None:
        raise NotFound("invitation_unknown", "This invitation is not valid. Was its link copied whole?")
    found = dict(row)
    if not found.pop("open"):
        raise _over()
    return Offer(**found)


async def redeem(connection: Connection, token: str, user_id: UUID, email: str) -> UUID:
    """Make the user a member, in the caller's transaction; gives the workspace. Members keep the role they have.

    Raises what `look` raises, and `Forbidden` (`invitation_for_another`) where the address is another one.
    """
    offer = await look(connection, token)
    if offer.email.lower() != email.lower():
        raise Forbidden(
            "invitation_for_another", "This invitation is for another e-mail address; ask for one for yours."
        )
    row = await connection.fetchrow(
        """UPDATE invitations SET accepted_at = now()
           WHERE hash = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()
           RETURNING id, workspace_id, role, invited_by""",
        secrets.digest(token),
    )
    if row is None:
        raise _over()
    joined = await connection.fetchval(
        "INSERT INTO workspace_members (workspace_id, user_id, role, created_at)"
        " VALUES ($1, $2, $3, clock_timestamp()) ON CONFLICT DO NOTHING RETURNING true",
        row["workspace_id"],
        user_id,
        row["role"],
    )
    workspace_id: UUID = row["workspace_id"]
    actor = audit.Actor(workspace_id, user_id)
    by: JsonObject = {"role": row["role"], "invited_by": str(row["invited_by"])}
    await audit.note_as(connection, actor, "invitation.accepted", "invitation", row["id"], after=by)
    if joined:
        await audit.note_as(connection, actor, "member.added", "member", user_id, after=by)
    return workspace_id


class Invitations:
    """`public_url` is where people reach the pages; `invites` carries the link to whom it is for."""

    def __init__(self, db: Database, callers: Callers, public_url: str, invites: Invites) -> None:
        self._db = db
        self._invites = invites
        self._callers = callers
        self._public_url = public_url

    async def create(self, caller: Caller, email: str, role: Role, once: Once | None = None) -> tuple[Invitation, str]:
        """An invitation and its link, which is shown this once. It takes the place of an open one for the address.

        Raises `Invalid` (address), `Forbidden`, `Conflict` (`already_member`), and what `idempotency.made_once` raises.
        """
        caller.require("admin")
        require_may_give(caller.role, role)
        address = normalised_email(email)
        async with self._db.transaction() as connection:

            async def work() -> Made:
                made = await _insert(connection, caller, address, role)
                await self._invites.invited(connection, caller.workspace_id, made[0], str(made[1]))
                return made

            invitation_id, token = await made_once(connection, once, work)
            row = await connection.fetchrow(
                f"SELECT {_COLUMNS} FROM invitations WHERE id = $1 AND workspace_id = $2",
                invitation_id,
                caller.workspace_id,
            )
        if row is None:
            raise NotFound("invitation_unknown", "There is no such invitation in this workspace.")
        return Invitation(**row), f"{self._public_url}/invitations/{token}"

    async def listed(self, caller: Caller, *, limit: int, after: UUID | None) -> list[Invitation]:
        """The open ones, the newest first; one more than `limit` where there are more."""
        caller.require("admin")
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"""SELECT {_COLUMNS} FROM invitations WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2)
                    AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now() ORDER BY id DESC LIMIT $3""",
                caller.workspace_id,
                after,
                limit + 1,
            )
        return [Invitation(**row) for row in rows]

    async def revoke(self, caller: Caller, invitation_id: UUID) -> None:
        """Raises `NotFound` (`invitation_unknown`) where there is no open one."""
        caller.require("admin")
        async with self._db.transaction() as connection:
            done = await connection.fetchrow(
                "UPDATE invitations SET revoked_at = now() WHERE id = $1 AND workspace_id = $2"
                " AND accepted_at IS NULL AND revoked_at IS NULL RETURNING id, email, role",
                invitation_id,
                caller.workspace_id,
            )
            if done is None:
                raise NotFound("invitation_unknown", "There is no such open invitation in this workspace.")
            await _note(connection, caller, "invitation.withdrawn", done)

    async def look(self, token: str) -> Offer:
        async with self._db.connection() as connection:
            return await look(connection, token)

    async def accept(self, caller: Caller, token: str) -> UUID:
        """Join as a signed-in user; gives the workspace. Raises what `redeem` raises."""
        async with self._db.transaction() as connection:
            email: str = await connection.fetchval("SELECT email FROM users WHERE id = $1", caller.user_id)
            workspace_id = await redeem(connection, token, caller.user_id, email)
        self._callers.forget(caller.user_id)
        return workspace_id


async def _insert(connection: Connection, caller: Caller, address: str, role: Role) -> Made:
    token = secrets.make(secrets.INVITATION)
    await connection.execute("SELECT FROM workspaces WHERE id = $1 FOR UPDATE", caller.workspace_id)
    if await connection.fetchval(
        """SELECT EXISTS (SELECT FROM workspace_members m JOIN users u ON u.id = m.user_id
           WHERE m.workspace_id = $1 AND lower(u.email) = lower($2))""",
        caller.workspace_id,
        address,
    ):
        raise Conflict("already_member", "Somebody with this e-mail address is a member already.")
    former = await connection.fetch(
        "UPDATE invitations SET revoked_at = now() WHERE workspace_id = $1 AND lower(email) = lower($2)"
        " AND accepted_at IS NULL AND revoked_at IS NULL RETURNING id, email, role",
        caller.workspace_id,
        address,
    )
    for each in former:
        await _note(connection, caller, "invitation.withdrawn", each)
    (row,) = await connection.fetch(
        f"""INSERT INTO invitations (id, workspace_id, email, role, hash, invited_by, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, now() + $7) RETURNING {_COLUMNS}""",
        new_id(), caller.workspace_id, address, role, secrets.digest(token), caller.user_id, LIFETIME,
    )  # fmt: skip
    await _note(connection, caller, "invitation.created", row)
    return row["id"], token


async def _note(connection: Connection, caller: Caller, action: str, row: asyncpg.Record) -> None:
    """`row`: id, email, role."""
    about: JsonObject = {"email": row["email"], "role": row["role"]}
    made = action == "invitation.created"
    await audit.note(
        connection, caller, action, "invitation", row["id"],
        before=None if made else about, after=about if made else None,
    )  # fmt: skip


def _over() -> Gone:
    return Gone("invitation_over", "This invitation was used or withdrawn, or its time is over; ask for another one.")
