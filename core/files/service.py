"""The files of a workspace: avatars, attachments, what automations keep.

An upload is spooled to a temporary file while it arrives, and stored in parts in one short transaction: a slow sender
holds neither memory nor a database connection.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.audit import noting as audit
from core.caller import Caller
from core.clock import now
from core.db import Database
from core.errors import Finding, Invalid, NotFound, RateLimited, TooLarge
from core.files import sniffing
from core.ids import new_id

PART: Final = 1024 * 1024  # bytes
_UPLOADS_AT_ONCE: Final = 4  # of a workspace, in a process
_MIB: Final = 1024 * 1024
_LONGEST_TYPE: Final = 200
_USED: Final = "SELECT coalesce(sum(size), 0)::bigint FROM files WHERE workspace_id = $1"
_COLUMNS: Final = "id, name, media_type, said_type, size, sha256, created_by, created_at"


@dataclass(frozen=True, slots=True)
class File:
    """`media_type` is what its bytes say, `said_type` what its sender said. `size` is in bytes, `sha256` in hex."""

    id: UUID
    name: str
    media_type: str
    said_type: str | None
    size: int
    sha256: str
    created_by: UUID | None
    created_at: datetime


class Files:
    """The service of one process. `quota` is the number of bytes that a workspace may keep."""

    def __init__(self, db: Database, *, quota: int) -> None:
        self._db = db
        self._quota = quota
        self._uploads: Counter[UUID] = Counter()

    async def add(
        self, caller: Caller, name: str, said_type: str | None, chunks: AsyncIterator[bytes], *, announced: int
    ) -> File:
        """Store what `chunks` bring; `announced` is how many bytes that will be, 0 where nobody said.

        Raises `Forbidden`, `Invalid` (no name), `TooLarge` (`files_quota`), `RateLimited` (too many at once).
        """
        caller.require("editor")
        cleaned = sniffing.clean_name(name)
        if not cleaned:
            finding = Finding("query.name", "This is no name of a file.")
            raise Invalid("invalid_request", "The request is not valid; `errors` says where.", (finding,))
        with self._one_upload(caller.workspace_id), SpooledTemporaryFile(max_size=PART) as spool:
            self._require_room(await self._used(caller), announced)
            digest, size, beginning = hashlib.sha256(), 0, b""
            async for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                if len(beginning) < sniffing.LOOKED_AT:
                    beginning += chunk[: sniffing.LOOKED_AT - len(beginning)]
                spool.write(chunk)
            spool.seek(0)
            said = said_type and said_type[:_LONGEST_TYPE]
            file = File(
                new_id(), cleaned, sniffing.media_type(beginning), said, size, digest.hexdigest(), caller.user_id, now()
            )
            await self._store(caller, file, spool)
        return file

    async def listed(self, caller: Caller, *, before: UUID | None, limit: int) -> list[File]:
        """The newest first."""
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM files WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2)"
                " ORDER BY id DESC LIMIT $3",
                caller.workspace_id,
                before,
                limit,
            )
        return [File(**row) for row in rows]

    async def get(self, caller: Caller, file_id: UUID) -> File:
        """Raises `NotFound`."""
        async with self._db.connection() as connection:
            row = await connection.fetchrow(
                f"SELECT {_COLUMNS} FROM files WHERE id = $1 AND workspace_id = $2", file_id, caller.workspace_id
            )
        if row is None:
            raise _not_found()
        return File(**row)

    async def content(self, caller: Caller, file: File) -> AsyncIterator[bytes]:
        """Its bytes, a part at a time; no connection is held while a slow reader takes one.

        Raises `NotFound` when it is deleted meanwhile.
        """
        for position in range(-(-file.size // PART)):
            async with self._db.connection() as connection:
                part: bytes | None = await connection.fetchval(
                    "SELECT content FROM file_parts WHERE file_id = $1 AND position = $2 AND workspace_id = $3",
                    file.id,
                    position,
                    caller.workspace_id,
                )
            if part is None:
                raise _not_found()
            yield part

    async def delete(self, caller: Caller, file_id: UUID) -> None:
        """Raises `Forbidden`, `NotFound`."""
        caller.require("editor")
        async with self._db.transaction() as connection:
            name = await connection.fetchval(
                "DELETE FROM files WHERE id = $1 AND workspace_id = $2 RETURNING name", file_id, caller.workspace_id
            )
            if name is None:
                raise _not_found()
            await audit.note(connection, caller, "file.deleted", "file", file_id, before={"name": name})

    async def _store(self, caller: Caller, file: File, spool: "SpooledTemporaryFile[bytes]") -> None:
        async with self._db.transaction() as connection:
            # One at a time, so that uploads side by side can't pass the quota together.
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('files ' || $1, 0))", str(caller.workspace_id)
            )
            self._require_room(await connection.fetchval(_USED, caller.workspace_id), file.size)
            await connection.execute(
                f"INSERT INTO files (workspace_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                caller.workspace_id,
                *astuple(file),
            )
            position = 0
            while part := spool.read(PART):
                await connection.execute(
                    "INSERT INTO file_parts (file_id, position, workspace_id, content) VALUES ($1, $2, $3, $4)",
                    file.id,
                    position,
                    caller.workspace_id,
                    part,
                )
                position += 1
            after: JsonObject = {"name": file.name, "size": file.size, "media_type": file.media_type}
            await audit.note(connection, caller, "file.uploaded", "file", file.id, after=after)

    async def _used(self, caller: Caller) -> int:
        async with self._db.connection() as connection:
            used: int = await connection.fetchval(_USED, caller.workspace_id)
        return used

    def _require_room(self, used: int, more: int) -> None:
        if used + more > self._quota:
            left = max(0, self._quota - used)
            raise TooLarge(
                "files_quota",
                f"The files of this workspace may have {self._quota // _MIB} MiB together and {left // _MIB} MiB are"
                " left; delete some, or ask the operator for more (VUTLER_FILES_QUOTA_MB).",
            )

    @contextmanager
    def _one_upload(self, workspace_id: UUID) -> Iterator[None]:
        if self._uploads[workspace_id] >= _UPLOADS_AT_ONCE:
            detail = f"{_UPLOADS_AT_ONCE} uploads of this workspace are under way; wait for one to end."
            raise RateLimited("uploads_at_once", detail, after=5)
        self._uploads[workspace_id] += 1
        try:
            yield
        finally:
            self._uploads[workspace_id] -= 1
            if not self._uploads[workspace_id]:
                del self._uploads[workspace_id]


def _not_found() -> NotFound:
    return NotFound("file_not_found", "There is no such file in this workspace.")
