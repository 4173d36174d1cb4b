"""Agent events from outside."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.caller import CallerDep
from api.idempotency import OnceDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.triggers.agent_event import EventType
from core.agent_events.service import Event

router = APIRouter(prefix="/api", tags=["events"], route_class=StrictRoute)

LONGEST_CONTENT: Final = 100_000  # characters


class EventBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "type": "agent.message.received",
                "agent": "sales_pro",
                "content": "Where is my invoice?",
                "data": {"customer": "c-17"},
            }
        },
    )

    type: EventType
    agent: str | None = Field(default=None, min_length=1, max_length=200, description="slug or id of the agent")
    content: str | None = Field(
        default=None, max_length=LONGEST_CONTENT, description="what was said; where keyword and regex are looked for"
    )
    data: JsonValue = Field(default=None, description="what else belongs to it; without content, it is looked through")


class StartedRun(BaseModel):
    automation_id: UUID
    run_id: UUID


class EmittedView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "event_id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
                "runs": [
                    {
                        "automation_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
                        "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
                    }
                ],
            }
        }
    )

    event_id: UUID
    runs: list[StartedRun] = Field(description="one for each automation whose trigger wants the event; may be none")


@router.post(
    "/events", status_code=202, summary="Tell of an agent event", responses=documented(401, 403, 409, 413, 422)
)
async def emit(body: EventBody, caller: CallerDep, services: ServicesDep, once: OnceDep) -> EmittedView:
    """Starts every automation of the workspace with a trigger `agent_event` that it meets. 202 means committed; the
    same `Idempotency-Key` within a day is answered with the first event and its runs."""
    event = Event(body.type, body.agent, body.content, body.data)
    emitted = await services.agent_events.emit(caller, event, once)
    return EmittedView(
        event_id=emitted.event_id,
        runs=[StartedRun(automation_id=rule_id, run_id=run_id) for rule_id, run_id in emitted.runs],
    )
