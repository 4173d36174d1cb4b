"""Taking in an event: one call of one SQL function, and what it committed is never lost.

The same door serves webhooks, manual runs, schedules, replays and other automations.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from blocks.values import Json, JsonObject
from core.db import Connection
from core.errors import PaymentRequired, RateLimited
from core.ids import new_id


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the ledger of arrivals keeps of one request (headers and query go along in `NewRun.context`)."""

    id: UUID
    size: int
    content_type: str | None
    remote: str | None


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to be made. `context` may hold `headers` and `query` of a webhook; it must hold no secret.

    `overlap` "allow": it runs beside others. None: as the policy of its version says, which PostgreSQL looks up.
    `metered` False: the workspace's plan is known to count nothing. None: PostgreSQL looks that up.
    `refused` "kept": when the workspace can't have the run now, it stands in history as skipped, and nothing is raised.
    """

    workspace_id: UUID
    rule_id: UUID
    version: int
    trigger_type: str
    data: Json
    trigger_id: UUID | None = None
    context: JsonObject | None = None
    lane: str = "warm"
    priority: int = 0
    key: str | None = None
    key_ttl: timedelta = timedelta(days=7)
    delivery: Delivery | None = None
    due_at: datetime | None = None
    triggered_by: str | None = None
    prefect_run_id: UUID | None = None
    root_id: UUID | None = None
    parent_id: UUID | None = None
    depth: int = 1
    replay_of: UUID | None = None
    overlap: Literal["allow"] | None = None
    metered: bool | None = None
    refused: Literal["told", "kept"] = "told"
    run_id: UUID | None = None  # where its id has to be known before


@dataclass(frozen=True, slots=True)
class Accepted:
    """`run_id` of a duplicate is the first run's. `skipped`: it was refused, and stands in history with the reason."""

    run_id: UUID
    duplicate: bool
    skipped: bool = False


_ACCEPT = """
SELECT verdict, run_id, facts FROM accept_run(
    p_run => $1, p_workspace => $2, p_rule => $3, p_version => $4, p_trigger => $5, p_trigger_type => $6,
    p_data => $7, p_context => $8, p_lane => $9, p_priority => $10::smallint, p_key => $11, p_key_ttl => $12,
    p_delivery => $13, p_delivery_facts => $14, p_due => $15, p_by => $16, p_prefect_run => $17,
    p_root => $18, p_parent => $19, p_depth => $20::smallint, p_replay_of => $21, p_overlap => $22,
    p_metered => $23, p_refused => $24)
"""


async def accept(connection: Connection, run: NewRun) -> Accepted:
    """Commit the run (in the transaction of `connection`, or at once where there is none) and wake a worker.

    Raises `PaymentRequired` (`no_credits`, `runs_per_month`) and `RateLimited` (`runs_per_hour`) when the workspace
    can't have it now; then nothing was made.
    """
    facts = None
    if run.delivery is not None:
        facts = {
            "size": run.delivery.size,
            "content_type": run.delivery.content_type,
            "remote": run.delivery.remote,
        }
    row = await connection.fetchrow(
        _ACCEPT,
        run.run_id or new_id(), run.workspace_id, run.rule_id, run.version, run.trigger_id, run.trigger_type,
        run.data, run.context or {}, run.lane, run.priority, run.key, run.key_ttl,
        run.delivery.id if run.delivery else None, facts, run.due_at, run.triggered_by, run.prefect_run_id,
        run.root_id, run.parent_id, run.depth, run.replay_of, run.overlap, run.metered, run.refused,
    )  # fmt: skip
    if row is None:
        raise LookupError("accept_run gave no row")
    verdict: str = row["verdict"]
    if row["run_id"] is None:
        raise _refusal(verdict, row["facts"])
    return Accepted(run_id=row["run_id"], duplicate=verdict == "duplicate", skipped=verdict == "skipped")


def _refusal(code: str, facts: JsonObject) -> PaymentRequired | RateLimited:
    detail = str(facts["detail"])
    if code == "runs_per_hour":
        return RateLimited(code, detail, after=float(str(facts["retry_s"])))
    return PaymentRequired(code, detail, cost=int(str(facts["cost"])), left=int(str(facts["left"])))
