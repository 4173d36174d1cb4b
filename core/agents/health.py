"""Looking at the providers that are in use, so that an agent is offline within seconds of its provider failing.

A provider that was called, or whose agents somebody watches or looked at, within ten minutes is asked for its list of
models every few seconds, by one worker. A provider that nobody uses is left in peace.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from blocks.errors import ActionError, Retryable
from blocks.services import Llm
from core.connections.model import Opened
from core.connections.opening import Door
from core.connections.signed import Asks, Signed, Tokens
from core.db import AWAY, Database
from core.redaction import Redactor

EVERY_S: Final = 2.0
_AGAIN_S: Final = 3.5  # between two looks at one provider
_PATIENCE_S: Final = 4.0  # with these three a failure is known within 10 s, whatever other providers do
_AT_ONCE: Final = 20
_log = structlog.get_logger()

_DUE: Final = """
WITH due AS (
    SELECT connection_id FROM provider_health
    WHERE checked_at < now() - make_interval(secs => $1)
        AND (used_at > now() - interval '10 minutes' OR failing_since > now() - interval '1 day')
    ORDER BY checked_at LIMIT $2 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE provider_health h SET checked_at = now() FROM due WHERE h.connection_id = due.connection_id
    RETURNING h.connection_id
)
SELECT c.id, c.workspace_id, c.name, c.kind, c.settings, c.sealed, c.hosts, c.updated_at
FROM connections c JOIN taken t ON t.connection_id = c.id
"""

_NOTE: Final = "SELECT note_provider($1, $2, $3, false, $4)"
_OF_MODELS: Final = {"timeout": "model_timeout", "connection_failed": "model_unreachable"}  # as runs call them


@dataclass(frozen=True, slots=True)
class Looking:
    """`run(stop)` until `stop` is set. `db` asks across workspaces."""

    db: Database
    door: Door
    out: Asks
    tokens: Tokens

    async def run(self, stop: asyncio.Event) -> None:
        looks: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            task = asyncio.create_task(self._carefully())  # a slow provider holds up no look at others
            looks.add(task)
            task.add_done_callback(looks.discard)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)
        for task in looks:
            task.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    async def _carefully(self) -> None:
        try:
            await self.look()
        except AWAY as error:
            _log.info("provider_health.waiting", error=str(error))
        except Exception:
            _log.exception("provider_health.trouble")

    async def look(self, again_s: float = _AGAIN_S) -> int:
        """Look at those that are due; gives how many."""
        async with self.db.transaction() as connection:
            rows = await connection.fetch(_DUE, again_s, _AT_ONCE)
        await asyncio.gather(*(self._one(dict(row)) for row in rows))
        return len(rows)

    async def _one(self, row: "dict[str, object]") -> None:
        workspace_id, connection_id = UUID(str(row["workspace_id"])), UUID(str(row["id"]))
        code, error = await self._found(row, workspace_id, connection_id) or (None, None)
        async with self.db.connection() as connection:
            await connection.execute(_NOTE, workspace_id, connection_id, error, code)

    async def _found(self, row: "dict[str, object]", workspace_id: UUID, connection_id: UUID) -> tuple[str, str] | None:
        """What is wrong with it, if something is, as a code and a sentence. One that takes no more requests for now is
        there all the same."""
        redactor = Redactor()
        try:
            settings, sealed, hosts = row["settings"], row["sealed"], row["hosts"]
            values = self.door.opened(workspace_id, connection_id, sealed if isinstance(sealed, bytes) else None)
            known = settings if isinstance(settings, dict) else {}
            opened = Opened(
                connection_id, str(row["name"]), str(row["kind"]), list(hosts) if isinstance(hosts, list) else [],
                str(row["updated_at"]), {**known, **values},
            )  # fmt: skip
            signed = Signed(opened, self.out, redactor, self.tokens, _unnoted)
            async with asyncio.timeout(_PATIENCE_S):
                await signed.service(Llm).models()  # type: ignore[type-abstract]
        except TimeoutError:
            return "model_timeout", f"The provider did not answer within {_PATIENCE_S:g} s."
        except ActionError as error:
            if isinstance(error, Retryable) and error.cause == "rate_limited":
                return None
            return _OF_MODELS.get(error.code, error.code), redactor.text(error.message)
        return None


async def _unnoted(_: str) -> None:
    """A look is no use of the connection."""
