"""How an agent stands, and its picture."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from api.agent_views import OFFLINE_BECAUSE, AgentRef, AgentView
from api.caller import CallerDep
from api.gate import BodyTooLarge
from api.problems import documented
from api.services import ServicesDep
from api.strict import StrictRoute
from core.agents import avatars
from core.errors import TooLarge

router = APIRouter(prefix="/api", tags=["agents"], route_class=StrictRoute)

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "A PNG, JPEG or WebP of at most 512 kB, as it is.",
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/png", "image/jpeg", "image/webp")
        },
    }
}


class StatusView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "agent_id": "0199c2a4-7a1e-7cc3-9f0e-1b7c0f5d9a02", "status": "online", "reason_code": None,
                "reason": None, "since": None,
            }
        }
    )  # fmt: skip

    agent_id: UUID
    status: Literal["online", "processing", "offline"]
    reason_code: str | None = Field(description=OFFLINE_BECAUSE)
    reason: str | None = Field(description="why it is offline, in a sentence")
    since: datetime | None = Field(description="since when its provider fails")


@router.get("/agents/{agent}/status", summary="Read how an agent stands", responses=documented(401, 404, 422))
async def status(agent: AgentRef, caller: CallerDep, services: ServicesDep) -> StatusView:
    """processing while it works on something, offline where nobody would answer. `/api/events/stream` tells of changes
    as events `agent`."""
    found, standing = await services.agents.standing(caller, agent)
    return StatusView(
        agent_id=found.id, status=standing.status, reason_code=standing.code, reason=standing.reason,
        since=standing.since,
    )  # fmt: skip


@router.put(
    "/agents/{agent}/avatar",
    summary="Upload the picture of an agent",
    responses=documented(401, 403, 404, 413, 422),
    openapi_extra=_BODY,
)
async def avatar(agent: AgentRef, request: Request, caller: CallerDep, services: ServicesDep) -> AgentView:
    """It is drawn anew as a PNG of 256 pixels, so that nothing but a picture is kept. An emoji is set by PATCH."""
    caller.require("editor")
    await services.agents.get(caller, agent)
    changed = await services.avatars.put(caller, agent, await _picture(request))
    detail = await services.agents.automation_of(caller, changed)
    return AgentView.of(changed, detail, services.settings.public_url)


async def _picture(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > avatars.MOST_BYTES:
                raise TooLarge("avatar_too_large", "The picture is too large: at most 512 kB.")
            parts.append(part)
    except BodyTooLarge as error:
        raise TooLarge("avatar_too_large", "The picture is too large: at most 512 kB.") from error
    return b"".join(parts)
