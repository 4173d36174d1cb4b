"""The automation that an agent carries: "a message or a mail comes -> the agent answers", or what its owner gave it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID
from zlib import crc32

from blocks import registry
from blocks.values import Json, JsonObject
from core import jsontext
from core.agents.model import Agent, AgentMail
from core.agents.naming import renamed
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
    """What an agent does of itself: it answers where it is spoken to, in its channels and in its mailbox."""
    document: JsonObject = {"name": agent.name, "description": agent.description[:5000]}
    if "message" not in registry.triggers() or "channel" not in registry.actions():
        return document | {"trigger_type": "manual", "actions": [_answer(agent.slug)]}
    mail = AgentMail.model_validate(agent.email) if agent.email else None
    if mail is not None and mail.inbox is None:
        mail = None  # it only sends
    policy: JsonObject = {"overlap": _overlap(agent), "concurrency_key": "trigger.data.conversation"}
    return document | _listening(agent.slug, mail, chats=bool(agent.channels) or mail is None) | {"policy": policy}


def _listening(slug: str, mail: AgentMail | None, *, chats: bool) -> JsonObject:
    """The trigger and the steps of an agent that reads `mail`, is in channels, or both."""
    if mail is None:
        return {
            "trigger_type": "message", "trigger_config": {"agent": slug},
            "actions": [_answer(slug), _reply("answer")],
        }  # fmt: skip
    if not chats:
        return {"trigger_type": "email", "trigger_config": {"agent": slug}, "actions": _by_mail(slug, mail, [])}
    which: JsonObject = {
        "id": "which", "type": "branch", "needs": [],
        "config": {"cases": [{"name": "mail", "when": "{{ trigger.data.message_id is defined }}"}], "else": "chat"},
    }  # fmt: skip
    in_chat = _answer(slug) | {"needs": ["which:chat"]}
    steps = [which, in_chat, _reply("answer"), *_by_mail(slug, mail, ["which:mail"])]
    return {"trigger_type": "message", "trigger_config": {"agent": slug, "mail": True}, "actions": steps}


def _answer(slug: str) -> JsonObject:
    return {
        "id": "answer", "type": "agent", "needs": [],
        "config": {
            "agent": slug, "prompt": "{{ trigger.data.text }}", "conversation": "{{ trigger.data.conversation }}",
        },
    }  # fmt: skip


def _reply(needs: str) -> JsonObject:
    return {
        "id": "reply", "type": "channel", "needs": [needs],
        "config": {
            "channel": "{{ trigger.data.channel }}", "thread": "{{ trigger.data.thread }}",
            "text": "{{ steps.answer.output.text }}",
        },
    }  # fmt: skip


def _by_mail(slug: str, mail: AgentMail, needs: list[Json]) -> list[Json]:
    """The steps that answer a mail; without an account that sends, the agent reads it and that is all."""
    asked: JsonObject = {
        "agent": slug, "prompt": "Subject: {{ trigger.data.subject }}\n\n{{ trigger.data.text }}",
        "context": {"from": "{{ trigger.data.from }}", "attachments": "{{ trigger.data.attachments }}"},
        "conversation": "{{ trigger.data.conversation }}",
    }  # fmt: skip
    steps: list[Json] = [{"id": "answer_mail", "type": "agent", "needs": needs, "config": asked}]
    if mail.account is None:
        return steps
    sent: JsonObject = {
        "connection": mail.account, "reply_to_message": "{{ trigger.data.more }}",
        "text": "{{ steps.answer_mail.output.text }}",
    }  # fmt: skip
    if mail.sender is not None:
        sent["from"] = mail.sender
    return [*steps, {"id": "reply_mail", "type": "email", "needs": ["answer_mail"], "config": sent}]


def is_bare(rule: Rule) -> bool:
    """Whether it is what `ensure` made for want of anything else."""
    ids = [step.get("id") for step in rule.actions if isinstance(step, dict)]
    return rule.live_version is None and rule.trigger_type == "manual" and ids in (["answer"], ["answer", "reply"])


def following(detail: Detail, former: Agent, agent: Agent) -> JsonObject:
    """What of the automation names the agent's slug or mailbox, or does as its settings say, and so changes with them.

    Steps that its owner gave it stay, but for the slug in them.
    """
    changes: JsonObject = {}
    rule = detail.rule
    if _is_default(rule, former):
        wanted = default_document(agent)
        if _comparable(rule.trigger_type, rule.trigger_config, rule.actions) != _comparable_of(wanted):
            gone = dict.fromkeys(rule.trigger_config) if rule.trigger_type == wanted["trigger_type"] else {}
            config = wanted["trigger_config"]
            changes["trigger_type"] = wanted["trigger_type"]
            changes["trigger_config"] = {**gone, **(config if isinstance(config, dict) else {})}
            changes["actions"] = wanted["actions"]
    elif agent.slug != former.slug:
        config = rule.trigger_config
        if config.get("agent") == former.slug:
            changes["trigger_config"] = {"agent": agent.slug}
        actions = renamed([*rule.actions], former.slug, agent.slug)
        if actions != rule.actions:
            changes["actions"] = actions
    overlap = _overlap(agent)
    if overlap != _overlap(former) and rule.policy.get("overlap") == _overlap(former):
        changes["policy"] = {"overlap": overlap}
    return changes


def _is_default(rule: Rule, agent: Agent) -> bool:
    """Whether it is one that an agent of this slug carries by default, whatever its mailbox was."""
    account, sender = _account(rule.actions)
    mails = [None, AgentMail(inbox="any"), AgentMail(inbox="any", account=account or "any", **{"from": sender})]
    found = _comparable(rule.trigger_type, rule.trigger_config, rule.actions)
    return any(
        found == _comparable_of(_listening(agent.slug, mail, chats=chats)) for mail in mails for chats in (True, False)
    )


def _account(actions: list[Json]) -> tuple[str | None, str | None]:
    """The account and the sender of the step that answers mails."""
    for step in actions:
        config = step.get("config") if isinstance(step, dict) and step.get("id") == "reply_mail" else None
        if isinstance(config, dict):
            account, sender = config.get("connection"), config.get("from")
            return (str(account) if account else None), (str(sender) if sender else None)
    return None, None


def _comparable(kind: str | None, config: JsonObject, actions: Sequence[Json]) -> JsonObject:
    """Trigger and steps with every default written out."""
    document = {"name": "-", "trigger_type": kind, "trigger_config": config, "actions": actions}
    return canonical(Definition.model_validate(document))


def _comparable_of(document: JsonObject) -> JsonObject:
    parts = {name: document[name] for name in ("trigger_type", "trigger_config", "actions")}
    return canonical(Definition.model_validate({"name": "-", **parts}))


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
