"""The SQL of automations: rules, versions, triggers. Every query is bound to a workspace or to a rule found in one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.automations.definition import Definition, canonical
from core.automations.model import Reason, Rule, Summary, TriggerRow, Version
from core.db import Connection
from core.ids import new_id
from core.runs.channels import CONFIG, OUTBOX

DELETED_KEPT_DAYS: Final = 30  # so long a deleted automation can be restored
TOPIC: Final = "deployment"  # of the outbox: this automation's deployment in Prefect is to be looked at

_NARROW = """r.id, r.workspace_id, r.name, r.description, r.trigger_type, r.enabled, r.live_version, r.created_at,
    r.updated_at, r.created_by, r.updated_by, r.deleted_at, r.paused_at, r.paused_reason, r.paused_code,
    r.paused_args, r.switched_at, r.switched_by,
    coalesce(s.last_run_at, r.last_run_at) AS last_run_at, s.last_run_status, s.last_run_id,
    coalesce(s.run_count, 0) AS run_count"""
_WIDE = f"""{_NARROW}, coalesce(r.trigger_config, '{{}}') AS trigger_config, coalesce(r.actions, '[]') AS actions,
    r.policy, r.layout, r.revision, r.draft_changed"""
_FROM = "FROM automation_rules r LEFT JOIN automation_stats s ON s.rule_id = r.id"
_SWITCH_ON = """paused_at = CASE WHEN {0} THEN NULL ELSE paused_at END,
    paused_reason = CASE WHEN {0} THEN NULL ELSE paused_reason END,
    resumed_at = CASE WHEN {0} AND paused_at IS NOT NULL THEN now() ELSE resumed_at END"""
_KEPT = f"r.deleted_at > now() - interval '{DELETED_KEPT_DAYS} days'"


async def find(connection: Connection, workspace_id: UUID, rule_id: UUID) -> Rule | None:
    """A rule that is not deleted."""
    row = await connection.fetchrow(
        f"SELECT {_WIDE} {_FROM} WHERE r.id = $1 AND r.workspace_id = $2 AND r.deleted_at IS NULL",
        rule_id,
        workspace_id,
    )
    return None if row is None else Rule(**row)


async def find_locked(connection: Connection, workspace_id: UUID, rule_id: UUID) -> Rule | None:
    """As `find`; nobody else writes the rule until the transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {_WIDE} {_FROM} WHERE r.id = $1 AND r.workspace_id = $2 AND r.deleted_at IS NULL FOR UPDATE OF r",
        rule_id,
        workspace_id,
    )
    return None if row is None else Rule(**row)


