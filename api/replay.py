"""Replaying runs: one, or all that a filter gives."""

from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.automation_views import StartedView
from api.caller import CallerDep
from api.idempotency import OnceDep
from api.language import LanguageDep
from api.logs import Status, bounded
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.words import Language
from core.runs.history import Wanted
from core.runs.replay import Preview, Wish
from core.runs.replay_bulk import MOST, BulkPreview, Counted, NotReplayable
from core.runs.replay_plan import Again
from core.sentences import in_language

router = APIRouter(prefix="/api", tags=["history"], route_class=StrictRoute)

_RUN_ID: Final = "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a"
_RULE_ID: Final = "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02"
_REPLAY_ID: Final = "0199c2a4-7a1e-7cc3-9f0e-6d0e5b7f1c11"
_AGAIN: Final[JsonDict] = {"step_id": "invoice", "action_type": "http", "effect": "unsafe"}
_PLAN_EXAMPLE: Final[JsonDict] = {
    "run_id": _RUN_ID,
    "version": 4,
    "draft": False,
    "starts": ["invoice"],
    "runs_again": [_AGAIN, {"step_id": "note", "action_type": "transform", "effect": "pure"}],
    "recorded": ["read", "score"],
    "not_run": [],
    "effects": [_AGAIN],
    "warnings": ["These are different in this version, and their recorded results are used: score."],
}
_NOT_REPLAYABLE: Final[JsonDict] = {
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3b",
    "code": "run_not_ended",
    "reason": "This run is running: wait for its end or cancel it, then replay.",
}
_BULK_PLAN_EXAMPLE: Final[JsonDict] = {
    "runs": 12,
    "run_ids": [_RUN_ID],
    "not_replayable": [_NOT_REPLAYABLE],
    "effects": [{"automation_id": _RULE_ID, **_AGAIN, "count": 12}],
    "warnings": ["3 of these runs were replayed before."],
}
_BULK_STARTED_EXAMPLE: Final[JsonDict] = {
    "replay_id": _REPLAY_ID,
    "runs": 12,
    "runs_url": f"https://vutler.example.com/api/automations/logs?replay_id={_REPLAY_ID}",
}
_SHOWN: Final = 100

Version = Annotated[
    Literal["then", "live", "draft"],
    Field(description="then: the version the run had; live: the present one; draft: the draft as it is now"),
]
From = Annotated[
    str,
    Field(
        alias="from",
        min_length=1,
        max_length=60,
        description="`start`, `failed` (the step that failed; of a loop only the failed items) or the id of a step;"
        " `step:failed` is the step whose id is `failed`",
    ),
]


class ReplayBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"version": "live", "from": "invoice", "dry_run": True}}
    )

    version: Version = "then"
    start: From = "start"
    payload: JsonValue = Field(
        default=None,
        description="another `trigger.data`; left out, the run's own is used. With a step to start from, only the steps"
        " that run again see it.",
    )
    dry_run: bool = Field(default=False, description="only tell what would happen")

    def wish(self) -> Wish:
        return Wish(self.version, self.start, "payload" in self.model_fields_set, self.payload)


class AgainView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _AGAIN})

    step_id: str
    action_type: str
    effect: Literal["pure", "idempotent", "unsafe"] = Field(
        description="unsafe: it may happen a second time outside; as recorded, else as its configuration says"
    )

    @classmethod
    def of(cls, again: Again) -> Self:
        return cls.model_validate(again)


class PlanView(BaseModel):
    """What a replay would do, step by step in the order of the automation."""

    model_config = ConfigDict(json_schema_extra={"example": _PLAN_EXAMPLE})

    run_id: UUID = Field(description="the run that would be replayed")
    version: int = Field(description="that would run; 0 of the draft")
    draft: bool
    starts: list[str] = Field(description="where it would begin; empty: at the beginning")
    runs_again: list[AgainView]
    recorded: list[str] = Field(description="steps whose recorded results are used")
    not_run: list[str] = Field(description="steps on paths that the recorded results exclude")
    effects: list[AgainView] = Field(description="those of `runs_again` that touch the world")
    warnings: list[str] = Field(description="in the language of Accept-Language")

    @classmethod
    def of(cls, preview: Preview, language: Language) -> Self:
        planned = preview.planned
        return cls(
            run_id=planned.former.id,
            version=max(planned.version.number, 0),
            draft=planned.version.draft,
            starts=planned.plan.starts,
            runs_again=[AgainView.of(each) for each in planned.plan.again],
            recorded=planned.plan.kept,
            not_run=planned.plan.idle,
            effects=[AgainView.of(each) for each in planned.plan.effects],
            warnings=[in_language(each, language) for each in preview.warnings],
        )


class FilterBody(BaseModel):
    """Which runs, as in the list of runs; what is left out asks for nothing."""

    model_config = ConfigDict(extra="forbid")

    automation_id: UUID | None = None
    status: Status | None = None
    trigger_type: str | None = Field(default=None, max_length=40)
    since: AwareDatetime | None = Field(default=None, alias="from", description="made at or after")
    until: AwareDatetime | None = Field(default=None, alias="to", description="made before")
    q: str | None = Field(default=None, max_length=200, description="text in inputs, outputs and errors")
    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MOST)

    def wanted(self) -> Wanted:
        return Wanted(
            self.automation_id, self.status, self.trigger_type,
            self.since and bounded(self.since), self.until and bounded(self.until), self.q or None,
            ids=None if self.ids is None else tuple(self.ids),
        )  # fmt: skip


class BulkBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "filter": {"automation_id": _RULE_ID, "status": "failed", "from": "2026-11-20T00:00:00Z"},
                "version": "live",
                "from": "failed",
                "dry_run": False,
                "expected": 12,
            }
        },
    )

    filter: FilterBody
    version: Version = "then"
    start: From = "start"
    dry_run: bool = Field(default=True, description="only tell what would happen")
    expected: int | None = Field(default=None, ge=0, description="`runs` of the dry run; without it nothing starts")

    def wish(self) -> Wish:
        return Wish(self.version, self.start)


class NotReplayableView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _NOT_REPLAYABLE})

    run_id: UUID
    code: str
    reason: str = Field(description="in the language of Accept-Language")

    @classmethod
    def of(cls, left_out: NotReplayable, language: Language) -> Self:
        return cls(run_id=left_out.run_id, code=left_out.code, reason=in_language(left_out.reason, language))


class CountedView(AgainView):
    automation_id: UUID
    count: int = Field(description="in so many of the runs")

    @classmethod
    def counted(cls, effect: Counted) -> Self:
        step = AgainView.of(effect.step).model_dump()
        return cls.model_validate({"automation_id": effect.rule_id, "count": effect.count, **step})


class BulkPlanView(BaseModel):
    """What a replay of many runs would do."""

    model_config = ConfigDict(json_schema_extra={"example": _BULK_PLAN_EXAMPLE})

    runs: int = Field(description="how many would be replayed: send it as `expected`")
    run_ids: list[UUID] = Field(description=f"of them, the oldest first, at most {_SHOWN}")
    not_replayable: list[NotReplayableView] = Field(description="runs of the filter that are left out")
    effects: list[CountedView] = Field(description="what would happen again outside, and in how many runs")
    warnings: list[str] = Field(description="in the language of Accept-Language")

    @classmethod
    def of(cls, preview: BulkPreview, language: Language) -> Self:
        replays = preview.selection.replays
        return cls(
            runs=len(replays),
            run_ids=[each.former.id for each in replays[:_SHOWN]],
            not_replayable=[NotReplayableView.of(each, language) for each in preview.selection.left_out],
            effects=[CountedView.counted(each) for each in preview.effects],
            warnings=[in_language(each, language) for each in preview.warnings],
        )


class BulkStartedView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _BULK_STARTED_EXAMPLE})

    replay_id: UUID
    runs: int
    runs_url: str = Field(description="lists the new runs")


def _told(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model, "description": "What would happen; nothing did (`dry_run`)."}}


def _plan(view: BaseModel, told: Response) -> Response:
    """With the headers of the answer that FastAPI would have made, which name its language."""
    return Response(view.model_dump_json(), 200, dict(told.headers), media_type="application/json")


@router.post(
    "/automations/logs/{log_id:uuid}/replay",
    status_code=202,
    summary="Replay a run",
    response_model=StartedView,
    responses={**_told(PlanView), **documented(401, 402, 403, 404, 409, 413, 422, 429)},
)
async def replay(
    *,
    log_id: Annotated[UUID, Path(description="id of a run that has ended")],
    caller: CallerDep,
    services: ServicesDep,
    once: OnceDep,
    language: LanguageDep,
    response: Response,
    body: Annotated[ReplayBody | None, Body()] = None,
) -> Response | StartedView:
    """Runs it again as a new run, also of an automation that is switched off: which version, from which step, with
    which input. The steps before the start are not run: their recorded results are used.

    With `dry_run` the answer is 200 and says which steps run again and what they do outside.
    """
    asked = body or ReplayBody()
    if asked.dry_run:
        preview = await services.replays.preview(caller, log_id, asked.wish())
        return _plan(PlanView.of(preview, language), response)
    run_id = await services.replays.start(caller, log_id, asked.wish(), once)
    return StartedView(run_id=run_id, status_url=f"{services.settings.public_url}/api/automations/logs/{run_id}")


@router.post(
    "/automations/logs/replay",
    status_code=202,
    summary="Replay many runs",
    response_model=BulkStartedView,
    responses={**_told(BulkPlanView), **documented(401, 402, 403, 404, 409, 413, 422, 429)},
)
async def replay_many(
    *,
    body: BulkBody,
    caller: CallerDep,
    services: ServicesDep,
    once: OnceDep,
    language: LanguageDep,
    response: Response,
) -> Response | BulkStartedView:
    """All ended runs of a filter, at most 1,000, with their own inputs. Ask first: a dry run (the default) answers 200
    with their number and what would happen again outside; send that number as `expected` with `"dry_run": false`.

    All of them start, or none. They give way to runs that arrive meanwhile.
    """
    wanted = body.filter.wanted()
    if body.dry_run:
        preview = await services.bulk_replays.preview(caller, wanted, body.wish())
        return _plan(BulkPlanView.of(preview, language), response)
    started = await services.bulk_replays.start(caller, wanted, body.wish(), expected=body.expected, once=once)
    return BulkStartedView(
        replay_id=started.replay_id,
        runs=started.runs,
        runs_url=f"{services.settings.public_url}/api/automations/logs?replay_id={started.replay_id}",
    )
