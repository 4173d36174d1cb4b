"""What happened to an agent, and the automations that start for it: one transaction."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from blocks.triggers.agent_event import AgentEventConfig, EventType
from blocks.values import Json, JsonObject
from core import idempotency, jsontext
from core.automations import subscribers
from core.caller import Caller
from core.clock import Clock, now
from core.credits import limits as plan_limits
from core.db import Connection, Database
from core.idempotency import Once
from core.ids import new_id
from core.runs import breaker
from core.runs.accept import accept
from core.runs.breaker import DEFAULT, Limits
from core.runs.queue import ClaimedRun

KIND: Final = "agent_event"

_ADD = """
INSERT INTO agent_events (id, workspace_id, type, agent, content, data, runs, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


@dataclass(frozen=True, slots=True)
class Event:
    """`agent` is the slug or id of the agent it happened to, `content` what was said, `data` whatever else belongs."""

    type: EventType
    agent: str | None
    content: str | None
    data: Json


@dataclass(frozen=True, slots=True)
class Emitted:
    """`runs`: (automation, run) for each automation that started."""

    event_id: UUID
    runs: list[tuple[UUID, UUID]]


class AgentEvents:
    """The service of one process."""

    def __init__(self, db: Database, *, limits: Limits = DEFAULT, clock: Clock = now) -> None:
        self._db = db
        self._limits = limits
        self._clock = clock

    async def emit(self, caller: Caller, event: Event, once: Once | None) -> Emitted:
        """Take in an event from outside. Raises `Forbidden`, `TooLarge`, and what `core.idempotency.once` raises."""
        caller.require("editor")
        async with self._db.transaction() as connection:
            await plan_limits.require_payload(connection, caller.workspace_id, [event.content, event.data])

            async def work() -> JsonObject:
                emitted = await self.record(connection, caller.workspace_id, event)
                runs: list[Json] = [[str(rule_id), str(run_id)] for rule_id, run_id in emitted.runs]
                return {"event_id": str(emitted.event_id), "runs": runs}

            answer, _ = await idempotency.once(connection, once, 202, work)
        runs = answer["runs"] if isinstance(answer["runs"], list) else []
        pairs = [each for each in runs if isinstance(each, list)]
        return Emitted(UUID(str(answer["event_id"])), [(UUID(str(rule)), UUID(str(run))) for rule, run in pairs])

    async def record(
        self, connection: Connection, workspace_id: UUID, event: Event, cause: ClaimedRun | None = None
    ) -> Emitted:
        """As `record` below, with the limits and the clock of this service."""
        return await record(connection, workspace_id, event, cause, limits=self._limits, clock=self._clock)


async def record(
    connection: Connection, workspace_id: UUID, event: Event, cause: ClaimedRun | None = None, *,
    limits: Limits = DEFAULT, clock: Clock = now,
) -> Emitted:  # fmt: skip
    """Keep the event and accept a run of each automation that wants it, in the transaction of `connection`. One that
    was started too often is paused instead (core/runs/breaker.py). `cause` is the run that it happened in."""
    event_id, moment = new_id(), clock()
    data: JsonObject = {
        "id": str(event_id),
        "type": event.type,
        "agent": event.agent,
        "content": event.content,
        "data": event.data,
        "received_at": moment.isoformat(),
    }
    text = _text(event)
    runs: list[tuple[UUID, UUID]] = []
    listening = await subscribers.of_kind(connection, workspace_id, KIND)
    for each in sorted(listening, key=lambda one: one.rule_id):  # everybody in one order, as the breaker asks
        if AgentEventConfig.model_validate(each.config).wants(event.type, event.agent, text):
            run = each.run(workspace_id, KIND, data)
            if cause is not None:
                run = replace(run, root_id=cause.root_id, parent_id=cause.id, depth=cause.depth + 1)
            if await breaker.check(connection, run, limits) is None:
                runs.append((each.rule_id, (await accept(connection, run)).run_id))
    await connection.execute(
        _ADD, event_id, workspace_id, event.type, event.agent, event.content, event.data, len(runs), moment
    )
    return Emitted(event_id, runs)


def _text(event: Event) -> str:
    """Where keywords and patterns are looked for: the content; without one, the data as JSON."""
    if event.content is not None:
        return event.content
    return "" if event.data is None else jsontext.dump_text(event.data)
