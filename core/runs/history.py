"""Reading history: runs, their steps, their lines, the files beside them. Everything inside the caller's workspace."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from blocks.values import Json
from blocks.words import Language
from core import jsontext, legacy
from core.caller import Caller
from core.db import Connection, Database
from core.errors import NotFound
from core.ids import first_id_at
from core.runs.waiting import Held, reasons

# Bytes of JSON. A value over the first is shown by its beginning; so is every further one once an answer holds the
# second.
WHOLE_VALUE: Final = 64 * 1024
WHOLE_ANSWER: Final = 2 * 1024 * 1024
_BEGINNING: Final = 2000  # characters

_RUN = """l.id, l.rule_id AS automation_id, coalesce(r.name, '') AS automation_name, l.status, l.trigger_type,
    greatest(l.version, 0) AS version, l.version < 0 AS draft, l.created_at, l.started_at, l.completed_at, l.due_at,
    l.triggered_by, l.error, l.error_code, l.error_step, l.wait AS waiting_for, l.credits, l.seq"""
_FROM = "FROM automation_logs l LEFT JOIN automation_rules r ON r.id = l.rule_id"
_DETAIL = """, l.trigger_id, l.trigger_data, l.trigger_context, l.delivery_id, l.output, l.root_id, l.parent_id,
    l.depth, l.replay_of, l.replay_id, coalesce(l.prefect_run_id, l.id) AS prefect_run_id, l.legacy_id"""
STEP = """id, action_index, step_id, iteration, action_type, agent_id, status, input, output, duration_ms, error,
    error_code, attempt, attempts, effect, started_at, completed_at, seq,
    copied_from"""
STEP_WITHOUT_VALUES = STEP.replace("input, output", "NULL AS input, NULL AS output")
_MATCHES = """(concat_ws(E'\\n', l.trigger_data, l.output, to_jsonb(l.error)) ILIKE $%(n)d OR EXISTS (
    SELECT FROM automation_action_logs a WHERE a.log_id = l.id
    AND concat_ws(E'\\n', a.input, a.output, to_jsonb(a.error)) ILIKE $%(n)d))"""


@dataclass(frozen=True, slots=True)
class Run:
    """A run in a list. A run of a draft has the version 0. `seq` is the number of its newest recorded change,
    `waiting_for` what `waiting.py` says."""

    id: UUID
    automation_id: UUID
    automation_name: str
    status: str
    trigger_type: str
    version: int
    draft: bool
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    due_at: datetime | None
    triggered_by: str | None
    error: str | None
    error_code: str | None
    error_step: str | None
    waiting_for: Json
    credits: int | None
    seq: int

    @property
    def duration_ms(self) -> int | None:
        """From the first claim to the end."""
        if self.started_at is None or self.completed_at is None:
            return None
        return round((self.completed_at - self.started_at).total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the page of one run shows besides."""

    trigger_id: UUID | None
    trigger_data: Json
    trigger_context: Json
    delivery_id: UUID | None
    output: Json
    root_id: UUID
    parent_id: UUID | None
    depth: int
    replay_of: UUID | None
    replay_id: UUID | None
    prefect_run_id: UUID
    legacy_id: UUID | None


@dataclass(frozen=True, slots=True)
class StepRun:
    id: UUID
    action_index: int
    step_id: str
    iteration: str
    action_type: str
    agent_id: str | None
    status: str
    input: Json
    output: Json
    duration_ms: int | None
    error: str | None
    error_code: str | None
    attempt: int
    attempts: Json
    effect: str
    started_at: datetime | None
    completed_at: datetime | None
    seq: int
    copied_from: UUID | None


