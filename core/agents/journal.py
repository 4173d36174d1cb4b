"""The journal of a turn: what its model said and what its tools gave, under the epoch of the run.

A worker that goes on with a turn replays what stands here. Whoever lost the run writes nothing more.
"""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from blocks.conversing import Turn
from blocks.values import Json, JsonObject
from core import jsontext
from core.agents.model import Agent
from core.db import Connection
from core.ids import new_id
from core.runs.queue import ClaimedRun

_OPEN: Final = """
INSERT INTO agent_turns AS t (id, workspace_id, agent_id, run_id, step_id, iteration, epoch, conversation, asked)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE run_is_held($4, $7)
ON CONFLICT (run_id, step_id, iteration) DO UPDATE SET epoch = excluded.epoch,
    status = CASE WHEN t.status = 'done' THEN t.status ELSE 'running' END
RETURNING t.id, t.agent_id, t.status, t.asked, t.result
"""
_BEGUN: Final = "SELECT EXISTS (SELECT FROM agent_turns WHERE run_id = $1 AND step_id = $2 AND iteration = $3)"
_PARTS: Final = "SELECT seq, kind, request_hash, content, state FROM agent_turn_parts WHERE turn_id = $1 ORDER BY seq"
_HISTORY: Final = """
SELECT asked->>'prompt' AS prompt, result->>'text' AS text FROM agent_turns
WHERE workspace_id = $1 AND agent_id = $2 AND conversation = $3 AND status = 'done' AND run_id <> $4
ORDER BY created_at DESC LIMIT $5
"""
_BEGIN_CALL: Final = """
SELECT verdict, spent FROM begin_model_call($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""
_FINISH_CALL: Final = "SELECT finish_model_call($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
_FAIL_CALL: Final = """
WITH failed AS (
    UPDATE model_calls SET outcome = $2, error = left($3, 500), latency_ms = $4, cost_usd = $5, credits = $6
    WHERE id = $1 RETURNING workspace_id, connection_id
)
SELECT note_provider(workspace_id, connection_id, $3, true, $2) FROM failed WHERE $7
"""
_PUT_TOOL: Final = """
INSERT INTO agent_turn_parts AS p (turn_id, seq, kind, request_hash, content, state, workspace_id)
SELECT $1, $2, 'tool', $3, $4, $5, $6 WHERE run_is_held($7, $8)
ON CONFLICT (turn_id, seq) DO UPDATE SET content = excluded.content, state = excluded.state, changed_at = now()
    WHERE p.state <> 'done' OR excluded.state = 'done'
RETURNING 1
"""
_KEEP_OFFERS: Final = """
UPDATE agent_turns SET asked = asked || jsonb_build_object('offered', $2::jsonb)
WHERE id = $1 AND run_is_held($3, $4) RETURNING 1
"""
_END: Final = """
WITH former AS (SELECT id, status FROM agent_turns WHERE id = $1 FOR UPDATE)
UPDATE agent_turns t SET status = $2, result = $3, error_code = $4, error = left($5, 1000), ended_at = now()
FROM former f WHERE t.id = f.id AND run_is_held($6, $7)
RETURNING f.status
"""

# What says that nobody can be answered through this account now.
PROVIDER_DOWN: Final = frozenset({
    "model_unreachable", "model_timeout", "model_failed", "model_overloaded", "model_unauthorized", "model_quota",
    "model_answer_invalid",
})  # fmt: skip

State = Literal["asked", "begun", "done", "unknown"]


class RunLost(Exception):
    """The run is not held under this epoch any more: stop, record nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """One answer of the model, or one call of a tool."""

    seq: int
    kind: str
    request_hash: str
    content: JsonObject
    state: State


