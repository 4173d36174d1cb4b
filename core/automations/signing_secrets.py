"""The secrets of signed webhooks: sealed rows, bound to their trigger and style, two of them live while rotating."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from core.db import Connection
from core.ids import new_id
from core.seal import SealBroken, Sealer

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret in clear, for signatures of this style. `live_until` is None until it is rotated out."""

    style: str
    text: str = field(repr=False)
    live_until: datetime | None = None


class SigningSecrets:
    """The table `webhook_secrets`; nobody else opens what is in it."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def live(self, connection: Connection, workspace_id: UUID, trigger_id: UUID) -> list[SigningSecret]:
        """Those that open the webhook now, the newest first."""
        rows = await connection.fetch(
            """SELECT sealed, live_until FROM webhook_secrets
               WHERE trigger_id = $1 AND (live_until IS NULL OR live_until > now()) ORDER BY id DESC""",
            trigger_id,
        )
        found: list[SigningSecret] = []
        for row in rows:
            try:
                opened = self._sealer.open(workspace_id, trigger_id, row["sealed"])
            except SealBroken as error:  # it opens nothing, and is replaced by rotating
                _log.error("webhook.secret_unreadable", trigger=str(trigger_id), reason=str(error))
            else:
                found.append(SigningSecret(str(opened["style"]), str(opened["text"]), row["live_until"]))
        return found

    async def put(
        self, connection: Connection, workspace_id: UUID, trigger_id: UUID, secret: SigningSecret, *, keep_old_s: int
    ) -> datetime | None:
        """Make `secret` the one to sign with. The last one of its style stays live for `keep_old_s` seconds; gives
        until when, or None where none does. The rows of the trigger must be locked."""
        live = await self.live(connection, workspace_id, trigger_id)
        await connection.execute(
            """DELETE FROM webhook_secrets WHERE trigger_id = $1 AND (live_until IS NOT NULL OR $2 = 0)""",
            trigger_id, keep_old_s,
        )  # fmt: skip
        old_until: datetime | None = await connection.fetchval(
            """WITH old AS (UPDATE webhook_secrets SET live_until = now() + make_interval(secs => $2)
                            WHERE trigger_id = $1 RETURNING live_until)
               SELECT max(live_until) FROM old""",
            trigger_id, float(keep_old_s),
        )  # fmt: skip
        sealed = self._sealer.seal(workspace_id, trigger_id, {"style": secret.style, "text": secret.text})
        await connection.execute(
            "INSERT INTO webhook_secrets (id, trigger_id, sealed) VALUES ($1, $2, $3)", new_id(), trigger_id, sealed
        )
        return old_until if any(each.style == secret.style for each in live) else None