async def find_deleted(connection: Connection, workspace_id: UUID, rule_id: UUID) -> Rule | None:
    """A deleted rule that can still be restored; nobody else writes it until the transaction ends."""
    row = await connection.fetchrow(
        f"SELECT {_WIDE} {_FROM} WHERE r.id = $1 AND r.workspace_id = $2 AND {_KEPT} FOR UPDATE OF r",
        rule_id,
        workspace_id,
    )
    return None if row is None else Rule(**row)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows: None is everything. `search` is looked for in names and descriptions."""

    status: str | None = None
    search: str | None = None
    trigger_type: str | None = None
    carried: bool = False  # also those that agents carry


async def page(
    connection: Connection, workspace_id: UUID, chosen: Filter, before: UUID | None, limit: int
) -> list[Summary]:
    """The newest automations older than `before`."""
    pattern = None
    if chosen.search:
        escaped = chosen.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
    there = _KEPT if chosen.status == "deleted" else "r.deleted_at IS NULL"
    rows = await connection.fetch(
        f"""SELECT {_NARROW} {_FROM}
            WHERE r.workspace_id = $1 AND {there} AND ($2::uuid IS NULL OR r.id < $2)
              AND ($3::text IS NULL OR r.name ILIKE $3 OR r.description ILIKE $3)
              AND ($4::text IS NULL OR r.trigger_type = $4) AND (r.agent_id IS NULL OR $7)
              AND CASE $5::text WHEN 'active' THEN r.live_version IS NOT NULL AND r.enabled
                  WHEN 'inactive' THEN r.live_version IS NOT NULL AND NOT r.enabled
                  WHEN 'draft' THEN r.live_version IS NULL ELSE true END
            ORDER BY r.id DESC LIMIT $6""",
        workspace_id, before, pattern, chosen.trigger_type, chosen.status, limit, chosen.carried,
    )  # fmt: skip
    return [Summary(**row) for row in rows]


async def insert(
    connection: Connection, workspace_id: UUID, definition: Definition, *, enabled: bool, by: UUID
) -> UUID:
    """A new rule, not published yet."""
    rule_id = new_id()
    document = canonical(definition)
    await connection.execute(
        """INSERT INTO automation_rules (id, workspace_id, name, description, trigger_type, trigger_config, actions,
               policy, layout, enabled, created_by, updated_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)""",
        rule_id, workspace_id, definition.name, definition.description, definition.trigger_type,
        document["trigger_config"], document["actions"], document["policy"], document["layout"], enabled, by,
    )  # fmt: skip
    await connection.execute("INSERT INTO automation_stats (rule_id) VALUES ($1)", rule_id)
    return rule_id


async def save(connection: Connection, rule_id: UUID, definition: Definition, *, enabled: bool, by: UUID) -> None:
    """Replace the draft: a new revision."""
    document = canonical(definition)
    await connection.execute(
        f"""UPDATE automation_rules SET name = $2, description = $3, trigger_type = $4, trigger_config = $5,
               actions = $6, policy = $7, layout = $8, enabled = $9, updated_by = $10, updated_at = now(),
               revision = revision + 1, draft_changed = true, {_SWITCH_ON.format("$9")},
               switched_at = CASE WHEN enabled = $9 THEN switched_at ELSE now() END,
               switched_by = CASE WHEN enabled = $9 THEN switched_by ELSE ($10::uuid)::text END
           WHERE id = $1""",
        rule_id, definition.name, definition.description, definition.trigger_type, document["trigger_config"],
        document["actions"], document["policy"], document["layout"], enabled, by,
    )  # fmt: skip


async def switch(connection: Connection, rule_id: UUID, *, enabled: bool, by: UUID | str) -> None:
    """Turn the rule on or off; the draft stays as it is. `by` is a user, or says who else it was."""
    await connection.execute(
        f"""UPDATE automation_rules SET enabled = $2, updated_by = coalesce($3, updated_by), updated_at = now(),
               revision = revision + 1, switched_at = now(), switched_by = $4, {_SWITCH_ON.format("$2")}
           WHERE id = $1""",
        rule_id, enabled, by if isinstance(by, UUID) else None, str(by),
    )  # fmt: skip


async def pause(connection: Connection, rule_id: UUID, reason: Reason) -> None:
    """Turn the rule off and say why, until somebody turns it on again."""
    await connection.execute(
        """UPDATE automation_rules SET enabled = false, paused_at = now(), paused_reason = $2, paused_code = $3,
               paused_args = $4, updated_at = now(), revision = revision + 1
           WHERE id = $1""",
        rule_id, reason.told("en"), reason.code, reason.args,
    )  # fmt: skip


async def mark_deleted(connection: Connection, rule_id: UUID, *, by: UUID) -> None:
    """Hide the rule and silence its triggers. Its runs stay."""
    await connection.execute(
        "UPDATE automation_rules SET deleted_at = now(), updated_by = $2, updated_at = now() WHERE id = $1", rule_id, by
    )
    await connection.execute("UPDATE automation_triggers SET active = false WHERE rule_id = $1", rule_id)


async def unmark_deleted(connection: Connection, rule_id: UUID, *, by: UUID) -> None:
    """Show the rule again; its triggers stay silent until they are told otherwise."""
    await connection.execute(
        "UPDATE automation_rules SET deleted_at = NULL, updated_by = $2, updated_at = now() WHERE id = $1", rule_id, by
    )


async def is_running(connection: Connection, rule_id: UUID) -> bool:
    """Whether a run of it is being executed now (waiting ones are not)."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM run_queue WHERE state = 'running' AND rule_id = $1)", rule_id
    )
    return found


async def announce(connection: Connection, rule_id: UUID) -> None:
    """Tell the caches and the deployment sync, when the transaction commits, that this automation has changed."""
    await connection.execute("INSERT INTO outbox (topic, key) VALUES ($1, $2)", TOPIC, rule_id)
    await connection.execute("SELECT pg_notify($1, $2), pg_notify($3, $4)", CONFIG, str(rule_id), OUTBOX, TOPIC)


# versions -------------------------------------------------------------------------------------------------------------


_VERSIONS = "SELECT v.number, v.note, v.created_by, v.created_at, v.number = r.live_version AS live"
_OF_RULE = "FROM automation_versions v JOIN automation_rules r ON r.id = v.rule_id WHERE v.rule_id = $1"


