"""The tools of an MCP server."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from api.caller import CallerDep
from api.connections import ConnectionId
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute

router = APIRouter(prefix="/api", tags=["connections"], route_class=StrictRoute)

_TOOL: Final[JsonDict] = {
    "name": "create_issue",
    "title": "Create an issue",
    "description": "Creates an issue in a project.",
    "schema": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    "only_reads": False,
    "repeatable": False,
}


class ToolView(BaseModel):
    """All of it is what the server says of itself."""

    model_config = ConfigDict(json_schema_extra={"example": _TOOL})

    name: str
    title: str
    description: str
    arguments: dict[str, JsonValue] = Field(alias="schema", description="JSON Schema of the arguments")
    only_reads: bool = Field(description="it changes nothing")
    repeatable: bool = Field(description="calling it twice does the same as calling it once")


class ToolsView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"revision": "1f0c9a7be2d45c33", "items": [_TOOL]}})

    revision: str = Field(description="changes whenever anything in the list does")
    items: list[ToolView]


@router.get(
    "/connections/{connection_id:uuid}/tools",
    summary="List the tools of an MCP server",
    responses=documented(401, 403, 404, 409, 422, 429, 503),
)
async def tools(
    *,
    connection_id: ConnectionId,
    caller: CallerDep,
    services: ServicesDep,
    fresh: Annotated[bool, Query(description="ask the server now; else the list may be some minutes old")] = False,
) -> ToolsView:
    """Asks the server. 409 where the connection is none to an MCP server, or the server refuses; 503 where it does not
    answer."""
    found = await services.connections.tools(caller, connection_id, fresh=fresh)
    return ToolsView(
        revision=found.revision,
        items=[
            ToolView(
                name=each.name,
                title=each.title,
                description=each.description,
                schema=dict(each.schema),
                only_reads=each.only_reads,
                repeatable=each.repeatable,
            )
            for each in found.tools
        ],
    )
