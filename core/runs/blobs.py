"""Large values beside their run: rows keep a reference, `GET /api/blobs/{id}` gives the whole."""

import hashlib
from uuid import UUID

from blocks.values import Json, JsonObject
from core import jsontext
from core.db import Connection
from core.ids import new_id

INLINE_LIMIT = 64 * 1024  # bytes of JSON that a row carries itself
REFERENCE = "$blob"


def fits(value: Json) -> bool:
    """Whether a row carries the value itself."""
    return len(jsontext.dump(value)) <= INLINE_LIMIT


async def whole(connection: Connection, workspace_id: UUID, value: Json) -> Json:
    """The value itself, where a row holds a reference to the whole of it (`{"$blob", ..., "whole": true}`)."""
    if not isinstance(value, dict) or value.get("whole") is not True:
        return value
    content = await connection.fetchval(
        "SELECT content FROM blobs WHERE id = $1 AND workspace_id = $2", UUID(str(value[REFERENCE])), workspace_id
    )
    return jsontext.load(content) if content is not None else None


async def store(
    connection: Connection, *, workspace_id: UUID, run_id: UUID | None, content: bytes, media_type: str
) -> JsonObject:
    """Keep `content`; gives the reference that stands for it in inputs and outputs."""
    blob_id = new_id()
    await connection.execute(
        "INSERT INTO blobs (id, workspace_id, run_id, media_type, size, sha256, content)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        blob_id,
        workspace_id,
        run_id,
        media_type,
        len(content),
        hashlib.sha256(content).hexdigest(),
        content,
    )
    return {REFERENCE: str(blob_id), "size": len(content), "media_type": media_type}
