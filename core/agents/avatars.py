"""The pictures of agents: whatever is sent is drawn anew, so that nothing but pixels is kept.

SVG is a program and is no picture here; a file that unpacks to far too many pixels is refused before it is unpacked.
"""

import asyncio
import hashlib
import io
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from core.agents.agents import found
from core.agents.model import Agent
from core.audit import noting as audit
from core.caller import Caller
from core.db import Database
from core.errors import Finding, Invalid
from core.ids import new_id

MOST_BYTES: Final = 512 * 1000
_SIDE: Final = 256  # pixels
_MOST_PIXELS: Final = 40_000_000
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_KEEP: Final = """
WITH kept AS (
    INSERT INTO files (id, workspace_id, name, media_type, said_type, size, sha256, created_by, created_at)
    VALUES ($1, $2, $3, 'image/png', 'image/png', $4, $5, $6, now()) RETURNING id
), part AS (
    INSERT INTO file_parts (file_id, position, workspace_id, content) SELECT id, 0, $2, $7 FROM kept
)
UPDATE agents SET avatar = $1::text, updated_at = clock_timestamp() WHERE id = $8 AND workspace_id = $2
"""
_DROP: Final = "DELETE FROM files WHERE workspace_id = $1 AND id::text = $2 AND name = $3"


class Avatars:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def put(self, caller: Caller, reference: str, picture: bytes) -> Agent:
        """Raises `Forbidden`, `NotFound`, `Invalid` (`avatar_invalid`)."""
        caller.require("editor")
        drawn = await asyncio.to_thread(redrawn, picture)
        async with self._db.transaction() as connection:
            agent = await found(connection, caller, reference, lock=True)
            name = f"avatar-{agent.slug}.png"
            digest = hashlib.sha256(drawn).hexdigest()
            await connection.execute(
                _KEEP, new_id(), agent.workspace_id, name, len(drawn), digest, caller.user_id, drawn, agent.id
            )
            await connection.execute(_DROP, agent.workspace_id, agent.avatar, name)
            await audit.note(connection, caller, "agent.picture_changed", "agent", agent.id)
            return await found(connection, caller, str(agent.id))


def redrawn(picture: bytes) -> bytes:
    """The picture as a square PNG of 256 pixels. Raises `Invalid`."""
    try:
        with Image.open(io.BytesIO(picture), formats=_FORMATS) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise _invalid("The picture has too many pixels.")
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
            square = ImageOps.fit(upright, (_SIDE, _SIDE))
            fresh = Image.new("RGBA", (_SIDE, _SIDE))  # without anything that the file said of itself
            fresh.paste(square)
            out = io.BytesIO()
            fresh.save(out, "PNG")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _invalid("This is no picture that can be read; send a PNG, JPEG or WebP.") from error
    return out.getvalue()


def _invalid(message: str) -> Invalid:
    return Invalid("avatar_invalid", message, (Finding("body", message),))
