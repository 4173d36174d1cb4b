"""What the tools of an agent may do with its workspace (`blocks.workspace.Workspace`)."""

import hashlib
from dataclasses import replace
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from blocks.errors import InvalidInput
from blocks.outcomes import Call
from blocks.values import Json, JsonObject
from core.agents.model import Agent
from core.db import Database
from core.errors import PaymentRequired, RateLimited
from core.files import sniffing
from core.runs import calling
from core.runs.accept import accept
from core.runs.breaker import Limits, Refusal
from core.runs.queue import ClaimedRun

LONGEST_FILE: Final = 1_000_000  # bytes that an agent may write at once
MOST_LISTED: Final = 50
_LIST: Final = """
SELECT id, name, media_type, size, created_at FROM files
WHERE workspace_id = $1 AND ($2::text IS NULL OR strpos(lower(name), lower($2)) > 0) ORDER BY id DESC LIMIT $3
"""
_FIND: Final = """
SELECT id, name, media_type, size FROM files WHERE workspace_id = $1 AND (id::text = lower($2) OR name = $2)
ORDER BY id::text = lower($2) DESC, id DESC LIMIT 1
"""
_PART: Final = "SELECT content FROM file_parts WHERE file_id = $1 AND position = 0 AND workspace_id = $2"
_WRITE: Final = """
WITH kept AS (
    INSERT INTO files (id, workspace_id, name, media_type, said_type, size, sha256, created_at)
    SELECT $1, $2, $3, $4::text, $4::text, $5::bigint, $6, now()
    WHERE (SELECT coalesce(sum(size), 0) FROM files WHERE workspace_id = $2) + $5::bigint <= $8::bigint
    ON CONFLICT (id) DO NOTHING RETURNING id
)
INSERT INTO file_parts (file_id, position, workspace_id, content) SELECT id, 0, $2, $7 FROM kept RETURNING 1
"""
_SEARCH: Final = """
SELECT l.id, coalesce(r.name, '') AS automation, l.status, l.created_at, left(l.output::text, 500) AS output,
    left(l.error, 500) AS error
FROM automation_logs l LEFT JOIN automation_rules r ON r.id = l.rule_id
WHERE l.workspace_id = $1 AND l.id <> $4 AND l.id >= first_id_at(now() - interval '90 days')
    AND strpos(lower(concat_ws(E'\\n', l.trigger_data, l.output, l.error)), lower($2)) > 0
ORDER BY l.id DESC LIMIT $3
"""


class Desk:
    """For one agent, in one run. `quota`: bytes that the files of the workspace may have."""

    def __init__(self, db: Database, run: ClaimedRun, agent: Agent, quota: int, limits: Limits) -> None:
        self._db = db
        self._run = run
        self._agent = agent
        self._quota = quota
        self._limits = limits

    async def list_files(self, search: str | None, limit: int) -> list[JsonObject]:
        async with self._db.connection() as connection:
            rows = await connection.fetch(_LIST, self._run.workspace_id, search, min(limit, MOST_LISTED))
        return [
            {
                "id": str(row["id"]), "name": row["name"], "media_type": row["media_type"], "size": row["size"],
                "created_at": row["created_at"].isoformat(),
            }
            for row in rows
        ]  # fmt: skip

    async def read_file(self, reference: str, most: int) -> JsonObject:
        async with self._db.connection() as connection:
            row = await connection.fetchrow(_FIND, self._run.workspace_id, reference)
            if row is None:
                raise InvalidInput("file_not_found", f"There is no file {reference[:100]} in this workspace.")
            content = await connection.fetchval(_PART, row["id"], self._run.workspace_id)
        try:
            text = bytes(content or b"").decode()
        except UnicodeDecodeError as error:
            if error.start < len(content) - 4:  # else the text goes on in the next part
                raise InvalidInput("file_not_text", f"The file {row['name']} is no text.") from error
            text = bytes(content).decode(errors="ignore")
        return {
            "id": str(row["id"]),
            "name": row["name"],
            "text": text[:most],
            "cut": row["size"] > len(text[:most].encode()),
        }

    async def write_file(self, name: str, text: str, media_type: str, key: str) -> JsonObject:
        content, cleaned = text.encode(), sniffing.clean_name(name)
        if not cleaned:
            raise InvalidInput("invalid_arguments", "This is no name of a file.")
        if len(content) > LONGEST_FILE:
            raise InvalidInput("file_too_large", f"A file written by an agent has at most {LONGEST_FILE} bytes.")
        file_id = uuid5(NAMESPACE_OID, key)
        async with self._db.transaction() as connection:
            written = await connection.fetchval(
                _WRITE, file_id, self._run.workspace_id, cleaned, media_type, len(content),
                hashlib.sha256(content).hexdigest(), content, self._quota,
            )  # fmt: skip
            if written is None and await connection.fetchval("SELECT id FROM files WHERE id = $1", file_id) is None:
                raise InvalidInput("files_quota", "The files of this workspace have no room left; delete some.")
        return {"id": str(file_id), "name": cleaned, "size": len(content)}

    async def search_history(self, words: str, limit: int) -> list[JsonObject]:
        async with self._db.connection() as connection:
            rows = await connection.fetch(_SEARCH, self._run.workspace_id, words, min(limit, MOST_LISTED), self._run.id)
        return [
            {
                "run_id": str(row["id"]), "automation": row["automation"], "status": row["status"],
                "created_at": row["created_at"].isoformat(), "output": row["output"], "error": row["error"],
            }
            for row in rows
        ]  # fmt: skip

    async def start_automation(self, reference: str, payload: Json, key: str) -> JsonObject:
        async with self._db.transaction() as connection:
            called = await calling.prepare(connection, self._run, Call(reference, payload, False), self._limits)
            if isinstance(called, Refusal):
                return {"error": called.reason}
            new = calling.as_new_run(called, self._run)
            try:
                accepted = await accept(connection, replace(new, trigger_id=self._agent.id, key=key))
            except (PaymentRequired, RateLimited) as refusal:
                raise InvalidInput(refusal.code, refusal.detail) from refusal
        return {"run_id": str(accepted.run_id), "automation": called.name}
