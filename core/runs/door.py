"""What an operator does to runs in Prefect's own interface, taken in like anything else that comes from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from blocks.values import JsonObject
from core.automations.definition import PRIORITIES
from core.db import Connection
from core.errors import PaymentRequired, RateLimited
from core.runs import queue
from core.runs.accept import NewRun, accept

BY = "operator via Prefect"


@dataclass(frozen=True, slots=True)
class QuickRun:
    """A run that somebody made in Prefect on one of our deployments."""

    prefect_run_id: UUID
    deployment_id: UUID
    parameters: JsonObject


_KNOWN = """
SELECT coalesce(prefect_run_id, id) AS id FROM automation_logs
WHERE id = ANY ($1) OR (prefect_run_id = ANY ($1) AND id >= first_id_at(now() - interval '1 day'))
"""
_RULE = """
SELECT r.id, r.workspace_id, r.live_version, r.deleted_at IS NOT NULL AS deleted,
    coalesce(v.definition -> 'policy', '{}') AS policy
FROM automation_rules r
LEFT JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version
WHERE r.id IN (SELECT id FROM automation_rules WHERE deployment_id = $1
               UNION ALL SELECT rule_id FROM automation_triggers WHERE deployment_id = $1)
LIMIT 1
"""
_IDS = frozenset({"automation_id", "trigger_id"})


async def unknown(connection: Connection, runs: Sequence[QuickRun]) -> list[QuickRun]:
    """Those that are no runs of ours yet."""
    ids = [run.prefect_run_id for run in runs]
    known = {row["id"] for row in await connection.fetch(_KNOWN, ids)}
    return [run for run in runs if run.prefect_run_id not in known]


async def take_in(connection: Connection, run: QuickRun) -> str | None:
    """Accept it as a manual run, as by hand also of an automation that is switched off; gives None, or the sentence
    that says why it is refused."""
    rule = await connection.fetchrow(_RULE, run.deployment_id)
    if rule is None or rule["deleted"]:
        return "The automation of this deployment does not exist any more."
    if rule["live_version"] is None:
        return "The automation was never published, so there is nothing to run."
    if run.parameters.get("automation_id") != str(rule["id"]) or not run.parameters.keys() <= _IDS:
        return (
            "The parameters of this run were changed; in Prefect they hold ids only. Run it with them as they are, or"
            " start it in Vutler with a payload (POST /api/automations/{id}/run)."
        )
    new = NewRun(
        workspace_id=rule["workspace_id"],
        rule_id=rule["id"],
        version=rule["live_version"],
        trigger_type="manual",
        data=None,
        trigger_id=run.deployment_id,
        lane=str(rule["policy"].get("lane") or "warm"),
        priority=PRIORITIES.get(str(rule["policy"].get("priority")), 0),
        key=f"prefect {run.prefect_run_id}",
        triggered_by=BY,
        prefect_run_id=run.prefect_run_id,
    )
    try:
        await accept(connection, new)
    except (PaymentRequired, RateLimited) as refusal:
        return refusal.detail
    return None


async def cancel(connection: Connection, prefect_run_id: UUID) -> bool:
    """Cancel our run behind a run of Prefect's; False when there is none, or it has ended already."""
    run_id = await connection.fetchval(
        "SELECT id FROM automation_logs WHERE id = $1"
        " UNION ALL SELECT id FROM automation_logs WHERE prefect_run_id = $1 LIMIT 1",
        prefect_run_id,
    )
    return run_id is not None and await queue.cancel(connection, run_id) is not None
