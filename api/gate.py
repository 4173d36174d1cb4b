"""What every request passes first and every answer last: request id, origin, rate, body limit, headers, last errors."""

import re
from time import perf_counter
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.origin import Origin, counted_as
from core import tenancy
from core.buckets import Standing
from core.ids import new_id
from core.journal import MASK, client_address, request_id
from core.rates import Rates
from core.settings import Settings

_log = structlog.get_logger()

BODY_LIMIT: Final = 1024 * 1024  # bytes
_SIGNED_PATH: Final = re.compile(
    r"^(/api/approvals/by-token/|/approvals/|/api/invitations/|/invitations/|/password/|/verify/).+"
)
JOB_BODY_LIMIT: Final = 16 * 1024 * 1024  # of jobs, which store what their steps gave
_JOBS: Final = "/api/internal/runs/"
_FILES: Final = "/api/files"
STANDING: Final = "vutler.standing"  # in the scope: how the caller stands with their limit
_ACCEPTABLE_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_RAW_SECURITY_HEADERS: Final = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


def _size(count: int) -> str:
    return f"{count // 1024} KiB" if count <= BODY_LIMIT else f"{count // 1024 // 1024} MiB"


class BodyTooLarge(HTTPException):
    """Raised inside `receive`, so that whoever reads the body can still say something about the request."""

    def __init__(self, announced: int, limit: int = BODY_LIMIT) -> None:
        super().__init__(413, f"The body is over the limit of {_size(limit)}.")
        self.announced = announced


class Gate:
    """Outermost middleware (pure ASGI)."""

    def __init__(self, app: ASGIApp, settings: Settings, rates: Rates) -> None:
        self._app = app
        self._origin = Origin(settings.trusted_proxies)
        self._rates = rates
        self._file_limit = settings.file_limit_mb * 1024 * 1024

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        ident = _request_id(scope)
        request_id.set(ident)
        answer = _Answer(send, ident, scope)
        tenancy.leave()  # whoever was served before on this connection
        began = perf_counter()
        try:
            self._count(scope)
            await self._app(scope, _limited(scope, receive, self._limit(scope)), answer.send)
        except ClientDisconnect:
            _log.info("client_gone", path=_shown(scope["path"]))
        except Exception as error:  # every kind: this is the last one who can answer
            if answer.status:  # too late to say anything but an end
                _log.error("answer_broken_off", path=_shown(scope["path"]), exc_info=error)
                raise
            await problems.from_exception(error)(scope, receive, answer.send)
        finally:
            elapsed = round((perf_counter() - began) * 1000, 1)
            line = _log.warning if answer.status >= 500 else _log.debug
            line("request", method=scope["method"], path=_shown(scope["path"]), status=answer.status, ms=elapsed)

    def _count(self, scope: Scope) -> None:
        """Raises `RateLimited`."""
        address = self._origin.of(scope)
        client_address.set(address)
        scope["client"] = (address, 0)
        key = counted_as(address)
        if key is not None:
            self._rates.count_address(key)

    def _limit(self, scope: Scope) -> int:
        """The largest body in bytes."""
        path = scope["path"]
        if path == _FILES:
            return self._file_limit
        return JOB_BODY_LIMIT if path.startswith(_JOBS) else BODY_LIMIT


class _Answer:
    """Adds the headers of every answer, and remembers its status (0: none yet)."""

    def __init__(self, send: Send, ident: str, scope: Scope) -> None:
        self._send = send
        self._scope = scope
        self._ident = ident
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._ident
            headers.raw.extend(_RAW_SECURITY_HEADERS)
            headers.setdefault("Cache-Control", "no-store")
            standing: Standing | None = self._scope.get(STANDING)
            if standing is not None:
                for name, value in problems.limit_headers(standing).items():
                    headers.setdefault(name, value)
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


def _limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive` that raises `BodyTooLarge` at the first byte over the limit, or at once when it is announced."""
    announced = next(
        (int(value) for name, value in scope["headers"] if name == b"content-length" and value.isdigit()), 0
    )
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
