"""Asking an agent now, whole or as it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api import problems
from api.agent_views import AgentRef
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.problems import documented
from api.services import Services, ServicesDep
from api.strict import StrictRoute
from blocks.values import Json, JsonObject
from core import jsontext
from core.agents.asking import Question
from core.caller import Caller
from core.errors import (
    Conflict,
    Invalid,
    NotFound,
    OthersFailed,
    OthersSlow,
    PaymentRequired,
    Unavailable,
    VutlerError,
)
from core.idempotency import Once
from core.ids import new_id
from core.runs.events import RunEnd

router = APIRouter(prefix="/api", tags=["agents"], route_class=StrictRoute)

LONGEST_WAIT_S: Final = 330.0
_KEEP_ALIVE_S: Final = 10.0
_LOOK_S: Final = 2.0
_EXAMPLE: Final[dict[str, Any]] = {
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "status": "success",
    "agent": {"id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02", "slug": "code_bot", "name": "code_bot"},
    "output": "def add(a, b): return a + b",
    "usage": {"requests": 1, "tool_calls": 0, "tokens_in": 61, "tokens_out": 17},
    "cost_usd": 0.00005,
    "model": "gpt-5-mini",
}
_STREAM_EXAMPLE: Final = """\
event: run
data: {"run_id":"0199c2a4-..."}

event: text
data: {"text":"def add"}

event: done
data: {"run_id":"0199c2a4-...","status":"success","output":"def add(a, b): return a + b","usage":{...}}

