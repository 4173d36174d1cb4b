"""One version of an automation, and what changed between two."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.language import LanguageDep
from api.problems import documented
from api.services import ServicesDep
from core.automations.differences import Difference, Kind
from core.automations.versions import Against

router = APIRouter(prefix="/api", tags=["automations"])

Id = Annotated[UUID, Path(description="id of an automation")]
Number = Annotated[int, Path(ge=1, le=1_000_000_000, description="number of a version")]

_VERSION: Final = "/automations/{automation_id:uuid}/versions/{number}"
_EXAMPLE: Final[JsonDict] = {
    "number": 2,
    "note": "Also tells the sales team",
    "created_by": "0199c2a4-7a1e-7cc3-9f0e-0a1b2c3d4e5f",
    "created_at": "2026-11-20T09:00:00Z",
    "live": True,
    "sentence": "When a webhook arrives, send a POST to crm.example.com.",
    "definition": {"name": "Lead to CRM", "trigger_type": "webhook", "actions": []},
}
_COMPARISON_EXAMPLE: Final[JsonDict] = {
    "number": 2,
    "against": 1,
    "differences": [
        {
            "kind": "step_changed",
            "step": "send",
            "loop": None,
            "before": None,
            "after": None,
            "fields": [
                {
                    "path": "config.url",
                    "change": "changed",
                    "before": "https://crm.example.com/leads",
                    "after": "https://crm.example.com/v2/leads",
                }
            ],
            "quiet": False,
        },
        {
            "kind": "step_moved",
            "step": "result",
            "loop": "each",
            "before": {"position": 1, "needs": ["send"], "loop": "each"},
            "after": {"position": 2, "needs": ["tell"], "loop": "each"},
            "fields": [],
            "quiet": False,
        },
    ],
}


class VersionView(BaseModel):
    """A published, immutable definition."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    number: int
    note: str | None
    created_by: UUID | None
    created_at: datetime
    live: bool
    sentence: str = Field(description="what it does, in the language of Accept-Language")
    definition: dict[str, JsonValue]


class FieldView(BaseModel):
    """One value that differs."""

    model_config = ConfigDict(from_attributes=True)

    path: str = Field(description="in the step, or in the definition: `config.url`")
    change: Literal["added", "removed", "changed"]
    before: JsonValue = Field(description="null where it was added")
    after: JsonValue = Field(description="null where it was removed")


class DifferenceView(BaseModel):
    """One finding. A step that was moved, renamed and changed is three."""

    model_config = ConfigDict(from_attributes=True)

    kind: Kind
    step: str | None = Field(description="its id in the version; of a removed step the one it had")
    loop: str | None = Field(description="id of the loop around the step; null: it stands in none")
    before: JsonValue = Field(
        description="position, needs and loop; also the step itself where it was removed; or the old id"
    )
    after: JsonValue = Field(
        description="position, needs and loop; also the step itself where it was added; or the new id"
    )
    fields: list[FieldView]
    quiet: bool = Field(description="concerns nobody but the editor: where blocks are drawn")

    @classmethod
    def of(cls, difference: Difference) -> Self:
        return cls.model_validate(difference)


class ComparisonView(BaseModel):
    """What one would change in `against` to get version `number`; nothing where they are the same."""

    model_config = ConfigDict(json_schema_extra={"example": _COMPARISON_EXAMPLE})

    number: int
    against: int | None = Field(description="number of a version; null: the draft")
    differences: list[DifferenceView]


@router.get(_VERSION, summary="Read a version", responses=documented(401, 404, 422))
async def version(
    automation_id: Id, number: Number, caller: CallerDep, services: ServicesDep, language: LanguageDep
) -> VersionView:
    """Its whole definition, as it was published."""
    found, definition = await services.versions.get(caller, automation_id, number)
    sentence = services.narrator.tell(definition, language).sentence
    return VersionView(
        number=found.number,
        note=found.note,
        created_by=found.created_by,
        created_at=found.created_at,
        live=found.live,
        sentence=sentence,
        definition=dict(definition),
    )


@router.get(f"{_VERSION}/differences", summary="Compare a version", responses=documented(401, 404, 409, 422))
async def differences(
    *,
    automation_id: Id,
    number: Number,
    caller: CallerDep,
    services: ServicesDep,
    against: Annotated[
        str,
        Query(
            pattern="^(draft|live|[1-9][0-9]{0,8})$", description="what it is compared with: a number, draft or live"
        ),
    ] = "live",
) -> ComparisonView:
    """From what is given as `against` to this version: steps added, removed, renamed, moved and changed field by field,
    trigger, policy, name. With `live` it tells what a rollback to this version would do."""
    found = await services.versions.compare(caller, automation_id, number, _against(against))
    return ComparisonView(
        number=found.number,
        against=found.against,
        differences=[DifferenceView.of(each) for each in found.differences],
    )


def _against(text: str) -> Against:
    match text:
        case "draft" | "live":
            return text
        case _:
            return int(text)
