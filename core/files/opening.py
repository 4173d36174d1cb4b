"""The content behind a reference in a run's data: a file of the workspace, or a large value beside a run."""

from typing import Final
from uuid import UUID

from blocks.errors import InvalidInput
from blocks.services import Attachment
from blocks.values import Json, JsonObject
from core.db import Connection

MOST: Final = 50_000_000  # bytes, however many are asked for

_FILE: Final = "SELECT name, media_type, size FROM files WHERE id = $1 AND workspace_id = $2"
_PARTS: Final = "SELECT content FROM file_parts WHERE file_id = $1 AND workspace_id = $2 ORDER BY position"
_BLOB: Final = "SELECT 'file' AS name, media_type, size FROM blobs WHERE id = $1 AND workspace_id = $2"
_CONTENT: Final = "SELECT content FROM blobs WHERE id = $1 AND workspace_id = $2"


async def content(connection: Connection, workspace_id: UUID, reference: JsonObject, most: int) -> Attachment:
    """Its bytes, at most `most`. Raises `InvalidInput` (`file_not_found`, also in another workspace; `file_too_large`).

    A `name` beside the reference is the name it goes by.
    """
    key = "$file" if "$file" in reference else "$blob"
    found = _id(reference.get(key))
    row = None
    if found is not None:
        row = await connection.fetchrow(_FILE if key == "$file" else _BLOB, found, workspace_id)
    if row is None:
        raise InvalidInput("file_not_found", f"There is no file {_shown(reference)} in this workspace.")
    if row["size"] > most:
        raise InvalidInput(
            "file_too_large", f"The file {_shown(reference)} has {row['size']} bytes; at most {most} are taken here."
        )
    parts = await connection.fetch(_PARTS if key == "$file" else _CONTENT, found, workspace_id)
    name = reference.get("name")
    return Attachment(
        name if isinstance(name, str) and name else row["name"],
        row["media_type"],
        b"".join(part["content"] for part in parts),
    )


def _id(text: Json) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _shown(reference: JsonObject) -> str:
    return str(reference.get("name") or reference.get("$file") or reference.get("$blob") or "without an id")[:100]
