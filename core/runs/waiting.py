"""Why a run waits, in words: for every run that is queued or waiting, and what holds it.

The answer is `{"code", "reason", "link", "until"}`; that of a waiting run also has `steps`, those that wait. Codes:

    overlap     a run of the same automation and key goes first
    plan_limit  the workspace runs as many runs as its plan lets it
    worker      no worker has reported for a while
    lane        of an isolated lane: the pool, its worker or Prefect is to start its job
    queue       other runs of the workspace stand before it
    starting    nothing does: a worker is taking it
    time        it goes on at `until`
    approval    people are asked
    doubt       people are asked whether a step had its effect
    run         a run of another automation is to end first
    event       something else is to wake it
    credits     the workspace has no credits or runs of the month left
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from blocks import wait_words
from blocks.values import Json, JsonObject
from blocks.words import Language
from core.approvals.words import REASONS, told
from core.db import Connection
from core.sentences import from_kept, in_language

SILENT_S: Final = 30  # seconds without a sign of life
MOST_COUNTED: Final = 200  # runs in front; more are not counted

_REASONS: Final[Mapping[str, Mapping[Language, str]]] = {
    "overlap": {
        "en": "Run {other} of this automation with the same key is {other_state} and goes first.",
        "fr": "L’exécution {other} de cette automatisation avec la même clé est {other_state} et passe d’abord.",
    },
    "overlap_many": {
        "en": "Run {other} of this automation with the same key is {other_state} and goes first, then {count} more.",
        "fr": "L’exécution {other} de cette automatisation avec la même clé est {other_state} et passe d’abord, puis"
        " {count} de plus.",
    },
    "plan_limit": {
        "en": "The workspace runs {count} of the {count} runs that its plan {plan} lets it run at the same time.",
        "fr": "L’espace de travail exécute déjà les {count} exécutions simultanées que permet son offre {plan}.",
    },
    "worker": {
        "en": "No worker has reported for {seconds} s, so nothing is started: ask the operator of this installation to"
        " start one.",
        "fr": "Aucun worker ne s’est signalé depuis {seconds} s, donc rien ne démarre : demandez à l’opérateur de cette"
        " installation d’en démarrer un.",
    },
    "queue": {
        "en": "{count} runs of this workspace stand before it.",
        "fr": "{count} exécutions de cet espace de travail passent avant elle.",
    },
    "queue_one": {
        "en": "One run of this workspace stands before it.",
        "fr": "Une exécution de cet espace de travail passe avant elle.",
    },
    "credits": {
        "en": "The workspace has too few credits left, or has had its runs of this month: it starts after the next"
        " grant, at {until}, or with another plan.",
        "fr": "L’espace de travail n’a plus assez de crédits, ou a épuisé ses exécutions du mois : elle démarre après"
        " le prochain crédit, le {until}, ou avec une autre offre.",
    },
    "starting": {"en": "It is being started.", "fr": "Elle est en train de démarrer."},
    "time": {"en": "It goes on at {until}.", "fr": "Elle continue le {until}."},
    "event": {"en": "Waits.", "fr": "En attente."},
}
_STATES: Final[Mapping[str, Mapping[Language, str]]] = {
    "queued": {"en": "queued", "fr": "en file"},
    "running": {"en": "running", "fr": "en cours"},
    "waiting": {"en": "waiting", "fr": "en attente"},
}
_TAKEN: Final = frozenset({"queue", "starting"})  # what a warm worker would do next: of isolated lanes a job does it
_MORE: Final[Mapping[Language, str]] = {"en": "more than {count}", "fr": "plus de {count}"}

# Of one workspace: what it runs and may run, and whether anybody works.
_WORKSPACE = """
SELECT p.name AS plan, p.max_running, busy.count AS running, busy.example,
    EXISTS (SELECT FROM workers WHERE seen_at > now() - $2 * interval '1 second') AS worked
FROM (SELECT count(*), min(run_id::text)::uuid AS example FROM run_queue
      WHERE state = 'running' AND workspace_id = $1) busy
