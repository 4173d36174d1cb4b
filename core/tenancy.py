"""For whom this process asks PostgreSQL at each moment.

Row-level security (core/migrations/sql/0018_tenancy.sql) shows a session the rows of the workspace in its setting
`app.workspace`, and none where that is empty. `core/db.py` sets it; the workspace is the one that was entered here, in
the context of the request, or the one a `Database` was narrowed to.
"""

from contextvars import ContextVar
from typing import Final
from uuid import UUID

OWNER: Final = "vutler_owner"  # owns the schema and its functions; migrations
APP: Final = "vutler_app"  # the API
ENGINE: Final = "vutler_engine"  # the workers

NOBODY: Final = ""
EVERYONE: Final = "*"

_workspace: ContextVar[str] = ContextVar("workspace", default=NOBODY)


def enter(workspace_id: UUID) -> None:
    """From here on, in this context, rows of this workspace are seen."""
    _workspace.set(str(workspace_id))


def leave() -> None:
    """From here on, in this context, no workspace's rows are seen."""
    _workspace.set(NOBODY)


def current() -> str:
    """The workspace of this context as text, or `NOBODY`."""
    return _workspace.get()
