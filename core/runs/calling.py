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
from core.runs import blobs, breaker, queue
from core.runs.accept import NewRun
from core.runs.breaker import Limits, Refusal
from core.runs.queue import ClaimedRun

TOPIC: Final = "called"

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


async def prepare(connection: Connection, run: ClaimedRun, call: Call, limits: Limits) -> Called | Refusal:
    """Find the automation and make its run ready; or say why the circuit breaker refuses it, to be committed.

    Raises `InvalidInput` with the reason where there is nothing to start.
    """
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
    policy = live["policy"]
    new = NewRun(
        workspace_id=run.workspace_id,
        rule_id=target.id,
        version=target.live_version or 0,
        trigger_type="automation",
        data=call.payload,
        lane=str(policy.get("lane") or "warm"),
        priority=PRIORITIES.get(str(policy.get("priority")), 0),
        root_id=run.root_id,
        parent_id=run.id,
        depth=run.depth + 1,
    )
    refusal = await breaker.check(connection, new, limits)
    if refusal is not None:
        return refusal
    facts: JsonObject = {
        "id": str(new_id()),
        "workspace_id": str(new.workspace_id),
        "rule_id": str(new.rule_id),
        "version": new.version,
        "data": new.data,
        "lane": new.lane,
        "priority": new.priority,
        "root_id": str(new.root_id),
        "depth": new.depth,
    }
    return Called(UUID(str(facts["id"])), target.name, facts)


def as_new_run(called: Called, run: ClaimedRun) -> NewRun:
    """What was made ready, for who takes it in by itself and does not wait for its end."""
    facts = called.facts
    return NewRun(
        workspace_id=run.workspace_id,
        rule_id=UUID(str(facts["rule_id"])),
        version=int(str(facts["version"])),
        trigger_type="automation",
        data=facts["data"],
        lane=str(facts["lane"]),
        priority=int(str(facts["priority"])),
        root_id=run.root_id,
        parent_id=run.id,
        depth=run.depth + 1,
    )


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
