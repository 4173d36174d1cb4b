"""What Prefect's deployments are to be, read from the automations; and what is known of those that are there.

An automation has one deployment, which carries its first schedule; each further schedule has its own, since Prefect
gets slow with many schedules on one. Of each deployment stands here whether it was paused, and Prefect's time of its
newest change, when we last wrote or read it: what differs later, an operator did in Prefect.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from blocks.schedule import Schedule
from core import outbox
from core.db import Connection
from core.schedules.times import stored

TOPIC = "deployment"  # of the outbox; the key is the automation
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """One deployment as it should be. `trigger_id` is None for the automation's own, `schedule_id` is the trigger
    whose schedule it carries."""

    rule_id: UUID
    trigger_id: UUID | None
    workspace_id: UUID
    name: str
    description: str
    paused: bool
    schedule: Schedule | None
    schedule_id: UUID | None
    deployment_id: UUID | None  # as it was last seen in Prefect
    run_at_known: bool  # Prefect has the run of a `run_at`, or it is no longer due
    fingerprint: str  # of all that it is made from
    pool: str | None  # the work pool of an isolated lane

    @property
    def key(self) -> tuple[UUID, UUID | None]:
        return self.rule_id, self.trigger_id


@dataclass(frozen=True, slots=True)
class Known:
    """A deployment when we last wrote or read it. `changed_at` is Prefect's time, None while somebody writes it."""

    paused: bool
    changed_at: datetime | None


def slug(name: str) -> str:
    """Letters, digits and "-": Prefect's server fails on names with `/ % & < >`."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")[:_NAME_LENGTH].strip("-")


def deployment_name(name: str, rule_id: UUID, number: int = 1) -> str:
    """A name for people, unique by the end of the id (its first digits are a time, shared by many)."""
    parts = [slug(name), rule_id.hex[-12:], str(number) if number > 1 else ""]
    return "-".join(part for part in parts if part)


_LIVE = """
SELECT *, CASE WHEN number = 1 THEN own_id ELSE trigger_deployment_id END AS deployment_id,
    md5(jsonb_build_array(name, description, paused, workspace_id, trigger_id, config, number, pool)::text)
        AS fingerprint
FROM (
    SELECT r.id AS rule_id, r.workspace_id, r.name, r.description, NOT r.enabled AS paused, r.deployment_id AS own_id,
        t.id AS trigger_id, t.config, t.deployment_id AS trigger_deployment_id,
        row_number() OVER (PARTITION BY r.id ORDER BY t.position, t.id) AS number,
        nullif(v.definition -> 'policy' ->> 'lane', 'warm') AS pool
    FROM automation_rules r
    LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
    LEFT JOIN automation_triggers t ON t.rule_id = r.id AND t.type = 'cron' AND t.live
    WHERE r.deleted_at IS NULL AND r.live_version IS NOT NULL {0}
) rules
"""
_WANTED = f"""
SELECT l.*, EXISTS (SELECT FROM schedule_fires f WHERE f.schedule_id = l.trigger_id
                    AND (f.prefect_run_id IS NOT NULL OR f.state <> 'planned')) AS run_at_known
FROM ({_LIVE.format("AND r.id = $1")}) l ORDER BY l.number
"""


async def wanted(connection: Connection, rule_id: UUID) -> list[Wanted]:
    """The deployments of an automation; none where it is deleted or was never published."""
    return [
        Wanted(
            rule_id=row["rule_id"],
            trigger_id=None if row["number"] == 1 else row["trigger_id"],
            workspace_id=row["workspace_id"],
            name=deployment_name(row["name"], row["rule_id"], row["number"]),
            description=f"{row['name']}\n\n{row['description'] or ''}".strip(),
            paused=row["paused"],
            schedule=stored(row["config"]) if row["trigger_id"] else None,
            schedule_id=row["trigger_id"],
            deployment_id=row["deployment_id"],
            run_at_known=row["run_at_known"],
            fingerprint=row["fingerprint"],
            pool=row["pool"],
        )
        for row in await connection.fetch(_WANTED, rule_id)
    ]


async def known(connection: Connection, rule_id: UUID) -> dict[UUID, Known]:
    """The automation's deployments that we know of, by their ids."""
    rows = await connection.fetch(
        "SELECT deployment_id, paused, changed_at FROM prefect_deployments WHERE rule_id = $1", rule_id
    )
    return {row["deployment_id"]: Known(row["paused"], row["changed_at"]) for row in rows}


