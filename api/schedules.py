"""When schedules will fire, before they do."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.language import LanguageDep
from api.paging import DEFAULT, Cursor, Limit, moment_cursor, moment_text
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.schedule_words import in_words
from blocks.words import Language
from core.schedules import preview
from core.schedules.preview import Preview

router = APIRouter(prefix="/api", tags=["schedules"], route_class=StrictRoute)

_EXAMPLE: Final[JsonDict] = {
    "active": True,
    "schedules": [
        {
            "cron": "30 2 * * *",
            "timezone": "Europe/Zurich",
            "every_s": None,
            "run_at": None,
            "sentence": "every day at 02:30 (Europe/Zurich)",
        }
    ],
    "times": [
        {"at": "2027-03-27T01:30:00Z", "local": "2027-03-27T02:30:00+01:00", "mark": None, "schedule": 0},
        {"at": "2027-03-28T01:00:00Z", "local": "2027-03-28T03:00:00+02:00", "mark": "gap", "schedule": 0},
    ],
}


class ScheduleView(BaseModel):
    cron: str | None
    timezone: str | None
    every_s: int | None
    run_at: datetime | None
    sentence: str = Field(description="in words, in the language of Accept-Language")


class TimeView(BaseModel):
    """One due time."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime = Field(description="UTC")
    local: datetime = Field(description="the same in the schedule's time zone")
    mark: Literal["gap", "overlap"] | None = Field(
        description="gap: the clock jumps over the time, so it is due behind the jump; overlap: the first of two"
    )
    schedule: int = Field(description="which of `schedules`, counted from 0")


class PreviewView(BaseModel):
    """The next times of all schedules together, exactly as they will fire."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    active: bool = Field(description="these times will start runs, as things are")
    schedules: list[ScheduleView]
    times: list[TimeView]

    @classmethod
    def of(cls, found: Preview, language: Language) -> Self:
        return cls(
            active=found.active,
            schedules=[
                ScheduleView(**each.model_dump(), sentence=in_words(each, language)) for each in found.schedules
            ],
            times=[TimeView.model_validate(each) for each in found.times],
        )


class PreviewBody(BaseModel):
    """Either `trigger_config` or `schedules`, in any form that can be saved."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"schedules": [{"cron": "30 2 * * *", "timezone": "Europe/Zurich"}], "count": 2}},
    )

    trigger_config: dict[str, JsonValue] | None = Field(default=None, description="of a schedule trigger")
    schedules: list[JsonValue] | None = None
    count: int = Field(default=10, ge=1, le=preview.MOST)
    timezone: str | None = Field(default=None, max_length=60, description="where a schedule names none; IANA name")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.trigger_config is None) is (self.schedules is None):
            raise ValueError("Give either trigger_config or schedules.")
        return self


@router.get(
    "/automations/{automation_id:uuid}/schedule/preview",
    summary="Preview an automation's schedule",
    responses=documented(401, 404, 422),
)
async def of_automation(
    *,
    automation_id: Annotated[UUID, Path(description="id of an automation")],
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    count: Annotated[int, Query(ge=1, le=preview.MOST, description=f"how many, at most {preview.MOST}")] = 10,
) -> PreviewView:
    """The next times of the live version, or of a draft that was never published; none where nothing is scheduled."""
    return PreviewView.of(await services.previews.of_automation(caller, automation_id, count), language)


@router.post("/schedules/preview", summary="Preview a schedule", responses=documented(401, 422))
async def of_config(_caller: CallerDep, body: PreviewBody, language: LanguageDep) -> PreviewView:
    """The next times of a schedule that is still being written. Nothing is saved."""
    config = body.schedules if body.trigger_config is None else body.trigger_config
    return PreviewView.of(preview.of_config(config, body.count, body.timezone), language)


_FIRE_EXAMPLE: Final[JsonDict] = {
    "due_at": "2026-11-20T08:00:00Z",
    "schedule": 0,
    "schedule_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a03",
    "state": "skipped",
    "reason": "Missed by 7200 s; missed times are not run (catch_up: none).",
    "run_id": None,
}
State = Literal["planned", "fired", "skipped"]


class FireView(BaseModel):
    """What became of one due time."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _FIRE_EXAMPLE})

    due_at: datetime = Field(description="UTC")
    schedule: int | None = Field(description="which schedule of the live version, from 0; null: it is gone")
    schedule_id: UUID
    state: State
    reason: str | None = Field(description="why it was skipped")
    run_id: UUID | None = Field(description="the run that it started")


class FiresView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_FIRE_EXAMPLE], "next_cursor": None}})

    items: list[FireView]
    next_cursor: str | None


@router.get(
    "/automations/{automation_id:uuid}/schedule/history",
    summary="List an automation's due times",
    responses=documented(401, 404, 422),
)
async def history(
    *,
    automation_id: Annotated[UUID, Path(description="id of an automation")],
    caller: CallerDep,
    services: ServicesDep,
    state: Annotated[State | None, Query(description="skipped: missed or refused, with the reason")] = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> FiresView:
    """Each time that the schedules were due, of the last 30 days, and those of the next minutes: fired with its run,
    or skipped with the reason. The latest first."""
    rows = await services.fires.listed(
        caller, automation_id, state=state, before=moment_cursor(cursor), limit=limit + 1
    )
    last = rows[limit - 1] if len(rows) > limit else None
    return FiresView(
        items=[FireView.model_validate(row) for row in rows[:limit]],
        next_cursor=moment_text(last.due_at, last.schedule_id) if last else None,
    )
