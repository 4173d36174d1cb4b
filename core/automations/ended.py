"""A run that succeeded or failed, as those that are started by its end are told of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from blocks.values import Json, JsonObject
from core.db import Connection
from core.runs.accept import NewRun

_ENDED = """
SELECT l.id, l.workspace_id, l.rule_id, l.status, l.output, l.error, l.error_code, l.error_step, l.root_id, l.depth,
       l.started_at, l.completed_at, coalesce(r.name, '') AS rule_name,
       coalesce(v.definition->'policy'->'on_failure', '{}') AS on_failure
FROM automation_logs l LEFT JOIN automation_rules r ON r.id = l.rule_id
LEFT JOIN automation_versions v ON v.rule_id = l.rule_id AND v.number = l.version
WHERE l.id = $1 AND l.status IN ('success', 'failed')
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """`on_failure` is the policy of the version that ran: `{"automation", "alert_after"}`."""

    id: UUID
    workspace_id: UUID
    rule_id: UUID
    status: str
    output: Json
    error: str | None
    error_code: str | None
    error_step: str | None
    root_id: UUID
    depth: int
    started_at: datetime | None
    completed_at: datetime | None
    rule_name: str
    on_failure: JsonObject

    def data(self, public_url: str) -> JsonObject:
        """`trigger.data` of the runs that it starts; `link` is its page."""
        return {
            "automation_id": str(self.rule_id),
            "automation": self.rule_name,
            "run_id": str(self.id),
            "link": self.link(public_url),
            "status": self.status,
            "output": self.output,
            "error": self.error,
            "error_code": self.error_code,
            "error_step": self.error_step,
            "started_at": None if self.started_at is None else self.started_at.isoformat(),
            "completed_at": None if self.completed_at is None else self.completed_at.isoformat(),
        }

    def link(self, public_url: str) -> str:
        """The address of its page."""
        return f"{public_url}/automations/logs/{self.id}"

    def child(self, run: NewRun) -> NewRun:
        """`run` as started by this one."""
        return replace(run, root_id=self.root_id, parent_id=self.id, depth=self.depth + 1)


async def read(connection: Connection, run_id: UUID) -> Ended | None:
    """None where there is no such run, or it ended another way."""
    row = await connection.fetchrow(_ENDED, run_id)
    return None if row is None else Ended(**row)