@dataclass(frozen=True, slots=True)
class Opened:
    """A turn as it stands: `asked` is what it began with, `result` what it came to when it is `done`."""

    id: UUID
    status: str
    asked: JsonObject
    result: JsonObject | None
    parts: dict[int, Part]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a model that is about to be made; the most that it may come to."""

    id: UUID
    seq: int
    connection_id: UUID
    provider: str
    model: str
    most_usd: Decimal | None
    most_credits: Decimal


@dataclass(frozen=True, slots=True)
class Came:
    """What a call came to."""

    tokens_in: int
    tokens_out: int
    latency_ms: int
    usd: Decimal | None
    credits: Decimal


def fingerprint(value: Json) -> str:
    """SHA-256 of a value, the same for whatever the value is after it lay in a column of `jsonb`."""
    return hashlib.sha256(jsontext.dump(_settled(value))).hexdigest()


def _settled(value: Json) -> Json:
    """`jsonb` keeps no order of keys, and of a float that is whole perhaps no point."""
    if isinstance(value, dict):
        return {name: _settled(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_settled(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


async def open_turn(
    connection: Connection, run: ClaimedRun, place: tuple[str, str], *, agent: Agent, turn: Turn, asked: JsonObject
) -> Opened:
    """Begin a turn, or find it as it was left. Raises `RunLost`."""
    row = await connection.fetchrow(
        _OPEN, new_id(), run.workspace_id, agent.id, run.id, *place, run.epoch, turn.conversation, asked
    )
    if row is None:
        raise RunLost
    parts = await connection.fetch(_PARTS, row["id"])
    found = {part["seq"]: Part(**part) for part in parts}
    return Opened(row["id"], row["status"], row["asked"], row["result"], found)


async def was_begun(connection: Connection, run: ClaimedRun, place: tuple[str, str]) -> bool:
    """Whether the turn of this step was begun before."""
    begun: bool = await connection.fetchval(_BEGUN, run.id, *place)
    return begun


async def history(
    connection: Connection, run: ClaimedRun, agent_id: UUID, conversation: str, most: int
) -> list[tuple[str, str]]:
    """What was asked and said in this conversation before, the oldest first."""
    rows = await connection.fetch(_HISTORY, run.workspace_id, agent_id, conversation, run.id, most)
    return [(row["prompt"] or "", row["text"] or "") for row in reversed(rows)]


async def begin_call(
    connection: Connection, run: ClaimedRun, call: Call, *, step_id: str, turn_id: UUID, agent_id: UUID,
    limits: tuple[float | None, float | None],
) -> tuple[str, Decimal | None]:  # fmt: skip
    """'ok', 'run_budget' or 'day_budget', and what was spent of it. Raises `RunLost`."""
    run_usd, day_usd = (None if limit is None else Decimal(str(limit)) for limit in limits)
    row = await connection.fetchrow(
        _BEGIN_CALL, call.id, run.workspace_id, agent_id, run.id, run.epoch, step_id, turn_id, call.seq,
        call.connection_id, call.provider, call.model, call.most_usd, call.most_credits, run_usd, day_usd,
    )  # fmt: skip
    if row is None or row["verdict"] == "lost":
        raise RunLost
    return row["verdict"], row["spent"]


async def finish_call(
    connection: Connection, run: ClaimedRun, call: Call, *, turn_id: UUID, came: Came, hashed: str, content: JsonObject
) -> None:
    """Keep what it cost, and the answer. Raises `RunLost`; what it cost is kept then too."""
    held = await connection.fetchval(
        _FINISH_CALL, call.id, run.id, run.epoch, turn_id, run.workspace_id, call.seq, hashed, content,
        came.tokens_in, came.tokens_out, came.latency_ms, came.usd, came.credits,
    )  # fmt: skip
    if not held:
        raise RunLost


async def fail_call(
    connection: Connection, call: Call, code: str, why: str, latency_ms: int, *, answered: bool
) -> None:
    """A call that gave no answer. One that was not refused may cost what it was thought to."""
    usd, credits = (Decimal(0), Decimal(0)) if answered else (call.most_usd, call.most_credits)
    await connection.execute(_FAIL_CALL, call.id, code, why, latency_ms, usd, credits, code in PROVIDER_DOWN)


async def put_tool(
    connection: Connection, run: ClaimedRun, turn_id: UUID, *, seq: int, hashed: str, content: JsonObject, state: State
) -> None:
    """Keep a call of a tool: before it acts (`begun`), while a person is asked (`asked`), and what it gave (`done`).

    Raises `RunLost`.
    """
    kept = await connection.fetchval(
        _PUT_TOOL, turn_id, seq, hashed, content, state, run.workspace_id, run.id, run.epoch
    )
    if kept is None:
        raise RunLost


async def keep_offers(connection: Connection, run: ClaimedRun, turn_id: UUID, offered: Json) -> None:
    """Keep what other servers offered the model, with what the turn began with. Raises `RunLost`."""
    if await connection.fetchval(_KEEP_OFFERS, turn_id, offered, run.id, run.epoch) is None:
        raise RunLost


async def end_turn(
    connection: Connection,
    run: ClaimedRun,
    turn_id: UUID,
    status: Literal["waiting", "done", "failed"],
    *,
    result: Json = None,
    code: str | None = None,
    error: str | None = None,
) -> bool:
    """Whether it was not so before. Raises `RunLost`."""
    former = await connection.fetchval(_END, turn_id, status, result, code, error, run.id, run.epoch)
    if former is None:
        raise RunLost
    return bool(former != status)
