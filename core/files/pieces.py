"""Pieces of the content behind a reference in a run's data: a file of the workspace, or a large value beside a run."""

from typing import Final
from uuid import UUID

from blocks.errors import InvalidInput
from blocks.pieces import Piece
from blocks.values import Json, JsonObject
from core.db import Connection
from core.files.service import PART

MOST: Final = 16 * 1024 * 1024  # bytes of a piece, however many are asked for

_FILE: Final = "SELECT name, media_type, size FROM files WHERE id = $1 AND workspace_id = $2"
_PARTS: Final = """SELECT content FROM file_parts
                    WHERE file_id = $1 AND workspace_id = $2 AND position BETWEEN $3 AND $4 ORDER BY position"""
_BLOB: Final = "SELECT 'file' AS name, media_type, size FROM blobs WHERE id = $1 AND workspace_id = $2"
_BYTES: Final = "SELECT substring(content FROM $3 FOR $4) FROM blobs WHERE id = $1 AND workspace_id = $2"


async def piece(connection: Connection, workspace_id: UUID, reference: JsonObject, start: int, length: int) -> Piece:
    """At most `length` bytes from `start` on; fewer at the end of the file, or where they are more than `MOST`.

    Raises `InvalidInput` (`file_not_found`, also in another workspace).
    """
    is_file = "$file" in reference
    found = _id(reference.get("$file" if is_file else "$blob"))
    row = None
    if found is not None:
        row = await connection.fetchrow(_FILE if is_file else _BLOB, found, workspace_id)
    if row is None:
        raise _missing(reference)
    start, length = max(start, 0), min(length, MOST)
    length = min(length, row["size"] - start)
    content = b""
    if length > 0 and is_file:
        first = start // PART
        parts = await connection.fetch(_PARTS, found, workspace_id, first, (start + length - 1) // PART)
        skipped = start - first * PART
        content = b"".join(part["content"] for part in parts)[skipped : skipped + length]
    elif length > 0:
        content = await connection.fetchval(_BYTES, found, workspace_id, start + 1, length) or b""
    if len(content) != max(length, 0):  # it was deleted between the statements
        raise _missing(reference)
    name = reference.get("name")
    return Piece(name if isinstance(name, str) and name else row["name"], row["media_type"], row["size"], content)


def _id(text: Json) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _missing(reference: JsonObject) -> InvalidInput:
    shown = str(reference.get("name") or reference.get("$file") or reference.get("$blob") or "without an id")[:100]
    return InvalidInput("file_not_found", f"There is no file {shown} in this workspace.")