LEFT JOIN workspaces w ON w.id = $1 LEFT JOIN plans p ON p.name = w.plan
"""
_QUEUED = """
SELECT q.run_id, q.state, q.state = 'blocked' AND q.concurrency_key IS NULL AS unpaid,
    (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC' AS next_month,
    q.available_at, q.available_at > now() AS later, holder.run_id AS other,
    holder.state AS other_state, CASE q.state
    WHEN 'blocked' THEN (SELECT count(*) FROM (
        SELECT FROM run_queue b WHERE b.rule_id = q.rule_id AND b.concurrency_key = q.concurrency_key
            AND b.state = 'blocked' AND b.run_id < q.run_id LIMIT $2 + 1) before)
    ELSE (SELECT count(*) FROM (
        SELECT FROM run_queue b WHERE b.state = 'queued' AND b.lane = q.lane AND b.workspace_id = q.workspace_id
            AND b.priority >= q.priority AND (b.priority > q.priority OR b.run_id < q.run_id)
            AND b.available_at <= now() LIMIT $2 + 1) before)
    END AS ahead
FROM run_queue q LEFT JOIN LATERAL (
    SELECT a.run_id, a.state FROM run_queue a
    WHERE q.state = 'blocked' AND a.rule_id = q.rule_id AND a.concurrency_key = q.concurrency_key
        AND a.concurrency_key IS NOT NULL AND a.state IN ('queued', 'running', 'waiting')
    ORDER BY a.run_id LIMIT 1) holder ON true
WHERE q.run_id = ANY ($1) AND q.state IN ('queued', 'blocked')
"""
_STEPS = """
SELECT log_id, action_type, status, wait FROM automation_action_logs
WHERE log_id = ANY ($1) AND status IN ('waiting', 'unknown') AND wait IS NOT NULL
ORDER BY log_id, wait->>'until' NULLS LAST, seq
"""
_BY_ACTION: Final[Mapping[str, str]] = {"approval": "approval", "automation": "run", "delay": "time"}
_ASKED: Final = frozenset({"approval", "doubt"})  # their questions stand in the inbox
_BY_QUESTION: Final[Mapping[str, str]] = {"approval": "approval", "gate": "approval", "doubt": "doubt"}


@dataclass(frozen=True, slots=True)
class Held:
    """A run as history knows it. `stored` is what was written when it began to wait: by its worker, or of a job that
    is to be started."""

    id: UUID
    status: str
    stored: Json


async def reasons(
    connection: Connection, workspace_id: UUID, runs: Sequence[Held], language: Language = "en"
) -> dict[UUID, JsonObject]:
    """What each queued or waiting run of a workspace waits for; others are left out."""
    found: dict[UUID, JsonObject] = {}
    queued = {run.id: run.stored for run in runs if run.status == "queued"}
    if queued:
        workspace = await connection.fetchrow(_WORKSPACE, workspace_id, SILENT_S)
        for row in await connection.fetch(_QUEUED, list(queued), MOST_COUNTED):
            unpaid = row["unpaid"] and _reason("credits", language, until=row["next_month"])
            said = unpaid or _queued(row, workspace, language)
            stored = queued[row["run_id"]]
            of_lane = _of_lane(stored, language) if said["code"] in _TAKEN else None
            found[row["run_id"]] = of_lane or said
    waiting = {run.id: run.stored for run in runs if run.status == "waiting"}
    if waiting:
        first: dict[UUID, asyncpg.Record] = {}
        for row in await connection.fetch(_STEPS, list(waiting)):
            first.setdefault(row["log_id"], row)
        for run_id, stored in waiting.items():
            found[run_id] = _of_lane(stored, language) or _waiting(run_id, stored, first.get(run_id), language)
    return found


def _queued(row: asyncpg.Record, workspace: asyncpg.Record | None, language: Language) -> JsonObject:
    if row["later"]:
        return _reason("time", language, until=row["available_at"])
    if workspace is not None and not workspace["worked"]:
        return _reason("worker", language, seconds=SILENT_S)
    if row["other"] is not None:
        state = _STATES[row["other_state"]][language]
        words = "overlap_many" if row["ahead"] else "overlap"
        return _reason(
            "overlap", language, words, run=row["other"], other=row["other"], other_state=state,
            count=_counted(row["ahead"], language),
        )  # fmt: skip
    if workspace is not None and workspace["max_running"] and workspace["running"] >= workspace["max_running"]:
        return _reason(
            "plan_limit", language, run=workspace["example"], count=workspace["max_running"], plan=workspace["plan"]
        )
    if row["ahead"] and row["state"] == "queued":
        words = "queue_one" if row["ahead"] == 1 else "queue"
        return _reason("queue", language, words, count=_counted(row["ahead"], language))
    return _reason("starting", language)


def _of_lane(stored: Json, language: Language) -> JsonObject | None:
    """What whoever asks for its job found last, also of a run that waited and is to go on; None in the lane warm."""
    if not isinstance(stored, dict) or stored.get("code") != "lane":
        return None
    reason = stored.get("reason")
    if language != "en":
        with suppress(LookupError, ValueError):  # of another version: it stays in English
            reason = from_kept(stored["kept"], language)
    return {"code": "lane", "reason": reason, "link": None, "until": None}


def _counted(number: int, language: Language) -> str:
    return str(number) if number <= MOST_COUNTED else _MORE[language].format(count=MOST_COUNTED)


def _reason(
    code: str,
    language: Language,
    words: str | None = None,
    *,
    run: UUID | None = None,
    until: datetime | None = None,
    **blanks: object,
) -> JsonObject:
    moment = None if until is None else f"{until:%Y-%m-%d %H:%M:%S} UTC"
    return {
        "code": code,
        "reason": _REASONS[words or code][language].format(until=moment, **blanks),
        "link": None if run is None else f"/automations/logs/{run}",
        "until": None if until is None else until.isoformat(),
    }


def _waiting(run_id: UUID, stored: Json, step: asyncpg.Record | None, language: Language) -> JsonObject:
    """What its worker wrote, with a code and a link, which follow from the step that goes on first."""
    said = dict(stored) if isinstance(stored, dict) else {}
    wait: JsonObject = step["wait"] if step is not None and isinstance(step["wait"], dict) else {}
    called = _called(wait)
    code = said.get("code") or _code(step, wait, called)
    holder = f"/automations/logs/{called}" if called else f"/approvals?run_id={run_id}" if code in _ASKED else None
    return {
        **said,
        "code": code,
        "reason": _told(step, wait, said.get("count"), language)
        or said.get("reason")
        or wait.get("reason")
        or _REASONS["event"][language],
        "link": said.get("link") or holder,
        "until": said.get("until"),
    }


def _told(step: asyncpg.Record | None, wait: JsonObject, count: Json, language: Language) -> str | None:
    """What the step waits for and how many wait beside it, in another language than English, which is stored. None
    where what is recorded does not tell it: an action's own words, or an older record."""
    if language == "en" or step is None or (reason := _recorded(step, wait, language)) is None:
        return None
    others = count - 1 if isinstance(count, int) else 0
    return in_language(wait_words.beside(reason, others), language)


def _recorded(step: asyncpg.Record, wait: JsonObject, language: Language) -> str | None:
    ask, details, until = wait.get("ask"), wait.get("details"), wait.get("until")
    if isinstance(ask, dict) and ask.get("code") is not None:
        return told(REASONS, ask["code"], ask.get("args"), "", language) or None
    if isinstance(ask, dict) and ask.get("kind") == "approval":
        return wait_words.approval(str(ask.get("message")))
    called = details.get("called") if isinstance(details, dict) else None
    if isinstance(called, dict):
        return wait_words.run(str(called.get("automation")))
    if step["action_type"] == "delay" and isinstance(until, str):
        return wait_words.until(datetime.fromisoformat(until))
    return None


def _code(step: asyncpg.Record | None, wait: JsonObject, called: str | None) -> str:
    ask = wait.get("ask")
    if isinstance(ask, dict) and ask.get("kind") in _BY_QUESTION:
        return _BY_QUESTION[str(ask["kind"])]
    if step is not None and step["status"] == "unknown":
        return "doubt"
    if called is not None:
        return "run"
    if step is not None and step["action_type"] in _BY_ACTION:
        return _BY_ACTION[step["action_type"]]
    return "time" if wait.get("until") else "event"


def _called(wait: JsonObject) -> str | None:
    """The run of another automation that a step waits for."""
    details = wait.get("details")
    called = details.get("called") if isinstance(details, dict) else None
    run_id = called.get("run_id") if isinstance(called, dict) else None
    return run_id if isinstance(run_id, str) else None