"""


class ExecuteBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"prompt": "Write a function that adds", "context": {"language": "Python"}}},
    )

    prompt: str = Field(min_length=1, max_length=200_000)
    context: JsonValue = Field(default=None, description="data that goes with the prompt")
    output_schema: dict[str, JsonValue] | None = Field(
        default=None, description="JSON Schema of an object: `output` is then a value of this shape"
    )
    conversation: str | None = Field(
        default=None, min_length=1, max_length=500, description="name of a thread that this goes on with"
    )
    stream: bool = Field(default=False, description="answer as Server-Sent Events while it comes")

    def question(self) -> Question:
        return Question(self.prompt, self.context, self.output_schema, self.conversation, self.stream)


class ExecutedView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    run_id: UUID
    status: str = Field(description="success; or waiting_approval, when a person has to answer first")
    agent: dict[str, JsonValue] | None
    output: JsonValue = Field(description="the text, or the value where a schema asked for one")
    usage: dict[str, JsonValue] | None = Field(description="requests, tool_calls, tokens_in, tokens_out")
    cost_usd: float | None = Field(description="by the public price lists; null where they do not know the model")
    model: str | None


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The answer; with `stream` as events `run`, `text`, `tool`, then `done` or `error`.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _STREAM_EXAMPLE}},
    },
    202: {"model": ExecutedView, "description": "It goes on: a person has to approve something, or it takes long."},
    **documented(401, 402, 403, 404, 409, 413, 422, 429, 502, 504),
}


@router.post("/agents/{agent}/execute", summary="Ask an agent", response_model=ExecutedView, responses=_RESPONSES)
async def execute(
    agent: AgentRef, body: ExecuteBody, caller: CallerDep, services: ServicesDep, once: OnceDep
) -> Response:
    """Asks the persona now, whatever its automation does, as a run with the trigger type `api`.

    Each failure has a code of its own: 409 `no_model_provider`, 402 `agent_budget`, 502 `model_failed`,
    `model_refused`, `model_unauthorized`, `model_answer_invalid`, 503 `model_rate_limited`, 504 `model_timeout` ...
    """
    return await _execute(services, caller, agent, body, once)


@router.post(
    "/agents/run/{agent_name}", summary="Ask an agent by its name", response_model=ExecutedView, responses=_RESPONSES
)
async def execute_by_name(
    *,
    agent_name: str = Path(min_length=1, max_length=200, description="slug or name of an agent"),
    body: ExecuteBody,
    caller: CallerDep,
    services: ServicesDep,
    once: OnceDep,
) -> Response:
    """The same, by name; 409 `agent_ambiguous` where several have it."""
    found = await services.agents.called(caller, agent_name)
    return await _execute(services, caller, str(found.id), body, once)


async def _execute(services: Services, caller: Caller, agent: str, body: ExecuteBody, once: Once | None) -> Response:
    if body.stream:
        events = _events(services, caller, agent, body.question(), once)
        first = await anext(events)  # what refuses the question is answered with its status
        return StreamingResponse(
            _after(first, events), media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )  # fmt: skip
    run_id = await services.asking.ask(caller, agent, body.question(), once)
    end = await _end(services, caller, run_id)
    if end is None:
        return _json(ExecutedView.model_validate(await _unfinished(services, caller, run_id)), 202)
    if end.status != "success":
        raise failure(end)
    return _json(executed(run_id, end), 200)


def _json(view: ExecutedView, status: int) -> Response:
    return Response(jsontext.dump(view.model_dump(mode="json")), status, media_type="application/json")


async def _end(services: Services, caller: Caller, run_id: UUID) -> RunEnd | None:
    """The end; None when it waits for a person, or takes very long."""
    waiting = asyncio.create_task(services.feed.wait_end(run_id, LONGEST_WAIT_S))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=_LOOK_S)
            if done:
                return waiting.result()
            run = await services.history.run(caller, run_id)
            if run.status == "waiting":
                return None
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting


async def _unfinished(services: Services, caller: Caller, run_id: UUID) -> JsonObject:
    run = await services.history.run(caller, run_id)
    status = "waiting_approval" if run.status == "waiting" else "running"
    return {
        "run_id": str(run_id), "status": status, "agent": None, "output": None, "usage": None, "cost_usd": None,
        "model": None,
    }  # fmt: skip


def executed(run_id: UUID, end: RunEnd) -> ExecutedView:
    """What the run of a question gave."""
    told = dict(end.output) if isinstance(end.output, dict) else {}
    about = {name: told.pop(name, None) for name in ("usage", "cost_usd", "model", "agent")}
    output: Json = told["text"] if told.keys() == {"text"} else told
    return ExecutedView.model_validate({"run_id": run_id, "status": end.status, "output": output, **about})


def failure(end: RunEnd) -> VutlerError:  # noqa: PLR0911 - one for each
    """The problem that stands for a run that failed."""
    code, why = end.error_code or "agent_failed", end.error or f"The run was {end.status}."
    match code:
        case "agent_not_found" | "connection_not_found":
            return NotFound(code, why)
        case (
            "no_model_provider"
            | "no_model"
            | "agent_disabled"
            | "cancelled"
            | "connection_not_allowed"
            | "turn_changed"
        ):
            return Conflict(code, why)
        case "agent_budget" | "credits_exhausted":
            return PaymentRequired(code, why)
        case "agent_limit" | "model_context_too_long" | "model_rejected" | "model_answer_cut" | "invalid_input":
            return Invalid(code, why)
        case "model_rate_limited" | "model_overloaded":
            return Unavailable(code, why, after=30)
        case "model_timeout" | "step_timeout" | "run_timeout":
            return OthersSlow(code, why)
    return OthersFailed(code, why)


# the stream -----------------------------------------------------------------------------------------------------------


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for event in rest:
        yield event


async def _events(
    services: Services, caller: Caller, agent: str, question: Question, once: Once | None
) -> AsyncIterator[bytes]:
    run_id = new_id()
    with services.feed.subscribe(run_id) as subscription:
        accepted = await services.asking.ask(caller, agent, question, once, run_id)
        yield _event("run", {"run_id": str(accepted)})
        ending = asyncio.create_task(_end(services, caller, accepted))
        try:
            while not ending.done():
                notices = asyncio.create_task(subscription.changes(_KEEP_ALIVE_S))
                await asyncio.wait({ending, notices}, return_when=asyncio.FIRST_COMPLETED)
                if not notices.done():
                    notices.cancel()
                    with suppress(asyncio.CancelledError):
                        await notices
                    break
                came = notices.result()
                for notice in came:
                    if notice.get("live"):
                        yield _event(str(notice["kind"]), {k: v for k, v in notice.items() if k in ("text", "tool")})
                if not came:
                    yield b": keep-alive\n\n"
            end = await ending
        finally:
            ending.cancel()
            with suppress(asyncio.CancelledError):
                await ending
    if end is None:
        yield _event("done", await _unfinished(services, caller, accepted))
    elif end.status == "success":
        yield _event("done", executed(accepted, end).model_dump(mode="json"))
    else:
        yield _event("error", jsontext.load(bytes(problems.answer(failure(end)).body)))


def _event(kind: str, data: object) -> bytes:
    return f"event: {kind}\ndata: ".encode() + jsontext.dump(data) + b"\n\n"
