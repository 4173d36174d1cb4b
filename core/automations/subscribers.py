"""The live triggers that something inside the workspace starts: agent events, other automations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from blocks.sentences import said
from blocks.trigger import Trigger
from blocks.triggers.automation import AutomationConfig
from blocks.values import Json, JsonObject
from core.automations.definition import PRIORITIES, Definition
from core.automations.model import Rule
from core.db import Connection
from core.errors import Finding
from core.runs.accept import NewRun

_LIVE = """
SELECT t.id AS trigger_id, t.rule_id, r.live_version AS version, t.config,
       coalesce(v.definition->'policy', '{}') AS policy
FROM automation_triggers t
JOIN automation_rules r ON r.id = t.rule_id
JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
WHERE t.workspace_id = $1 AND t.type = $2 AND t.active AND r.enabled AND r.deleted_at IS NULL
  AND ($3::text IS NULL OR t.config->>'automation' = $3)
ORDER BY t.id
"""
_KNOWN = "SELECT EXISTS (SELECT FROM automation_rules WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL)"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A live trigger with what its runs need."""

    trigger_id: UUID
    rule_id: UUID
    version: int
    config: JsonObject
    policy: JsonObject

    def run(self, workspace_id: UUID, trigger_type: str, data: Json) -> NewRun:
        """The run that it starts."""
        return NewRun(
            workspace_id=workspace_id,
            rule_id=self.rule_id,
            version=self.version,
            trigger_type=trigger_type,
            data=data,
            trigger_id=self.trigger_id,
            lane=str(self.policy.get("lane") or "warm"),
            priority=PRIORITIES.get(str(self.policy.get("priority")), 0),
            refused="kept",
        )


async def of_kind(
    connection: Connection, workspace_id: UUID, kind: str, *, follows: UUID | None = None
) -> list[Subscriber]:
    """Every live trigger of one kind in a workspace, or those that follow this automation."""
    rows = await connection.fetch(_LIVE, workspace_id, kind, None if follows is None else str(follows))
    return [Subscriber(**row) for row in rows]


async def missing(
    connection: Connection, rule: Rule, definition: Definition, kinds: Mapping[str, Trigger[Any]]
) -> list[Finding]:
    """What is wrong with the automation that `definition` follows: a foreign one is as unknown as none."""
    kind = kinds.get(definition.trigger_type or "")
    if kind is None or kind.Config is not AutomationConfig:
        return []
    try:
        config = AutomationConfig.model_validate(definition.trigger_config)
    except ValueError:  # an unfinished draft, whose findings say so
        return []
    at = "trigger_config.automation"
    if config.automation == rule.id:
        return [Finding(at, "An automation can't follow itself: each of its runs would start the next.")]
    if not await connection.fetchval(_KNOWN, config.automation, rule.workspace_id):
        return [Finding(at, said("There is no automation {name} in this workspace.", name=config.automation))]
    return []
