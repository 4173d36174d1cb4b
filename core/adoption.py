"""What SQL alone can't do for the rows of an older Vutler (core/migrations/sql/0002_adopt.sql brought them in).

Automations are read in today's definition language and published as version 1; those with mistakes stay drafts, with a
note, and are tried again by later versions as long as nobody touches them. Keys of LLM providers become sealed
connections. Nothing is taken twice, and the old tables are only read.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core.automations import publishing, reading, repository, shortforms
from core.automations.check import Checker
from core.automations.definition import Definition, canonical
from core.automations.model import Rule
from core.automations.outgoing import refusing
from core.db import Connection, Database
from core.errors import Finding
from core.ids import new_id
from core.outgoing.addresses import Policy
from core.rendering.renderer import Renderer
from core.seal import Sealer

NOTE: Final = "Adopted from an older Vutler"
_MOST_FINDINGS: Final = 5  # in one note

_WAITING_RULES = """
SELECT id, workspace_id, legacy_id FROM automation_rules
WHERE legacy_id IS NOT NULL AND live_version IS NULL AND deleted_at IS NULL AND updated_by IS NULL ORDER BY id
"""
_WRITE_RULE = """
UPDATE automation_rules SET name = $2, description = $3, trigger_type = $4, trigger_config = $5, actions = $6,
    policy = $7, layout = $8
WHERE id = $1
"""
_UNUSABLE_HOOK = """
SELECT EXISTS (SELECT FROM automation_triggers
               WHERE rule_id = $1 AND active AND type = 'webhook' AND webhook_secret IS NULL)
"""
_REMEMBER = """
INSERT INTO adoptions AS a (source, legacy_id, note) VALUES ($1, $2, $3)
ON CONFLICT (source, legacy_id) DO UPDATE SET note = excluded.note WHERE a.note IS DISTINCT FROM excluded.note
RETURNING true
"""
_PROVIDERS = "tenant_vutler_adopted.workspace_llm_providers"
_WAITING_PROVIDERS = f"""
SELECT id, row FROM (
    SELECT coalesce((to_jsonb(p)->>'id')::uuid, md5(p::text)::uuid) AS id, to_jsonb(p) AS row FROM {_PROVIDERS} p) old
