"""Workspaces and their members. Roles: owner > admin > editor > viewer; a workspace always has an owner."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from blocks.values import JsonObject
from core.accounts import repository
from core.accounts.callers import Callers, not_a_member
from core.accounts.model import Workspace
from core.accounts.noting import note_workspace
from core.audit import noting as audit
from core.caller import Caller
from core.db import Connection, Database
from core.errors import Conflict, Forbidden, NotFound
from core.idempotency import Made, Once, made_once

Role = Literal["owner", "admin", "editor", "viewer"]


@dataclass(frozen=True, slots=True)
class Member:
    user_id: UUID
    email: str
    name: str
    role: Role
    joined_at: datetime


def require_may_give(caller_role: str, role: str) -> None:
    """Who gives or takes the role of an owner is one. Raises `Forbidden`."""
    if role == "owner" and caller_role != "owner":
        raise Forbidden("owner_only", "Only owners make and remove owners; ask one of this workspace.")


class Members:
    def __init__(self, db: Database, callers: Callers) -> None:
        self._db = db
        self._callers = callers

    async def create(self, caller: Caller, name: str, once: Once | None = None) -> Workspace:
        """A further workspace, owned by the caller. Raises what `idempotency.made_once` raises."""
        async with self._db.transaction() as connection:

            async def work() -> Made:
                made = await repository.add_workspace(connection, name=name, owner=caller.user_id)
                await note_workspace(connection, made.id, caller.user_id, name)
                return made.id, None

            workspace_id, _ = await made_once(connection, once, work)
            found = await repository.workspaces_of(connection, caller.user_id)
        made = next((each for each in found if each.id == workspace_id), None)
        if made is None:  # left since
            raise not_a_member()
        return made

    async def rename(self, caller: Caller, name: str) -> Workspace:
        caller.require("admin")
        async with self._db.transaction() as connection:
            row = await connection.fetchrow(
                """UPDATE workspaces w SET name = $2 FROM (SELECT id, name FROM workspaces WHERE id = $1 FOR UPDATE) was
                   WHERE w.id = was.id RETURNING w.id, w.name, w.plan, w.created_at, was.name AS former""",
                caller.workspace_id,
                name,
            )
            if row is None:
                raise not_a_member()
            await audit.note(
                connection, caller, "workspace.renamed", "workspace", row["id"],
                before={"name": row["former"]}, after={"name": name},
            )  # fmt: skip
        return Workspace(row["id"], row["name"], row["plan"], caller.role, row["created_at"])

    async def listed(self, caller: Caller, *, limit: int, after: UUID | None) -> list[Member]:
        """The members by the age of their accounts; one more than `limit` where there are more."""
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                """SELECT m.user_id, u.email, u.name, m.role, m.created_at AS joined_at
                   FROM workspace_members m JOIN users u ON u.id = m.user_id
                   WHERE m.workspace_id = $1 AND ($2::uuid IS NULL OR m.user_id > $2) ORDER BY m.user_id LIMIT $3""",
                caller.workspace_id,
                after,
                limit + 1,
            )
        return [Member(**row) for row in rows]

    async def change_role(self, caller: Caller, user_id: UUID, role: Role) -> Member:
        """Raises `Forbidden`, `NotFound` (`member_not_found`) and `Conflict` (`last_owner`)."""
        caller.require("admin")
        async with self._db.transaction() as connection:
            acting, present = await _roles(connection, caller, user_id)
            Caller(caller.user_id, caller.workspace_id, acting).require("admin")
            require_may_give(acting, present)
            require_may_give(acting, role)
            if present == "owner" and role != "owner":
                await _require_another_owner(connection, caller.workspace_id, user_id)
            row = await connection.fetchrow(
                """UPDATE workspace_members m SET role = $3 FROM users u
                   WHERE m.workspace_id = $1 AND m.user_id = $2 AND u.id = m.user_id
                   RETURNING m.user_id, u.email, u.name, m.role, m.created_at AS joined_at""",
                caller.workspace_id,
                user_id,
                role,
            )
            if role in ("editor", "viewer"):
                await _withdraw_invitations(connection, caller, user_id)
            await audit.note(
                connection, caller, "member.role_changed", "member", user_id,
                before={"role": present}, after={"role": role},
            )  # fmt: skip
        self._callers.forget(user_id)
        if row is None:
            raise _no_member()
        return Member(**row)

    async def remove(self, caller: Caller, user_id: UUID) -> None:
        """Send a member away, or leave. Their API tokens for the workspace and the invitations they made go with them.

        Raises `Forbidden`, `NotFound` (`member_not_found`) and `Conflict` (`last_owner`).
        """
        if user_id != caller.user_id:
            caller.require("admin")
        async with self._db.transaction() as connection:
            acting, present = await _roles(connection, caller, user_id)
            if user_id != caller.user_id:
                Caller(caller.user_id, caller.workspace_id, acting).require("admin")
                require_may_give(acting, present)
            if present == "owner":
                await _require_another_owner(connection, caller.workspace_id, user_id)
            await connection.execute(
                "DELETE FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", caller.workspace_id, user_id
            )
            await _withdraw_invitations(connection, caller, user_id)
            action = "member.left" if user_id == caller.user_id else "member.removed"
            await audit.note(connection, caller, action, "member", user_id, before={"role": present})
        self._callers.forget(user_id)


async def _roles(connection: Connection, caller: Caller, user_id: UUID) -> tuple[str, str]:
    """The roles of the caller and of the member, as they are now; other changes of members wait until the end of the
    transaction."""
    await connection.execute("SELECT FROM workspaces WHERE id = $1 FOR UPDATE", caller.workspace_id)
    rows = await connection.fetch(
        "SELECT user_id, role FROM workspace_members WHERE workspace_id = $1 AND user_id IN ($2, $3)",
        caller.workspace_id,
        caller.user_id,
        user_id,
    )
    roles = {row["user_id"]: row["role"] for row in rows}
    if caller.user_id not in roles:
        raise not_a_member()
    if user_id not in roles:
        raise _no_member()
    return roles[caller.user_id], roles[user_id]


async def _require_another_owner(connection: Connection, workspace_id: UUID, user_id: UUID) -> None:
    if not await connection.fetchval(
        "SELECT EXISTS (SELECT FROM workspace_members WHERE workspace_id = $1 AND user_id <> $2 AND role = 'owner')",
        workspace_id,
        user_id,
    ):
        raise Conflict("last_owner", "This is the last owner of the workspace; make somebody else owner first.")


async def _withdraw_invitations(connection: Connection, caller: Caller, user_id: UUID) -> None:
    rows = await connection.fetch(
        "UPDATE invitations SET revoked_at = now()"
        " WHERE workspace_id = $1 AND invited_by = $2 AND accepted_at IS NULL AND revoked_at IS NULL"
        " RETURNING id, email, role",
        caller.workspace_id,
        user_id,
    )
    for row in rows:
        before: JsonObject = {"email": row["email"], "role": row["role"]}
        await audit.note(connection, caller, "invitation.withdrawn", "invitation", row["id"], before=before)


def _no_member() -> NotFound:
    return NotFound("member_not_found", "There is no such member in this workspace.")
