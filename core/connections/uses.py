"""Which steps of which automations name a connection, in what is live and in what is being edited."""

from typing import Final
from uuid import UUID

from blocks import registry
from blocks.values import Json, JsonObject
from core.automations.containers import raw_bodies
from core.connections.model import Use
from core.db import Connection

_CANDIDATES: Final = """
SELECT r.id, r.name, r.live_version, r.draft_changed, coalesce(r.actions, '[]') AS draft,
    coalesce(r.trigger_config, '{}') AS trigger, v.definition AS live
FROM automation_rules r LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
WHERE r.workspace_id = $1 AND r.deleted_at IS NULL
    AND (position($2 IN lower(r.actions::text)) > 0 OR position($2 IN lower(v.definition::text)) > 0
        OR position($3 IN lower(r.actions::text)) > 0 OR position($3 IN lower(v.definition::text)) > 0
        OR lower(r.trigger_config ->> 'connection') IN ($2, lower($4)))
ORDER BY r.id
"""


TRIGGER: Final = "trigger"


async def uses(connection: Connection, workspace_id: UUID, connection_id: UUID, name: str) -> list[Use]:
    """Every step that names it, by its id or its name; and every trigger, as the step `trigger`."""
    wanted = {str(connection_id), name.lower()}
    quoted = await connection.fetchval("SELECT lower(to_jsonb($1::text)::text)", name)
    rows = await connection.fetch(_CANDIDATES, workspace_id, str(connection_id), quoted, name)
    found: list[Use] = []
    for row in rows:
        draft = _named({"actions": row["draft"], "trigger_config": row["trigger"]}, wanted)
        live = _named(row["live"] or {}, wanted)
        for step in sorted({*draft, *live}):
            version = row["live_version"] if step in live else None
            named = draft.get(step) or live[step]
            found.append(Use(row["id"], row["name"], step, named, version, step in draft))
    return found


def _named(document: JsonObject, wanted: set[str]) -> dict[str, str]:
    """The reference that each such step names, by the step's id."""
    actions = registry.actions()
    found: dict[str, str] = {}
    trigger = _reference({"config": document.get("trigger_config")})
    if trigger is not None and trigger.lower() in wanted:
        found[TRIGGER] = trigger
    for _, steps in raw_bodies(document, actions):
        for step in steps if isinstance(steps, list) else ():
            named = _reference(step)
            if isinstance(step, dict) and named is not None and named.lower() in wanted:
                found[str(step.get("id"))] = named
    return found


def _reference(step: Json) -> str | None:
    config = step.get("config") if isinstance(step, dict) else None
    named = config.get("connection") if isinstance(config, dict) else None
    return named if isinstance(named, str) else None


_COUNTS: Final = """
WITH named AS (
    SELECT r.id AS rule, lower(reference #>> '{}') AS reference
    FROM automation_rules r LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version,
        LATERAL jsonb_path_query(jsonb_build_array(r.actions, r.trigger_config, v.definition), '$.**.connection')
            AS reference
    WHERE r.workspace_id = $1 AND r.deleted_at IS NULL AND jsonb_typeof(reference) = 'string'
)
SELECT c.id, count(DISTINCT named.rule) AS automations
FROM connections c JOIN named ON named.reference IN (c.id::text, lower(c.name))
WHERE c.workspace_id = $1 GROUP BY c.id
"""


async def counts(connection: Connection, workspace_id: UUID) -> dict[UUID, int]:
    """How many automations name each connection, in what is live or in what is being edited. Those that none names are
    left out; a `connection` inside the data that a step sends counts as well."""
    return {row["id"]: row["automations"] for row in await connection.fetch(_COUNTS, workspace_id)}
