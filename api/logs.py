"""History: runs, their steps, their log lines; stopping one."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.language import LanguageDep
from api.paging import DEFAULT, Cursor, Limit, id_cursor, number_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.words import Language
from core.runs.history import Line, Previews, Run, RunFacts, StepRun, Wanted
from core.runs.queue import request_cancel

router = APIRouter(prefix="/api", tags=["history"], route_class=StrictRoute)

Status = Literal["queued", "running", "waiting", "success", "failed", "cancelled", "skipped"]

_RUN_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "automation_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02",
    "automation_name": "Lead -> landing page",
    "status": "success",
    "trigger_type": "webhook",
    "version": 3,
    "draft": False,
    "created_at": "2026-11-20T09:00:00.000Z",
    "started_at": "2026-11-20T09:00:00.008Z",
    "completed_at": "2026-11-20T09:00:00.950Z",
    "duration_ms": 942,
    "due_at": None,
    "triggered_by": None,
    "error": None,
    "error_code": None,
    "error_step": None,
    "waiting_for": None,
    "credits": 2,
    "seq": 9,
}
_WAITING_EXAMPLE: Final[JsonDict] = {
    "code": "overlap",
    "reason": "Run 0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b39 of this automation with the same key is running and goes"
    " first.",
    "link": "/automations/logs/0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b39",
    "until": None,
}
STEP_EXAMPLE: Final[JsonDict] = {
    "id": "0199c2a4-7a1e-7cc3-9f0e-44f1a6a3b7c8",
    "action_index": 0,
    "step_id": "score",
    "iteration": "",
    "action_type": "http",
    "agent_id": None,
    "status": "success",
    "input": {"method": "POST", "url": "https://example.org/score"},
    "output": {"status": 200, "headers": {}, "body": {"score": 82}},
    "duration_ms": 310,
    "error": None,
    "error_code": None,
    "attempt": 2,
    "attempts": [{"attempt": 1, "code": "http_status", "error": "The answer was 503."}],
    "effect": "unsafe",
    "started_at": "2026-11-20T09:00:00.010Z",
    "completed_at": "2026-11-20T09:00:00.320Z",
    "copied_from": None,
}
_LINE_EXAMPLE: Final[JsonDict] = {
    "seq": 4, "at": "2026-11-20T09:00:00.010Z", "level": "info", "step_id": "score", "text": "started, attempt 1",
}  # fmt: skip
_DETAIL_EXAMPLE: Final[JsonDict] = {
    **_RUN_EXAMPLE,
    "trigger_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a03",
    "trigger_data": {"lead": {"name": "Ada", "budget": 1200}},
    "trigger_context": {"headers": {"content-type": "application/json"}, "query": {}},
    "delivery_id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "output": {"score": 82},
    "root_id": _RUN_EXAMPLE["id"],
    "parent_id": None,
    "depth": 1,
    "replay_of": None,
    "replay_id": None,
    "prefect_run_id": _RUN_EXAMPLE["id"],
    "prefect_url": f"http://127.0.0.1:4200/runs/flow-run/{_RUN_EXAMPLE['id']}",
    "action_logs": [STEP_EXAMPLE],
}


class WaitingView(BaseModel):
    model_config = ConfigDict(extra="allow", json_schema_extra={"example": _WAITING_EXAMPLE})

    code: str = Field(
        description="overlap, plan_limit, worker, lane, queue, starting, time, approval, doubt, run, credits or event"
    )
    reason: str = Field(description="in words, a full sentence")
    link: str | None = Field(description="the page of what holds it")
    until: datetime | None = Field(description="when it goes on by itself")


class RunView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _RUN_EXAMPLE})

    id: UUID
    automation_id: UUID
    automation_name: str
    status: Status
    trigger_type: str
    version: int = Field(description="of the automation, which the run is pinned to; 0 of a draft")
    draft: bool = Field(description="it runs the draft as it was when the run was replayed on it")
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None
    due_at: datetime | None
    triggered_by: str | None
    error: str | None
    error_code: str | None
    error_step: str | None
    waiting_for: WaitingView | None = Field(
        description="what a queued or waiting run waits for; of a waiting one also `steps`, those that wait, and their"
        " `count`"
    )
    credits: int | None = Field(
        description="what it spent; while it is under way, what is reserved; null where the plan counts none"
    )
    seq: int = Field(description="number of its newest recorded change, as in the stream")


class StepRunView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": STEP_EXAMPLE})

    id: UUID
    action_index: int
    step_id: str
    iteration: str = Field(description='place in a loop, such as "3" or "3.1"')
    action_type: str
    agent_id: str | None
    status: Literal["pending", "running", "success", "failed", "skipped", "waiting", "unknown"]
    input: JsonValue
    output: JsonValue
    duration_ms: int | None
    error: str | None
    error_code: str | None
    attempt: int
    attempts: JsonValue = Field(description="the failed ones before")
    effect: str
    started_at: datetime | None
    completed_at: datetime | None
    copied_from: UUID | None = Field(
        description="in a replay: the step was not run; this is the id of the step run whose result was used"
    )


class RunDetailView(RunView):
    model_config = ConfigDict(json_schema_extra={"example": _DETAIL_EXAMPLE})

    trigger_id: UUID | None
    trigger_data: JsonValue
    trigger_context: JsonValue
    delivery_id: UUID | None
    output: JsonValue
    root_id: UUID
    parent_id: UUID | None
    depth: int
    replay_of: UUID | None = Field(description="the run that this one replays")
    replay_id: UUID | None = Field(description="of the request that replayed many runs, this one among them")
    prefect_run_id: UUID
    prefect_url: str = Field(description="this run in the Prefect UI, for operators")
    action_logs: list[StepRunView]

    @classmethod
    def of(cls, run: Run, facts: RunFacts, steps: list[StepRun], *, prefect_ui: str, full: bool) -> Self:
        """The run as it is shown: large values by their beginning, unless `full`."""
        previews = Previews(whole=full)
        shown = {name: getattr(facts, name) for name in RunFacts.__dataclass_fields__}
        shown.pop("legacy_id")
        shown["trigger_data"] = previews.of(facts.trigger_data)
        shown["output"] = previews.of(facts.output)
        action_logs = [StepRunView.model_validate(step) for step in steps]
        for each in action_logs:
            each.input, each.output = previews.of(each.input), previews.of(each.output)
        return cls(
            **RunView.model_validate(run).model_dump(),
            **shown,
            prefect_url=f"{prefect_ui}/runs/flow-run/{facts.prefect_run_id}",
            action_logs=action_logs,
        )


class RunsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_RUN_EXAMPLE], "next_cursor": None}})

    items: list[RunView]
    next_cursor: str | None


class LineView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _LINE_EXAMPLE})

    seq: int
    at: datetime
    level: str
    step_id: str | None
    text: str

    @classmethod
    def of(cls, line: Line) -> Self:
        return cls.model_validate(line)


class LinesView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_LINE_EXAMPLE], "next_cursor": None}})

    items: list[LineView]
    next_cursor: str | None


class CancelView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"run_id": _RUN_EXAMPLE["id"], "status": "cancelling"}})

    run_id: UUID
    status: Literal["cancelled", "cancelling"] = Field(description="over at once, or its worker was told to stop it")


@router.get("/automations/logs", summary="List runs", responses=documented(401, 404, 422))
async def runs(
    *,
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    automation_id: UUID | None = None,
    status: Status | None = None,
    trigger_type: Annotated[str | None, Query(max_length=40)] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="made at or after")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="made before")] = None,
    q: Annotated[str | None, Query(max_length=200, description="text in inputs, outputs and errors")] = None,
    replay_of: Annotated[UUID | None, Query(description="replays of this run")] = None,
    replay_id: Annotated[UUID | None, Query(description="what one request for many replays made")] = None,
    root_id: Annotated[UUID | None, Query(description="runs that this run began, itself or through others")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> RunsView:
    """The runs of the workspace, the newest first."""
    wanted = Wanted(
        automation_id, status, trigger_type, bounded(since), bounded(until), q or None,
        replay_of=replay_of, replay_id=replay_id, chain_of=root_id,
    )  # fmt: skip
    return await _page(services, caller, wanted, limit, cursor, language=language)


@router.get(
    "/automations/{automation_id:uuid}/logs", summary="List an automation's runs", responses=documented(401, 404, 422)
)
async def runs_of(
    automation_id: UUID,
    *,
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    status: Status | None = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> RunsView:
    """The runs of one automation, the newest first; those of a deleted one stay readable."""
    return await _page(services, caller, Wanted(automation_id, status), limit, cursor, language=language)


@router.get("/automations/logs/{log_id:uuid}", summary="Show a run", responses=documented(401, 404, 422))
async def run(
    *,
    log_id: UUID,
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    full: Annotated[bool, Query(description="large values whole instead of by their beginning")] = False,
    values: Annotated[bool, Query(description="false: steps without input and output")] = True,
    items: Annotated[bool, Query(description="false: without the steps inside loops")] = True,
) -> RunDetailView:
    """The run with each of its steps: input, output, duration, attempts, error.

    A value over 64 KiB is shown as `{"$preview": "<its beginning>", "size": <bytes>}`; one that is kept beside the run
    as `{"$blob": "<id>", ...}`, to be fetched from `/api/blobs/{id}`. A page that shows a large run leaves out `values`
    and `items`, and reads them from `.../steps` when somebody looks at them.
    """
    found, facts, steps = await services.history.detail(caller, log_id, language, values=values, items=items)
    prefect_ui = services.settings.prefect_url.removesuffix("/api")
    return RunDetailView.of(found, facts, steps, prefect_ui=prefect_ui, full=full)


@router.get(
    "/automations/logs/{log_id:uuid}/lines", summary="List a run's log lines", responses=documented(401, 404, 422)
)
async def lines(
    log_id: UUID, caller: CallerDep, services: ServicesDep, limit: Limit = DEFAULT, cursor: Cursor = None
) -> LinesView:
    """The log of the run, the oldest line first."""
    after = number_cursor(cursor)
    found = await services.history.run(caller, log_id)
    rows = await services.history.lines_after(found, after, limit + 1)
    return LinesView(
        items=[LineView.of(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].seq) if len(rows) > limit else None,
    )


@router.post(
    "/automations/logs/{log_id:uuid}/cancel",
    status_code=202,
    summary="Cancel a run",
    responses=documented(401, 403, 404, 409),
)
async def cancel(log_id: UUID, caller: CallerDep, services: ServicesDep) -> CancelView:
    """Stop a run. One that is being executed ends as `cancelled` within a second or so."""
    found = await services.history.run(caller, log_id)
    outcome = await request_cancel(services.db, caller, found.id)
    return CancelView.model_validate({"run_id": found.id, "status": outcome})


async def _page(
    services: ServicesDep, caller: CallerDep, wanted: Wanted, limit: int, cursor: str | None, *, language: Language
) -> RunsView:
    rows = await services.history.runs(caller, wanted, before=id_cursor(cursor), limit=limit + 1, language=language)
    return RunsView(
        items=[RunView.model_validate(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


def bounded(moment: datetime | None) -> datetime | None:
    """There are no ids before 1970."""
    return None if moment is None else max(moment, datetime(1970, 1, 1, tzinfo=UTC))
