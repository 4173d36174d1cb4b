"""What Prefect's deployments are to be, read from the automations; and where their ids are kept.

An automation has one deployment, which carries its first schedule; each further schedule has its own, since Prefect
gets slow with many schedules on one.
"""

import re
from dataclasses import dataclass
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

    @property
    def key(self) -> tuple[UUID, UUID | None]:
        return self.rule_id, self.trigger_id


def slug(name: str) -> str:
    """Letters, digits and "-": Prefect's server fails on names with `/ % & < >`."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")[:_NAME_LENGTH].strip("-")


def deployment_name(name: str, rule_id: UUID, number: int = 1) -> str:
    """A name for people, unique by the end of the id (its first digits are a time, shared by many)."""
    parts = [slug(name), rule_id.hex[-12:], str(number) if number > 1 else ""]
    return "-".join(part for part in parts if part)


_WANTED = """
SELECT r.id AS rule_id, r.workspace_id, r.name, r.description, NOT r.enabled AS paused, r.deployment_id AS own_id,
    t.id AS trigger_id, t.config, t.deployment_id,
    EXISTS (SELECT FROM schedule_fires f WHERE f.schedule_id = t.id
            AND (f.prefect_run_id IS NOT NULL OR f.state <> 'planned')) AS run_at_known
FROM automation_rules r
LEFT JOIN automation_triggers t ON t.rule_id = r.id AND t.type = 'cron' AND t.active
WHERE r.deleted_at IS NULL AND r.live_version IS NOT NULL AND ($1::uuid IS NULL OR r.id = $1)
ORDER BY r.id, t.position, t.id
"""


async def wanted(connection: Connection, rule_id: UUID | None = None) -> list[Wanted]:
    """The deployments of one automation, or of all."""
    found: list[Wanted] = []
    number = 0
    for row in await connection.fetch(_WANTED, rule_id):
        first = not found or found[-1].rule_id != row["rule_id"]
        number = 1 if first else number + 1
        schedule = stored(row["config"]) if row["trigger_id"] else None
        found.append(
            Wanted(
                rule_id=row["rule_id"],
                trigger_id=None if first else row["trigger_id"],
                workspace_id=row["workspace_id"],
                name=deployment_name(row["name"], row["rule_id"], number),
                description=f"{row['name']}\n\n{row['description'] or ''}".strip(),
                paused=row["paused"],
                schedule=schedule,
                schedule_id=row["trigger_id"],
                deployment_id=row["own_id"] if first else row["deployment_id"],
                run_at_known=row["run_at_known"],
            )
        )
    return found


async def keep_id(connection: Connection, item: Wanted, deployment_id: UUID) -> None:
    """Remember the deployment of an automation and of the schedule that it carries."""
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


async def ask_for(connection: Connection, rule_id: UUID) -> None:
    """Have the automation's deployments brought up to date, once the caller's transaction is committed."""
    await outbox.put(connection, topic=TOPIC, key=rule_id)