WHERE NOT EXISTS (SELECT FROM adoptions a WHERE a.source = 'workspace_llm_providers' AND a.legacy_id = old.id)
ORDER BY row->>'created_at', id
"""
_HOME_OF_LOST_ROWS = "SELECT id FROM workspaces WHERE name = 'Adopted workspace' ORDER BY id DESC LIMIT 1"
_ADD_CONNECTION = """
INSERT INTO connections (id, workspace_id, kind, name, settings, sealed, legacy_id, secret_names)
VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $6::bytea IS NULL THEN '{}'::text[] ELSE '{api_key}' END)
"""


async def adopt(dsn: str, sealer: Sealer | None, policy: Policy) -> list[str]:
    """Take what waits to be taken; gives sentences for the operator about what is new and needs a person.

    Without a `sealer` the keys of LLM providers stay in the old table, and a sentence says so. `policy` says which
    addresses steps may reach.
    """
    db = Database(dsn, application="vutler migrate", size=2)
    await db.open()
    try:
        return [*await _adopt_rules(db, policy), *await _adopt_providers(db, sealer)]
    finally:
        await db.close()


# automations ----------------------------------------------------------------------------------------------------------


async def _adopt_rules(db: Database, policy: Policy) -> list[str]:
    async with db.connection() as connection:
        waiting = await connection.fetch(_WAITING_RULES)
    if not waiting:
        return []
    told = []
    async with Renderer(children=1) as renderer:
        checker = Checker.of(renderer, refusing(policy))
        for row in waiting:
            if sentence := await _adopt_rule(db, checker, row["workspace_id"], row["id"], row["legacy_id"]):
                told.append(sentence)
    return told


async def _adopt_rule(db: Database, checker: Checker, workspace_id: UUID, rule_id: UUID, legacy_id: UUID) -> str | None:
    async with db.connection() as connection:
        rule = await repository.find(connection, workspace_id, rule_id)
    if rule is None:
        return None
    read = reading.read(rule.document)
    wrong = [each for each in await checker.review(read) if each.severity == "error"]
    async with db.transaction() as connection:
        locked = await repository.find_locked(connection, workspace_id, rule_id)
        if locked is None or locked.revision != rule.revision:
            return None
        if wrong or read.definition is None:
            note: str | None = await _keep_as_draft(connection, rule, wrong)
        else:
            note = await _publish(connection, checker, rule, read.definition)
        news = await connection.fetchval(_REMEMBER, "automation_rules", legacy_id, note)
    return f"Automation {rule.name!r} ({rule_id}): {note}" if news and note else None


async def _publish(connection: Connection, checker: Checker, rule: Rule, definition: Definition) -> str | None:
    """Version 1, live; gives a note where somebody must still act."""
    document = canonical(definition)
    await connection.execute(
        _WRITE_RULE, rule.id, definition.name, definition.description, definition.trigger_type,
        document["trigger_config"], document["actions"], document["policy"], document["layout"],
    )  # fmt: skip
    await publishing.publish(connection, rule, definition, checker.triggers, note=NOTE, by=None)
    if await connection.fetchval(_UNUSABLE_HOOK, rule.id):
        return "its webhook has no secret, so every call is refused; set trigger_config.secret."
    return None


async def _keep_as_draft(connection: Connection, rule: Rule, wrong: Sequence[Finding]) -> str:
    """In the long form as far as it goes: no secret stays written in a step. Gives the note."""
    if reading.limits(rule.document) is None:
        actions = shortforms.fill(shortforms.expand(rule.document).document).get("actions")
        await connection.execute("UPDATE automation_rules SET actions = $2 WHERE id = $1", rule.id, actions)
    listed = "; ".join(f"{each.at or 'the document'}: {each.message}" for each in wrong[:_MOST_FINDINGS])
    more = f"; and {len(wrong) - _MOST_FINDINGS} more" if len(wrong) > _MOST_FINDINGS else ""
    return f"adopted as a draft, not running. {listed}{more}"


# LLM providers --------------------------------------------------------------------------------------------------------


async def _adopt_providers(db: Database, sealer: Sealer | None) -> list[str]:
    told = []
    async with db.transaction() as connection:
        if await connection.fetchval("SELECT to_regclass($1)", _PROVIDERS) is None:
            return []
        waiting = await connection.fetch(_WAITING_PROVIDERS)
        if not waiting:
            return []
        if sealer is None:
            return [
                f"{len(waiting)} LLM providers wait in {_PROVIDERS}: there is no secret key to seal theirs with."
                " Set VUTLER_SECRET_KEY, or make the data folder writable, and migrate again."
            ]
        for row in waiting:
            if sentence := await _adopt_provider(connection, sealer, row["id"], row["row"]):
                told.append(sentence)
    return told


async def _adopt_provider(connection: Connection, sealer: Sealer, legacy_id: UUID, old: JsonObject) -> str | None:
    found = old.get("workspace_id")
    workspace_id = UUID(str(found)) if found else await connection.fetchval(_HOME_OF_LOST_ROWS)
    provider = str(old.get("provider") or "unknown").strip().lower()
    taken = {
        row["name"].lower()
        for row in await connection.fetch("SELECT name FROM connections WHERE workspace_id = $1", workspace_id)
    }
    name = next(
        each for each in _names(str(old.get("name") or old.get("provider") or "LLM")) if each.lower() not in taken
    )
    key = old.get("api_key")
    settings: JsonObject = {
        "base_url": old.get("base_url"),
        "model": old.get("default_model") or old.get("model"),
        "default": bool(old.get("is_default")),
    }
    connection_id = new_id()
    sealed = sealer.seal(workspace_id, connection_id, {"api_key": key}) if key else None
    note = None if key else "it has no API key; add one."
    await connection.execute(
        _ADD_CONNECTION, connection_id, workspace_id, _kind(provider), name,
        {field: value for field, value in settings.items() if value is not None}, sealed, legacy_id,
    )  # fmt: skip
    await connection.execute(_REMEMBER, "workspace_llm_providers", legacy_id, note)
    return f"LLM provider {name!r} ({connection_id}): {note}" if note else None


def _kind(provider: str) -> str:
    return provider if provider in ("anthropic", "openai") else f"llm_{provider}"


def _names(wanted: str) -> Iterator[str]:
    """`OpenAI`, `OpenAI 2`, `OpenAI 3` ..."""
    yield wanted
    number = 2
    while True:
        yield f"{wanted} {number}"
        number += 1
