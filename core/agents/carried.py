"""The automation that an agent carries: "a message arrives -> the agent answers", or what its owner gave it."""

from typing import Final
from uuid import UUID
from zlib import crc32

from blocks import registry
from blocks.values import Json, JsonObject
from core import jsontext
from core.agents.model import Agent
from core.automations.definition import Definition, canonical
from core.automations.model import Rule
from core.automations.service import Detail
from core.db import Connection
from core.ids import new_id

ASK_S: Final = 300  # seconds that one asking by hand may take
_ADOPT: Final = "UPDATE automation_rules SET agent_id = $3 WHERE workspace_id = $1 AND id = $2"
_CARRY: Final = "UPDATE agents SET rule_id = $3 WHERE workspace_id = $1 AND id = $2"
_BARE: Final = """
INSERT INTO automation_rules (id, workspace_id, name, trigger_type, trigger_config, actions, enabled, created_by,
    updated_by, agent_id)
VALUES ($1, $2, $3, 'manual', '{}', $4, true, $5, $5, $6)
"""
_SNAPSHOT: Final = """
INSERT INTO draft_snapshots (rule_id, number, definition, created_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""


def default_document(agent: Agent) -> JsonObject:
    """What an agent does of itself: it answers where it is spoken to."""
    answer: JsonObject = {
        "id": "answer", "type": "agent",
        "config": {
            "agent": agent.slug, "prompt": "{{ trigger.data.text }}",
            "conversation": "{{ trigger.data.conversation }}",
        },
    }  # fmt: skip
    document: JsonObject = {"name": agent.name, "description": agent.description[:5000]}
    if "message" not in registry.triggers() or "channel" not in registry.actions():
        return document | {"trigger_type": "manual", "actions": [answer]}
    reply: JsonObject = {
        "id": "reply", "type": "channel",
        "config": {
            "channel": "{{ trigger.data.channel }}", "thread": "{{ trigger.data.thread }}",
            "text": "{{ steps.answer.output.text }}",
        },
    }  # fmt: skip
    return document | {
        "trigger_type": "message",
        "trigger_config": {"agent": agent.slug},
        "actions": [answer, reply],
        "policy": {"overlap": _overlap(agent), "concurrency_key": "trigger.data.conversation"},
    }


def is_bare(rule: Rule) -> bool:
    """Whether it is what `ensure` made for want of anything else."""
    types = [step.get("type") for step in rule.actions if isinstance(step, dict)]
    return rule.live_version is None and rule.trigger_type == "manual" and types == ["agent"]


def following(detail: Detail, former: Agent, agent: Agent) -> JsonObject:
    """What of the automation names the agent's slug, or does as its settings say, and so changes with them."""
    changes: JsonObject = {}
    rule = detail.rule
    if agent.slug != former.slug:
        config = rule.trigger_config
        if config.get("agent") == former.slug:
            changes["trigger_config"] = {"agent": agent.slug}
        actions = [_renamed(each, former.slug, agent.slug) for each in rule.actions]
        if actions != rule.actions:
            changes["actions"] = actions
    overlap = _overlap(agent)
    if overlap != _overlap(former) and rule.policy.get("overlap") == _overlap(former):
        changes["policy"] = {"overlap": overlap}
    return changes


def _renamed(step: Json, former: str, slug: str) -> Json:
    config = step.get("config") if isinstance(step, dict) else None
    if not isinstance(step, dict) or not isinstance(config, dict) or config.get("agent") != former:
        return step
    return {**step, "config": {**config, "agent": slug}}


def _overlap(agent: Agent) -> str:
    return {"interrupt": "replace"}.get(agent.read_settings().while_busy, "queue")


def asking(agent: Agent, output_schema: JsonObject | None = None) -> Definition:
    """The one step of a run in which somebody asks the agent itself, whatever its automation does."""
    config: dict[str, Json] = {
        "agent": str(agent.id), "prompt": "{{ trigger.data.prompt }}", "context": "{{ trigger.data.context }}",
        "stream": "{{ trigger.data.stream }}", "conversation": "{{ trigger.data.conversation }}",
    }  # fmt: skip
    if output_schema is not None:
        config["output_schema"] = "{{ trigger.data.output_schema }}"
    return Definition.model_validate(
        {
            "name": agent.name,
            "trigger_type": "manual",
            "actions": [{"id": "answer", "type": "agent", "config": config, "timeout_s": ASK_S}],
        }
    )


def number_of(definition: Definition) -> int:
    """The number under which this very definition is pinned: far below those of drafts."""
    return -(1_000_000_000 + crc32(jsontext.dump(canonical(definition))) % 1_000_000_000)


async def adopt(connection: Connection, agent: Agent, rule_id: UUID) -> None:
    """Let the agent carry this automation."""
    await connection.execute(_ADOPT, agent.workspace_id, rule_id, agent.id)
    await connection.execute(_CARRY, agent.workspace_id, agent.id, rule_id)


async def ensure(connection: Connection, agent: Agent, by: UUID) -> UUID:
    """The automation that the agent carries: made here, as a draft that nothing starts, where it has none yet.

    The agent must be locked.
    """
    if agent.rule_id is not None:
        return agent.rule_id
    rule_id = new_id()
    actions = default_document(agent)["actions"]
    await connection.execute(_BARE, rule_id, agent.workspace_id, agent.name, actions, by, agent.id)
    await connection.execute("INSERT INTO automation_stats (rule_id) VALUES ($1)", rule_id)
    await connection.execute(_CARRY, agent.workspace_id, agent.id, rule_id)
    return rule_id


async def pin(connection: Connection, rule_id: UUID, definition: Definition, by: UUID) -> int:
    """Keep the definition of a run that asks; gives the number of its version."""
    number = number_of(definition)
    await connection.execute(_SNAPSHOT, rule_id, number, canonical(definition), by)
    return number
