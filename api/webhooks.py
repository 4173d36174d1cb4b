"""Webhook ingest: the hot path. The order of the checks is in `core/deliveries/ingest.py`."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.routing import APIRoute

from api import problems
from api.gate import BodyTooLarge
from api.problems import documented
from api.services import Services, ServicesDep
from blocks.values import JsonObject
from core import jsontext
from core.deliveries.arrival import Arrival
from core.deliveries.hooks import Hook
from core.deliveries.ingest import Received
from core.errors import Invalid, TooLarge, Unavailable, VutlerError
from core.runs.events import RunEnd


class _DirectRoute(APIRoute):
    """Calls the endpoint as it is: FastAPI's resolution of parameters would cost as much as all the rest."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def direct(request: Request) -> Response:
            return await ingest(request.path_params["webhook_id"], request, request.app.state.services)

        return direct


router = APIRouter(prefix="/api", tags=["webhooks"], route_class=_DirectRoute)

_ANSWER: Final = {
    "run_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    "delivery_id": "0199c2a4-7a1e-7cc3-9f0e-31c7b6a1d2e4",
    "status": "accepted",
}
_ANSWER_SCHEMA: Final = {
    "type": "object",
    "title": "Receipt",
    "required": ["run_id", "delivery_id", "status"],
    "properties": {
        "run_id": {"type": ["string", "null"], "format": "uuid", "description": "of a duplicate, the first one's"},
        "delivery_id": {"type": "string", "format": "uuid"},
        "status": {"type": "string", "enum": ["accepted", "duplicate", "filtered", "captured"]},
    },
}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The automation waits (`response: wait`) and the run ended well in time: its output. Also, to"
        " Slack's `url_verification`, the `challenge`.",
        "content": {"application/json": {"schema": {}, "example": {"score": 82}}},
    },
    202: {
        "description": "Committed. A duplicate is answered the same way, with the first run's id.",
        "content": {"application/json": {"schema": _ANSWER_SCHEMA, "example": _ANSWER}},
    },
    **documented(401, 402, 404, 413, 422, 429),
}
BODY: Final = {
    "requestBody": {
        "description": "JSON is `trigger.data` as it is, a form becomes an object, text a string, nothing null; any"
        "thing else is kept as a file and referred to. At most 1 MiB.",
        "content": {
            "application/json": {"schema": {}, "example": {"lead": {"name": "Ada", "budget": 1200}}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            "text/plain": {"schema": {"type": "string"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "parameters": [
        {
            "name": "X-Webhook-Secret",
            "in": "header",
            "schema": {"type": "string"},
            "description": "the webhook's secret (or `?secret=`); a signed webhook (`auth: hmac`) takes the signature"
            " header of its style instead",
        },
        {"name": "secret", "in": "query", "schema": {"type": "string"}},
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string"},
            "description": "arrivals of one key within 7 days are one run (also `webhook-id`, `X-GitHub-Delivery`, or"
            " what the trigger's `dedupe` or style says)",
        },
    ],
}


@router.post(
    "/webhooks/{webhook_id}",
    status_code=202,
    summary="Send an event to an automation",
    response_class=Response,
    responses=RESPONSES,
    openapi_extra=BODY,
)
async def ingest(
    webhook_id: Annotated[str, Path(examples=["wh_5f1c"])], request: Request, services: ServicesDep
) -> Response:
    """202 means that the event is committed and its run will be executed (`captured`: kept as a sample, no run).

    With `response: wait` the answer is what a respond step says, as soon as it says it, else the run's output (200)
    when it ends well within `wait_s`, else 202. A run that
    ends badly in that time is a 422 problem (`run_failed`, `run_cancelled`, `run_skipped`) which names the run and not
    its error: the sender may be a stranger to the automation.
    """
    hook = await services.ingest.hook(webhook_id)
    arrival = _arrival(request)
    try:
        await _read_body(request, arrival)
        received = await services.ingest.receive(hook, arrival)
    except Unavailable:
        raise
    except VutlerError as error:
        await services.ingest.refuse(hook, arrival, error, problems.status_of(error))
        raise
    if received.refusal is not None:  # kept as a sample all the same
        raise received.refusal
    if received.challenge is not None:
        return Response(jsontext.dump({"challenge": received.challenge}), 200, media_type="application/json")
    if hook.config.response == "wait" and received.status == "accepted" and received.run_id is not None:
        return await _waited(services, hook, received, received.run_id)
    return _receipt(received)


def _arrival(request: Request) -> Arrival:
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.scope["headers"]:
        name, value = str(raw_name, "latin-1"), str(raw_value, "latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    query = request.scope["query_string"]
    return Arrival(
        headers=headers,
        query=dict(parse_qsl(str(query, "latin-1"), keep_blank_values=True)) if query else {},
        remote=request.client.host if request.client else None,
    )


async def _read_body(request: Request, arrival: Arrival) -> None:
    try:
        body = await request.body()
    except BodyTooLarge as error:
        arrival.size = error.announced
        raise TooLarge("body_too_large", error.detail) from error
    arrival.body, arrival.size = body, len(body)


async def _waited(services: Services, hook: Hook, received: Received, run_id: UUID) -> Response:
    end = await services.feed.wait_end(run_id, hook.config.wait_s, or_answer=True)
    if end is None:
        return _receipt(received)
    if end.answer is not None:
        return _answered(end.answer)
    if end.status == "success":
        return Response(jsontext.dump(end.output), 200, media_type="application/json")
    return problems.answer(_unsuccessful(end), more={"run_id": str(run_id), "delivery_id": str(received.delivery_id)})


_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OURS: Final = frozenset({"content-security-policy", "set-cookie", "x-content-type-options", "x-request-id"})


def _answered(answer: JsonObject) -> Response:
    """What a respond step says: JSON, or a text as it is. It comes from our origin, so it can set no cookie and is
    never a page: a browser shows HTML as text."""
    status, body, given = answer.get("status"), answer.get("body"), answer.get("headers")
    headers = {
        name.lower(): str(value)
        for name, value in (given.items() if isinstance(given, dict) else ())
        if name.lower() not in _HOP_BY_HOP | _OURS
    }
    text = isinstance(body, str)
    kind = headers.pop("content-type", "text/plain; charset=utf-8" if text else "application/json")
    if "html" in kind.lower() or "svg" in kind.lower():
        kind = "text/plain; charset=utf-8"
    content = body.encode() if isinstance(body, str) else b"" if body is None else jsontext.dump(body)
    return Response(content, status if isinstance(status, int) else 200, headers, media_type=kind)


def _unsuccessful(end: RunEnd) -> Invalid:
    return Invalid(f"run_{end.status}", "The event was accepted, but its run did not succeed; its history says why.")


def _receipt(received: Received) -> Response:
    content = {
        "run_id": None if received.run_id is None else str(received.run_id),
        "delivery_id": str(received.delivery_id),
        "status": received.status,
    }
    return Response(jsontext.dump(content), 202, media_type="application/json")
