"""What every request passes first and every answer last: request id, body limit, headers, last errors."""

import re
from time import perf_counter
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from core import tenancy
from core.ids import new_id
from core.journal import MASK, request_id

_log = structlog.get_logger()

BODY_LIMIT: Final = 1024 * 1024  # bytes
_SIGNED_PATH: Final = re.compile(r"^(/api/approvals/by-token/|/approvals/).+")
JOB_BODY_LIMIT: Final = 16 * 1024 * 1024  # of jobs, which store what their steps gave
_JOBS: Final = "/api/internal/runs/"
_ACCEPTABLE_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_RAW_SECURITY_HEADERS: Final = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class BodyTooLarge(HTTPException):
    """Raised inside `receive`, so that whoever reads the body can still say something about the request."""

    def __init__(self, announced: int, limit: int = BODY_LIMIT) -> None:
        super().__init__(413, f"The body is over the limit of {limit // 1024} KiB.")
        self.announced = announced


class Gate:
    """Outermost middleware (pure ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ident = _request_id(scope)
        request_id.set(ident)
        tenancy.leave()  # whoever was served before on this connection
        answer = _Answer(send, ident)
        began = perf_counter()
        try:
            await self._app(scope, _limited(scope, receive), answer.send)
        except Exception as error:  # every kind: this is the last one who can answer
            if answer.status:  # too late to say anything but an end
                _log.error("answer_broken_off", path=_shown(scope["path"]), exc_info=error)
                raise
            await problems.from_exception(error)(scope, receive, answer.send)
        finally:
            elapsed = round((perf_counter() - began) * 1000, 1)
            line = _log.warning if answer.status >= 500 else _log.debug
            line("request", method=scope["method"], path=_shown(scope["path"]), status=answer.status, ms=elapsed)


class _Answer:
    """Adds the headers of every answer, and remembers its status (0: none yet)."""

    def __init__(self, send: Send, ident: str) -> None:
        self._send = send
        self._ident = ident
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._ident
            headers.raw.extend(_RAW_SECURITY_HEADERS)
            headers.setdefault("Cache-Control", "no-store")
            message["headers"] = headers.raw
        await self._send(message)


def _shown(path: str) -> str:
    """The path as the log may hold it: a signed link is as good as a password."""
    return _SIGNED_PATH.sub(rf"\g<1>{MASK}", path)


def _request_id(scope: Scope) -> str:
    """The caller's id where it is harmless, else one of ours."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ACCEPTABLE_ID.fullmatch(value):
            return str(value, "ascii")
    return str(new_id())


def _limited(scope: Scope, receive: Receive) -> Receive:
    """`receive` that raises `BodyTooLarge` at the first byte over the limit, or at once when it is announced."""
    announced = next(
        (int(value) for name, value in scope["headers"] if name == b"content-length" and value.isdigit()), 0
    )
    limit = JOB_BODY_LIMIT if scope["path"].startswith(_JOBS) else BODY_LIMIT
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        if announced > limit:
            raise BodyTooLarge(announced, limit)
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge(max(seen, announced), limit)
        return message

    return counted
