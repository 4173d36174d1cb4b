"""What a template gives, while somebody writes it."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute

router = APIRouter(prefix="/api", tags=["automations"], route_class=StrictRoute)

_BODY: Final[JsonDict] = {
    "value": "Hello {{ trigger.data.name }}",
    "context": {"trigger": {"data": {"name": "Ada"}}},
}


class TemplatePreviewBody(BaseModel):
    """A value of a step's config, and what its templates may name."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _BODY})

    value: JsonValue = Field(description="text with `{{ }}`, or any JSON with such texts in it")
    context: dict[str, JsonValue] = Field(
        default_factory=dict, description="sample values: `trigger`, `previous`, `steps`, `item`, `index` and so on"
    )


class TemplatePreviewView(BaseModel):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"example": {"value": "Hello Ada", "error_code": None, "error": None}},
    )

    value: JsonValue = Field(description="with its templates filled in; null where they failed")
    error_code: str | None = Field(description="`template_error` or `template_limit`")
    error: str | None = Field(description="what is wrong with the template, in a sentence")


@router.post("/templates/preview", summary="Fill in a template", responses=documented(401, 403, 413, 422, 429))
async def preview(body: TemplatePreviewBody, caller: CallerDep, services: ServicesDep) -> TemplatePreviewView:
    """Fills the templates of a value from sample data, exactly as a run does. Nothing is saved or sent."""
    return TemplatePreviewView.model_validate(await services.writing.preview(caller, body.value, body.context))