async def definition_of(connection: Connection, rule_id: UUID, number: int) -> JsonObject | None:
    """The definition of a version."""
    found: JsonObject | None = await connection.fetchval(
        "SELECT definition FROM automation_versions WHERE rule_id = $1 AND number = $2", rule_id, number
    )
    return found


async def add_version(
    connection: Connection, rule_id: UUID, document: JsonObject, *, note: str | None, by: UUID | None
) -> int:
    """The next version, which is not live yet. The rule must be locked."""
    number: int = await connection.fetchval(
        """INSERT INTO automation_versions (rule_id, number, definition, note, created_by)
           SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4 FROM automation_versions WHERE rule_id = $1
           RETURNING number""",
        rule_id, document, note, by,
    )  # fmt: skip
    return number


async def make_live(connection: Connection, rule_id: UUID, number: int) -> None:
    await connection.execute(
        "UPDATE automation_rules SET live_version = $2, draft_changed = false WHERE id = $1", rule_id, number
    )


async def version(connection: Connection, rule_id: UUID, number: int) -> tuple[Version, JsonObject] | None:
    """A version with its definition."""
    row = await connection.fetchrow(f"{_VERSIONS}, v.definition {_OF_RULE} AND v.number = $2", rule_id, number)
    if row is None:
        return None
    columns = dict(row)
    definition: JsonObject = columns.pop("definition")
    return Version(**columns), definition


async def versions(connection: Connection, rule_id: UUID, before: int | None, limit: int) -> list[Version]:
    """The newest versions older than `before`."""
    rows = await connection.fetch(
        f"""{_VERSIONS} {_OF_RULE} AND ($2::integer IS NULL OR v.number < $2) ORDER BY v.number DESC LIMIT $3""",
        rule_id, before, limit,
    )  # fmt: skip
    return [Version(**row) for row in rows]


# triggers -------------------------------------------------------------------------------------------------------------


async def triggers(connection: Connection, rule_id: UUID) -> list[TriggerRow]:
    """All triggers that the rule has or had, in their order."""
    rows = await connection.fetch(
        """SELECT id, type, config, position, active, webhook_id, webhook_secret
           FROM automation_triggers WHERE rule_id = $1 ORDER BY position, id""",
        rule_id,
    )
    return [TriggerRow(**row) for row in rows]


async def add_trigger(connection: Connection, rule: Rule, trigger: TriggerRow) -> None:
    await connection.execute(
        """INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, position, active, webhook_id,
               webhook_secret)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)""",
        trigger.id, rule.id, rule.workspace_id, trigger.type, trigger.config, trigger.position, trigger.active,
        trigger.webhook_id, trigger.webhook_secret,
    )  # fmt: skip


async def change_trigger(connection: Connection, trigger: TriggerRow) -> None:
    """Write the configuration, place and activity of a trigger; its id and address stay."""
    await connection.execute(
        "UPDATE automation_triggers SET config = $2, position = $3, active = $4 WHERE id = $1",
        trigger.id, trigger.config, trigger.position, trigger.active,
    )  # fmt: skip


async def mark_live(connection: Connection, rule_id: UUID, trigger_ids: list[UUID]) -> None:
    """Say which triggers the live version has, whether it is switched on or off."""
    await connection.execute(
        """UPDATE automation_triggers SET live = id = ANY ($2) WHERE rule_id = $1 AND live <> (id = ANY ($2))""",
        rule_id, trigger_ids,
    )  # fmt: skip


async def set_secret(connection: Connection, trigger_id: UUID, digest: str) -> None:
    """Replace a webhook's secret at once; older ones stop working."""
    await connection.execute(
        """UPDATE automation_triggers SET webhook_secret = $2, previous_secret = NULL, previous_secret_until = NULL
           WHERE id = $1""",
        trigger_id, digest,
    )  # fmt: skip


async def rotate_secret(connection: Connection, trigger_id: UUID, digest: str, *, keep_old_s: int) -> datetime | None:
    """Replace a webhook's secret; the last one stays live for so long. Gives until when, None where none does."""
    until: datetime | None = await connection.fetchval(
        """UPDATE automation_triggers SET webhook_secret = $2,
               previous_secret = CASE WHEN $3 > 0 THEN webhook_secret END,
               previous_secret_until = CASE WHEN $3 > 0 AND webhook_secret IS NOT NULL
                   THEN now() + make_interval(secs => $3) END
           WHERE id = $1 RETURNING previous_secret_until""",
        trigger_id, digest, float(keep_old_s),
    )  # fmt: skip
    return until
