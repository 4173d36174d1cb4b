"""The circuit breaker: what keeps runs that start runs, and events that start runs, from going on for ever.

A run has a depth (what comes from outside has 1, what that run starts has 2) and a root (the run that all of it came
from). Three things are refused: a run that would be too deep, one too many of one root, and one too many of one
automation within a minute. The last two open the circuit: the automation that would have been started is paused, until
a person switches it on again. Webhooks have a rate of their own; schedules and people count for nothing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from blocks.values import Json, JsonObject
from core.alerts.raising import Alarm, raise_alert
from core.automations.model import Reason
from core.automations.pausing import pause
from core.db import Connection
from core.notifications.words import Message, What
from core.runs.accept import NewRun
from core.runs.postscript import add_line
from core.said import CAUSES, filled

RATED: Final = ("automation", "agent_event", "message", "email")  # trigger types that something inside may fire
_HOUR_MS: Final = 3_600_000

_WHAT: Final[Mapping[str, What]] = {"too_deep": "chain", "too_many_runs": "too_many_runs", "rate": "rate"}

_READ = "SELECT known, paused, of_root, of_rule FROM read_breaker($1, $2, $3, $4, $5, $6, $7, $8)"
_NAME = "SELECT name FROM automation_rules WHERE id = $1 AND workspace_id = $2"

# From the run that wanted to start another one back to the root: as deep as runs may be.
_CHAIN = """
WITH RECURSIVE chain AS (
    SELECT l.id, l.rule_id, l.parent_id, l.depth, 1 AS back FROM automation_logs l WHERE l.id = $1
    UNION ALL
    SELECT l.id, l.rule_id, l.parent_id, l.depth, c.back + 1 FROM chain c JOIN automation_logs l ON l.id = c.parent_id
    WHERE c.back < 20
)
SELECT c.id, c.rule_id, coalesce(r.name, '') AS name FROM chain c LEFT JOIN automation_rules r ON r.id = c.rule_id
ORDER BY c.back DESC
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """`deepest` run of a chain, most runs of one root (itself included), most runs of one automation that other runs or
    events start within a minute."""

    deepest: int = 3
    runs_per_root: int = 200
    runs_per_min: int = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a run is not made: `code` is too_deep, too_many_runs, rate or paused; `reason` is for people."""

    code: str
    reason: str
    alert_id: UUID | None = None


DEFAULT: Final = Limits()


async def check(connection: Connection, run: NewRun, limits: Limits = DEFAULT) -> Refusal | None:
    """Whether `run` may be accepted; None when it may. Call it right before, in the same transaction.

    What is refused has been dealt with when this returns: its automation paused where the circuit opened, the alert
    raised, a line added to the log of the parent (where it has ended; a parent that goes on writes its own). So do not
    roll back. Of a run that exists already (the same key) nothing is refused. Until the transaction ends nobody else
    starts runs of the same root or automation: with several in one transaction, go by the automation's id.
    """
    code = await _judge(connection, run, limits)
    return None if code is None else await _refuse(connection, run, code, limits)


async def _judge(connection: Connection, run: NewRun, limits: Limits) -> str | None:
    if run.depth > limits.deepest:
        return "too_deep"
    rated = run.trigger_type in RATED
    root = run.root_id if run.parent_id is not None else None
    if root is None and not rated:
        return None
    row = await connection.fetchrow(
        _READ,
        run.rule_id, run.trigger_id, run.key, root, None if root is None else _an_hour_before(root),
        limits.runs_per_root, list(RATED), limits.runs_per_min if rated else None,
    )  # fmt: skip
    if row is None or row["known"]:
        return None
    if row["of_root"] >= limits.runs_per_root:
        return "too_many_runs"
    if row["of_rule"] >= limits.runs_per_min:
        return "rate"
    return "paused" if row["paused"] else None


@dataclass(frozen=True, slots=True)
class _Case:
    """What was to be started, and by which chain of runs (the root first; empty where an event was the start)."""

    run: NewRun
    name: str
    chain: list[tuple[UUID, UUID, str]]  # run, automation, its name

    @property
    def path(self) -> str:
        return " -> ".join(name for _, _, name in self.chain)

    @property
    def facts(self) -> JsonObject:
        chain: list[Json] = [
            {"run_id": str(run_id), "automation_id": str(rule_id), "automation": name}
            for run_id, rule_id, name in self.chain
        ]
        return {
            "root_id": None if self.run.root_id is None else str(self.run.root_id),
            "chain": chain,
            "not_started": {"automation_id": str(self.run.rule_id), "automation": self.name},
            "trigger_type": self.run.trigger_type,
            "depth": self.run.depth,
        }


async def _refuse(connection: Connection, run: NewRun, code: str, limits: Limits) -> Refusal:
    case = await _case(connection, run)
    args: JsonObject = {
        "automation": case.name,
        "path": case.path,
        "source": case.chain[0][2] if case.chain else None,
        "root": None if run.root_id is None else str(run.root_id),
        "depth": run.depth,
        "limit": _limit(code, limits),
    }
    cause = filled(CAUSES[code]["en"], args, "en")
    reason = f"{case.name} was not started: {cause}"
    if code in ("too_many_runs", "rate"):
        await pause(connection, run.workspace_id, run.rule_id, Reason(code, args))
    if run.parent_id is not None:
        await add_line(connection, run.parent_id, "warning", reason)
    if code == "paused":
        return Refusal(code, reason)
    alarm = Alarm(
        workspace_id=run.workspace_id,
        kind=code,
        severity="warning" if code == "too_deep" else "error",
        message=Message(_WHAT[code], args),
        rule_id=run.rule_id,
        run_id=run.parent_id,
        root_id=None if code == "rate" else run.root_id,
        facts={**case.facts, "limit": _limit(code, limits)},
    )
    return Refusal(code, reason, await raise_alert(connection, alarm))


async def _case(connection: Connection, run: NewRun) -> _Case:
    name: str | None = await connection.fetchval(_NAME, run.rule_id, run.workspace_id)
    rows = [] if run.parent_id is None else await connection.fetch(_CHAIN, run.parent_id)
    return _Case(run, name or str(run.rule_id), [(row["id"], row["rule_id"], row["name"]) for row in rows])


def _limit(code: str, limits: Limits) -> int | None:
    limited = {"too_deep": limits.deepest, "too_many_runs": limits.runs_per_root, "rate": limits.runs_per_min}
    return limited.get(code)


def _an_hour_before(run_id: UUID) -> UUID:
    """A bound below the ids of all runs that came out of this one, however far apart the clocks are (UUIDv7: the first
    48 bits are milliseconds)."""
    return UUID(int=max((run_id.int >> 80) - _HOUR_MS, 0) << 80)
