"""The live stream of a run: Server-Sent Events, resumed by `Last-Event-ID`.

What is recorded has an id (`seq`, one counter a run); what is provisional has none and may still change. The tables
are read again at every hint, so a stream shows everything that was recorded, in order, and once.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from api.caller import Session, SessionDep
from api.language import LanguageDep
from api.logs import LineView, RunView, StepRunView
from api.problems import documented
from api.services import Services, ServicesDep
from blocks.values import JsonObject
from blocks.words import Language
from core import jsontext
from core.db import AWAY
from core.errors import Finding, Invalid, Unavailable
from core.runs.events import TERMINAL
from core.runs.history import History, Previews, Run, StepRun

router = APIRouter(prefix="/api", tags=["history"])

_KEEP_ALIVE_S: Final = 15.0
_LOOK_EVERY_S: Final = 2.0
_LINES_AT_ONCE: Final = 500

_EXAMPLE: Final = """\
event: run
data: {"id":"0199c2a4-...","status":"running","seq":1}

id: 3
event: step
data: {"step_id":"score","status":"success","duration_ms":310,"output":{"score":82}}

id: 9
event: run
data: {"id":"0199c2a4-...","status":"success","seq":9}

event: end
data: {"status":"success"}

"""
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events `run`, `step` and `line`; `end` when the run is over, `reauth` when the token is.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    **documented(401, 404, 422),
}


@router.get(
    "/automations/logs/{log_id:uuid}/stream",
    summary="Watch a run",
    response_class=Response,
    responses=_RESPONSES,
)
async def stream(
    *,
    log_id: UUID,
    session: SessionDep,
    services: ServicesDep,
    language: LanguageDep,
    last_event_id: Annotated[str | None, Header(description="go on after this event")] = None,
    values: Annotated[bool, Query(description="false: steps without input and output")] = True,
) -> StreamingResponse:
    """Everything that happens to the run, as it happens. Begins with an event `run` that says how it is now.

    A step's change that is not recorded yet is marked `"provisional": true` and has no id.
    """
    after = _number(last_event_id)
    run = await services.history.run(session.caller, log_id, language)
    return StreamingResponse(
        _events(services, session, run, after, language, values=values),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _number(text: str | None) -> int:
    if not text:
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    raise Invalid(
        "invalid_request",
        "The request is not valid; `errors` says where.",
        (Finding("header.last-event-id", "This is no event id; it is a whole number."),),
    )


async def _events(
    services: Services, session: Session, run: Run, after: int, language: Language, *, values: bool
) -> AsyncIterator[bytes]:
    feed = services.feed
    reader = _Reader(services.history, session, run, after, language, values=values)
    spoken = monotonic()
    with feed.subscribe(run.id) as subscription:
        yield reader.beginning()
        while True:
            with suppress(*AWAY, Unavailable):
                for event in await reader.news():
                    yield event
                    spoken = monotonic()
            if reader.ended:
                yield _event("end", {"status": reader.status})
                return
            if feed.closing:
                return
            left = (session.expires_at - datetime.now(UTC)).total_seconds()
            if left <= 0:
                yield _event(
                    "reauth", {"detail": "The access token has expired; sign in and go on from the last event."}
                )
                return
            notices = await subscription.changes(min(_LOOK_EVERY_S, left))
            if not await session.holds():
                yield _event("reauth", {"detail": "Your access has ended; sign in again."})
                return
            for notice in notices:
                if notice.get("provisional"):
                    yield _provisional(notice)
                    spoken = monotonic()
            if monotonic() - spoken >= _KEEP_ALIVE_S:
                yield b": keep-alive\n\n"
                spoken = monotonic()


class _Reader:
    """Reads what was recorded since the last look.

    One writer makes `seq`, so nothing appears before what was read. The run is read first and its `seq` is as far as a
    look goes: of what is committed while steps and lines are read, only a part would be seen.
    """

    def __init__(
        self, history: History, session: Session, run: Run, after: int, language: Language, *, values: bool
    ) -> None:
        self._history = history
        self._caller = session.caller
        self._run = run
        self._after = after
        self._values = values
        self._language = language
        self._told = (run.status, run.waiting_for)
        self._first = True

    @property
    def status(self) -> str:
        return self._run.status

    @property
    def ended(self) -> bool:
        return not self._first and self._run.status in TERMINAL

    def beginning(self) -> bytes:
        """How the run is now. Without an id: what led to it is still to be told."""
        return _event("run", _run_data(self._run))

    async def news(self) -> list[bytes]:
        """The run is read before its steps and lines, so that an end is told after everything that led to it."""
        run = await self._history.run(self._caller, self._run.id, self._language)
        if not self._first and run.seq <= self._after:
            return []
        steps = await self._history.steps_after(run, self._after, values=self._values)
        news = [(step.seq, "step", _step_data(step)) for step in steps]
        news += await self._lines(run)
        if run.status not in TERMINAL:
            news = [each for each in news if each[0] <= run.seq]
        news.sort(key=lambda each: each[0])
        events = [_event(kind, data, seq) for seq, kind, data in news]
        ended_before = self._first and run.status in TERMINAL and run.seq > self._after
        if ended_before or (run.status, run.waiting_for) != self._told:
            events.append(_event("run", _run_data(run), run.seq))
        self._after = max([self._after, run.seq, *(seq for seq, _, _ in news)])
        self._run, self._told, self._first = run, (run.status, run.waiting_for), False
        return events

    async def _lines(self, run: Run) -> list[tuple[int, str, dict[str, Any]]]:
        """All of them: a run has at most some 1,000."""
        found: list[tuple[int, str, dict[str, Any]]] = []
        after = self._after
        while rows := await self._history.lines_after(run, after, _LINES_AT_ONCE):
            found += [(row.seq, "line", LineView.of(row).model_dump(mode="json")) for row in rows]
            after = rows[-1].seq
            if len(rows) < _LINES_AT_ONCE:
                break
        return found


def _step_data(step: StepRun) -> dict[str, Any]:
    previews = Previews()
    view = StepRunView.model_validate(step)
    view.input, view.output = previews.of(view.input), previews.of(view.output)
    return view.model_dump(mode="json")


def _run_data(run: Run) -> dict[str, Any]:
    return RunView.model_validate(run).model_dump(mode="json")


def _provisional(notice: JsonObject) -> bytes:
    """A step's change on its way into the tables. Notices carry no values, so neither does this."""
    return _event("step", {"step_id": notice.get("step"), "status": notice.get("status"), "provisional": True})


def _event(kind: str, data: object, ident: int | None = None) -> bytes:
    head = f"event: {kind}\n" if ident is None else f"id: {ident}\nevent: {kind}\n"
    return head.encode() + b"data: " + jsontext.dump(data) + b"\n\n"
