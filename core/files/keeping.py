"""Files that arrive with something else: kept in the transaction that takes it in."""

import hashlib
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.db import Connection
from core.files import sniffing
from core.ids import new_id

QUOTA: Final = 1024 * 1024 * 1024  # bytes of a workspace, where nobody says otherwise
_PART: Final = 1024 * 1024
_LONGEST_TYPE: Final = 200
_USED: Final = "SELECT coalesce(sum(size), 0)::bigint FROM files WHERE workspace_id = $1"
_ADD: Final = """
WITH made AS (
    INSERT INTO files (id, workspace_id, name, media_type, said_type, size, sha256)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id
)
INSERT INTO file_parts (file_id, position, workspace_id, content)
SELECT made.id, p.position - 1, $2, p.content FROM made, unnest($8::bytea[]) WITH ORDINALITY AS p (content, position)
"""


async def keep(
    connection: Connection, workspace_id: UUID, name: str, said_type: str, content: bytes, *, quota: int = QUOTA
) -> JsonObject:
    """Store a file; gives the reference that stands for it in data: `{"$file": "<id>", "name", "size", "media_type"}`.

    Where the workspace has no room for it the reference has no `$file`, and `left_out` says why: what came with it is
    more important than the file.
    """
    media_type = sniffing.media_type(content[: sniffing.LOOKED_AT])
    facts: JsonObject = {
        "name": sniffing.clean_name(name) or "file", "size": len(content), "media_type": media_type,
    }  # fmt: skip
    # One at a time, so that files side by side can't pass the quota together.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('files ' || $1, 0))", str(workspace_id))
    if await connection.fetchval(_USED, workspace_id) + len(content) > quota:
        return {**facts, "left_out": "files_quota"}
    file_id = new_id()
    parts = [content[start : start + _PART] for start in range(0, len(content), _PART)]
    await connection.execute(
        _ADD, file_id, workspace_id, facts["name"], media_type, said_type[:_LONGEST_TYPE] or None, len(content),
        hashlib.sha256(content).hexdigest(), parts,
    )  # fmt: skip
    return {"$file": str(file_id), **facts}
