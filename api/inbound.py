"""What services send to a connection: Slack's events and presses of buttons, Rocket.Chat's outgoing webhooks."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api.problems import documented
from api.services import ServicesDep
from blocks.inbound import Incoming
from core import jsontext
from core.clock import now

router = APIRouter(prefix="/api/inbound", tags=["connections"])

ConnectionId = Annotated[UUID, Path(description="id of a connection")]

_EVENT: Final = {
    "type": "event_callback", "event_id": "Ev123ABC456",
    "event": {"type": "message", "channel": "C123ABC456", "user": "U123ABC456", "text": "hello", "ts": "1.000001"},
}  # fmt: skip
_MESSAGE: Final = {
    "token": "the token of the webhook", "channel_id": "GENERAL", "channel_name": "general", "message_id": "tqzYWJ",
    "timestamp": "2026-11-20T09:00:00.000Z", "user_id": "aobEdb", "user_name": "ada", "text": "hello",
}  # fmt: skip
_SIGNATURE: Final = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": told}
    for name, told in (
        ("X-Slack-Signature", "`v0=` and the HMAC-SHA256 of `v0:{time}:{body}` with the signing secret"),
        ("X-Slack-Request-Timestamp", "Unix seconds, at most 5 minutes off"),
    )
]
_OK: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Taken; an empty object, or the `challenge` of a `url_verification`.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {}}},
    }
}


@router.post(
    "/slack/{connection_id:uuid}",
    summary="Slack's events",
    response_class=Response,
    responses=_OK | documented(401, 404, 413, 422, 429),
    openapi_extra={
        "parameters": _SIGNATURE,
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": _EVENT}}},
    },
)
async def slack_events(connection_id: ConnectionId, request: Request, services: ServicesDep) -> Response:
    """The address to enter under “Event Subscriptions”. A message that Slack sends again is taken once."""
    reply = await services.inbound.receive("slack", connection_id, await _incoming(request))
    return Response(jsontext.dump(reply or {}), media_type="application/json")


@router.post(
    "/slack/{connection_id:uuid}/interactive",
    summary="Presses of Slack's buttons",
    response_class=Response,
    responses=_OK | documented(401, 404, 413, 422, 429),
    openapi_extra={
        "parameters": _SIGNATURE,
        "requestBody": {
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {"type": "object", "properties": {"payload": {"type": "string"}}},
                    "example": {"payload": '{"type": "block_actions", "actions": []}'},
                }
            }
        },
    },
)
async def slack_interactive(connection_id: ConnectionId, request: Request, services: ServicesDep) -> Response:
    """The address to enter under “Interactivity”. Somebody who may answer a question answers it; others are told why
    not, so that nobody else sees it."""
    await services.inbound.press("slack", connection_id, await _incoming(request))
    return Response(b"{}", media_type="application/json")


@router.post(
    "/rocketchat/{connection_id:uuid}",
    summary="Rocket.Chat's messages",
    response_class=Response,
    responses=_OK | documented(401, 404, 413, 422, 429),
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "example": _MESSAGE}}},
    },
)
async def rocketchat_message(connection_id: ConnectionId, request: Request, services: ServicesDep) -> Response:
    """The address to enter in an outgoing webhook (event “Message sent”), whose token the connection knows. The answer
    is empty, so that Rocket.Chat posts nothing: what an automation has to say it posts itself."""
    await services.inbound.receive("rocketchat", connection_id, await _incoming(request))
    return Response(b"{}", media_type="application/json")


async def _incoming(request: Request) -> Incoming:
    return Incoming(dict(request.headers), await request.body(), now())
