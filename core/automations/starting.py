"""Running an automation by hand."""

from uuid import UUID

from blocks.values import Json, JsonObject
from core import idempotency
from core.automations import repository
from core.automations.definition import PRIORITIES, stored
from core.automations.service import Automations
from core.caller import Caller
from core.credits import limits
from core.db import Connection, Database
from core.errors import Conflict
from core.idempotency import Once
from core.runs.accept import NewRun, accept


class Starting:
    """The service of one process."""

    def __init__(self, db: Database, automations: Automations) -> None:
        self._db = db
        self._automations = automations

    async def start(self, caller: Caller, rule_id: UUID, payload: Json, once: Once | None) -> UUID:
        """Accept a run of the live version, also of an automation that is switched off; gives the run's id.

        Raises `NotFound`, `Conflict` where nothing was published yet, `TooLarge` (`payload_too_large`), and what
        `core.idempotency.once` raises.
        """
        caller.require("editor")

        async with self._db.transaction() as connection:

            async def work() -> JsonObject:
                return {"run_id": str(await self._accept(connection, caller, rule_id, payload))}

            answer, _ = await idempotency.once(connection, once, 202, work)
        return UUID(str(answer["run_id"]))

    async def _accept(self, connection: Connection, caller: Caller, rule_id: UUID, payload: Json) -> UUID:
        rule = await self._automations.found(connection, caller, rule_id)
        document = None
        if rule.live_version is not None:
            document = await repository.definition_of(connection, rule.id, rule.live_version)
        if rule.live_version is None or document is None:
            raise Conflict(
                "automation_not_published",
                "This automation is a draft: publish it first (POST .../publish), then run it.",
            )
        await limits.require_payload(connection, rule.workspace_id, payload)
        policy = stored(document).policy
        accepted = await accept(
            connection,
            NewRun(
                workspace_id=rule.workspace_id,
                rule_id=rule.id,
                version=rule.live_version,
                trigger_type="manual",
                data=payload,
                lane=policy.lane,
                priority=PRIORITIES[policy.priority],
                triggered_by=str(caller.user_id),
            ),
        )
        return accepted.run_id
