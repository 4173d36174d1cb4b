"""The bell: what a person was told in a workspace, and what of it they have seen."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blocks.values import JsonObject
from blocks.words import Language
from core.caller import Caller
from core.db import Database
from core.errors import NotFound
from core.notifications.words import Telling, in_language

_COLUMNS = "id, kind, title, text, link, subject, created_at, read_at, what, args, reminder"


@dataclass(frozen=True, slots=True)
class Notification:
    """`subject` is the id of what it is about, `link` a path of the user interface. `title` and `text` are English."""

    id: UUID
    kind: str
    title: str
    text: str
    link: str
    subject: UUID
    created_at: datetime
    read_at: datetime | None
    what: str | None
    args: JsonObject
    reminder: bool

    def told(self, language: Language) -> Telling:
        stored = Telling(self.title, self.text)
        return in_language(self.what, self.args, reminder=self.reminder, stored=stored, language=language)


class Bell:
    """The service of one process. Everybody sees their own alone, whatever their role."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def listed(
        self, caller: Caller, *, unread: bool | None, before: UUID | None, limit: int
    ) -> tuple[list[Notification], int]:
        """The newest first, and how many are unread in all."""
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM notifications WHERE user_id = $1 AND workspace_id = $2"
                " AND ($3::boolean IS NULL OR (read_at IS NULL) = $3) AND ($4::uuid IS NULL OR id < $4)"
                f" ORDER BY id DESC LIMIT {int(limit)}",
                caller.user_id,
                caller.workspace_id,
                unread,
                before,
            )
            count: int = await connection.fetchval(
                "SELECT count(*) FROM notifications WHERE user_id = $1 AND workspace_id = $2 AND read_at IS NULL",
                caller.user_id,
                caller.workspace_id,
            )
        return [Notification(**row) for row in rows], count

    async def read(self, caller: Caller, notification_id: UUID) -> Notification:
        """Mark it as seen; gives it. Raises `NotFound`, also for somebody else's."""
        async with self._db.connection() as connection:
            row = await connection.fetchrow(
                "UPDATE notifications SET read_at = coalesce(read_at, now())"
                f" WHERE id = $1 AND user_id = $2 AND workspace_id = $3 RETURNING {_COLUMNS}",
                notification_id,
                caller.user_id,
                caller.workspace_id,
            )
        if row is None:
            raise NotFound("notification_not_found", "You have no such notification in this workspace.")
        return Notification(**row)

    async def read_all(self, caller: Caller) -> int:
        """Mark every one as seen; gives how many were not."""
        async with self._db.connection() as connection:
            done = await connection.execute(
                "UPDATE notifications SET read_at = now() WHERE user_id = $1 AND workspace_id = $2 AND read_at IS NULL",
                caller.user_id,
                caller.workspace_id,
            )
        return int(done.rpartition(" ")[2])
