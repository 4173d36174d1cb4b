"""Who names an agent by its slug, and steps that name it by a new one."""

from typing import Final

from blocks import registry
from blocks.values import Json, JsonObject
from core.agents.model import Agent
from core.automations.containers import field_of
from core.db import Connection
from core.errors import Conflict

_SHOWN: Final = 5
# Automations other than its own, as they are drafted or live: the triggers that may name an agent, and steps `agent` at
# any depth.
_NAMING: Final = """
SELECT r.name FROM automation_rules r
LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
WHERE r.workspace_id = $1 AND r.deleted_at IS NULL AND r.id IS DISTINCT FROM $2 AND (
    (r.trigger_type = ANY ($4) AND r.trigger_config ->> 'agent' = $3)
    OR (v.definition ->> 'trigger_type' = ANY ($4) AND v.definition -> 'trigger_config' ->> 'agent' = $3)
    OR jsonb_path_exists(r.actions, $5, jsonb_build_object('slug', $3::text))
    OR jsonb_path_exists(v.definition -> 'actions', $5, jsonb_build_object('slug', $3::text)))
ORDER BY r.name
"""
_STEPS: Final = '$.** ? (@.type == "agent" && @.config.agent == $slug)'


async def require_unnamed(connection: Connection, agent: Agent) -> None:
    """Before its slug changes. Raises `Conflict` (`agent_named`) with the automations that would not find it."""
    kinds = [name for name, kind in registry.triggers().items() if "agent" in kind.Config.model_fields]
    rows = await connection.fetch(_NAMING, agent.workspace_id, agent.rule_id, agent.slug, kinds, _STEPS)
    if not rows:
        return
    names = ", ".join(f"“{row['name']}”" for row in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    raise Conflict(
        "agent_named",
        f"Automations name this agent {agent.slug}: {names}{more}. Let them name it by its id, {agent.id}, and then"
        " change the slug.",
    )


def renamed(steps: list[Json], former: str, slug: str) -> list[Json]:
    """The same steps, where those that name the agent, inside of others too, name it by its new slug."""
    return [_renamed(each, former, slug) for each in steps]


def _renamed(step: Json, former: str, slug: str) -> Json:
    config = step.get("config") if isinstance(step, dict) else None
    if not isinstance(step, dict) or not isinstance(config, dict):
        return step
    changed: JsonObject = {**config}
    if step.get("type") == "agent" and config.get("agent") == former:
        changed["agent"] = slug
    field = field_of(step.get("type"), registry.actions())
    inside = config.get(field) if field is not None else None
    if field is not None and isinstance(inside, list):
        changed[field] = renamed(inside, former, slug)
    return {**step, "config": changed}
