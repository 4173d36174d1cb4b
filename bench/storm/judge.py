"""The judge: reads the database and the sink after the storm, and says what was promised and not kept."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from bench.storm import audit
from bench.storm.installation import AWAY, Installation
from bench.storm.sender import Sender
from bench.storm.sink import Sink

STILL_S = 60.0  # without any run ending, while some are unfinished: a standstill

_UNFINISHED = """
SELECT count(*) FROM automation_logs
WHERE status NOT IN ('success', 'failed', 'cancelled', 'skipped', 'waiting') OR (status = 'waiting' AND EXISTS (
    SELECT FROM run_queue q
    WHERE q.run_id = automation_logs.id AND (q.state <> 'waiting' OR q.available_at < 'infinity')))
"""
# A run that waits for nothing in words, or for no step.
_NAMELESS = """
SELECT count(*) FROM automation_logs l
WHERE l.status = 'waiting' AND (coalesce(l.wait ->> 'reason', '') = '' OR NOT EXISTS (
    SELECT FROM automation_action_logs a
    WHERE a.log_id = l.id AND a.status IN ('waiting', 'unknown') AND coalesce(a.wait ->> 'reason', '') <> ''))
"""
_STEPS = """
SELECT concat_ws('/', log_id, step_id, coalesce(nullif(iteration, ''), '0')) AS key, status, effect, action_type,
    error_code FROM automation_action_logs
"""


@dataclass
class Verdict:
    """`broken`: promises that must be 0, by their sentence. `facts`: figures for the reader."""

    broken: dict[str, int] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        return not any(self.broken.values())

    @property
    def completed(self) -> int:
        return self.runs["success"] + self.runs["failed"]


async def quiet(installation: Installation) -> float | None:
    """Wait until nothing is under way; gives the seconds it took, None at a standstill. A backlog may take its time."""
    began = moved_at = time.monotonic()
    least: int | None = None
    while time.monotonic() - moved_at < STILL_S:
        try:
            async with installation.connection() as connection:
                left = int(await connection.fetchval(_UNFINISHED))
        except AWAY:
            left = least or 1
        if not left:
            return time.monotonic() - began
        if least is None or left < least:
            least, moved_at = left, time.monotonic()
        await asyncio.sleep(0.3)
    return None


async def told(installation: Installation) -> int:
    """How many ended runs Prefect does not know of, after a minute of patience."""
    left = -1
    for _ in range(120):
        async with installation.connection() as connection:
            left = int(await connection.fetchval("SELECT count(*) FROM run_queue WHERE state = 'done'"))
        if not left:
            break
        await asyncio.sleep(0.5)
    return left


async def judge(installation: Installation, sender: Sender, sink: Sink) -> Verdict:
    verdict = Verdict()
    async with installation.connection() as connection:
        await _runs(connection, sender, verdict)
        found = await audit.read(connection)
        verdict.broken["writes under a lease that was over (old epoch, or another worker's run)"] = found.stale
        verdict.broken["results of a step recorded twice"] = found.twice
        verdict.broken["ends of a run written over"] = found.rewritten
        await _effects(connection, sink, verdict)
    return verdict


async def _runs(connection: "asyncpg.Connection[Any]", sender: Sender, verdict: Verdict) -> None:
    rows = await connection.fetch(
        "SELECT id::text, trigger_id::text, trigger_data ->> 'event' AS event, status, error_code FROM automation_logs"
    )
    by_event = Counter((row["trigger_id"], row["event"]) for row in rows)
    events = Counter(row["event"] for row in rows)
    named = {run for runs in sender.accepted.values() for run in runs}
    verdict.runs = Counter(row["status"] for row in rows)
    broken = verdict.broken
    broken["accepted runs (202) that are missing"] = len(named - {row["id"] for row in rows})
    broken["keys with more than one run"] = sum(1 for count in by_event.values() if count != 1)
    broken["accepted events without exactly one run"] = sum(1 for event in sender.accepted if events[event] != 1)
    broken["events whose answers named several runs"] = sum(1 for runs in sender.accepted.values() if len(runs) != 1)
    broken["runs that neither ended nor wait"] = int(await connection.fetchval(_UNFINISHED))
    broken["runs that wait for nothing in words"] = int(await connection.fetchval(_NAMELESS))
    other = Counter(row["error_code"] for row in rows if row["status"] == "failed" and row["error_code"] != "in_doubt")
    broken["runs that failed for another reason than doubt"] = sum(other.values())
    if other:
        verdict.facts["the other reasons"] = dict(other)
    verdict.facts["events sent / accepted"] = f"{sender.sent} / {len(sender.accepted)}"
    verdict.facts["answers"] = dict(sorted(sender.answers.items()))


async def _effects(connection: "asyncpg.Connection[Any]", sink: Sink, verdict: Verdict) -> None:
    """What the steps' records say against what the sink has seen."""
    rows = await connection.fetch(_STEPS)
    repeated, told = await answered(connection, "repeat"), await answered(connection, "done")
    succeeded = {row["key"] for row in rows if row["action_type"] == "http" and row["status"] == "success"}
    unsafe = {row["key"] for row in rows if row["effect"] == "unsafe"}
    twice = {key for key, times in sink.hits.items() if times > 1}
    broken = verdict.broken
    broken["successful steps whose key the sink never saw"] = len(succeeded - sink.hits.keys() - told)
    broken["unsafe keys that the sink saw twice"] = len((twice & sink.unsafe) - repeated)
    broken["unsafe effects without a record"] = len(sink.unsafe - unsafe)
    doubt = [row for row in rows if row["error_code"] == "in_doubt" or row["status"] == "unknown"]
    done = sum(1 for row in doubt if row["key"] in sink.hits)
    effects = Counter(row["effect"] for row in rows)
    shares = {effect: f"{100 * count / max(len(rows), 1):.0f} %" for effect, count in sorted(effects.items())}
    verdict.facts["steps recorded"] = f"{len(rows)} {json.dumps(shares)}"
    verdict.facts["keys at the sink"] = len(sink.hits)
    verdict.facts["repeatable keys seen more than once"] = len(twice - sink.unsafe)
    verdict.facts["unsafe steps in doubt"] = f"{len(doubt)} (of them {done} had their effect)"
    if rows and min(effects["unsafe"], effects["idempotent"]) < 0.3 * len(rows):
        broken["shares of unsafe and idempotent steps below 30 %"] = 1


async def answered(connection: "asyncpg.Connection[Any]", state: str) -> set[str]:
    """The keys of steps in doubt of which somebody said "repeat" or "done": then the sink need not have seen it."""
    if await connection.fetchval("SELECT to_regclass('approvals') IS NULL"):
        return set()
    rows = await connection.fetch(
        "SELECT concat_ws('/', run_id, step_id, coalesce(nullif(iteration, ''), '0')) AS key FROM approvals"
        " WHERE state = $1",
        state,
    )
    return {row["key"] for row in rows}