# Both sides are compared inside PostgreSQL: ten thousand deployments cost the caller's event loop next to nothing.
_THEIRS = """
WITH theirs AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS t (id uuid, changed timestamptz, paused boolean)
)
"""
_DIFFERENT = f"""{_THEIRS}, ours AS MATERIALIZED ({_LIVE.format("")})
SELECT rule_id, NULL::uuid AS stranger FROM prefect_deployments k
WHERE NOT EXISTS (SELECT FROM theirs t WHERE t.id = k.deployment_id AND t.changed = k.changed_at)
UNION SELECT o.rule_id, NULL FROM ours o LEFT JOIN prefect_deployments k ON k.deployment_id = o.deployment_id
WHERE k.fingerprint IS DISTINCT FROM o.fingerprint
UNION SELECT k.rule_id, NULL FROM prefect_deployments k
WHERE NOT EXISTS (SELECT FROM ours o WHERE o.deployment_id = k.deployment_id)
UNION SELECT NULL, t.id FROM theirs t
WHERE NOT EXISTS (SELECT FROM prefect_deployments k WHERE k.deployment_id = t.id)
"""
_SWITCHED = f"""{_THEIRS}
SELECT DISTINCT k.rule_id FROM theirs t JOIN prefect_deployments k ON k.deployment_id = t.id
WHERE k.changed_at <> t.changed AND k.paused <> t.paused
"""


async def different(connection: Connection, theirs: bytes) -> tuple[list[UUID], list[UUID]]:
    """The automations whose deployments are not as they should be, and the deployments that belong to none.

    `theirs` is a JSON array of all our deployments in Prefect: `{"id", "changed", "paused"}`.
    """
    rows = await connection.fetch(_DIFFERENT, theirs.decode())
    return (
        [row["rule_id"] for row in rows if row["rule_id"] is not None],
        [row["stranger"] for row in rows if row["stranger"] is not None],
    )


async def switched(connection: Connection, theirs: bytes) -> list[UUID]:
    """Of these deployments (as in `different`), the automations of those that were paused or resumed in Prefect."""
    return [row["rule_id"] for row in await connection.fetch(_SWITCHED, theirs.decode())]


async def is_known(connection: Connection, deployment_id: UUID) -> bool:
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM prefect_deployments WHERE deployment_id = $1)", deployment_id
    )
    return found


async def write_begins(connection: Connection, deployment_id: UUID) -> None:
    """From now on until `written` nobody takes our own change for an operator's."""
    await connection.execute("UPDATE prefect_deployments SET changed_at = NULL WHERE deployment_id = $1", deployment_id)


_KEEP = """
INSERT INTO prefect_deployments AS k (deployment_id, rule_id, paused, changed_at, fingerprint)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (deployment_id) DO UPDATE SET rule_id = excluded.rule_id, paused = excluded.paused,
    changed_at = excluded.changed_at, fingerprint = excluded.fingerprint
WHERE (k.rule_id, k.paused, k.changed_at, k.fingerprint)
    IS DISTINCT FROM (excluded.rule_id, excluded.paused, excluded.changed_at, excluded.fingerprint)
"""


async def is_as_known(connection: Connection, deployment_id: UUID, before: Known | None) -> bool:
    """Whether nobody wrote the deployment since it was known as `before`; nobody does until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT changed_at FROM prefect_deployments WHERE deployment_id = $1 FOR UPDATE", deployment_id
    )
    return (row["changed_at"] if row else None) == (before.changed_at if before else None)


async def written(connection: Connection, item: Wanted, deployment_id: UUID, changed_at: datetime) -> None:
    """Remember the deployment of an automation and of the schedule that it carries, as it is now."""
    await connection.execute(_KEEP, deployment_id, item.rule_id, item.paused, changed_at, item.fingerprint)
    if item.trigger_id is None:
        await connection.execute(
            "UPDATE automation_rules SET deployment_id = $2 WHERE id = $1 AND deployment_id IS DISTINCT FROM $2",
            item.rule_id,
            deployment_id,
        )
    if item.schedule_id is not None:
        await connection.execute(
            "UPDATE automation_triggers SET deployment_id = $2 WHERE id = $1 AND deployment_id IS DISTINCT FROM $2",
            item.schedule_id,
            deployment_id,
        )


async def seen_switched(connection: Connection, deployment_id: UUID, before: Known, now: Known) -> bool:
    """Note what an operator did to a deployment; False when somebody wrote it since it was as `before`."""
    tag = await connection.execute(
        "UPDATE prefect_deployments SET paused = $3, changed_at = $4 WHERE deployment_id = $1 AND changed_at = $2",
        deployment_id,
        before.changed_at,
        now.paused,
        now.changed_at,
    )
    return tag == "UPDATE 1"


async def gone(connection: Connection, deployment_id: UUID) -> None:
    await connection.execute("DELETE FROM prefect_deployments WHERE deployment_id = $1", deployment_id)


async def ask_for(connection: Connection, rule_id: UUID) -> None:
    """Have the automation's deployments brought up to date, once the caller's transaction is committed."""
    await outbox.put(connection, topic=TOPIC, key=rule_id)
