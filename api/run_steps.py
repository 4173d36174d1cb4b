"""A large run in parts: one step with its values, the items of its loops, and what it runs."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.language import LanguageDep
from api.logs import STEP_EXAMPLE, StepRunView
from api.paging import DEFAULT, Cursor, Limit, item_cursor
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.runs.history import Previews, StepRun

router = APIRouter(prefix="/api", tags=["history"], route_class=StrictRoute)

_RUN: Final = "/automations/logs/{log_id:uuid}"
_ITEM_EXAMPLE: Final[JsonDict] = {**STEP_EXAMPLE, "iteration": "3", "input": None, "output": None}
_RAN_EXAMPLE: Final[JsonDict] = {
    "version": 3,
    "draft": False,
    "definition": {"name": "Lead to CRM", "trigger_type": "webhook", "actions": []},
    "sentence": "When a webhook arrives, send a POST to crm.example.com.",
    "step_sentences": {"send": "send a POST to crm.example.com"},
}
LogId = Annotated[UUID, Path(description="id of a run")]
StepStatus = Literal["pending", "running", "success", "failed", "skipped", "waiting", "unknown"]


class CountView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    step_id: str
    status: StepStatus
    count: int


class ItemsView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [_ITEM_EXAMPLE],
                "next_cursor": None,
                "counts": [{"step_id": "score", "status": "success", "count": 12}],
            }
        }
    )

    items: list[StepRunView] = Field(description="without input and output")
    next_cursor: str | None
    counts: list[CountView] = Field(description="of every step inside loops, whatever is asked for; on the first page")

    @classmethod
    def of(cls, rows: list[StepRun], limit: int, counts: list[CountView]) -> Self:
        last = rows[limit - 1] if len(rows) > limit else None
        return cls(
            items=[StepRunView.model_validate(row) for row in rows[:limit]],
            next_cursor=f"{last.iteration}_{last.seq}" if last else None,
            counts=counts,
        )


class RanView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _RAN_EXAMPLE})

    version: int = Field(description="0 of a draft")
    draft: bool
    definition: dict[str, JsonValue]
    sentence: str = Field(description="what it does, in the language of Accept-Language")
    step_sentences: dict[str, str] = Field(description="what each step does, by its id")


@router.get(f"{_RUN}/steps", summary="List the items of a run's loops", responses=documented(401, 404, 422))
async def items(
    *,
    log_id: LogId,
    caller: CallerDep,
    services: ServicesDep,
    step_id: Annotated[list[str] | None, Query(max_length=200, description="of these steps alone")] = None,
    status: StepStatus | None = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> ItemsView:
    """What ran inside loops, item by item."""
    after = item_cursor(cursor)
    rows = await services.steps.items(caller, log_id, step_id or [], status, after=after, limit=limit + 1)
    counted = [] if after else await services.steps.counted(caller, log_id)
    return ItemsView.of(rows, limit, [CountView.model_validate(each) for each in counted])


@router.get(f"{_RUN}/steps/{{step_run_id:uuid}}", summary="Show a step of a run", responses=documented(401, 404, 422))
async def step(
    log_id: LogId,
    step_run_id: Annotated[UUID, Path(description="`id` of one of `action_logs`")],
    caller: CallerDep,
    services: ServicesDep,
    full: Annotated[bool, Query(description="large values whole instead of by their beginning")] = False,
) -> StepRunView:
    """With its input and output. A value over 64 KiB is shown by its beginning, unless `full`."""
    view = StepRunView.model_validate(await services.steps.one(caller, log_id, step_run_id))
    previews = Previews(whole=full)
    view.input, view.output = previews.of(view.input), previews.of(view.output)
    return view


@router.get(f"{_RUN}/definition", summary="Show what a run runs", responses=documented(401, 404, 422))
async def definition(log_id: LogId, caller: CallerDep, services: ServicesDep, language: LanguageDep) -> RanView:
    """The definition that the run is pinned to, also of a draft, or of an automation that was deleted since. 404
    `version_not_kept` where it is gone."""
    ran = await services.steps.definition(caller, log_id)
    words = services.narrator.tell(ran.definition, language)
    return RanView(
        version=ran.version,
        draft=ran.draft,
        definition=dict(ran.definition),
        sentence=words.sentence,
        step_sentences=dict(words.steps),
    )