@dataclass(frozen=True, slots=True)
class Line:
    seq: int
    at: datetime
    level: str
    step_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Blob:
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter over runs; None asks for nothing. `text` is looked for in inputs, outputs and errors; `chain_of` is a
    run, and asks for those that it began, itself or through others."""

    rule_id: UUID | None = None
    status: str | None = None
    trigger_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    ids: tuple[UUID, ...] | None = None
    replay_of: UUID | None = None
    replay_id: UUID | None = None
    chain_of: UUID | None = None


class History:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def runs(
        self, caller: Caller, wanted: Wanted, *, before: UUID | None, limit: int, language: Language = "en"
    ) -> list[Run]:
        """The newest first. Raises `NotFound` for an automation that is not of this workspace."""
        async with self._db.connection() as connection:
            rule_id = wanted.rule_id and await resolved_rule(connection, caller, wanted.rule_id)
            where, values = conditions(caller, wanted, rule_id, before)
            rows = await connection.fetch(
                f"SELECT {_RUN} {_FROM} WHERE {where} ORDER BY l.id DESC LIMIT {int(limit)}", *values
            )
            return await _explained(connection, caller, [Run(**row) for row in rows], language)

    async def run(self, caller: Caller, run_id: UUID, language: Language = "en") -> Run:
        """By id, or by the id it had in the database it was adopted from. Raises `NotFound`."""
        async with self._db.connection() as connection:
            found = Run(**await _row(connection, caller, run_id, ""))
            (explained,) = await _explained(connection, caller, [found], language)
        return explained

    async def detail(
        self, caller: Caller, run_id: UUID, language: Language = "en", *, values: bool = True, items: bool = True
    ) -> tuple[Run, RunFacts, list[StepRun]]:
        """The run and its steps in order of the definition; without their inputs and outputs, or without what ran
        inside loops, where they are not wanted. Raises `NotFound`."""
        columns = STEP if values else STEP_WITHOUT_VALUES
        outer = "" if items else " AND iteration = ''"
        async with self._db.connection() as connection:
            row = dict(await _row(connection, caller, run_id, _DETAIL))
            steps = await connection.fetch(
                f"SELECT {columns} FROM automation_action_logs WHERE log_id = $1{outer}"
                " ORDER BY action_index, string_to_array(nullif(iteration, ''), '.')::int[] NULLS FIRST, seq",
                row["id"],
            )
            facts = RunFacts(**{name: row.pop(name) for name in RunFacts.__dataclass_fields__})
            (run,) = await _explained(connection, caller, [Run(**row)], language)
        return run, facts, [StepRun(**step) for step in steps]

    async def steps_after(self, run: Run, seq: int, *, values: bool = True) -> list[StepRun]:
        columns = STEP if values else STEP_WITHOUT_VALUES
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {columns} FROM automation_action_logs WHERE log_id = $1 AND seq > $2 ORDER BY seq", run.id, seq
            )
        return [StepRun(**row) for row in rows]

    async def lines_after(self, run: Run, seq: int, limit: int) -> list[Line]:
        async with self._db.connection() as connection:
            rows = await connection.fetch(
                "SELECT seq, at, level, step_id, text FROM run_lines WHERE run_id = $1 AND seq > $2"
                " ORDER BY seq LIMIT $3",
                run.id,
                seq,
                limit,
            )
        return [Line(**row) for row in rows]

    async def blob(self, caller: Caller, blob_id: UUID) -> Blob:
        """Raises `NotFound`."""
        async with self._db.connection() as connection:
            row = await connection.fetchrow(
                "SELECT media_type, content FROM blobs WHERE id = $1 AND workspace_id = $2",
                blob_id,
                caller.workspace_id,
            )
        if row is None:
            raise NotFound("blob_not_found", "There is no such file in this workspace.")
        return Blob(row["media_type"], row["content"])


class Previews:
    """Keeps an answer bounded: large values are replaced by their beginning,

    `{"$preview": "<first 2,000 characters of its JSON>", "size": <bytes>}`.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._left: float = float("inf") if whole else WHOLE_ANSWER
        self._most: float = float("inf") if whole else WHOLE_VALUE

    def of(self, value: Json) -> Json:
        text = jsontext.dump(value)
        if len(text) <= min(self._most, self._left):
            self._left -= len(text)
            return value
        return {"$preview": text[: _BEGINNING * 4].decode(errors="ignore")[:_BEGINNING], "size": len(text)}


async def _explained(connection: Connection, caller: Caller, runs: Sequence[Run], language: Language) -> list[Run]:
    held = [Held(run.id, run.status, run.waiting_for) for run in runs]
    said = await reasons(connection, caller.workspace_id, held, language)
    return [replace(run, waiting_for=said.get(run.id)) for run in runs]


async def _row(connection: Connection, caller: Caller, run_id: UUID, more: str) -> asyncpg.Record:
    row = await connection.fetchrow(
        f"SELECT {_RUN}{more} {_FROM} WHERE l.id = $1 AND l.workspace_id = $2",
        await legacy.resolve(connection, "automation_logs", run_id),
        caller.workspace_id,
    )
    if row is not None:
        return row
    raise NotFound("run_not_found", "There is no such run in this workspace.")


async def resolved_rule(connection: Connection, caller: Caller, rule_id: UUID) -> UUID:
    """Deleted automations count: their runs stay readable."""
    found: UUID | None = await connection.fetchval(
        "SELECT id FROM automation_rules WHERE id = $1 AND workspace_id = $2",
        await legacy.resolve(connection, "automation_rules", rule_id),
        caller.workspace_id,
    )
    if found is None:
        raise NotFound("automation_not_found", "There is no such automation in this workspace.")
    return found


def conditions(caller: Caller, wanted: Wanted, rule_id: UUID | None, before: UUID | None) -> tuple[str, list[object]]:
    """The WHERE of a filter over `automation_logs l` and its values.

    Ids carry the time (UUIDv7), so a time filter is a range of ids and reads only the partitions of that time.
    """
    values: list[object] = [caller.workspace_id]
    parts = ["l.workspace_id = $1"]

    def add(part: str, value: object) -> None:
        if value is not None:
            values.append(value)
            parts.append(part % {"n": len(values)})

    add("l.rule_id = $%(n)d", rule_id)
    add("l.status = $%(n)d", wanted.status)
    add("l.trigger_type = $%(n)d", wanted.trigger_type)
    add("l.id >= $%(n)d", wanted.since and first_id_at(wanted.since))
    add("l.id < $%(n)d", wanted.until and first_id_at(wanted.until))
    add("l.id < $%(n)d", before)
    add("l.id = ANY ($%(n)d)", wanted.ids)
    add("l.replay_of = $%(n)d", wanted.replay_of)
    add("l.replay_id = $%(n)d", wanted.replay_id)
    add("l.root_id = $%(n)d AND l.parent_id IS NOT NULL", wanted.chain_of)
    add(_MATCHES, wanted.text and _pattern(wanted.text))
    return " AND ".join(parts), values


def _pattern(text: str) -> str:
    """For ILIKE over the text of JSON: as it is written inside a JSON string, with nothing special in it."""
    inside = jsontext.dump_text(text)[1:-1]
    return "%" + inside.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
