"""The audit log of accounts: what somebody did, or what was done to them, outside of any workspace of a request."""

from typing import Final
from uuid import UUID

from blocks.values import Json
from core.accounts import repository
from core.audit import noting as audit
from core.db import Connection
from core.ids import new_id

COMMAND: Final = "vutler users"  # the actor of what the operator of the installation does at its console


async def note_user(
    connection: Connection,
    user_id: UUID | None,
    action: str,
    *,
    name: str | None = None,
    before: Json = None,
    after: Json = None,
) -> None:
    """Add a row to the log of the workspace that the user has been a member of for longest; else to that of the
    installation. With as many statements for nobody (None) as for a user, so that the time tells nothing. `name` stands
    for who did it where no address does."""
    workspaces = await repository.workspaces_of(connection, user_id or new_id())
    actor = audit.Actor(workspaces[0].id if workspaces else None, user_id, name=name)
    await audit.note_as(connection, actor, action, "user", user_id, before=before, after=after)


async def note_workspace(connection: Connection, workspace_id: UUID, user_id: UUID, name: str) -> None:
    """A workspace was made, with `user_id` as its owner."""
    actor = audit.Actor(workspace_id, user_id)
    await audit.note_as(connection, actor, "workspace.created", "workspace", workspace_id, after={"name": name})


async def note_command(
    connection: Connection,
    user_id: UUID,
    action: str,
    *,
    by: UUID | None = None,
    before: Json = None,
    after: Json = None,
) -> None:
    """What an operator did to a user: of the installation. `by` None: at the console."""
    actor = audit.Actor(None, by, name=None if by else COMMAND)
    await audit.note_as(connection, actor, action, "user", user_id, before=before, after=after)
