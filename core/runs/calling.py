"""A run that a step of another run starts, and the end of it that wakes that step.

The run is taken in by the very commit that records its caller's step (`record_runs`), so there is never one without
the other. Its end wakes the step through the outbox.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from blocks.errors import InvalidInput
from blocks.outcomes import Call
from blocks.values import Json, JsonObject
from core.automations.calls import callees
from core.automations.definition import PRIORITIES
from core.db import Connection
from core.ids import new_id
from core.outbox import Errand
from core.runs import blobs, queue
from core.runs.queue import ClaimedRun

TOPIC: Final = "called"
DEEPEST: Final = 3

_LIVE = """
SELECT r.enabled, v.definition->'policy' AS policy FROM automation_rules r
JOIN automation_versions v ON v.rule_id = r.id AND v.number = r.live_version WHERE r.id = $1
"""
_END = """
SELECT c.id, c.workspace_id, c.status, c.output, c.error, c.error_code,
    c.trigger_context->'called_by'->>'run' AS caller, c.trigger_context->'called_by'->>'step' AS step,
    c.trigger_context->'called_by'->>'iteration' AS iteration
FROM automation_logs c WHERE c.id = $1 AND c.status IN ('success', 'failed', 'cancelled', 'skipped')
"""


@dataclass(frozen=True, slots=True)
class Called:
    """A run of another automation, not taken in yet. `facts` are what `record_runs` takes it in with."""

    run_id: UUID
    name: str
    facts: JsonObject


async def prepare(connection: Connection, run: ClaimedRun, call: Call) -> Called:
    """Find the automation and make its run ready. Raises `InvalidInput` with the reason where it may not start."""
    found = (await callees(connection, run.workspace_id, [call.automation]))[call.automation]
    if not found:
        raise InvalidInput("automation_not_found", f"There is no automation {call.automation!r} in this workspace.")
    if len(found) > 1:
        raise InvalidInput("automation_ambiguous", f"Several automations are called {call.automation!r}: give its id.")
    target = found[0]
    live = await connection.fetchrow(_LIVE, target.id)
    if live is None:
        raise InvalidInput("automation_not_published", f"{target.name} is a draft: publish it first.")
    if not live["enabled"]:
        raise InvalidInput("automation_off", f"{target.name} is switched off: switch it on first.")
    if run.depth >= DEEPEST:
        raise InvalidInput(
            "too_deep", f"Automations may call each other {DEEPEST} deep, and this is run {run.depth} of its chain."
        )
    run_id, policy = new_id(), live["policy"]
    facts: JsonObject = {
        "id": str(run_id),
        "workspace_id": str(run.workspace_id),
        "rule_id": str(target.id),
        "version": target.live_version,
        "data": call.payload,
        "lane": str(policy.get("lane") or "warm"),
        "priority": PRIORITIES.get(str(policy.get("priority")), 0),
        "root_id": str(run.root_id),
        "depth": run.depth + 1,
    }
    return Called(run_id, target.name, facts)


async def wake_caller(connection: Connection, errand: Errand) -> None:
    """Tell the step that called how the run ended (an errand of the topic `called`)."""
    row = await connection.fetchrow(_END, errand.key)
    if row is None:
        return
    answer: JsonObject = {
        "run_id": str(row["id"]),
        "status": row["status"],
        "output": await blobs.whole(connection, row["workspace_id"], row["output"]),
        "error": row["error"],
        "error_code": row["error_code"],
    }
    await queue.wake(connection, UUID(row["caller"]), row["step"], answer, row["iteration"])


def outcome_of(answer: JsonObject) -> Json:
    """The output of the step that called. Raises `InvalidInput` when the run did not succeed."""
    if answer.get("status") != "success":
        why = answer.get("error") or f"it was {answer.get('status')}"
        raise InvalidInput("called_run_failed", f"The run that this step called did not succeed: {why}")
    return answer.get("output")
