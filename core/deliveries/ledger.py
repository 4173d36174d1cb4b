"""The ledger of arrivals, as its workspace reads it."""

from uuid import UUID

from core.caller import Caller
from core.db import Database
from core.deliveries import repository
from core.deliveries.repository import DeliveryRow
from core.runs.history import resolved_rule


class Ledger:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def listed(
        self, caller: Caller, *, rule_id: UUID | None, verdict: str | None, before: UUID | None, limit: int
    ) -> list[DeliveryRow]:
        """The newest first. Raises `NotFound` for an automation that is not of this workspace."""
        async with self._db.connection() as connection:
            if rule_id is not None:
                rule_id = await resolved_rule(connection, caller, rule_id)
            return await repository.listed(
                connection, caller.workspace_id, rule_id=rule_id, verdict=verdict, before=before, limit=limit
            )
