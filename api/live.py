"""One stream of a workspace for a browser tab: Server-Sent Events that say what changed, so that pages read it again.

Events carry ids and states, never values. Notifications reach the person they are for and nobody else.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from api.caller import Session, SessionDep
from api.problems import documented
from api.services import Services, ServicesDep
from blocks.values import JsonObject
from core import jsontext
from core.agents.status import WATCH_S
from core.db import AWAY
from core.errors import Unavailable

router = APIRouter(prefix="/api", tags=["history"])

_KEEP_ALIVE_S: Final = 15.0
_PRIVATE: Final = ("workspace", "user", "kind")  # what an event does not repeat

_EXAMPLE: Final = """\
event: run
data: {"run":"0199c2a4-...","rule":"0199c2a4-...","seq":9,"status":"waiting"}

event: approval
data: {"id":"0199c2a4-...","run":"0199c2a4-...","rule":"0199c2a4-...","step":"ask","status":"pending"}

event: notification
data: {"id":"0199c2a4-..."}

"""
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events `run`, `step`, `approval`, `notification` (yours alone) and more kinds to come;"
        " `reauth` when the token ends.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    **documented(401, 404),
}


@router.get("/events/stream", summary="Watch a workspace", response_class=Response, responses=_RESPONSES)
async def stream(session: SessionDep, services: ServicesDep) -> StreamingResponse:
    """What changes in the workspace, as it changes. Nothing is repeated: after (re)connecting read the pages once."""
    return StreamingResponse(
        _events(services, session),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


async def _events(services: Services, session: Session) -> AsyncIterator[bytes]:
    feed, spoken = services.feed, monotonic()
    noted: float | None = None
    with feed.subscribe_workspace(session.caller.workspace_id) as subscription:
        yield b": watching\n\n"
        while not feed.closing:
            if noted is None or monotonic() - noted >= WATCH_S:
                with suppress(*AWAY, Unavailable):
                    await services.agents.watched(session.caller)
                noted = monotonic()
            left = (session.expires_at - datetime.now(UTC)).total_seconds()
            if left <= 0:
                yield _event("reauth", {"detail": "The access token has expired; sign in and watch again."})
                return
            notices = await subscription.changes(min(_KEEP_ALIVE_S, left))
            if not await session.holds():
                yield _event("reauth", {"detail": "Your access has ended; sign in again."})
                return
            for notice in notices:
                if _concerns(notice, session):
                    facts = {name: value for name, value in notice.items() if name not in _PRIVATE}
                    yield _event(str(notice.get("kind")), facts)
                    spoken = monotonic()
            if monotonic() - spoken >= _KEEP_ALIVE_S:
                yield b": keep-alive\n\n"
                spoken = monotonic()


def _concerns(notice: JsonObject, session: Session) -> bool:
    """A notice that names a person is for them alone."""
    return "user" not in notice or notice["user"] == str(session.caller.user_id)


def _event(kind: str, data: JsonObject) -> bytes:
    return f"event: {kind}\ndata: ".encode() + jsontext.dump(data) + b"\n\n"
