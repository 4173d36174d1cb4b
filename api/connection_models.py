"""The models of a provider."""

from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.caller import CallerDep
from api.connections import ConnectionId
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute

router = APIRouter(prefix="/api", tags=["connections"], route_class=StrictRoute)

_MODEL: Final[dict[str, Any]] = {"name": "gpt-5-mini", "usd_in": 0.25, "usd_out": 2.0}


class ModelView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _MODEL})

    name: str
    usd_in: float | None = Field(description="US dollars for a million tokens in, by the public price lists")
    usd_out: float | None = Field(description="for a million tokens out")


class ModelsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_MODEL]}})

    items: list[ModelView]


@router.get(
    "/connections/{connection_id:uuid}/models",
    summary="List the models of a provider",
    responses=documented(401, 403, 404, 409, 422, 429, 502, 504),
)
async def models(connection_id: ConnectionId, caller: CallerDep, services: ServicesDep) -> ModelsView:
    """Really asks the provider. 409 where the connection is none to a provider of models, or its key is refused."""
    found = await services.offered.models(caller, connection_id)
    return ModelsView(items=[ModelView.model_validate(each) for each in found])
