"""Trying out one step."""

from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.language import LanguageDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from blocks.action import Effect
from blocks.words import Language
from core.automations.trial import Sample, Trial
from core.sentences import in_language

router = APIRouter(prefix="/api", tags=["automations"], route_class=StrictRoute)

_BODY_EXAMPLE: Final[JsonDict] = {"data": {"lead": {"email": "ada@example.org"}}, "confirm": False}
_EXAMPLE: Final[JsonDict] = {
    "rendered": {"method": "POST", "url": "https://crm.example.com/leads", "json": {"email": "ada@example.org"}},
    "effect": "unsafe",
    "sent": False,
    "output": None,
    "waits": None,
    "error_code": None,
    "error": None,
    "duration_ms": 2,
    "lines": [],
}


class TrialBody(BaseModel):
    """What the step is to believe has happened."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _BODY_EXAMPLE})

    data: JsonValue = Field(default=None, description="`trigger.data`")
    headers: dict[str, str] = Field(default_factory=dict, description="`trigger.headers`, by lower-case name")
    query: dict[str, str] = Field(default_factory=dict, description="`trigger.query`")
    steps: dict[str, JsonValue] = Field(default_factory=dict, description="outputs of steps before it, by their ids")
    item: JsonValue = Field(default=None, description="`item`, of a step inside a loop")
    index: int = Field(default=0, ge=0, le=9_999, description="`index`, of a step inside a loop")
    confirm: bool = Field(default=False, description="really do what changes something: send, write, delete")


class TrialView(BaseModel):
    """What came of it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _EXAMPLE})

    rendered: JsonValue = Field(description="the config with its templates filled in; null where they failed")
    effect: Effect | None = Field(description="what the step does to the world; null where that can't be told")
    sent: bool = Field(description="the step was carried out, not only rendered")
    output: JsonValue
    waits: str | None = Field(
        description="of a step that would go on later: on what it waits, in the language of Accept-Language"
    )
    error_code: str | None
    error: str | None
    duration_ms: int
    lines: list[str] = Field(description="what the step logged")

    @classmethod
    def of(cls, trial: Trial, language: Language) -> Self:
        view = cls.model_validate(trial)
        return view if trial.waits is None else view.model_copy(update={"waits": in_language(trial.waits, language)})


@router.post(
    "/automations/{automation_id:uuid}/steps/{step}/test",
    summary="Try out a step",
    responses=documented(401, 403, 404, 409, 413, 422, 429),
)
async def try_step(
    *,
    automation_id: Annotated[UUID, Path(description="id of an automation")],
    step: Annotated[str, Path(max_length=40, description="id of a step of the draft")],
    caller: CallerDep,
    services: ServicesDep,
    language: LanguageDep,
    body: Annotated[TrialBody | None, Body()] = None,
) -> TrialView:
    """Fills the step's templates from the sample and carries it out where that changes nothing (a calculation, a GET).
    Other steps are only rendered, unless `confirm` says to do it; of a loop the list is worked out, of a call its
    payload, and nothing inside them runs. At most 30 s; nothing is recorded as a run."""
    given = body or TrialBody()
    sample = Sample(given.data, given.headers, given.query, given.steps, given.item, given.index)
    trial = await services.trials.run(caller, automation_id, step, sample, confirm=given.confirm)
    return TrialView.of(trial, language)
