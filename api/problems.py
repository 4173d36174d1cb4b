"""Errors on the wire: RFC 9457 (problem details) for everything. The only place that knows HTTP statuses."""

import math
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api.language import preferred
from blocks.words import Language
from core import errors, jsontext
from core.buckets import Standing
from core.db import AWAY
from core.ids import new_id
from core.journal import request_id
from core.sentences import in_language, sentence

_log = structlog.get_logger()

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[Mapping[type[errors.VutlerError], int]] = {
    errors.Unauthenticated: 401,
    errors.PaymentRequired: 402,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Stale: 412,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.RateLimited: 429,
    errors.OthersFailed: 502,
    errors.Unavailable: 503,
    errors.OthersSlow: 504,
}
_AWAY_AFTER_S: Final = 2.0


class InvalidRequest(HTTPException):
    """A part of the request can't be read: `at` is `body` or `query`. An `HTTPException`, for FastAPI lets no other
    kind through while it reads a body."""

    def __init__(self, at: str, message: str) -> None:
        super().__init__(422, message)
        self.at = at


class Fault(BaseModel):
    """One thing that is wrong with the input."""

    at: str = Field(description="where, such as `actions[1].config.url`", examples=["actions[1].config.url"])
    message: str = Field(examples=["This is no URL."])


class Problem(BaseModel):
    """Problem details (RFC 9457). `code` is for programs and stays as it is, `detail` is for people."""

    status: int
    code: str
    title: str
    detail: str
    request_id: str = Field(description="also the header X-Request-Id; quote it when you report the problem")
    errors: list[Fault] | None = Field(None, description="every finding, of a 422")
    cost: int | None = Field(default=None, description="of a 402: the credits that it would cost")
    left: int | None = Field(default=None, description="of a 402: the credits that the workspace can spend")


def limit_headers(standing: Standing) -> dict[str, str]:
    """How the caller stands with a limit, as draft-ietf-httpapi-ratelimit-headers-10 writes it."""
    return {
        "RateLimit-Policy": f'"{standing.name}";q={standing.quota};w={standing.window_s}',
        "RateLimit": f'"{standing.name}";r={standing.left};t={standing.reset_s}',
    }


def status_of(error: errors.VutlerError) -> int:
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def answer(
    error: errors.VutlerError, *, more: Mapping[str, str | int] | None = None, language: Language = "en"
) -> Response:
    """The problem of an error, its findings in a language; `more` adds members of its own, such as `run_id`."""
    faults = [
        Fault(at=each.at, message=in_language(each.message, language))
        for each in error.findings
        if each.severity == "error"
    ]
    headers = {"Retry-After": str(max(1, math.ceil(error.after)))} if error.after is not None else {}
    if isinstance(error, errors.RateLimited) and error.standing is not None:
        headers |= limit_headers(error.standing)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.PaymentRequired):
        more = {"cost": error.cost, "left": error.left, **(more or {})}
    return _respond(status_of(error), error.code, error.detail, faults=faults, headers=headers, more=more)


def from_exception(error: Exception) -> Response:
    """The problem of anything that was raised: PostgreSQL away is 503, what nobody expected 500 with a traceback."""
    if isinstance(error, errors.VutlerError):
        return answer(error)
    if isinstance(error, AWAY):
        _log.warning("database_away", reason=str(error) or type(error).__name__)
        return answer(
            errors.Unavailable(
                "database_away", "The database can't be reached right now; try again.", after=_AWAY_AFTER_S
            )
        )
    _log.error("unexpected", exc_info=error)
    return _respond(500, "internal_error", "Something went wrong on our side; the log knows it under this request id.")


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""
    app.add_exception_handler(errors.VutlerError, _product_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)


async def _product_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.VutlerError)  # noqa: S101 - registered for this class
    return answer(error, language=preferred(request.headers.get("accept-language")))


async def _http_error(request: Request, error: Exception) -> Response:
    """What routing and body parsing say: no such path, no such method, too large, not JSON."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    if isinstance(error, InvalidRequest):
        return _invalid([Fault(at=error.at, message=error.detail)])
    phrase = HTTPStatus(error.status_code).phrase
    code = _CODES.get(error.status_code) or re.sub(r"\W+", "_", phrase.lower())
    detail = (
        error.detail if error.detail and error.detail != phrase else _SENTENCES.get(error.status_code, phrase + ".")
    )
    headers = {"Allow": _methods_here(request)} if error.status_code == 405 else error.headers
    return _respond(error.status_code, code, detail, headers=headers)


def _methods_here(request: Request) -> str:
    """Every method of this path; the router names those of one route, and has a route for each method."""
    app: FastAPI = request.app
    here = [route for route in app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in here for method in getattr(route, "methods", None) or ()}))


_CODES: Final = {413: "body_too_large"}
_SENTENCES: Final = {
    404: "There is nothing at this address.",
    405: "This address does not take this method; the header Allow says which it takes.",
}


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    if isinstance(error.body, bytes):
        return _invalid([Fault(at="body", message="Send JSON, with the header Content-Type: application/json.")])
    language = preferred(request.headers.get("accept-language"))
    return _invalid([Fault(at=path_of(each["loc"]), message=sentence(each, language)) for each in error.errors()])


def _invalid(faults: list[Fault]) -> Response:
    return _respond(422, "invalid_request", "The request is not valid; `errors` says where.", faults=faults)


def path_of(location: Iterable[int | str]) -> str:
    """`("body", "actions", 1, "config", "url")` as `actions[1].config.url`; other places keep their name in front."""
    parts = list(location)
    if len(parts) > 1 and parts[0] == "body":
        del parts[0]
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def without_app(status: int, code: str, detail: str, more: Mapping[str, str]) -> bytes:
    """The whole and last answer (HTTP/1.1, RFC 9112), with `more` headers, to bytes that never became a request."""
    number, phrase = str(new_id()), HTTPStatus(status).phrase
    problem = Problem(status=status, code=code, title=phrase, detail=detail, request_id=number, errors=None)
    body = problem.model_dump_json(exclude_none=True).encode()
    headers = {
        "Content-Type": MEDIA_TYPE, "Content-Length": len(body), "Connection": "close", "Cache-Control": "no-store",
        "X-Request-Id": number, **more,
    }  # fmt: skip
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name.lower()}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def _respond(
    status: int,
    code: str,
    detail: str,
    *,
    faults: list[Fault] | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, str | int] | None = None,
) -> Response:
    problem = Problem(
        status=status,
        code=code,
        title=HTTPStatus(status).phrase,
        detail=detail,
        request_id=request_id.get() or "",
        errors=faults or None,
    )
    content = jsontext.dump({**problem.model_dump(mode="json", exclude_none=True), **(more or {})})
    return Response(content, status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that may answer these problems: `responses=documented(404, 409)`."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    code, detail = _EXAMPLES.get(status, ("error", HTTPStatus(status).phrase + "."))
    example = {
        "status": status,
        "code": code,
        "title": HTTPStatus(status).phrase,
        "detail": detail,
        "request_id": "0199c2a4-7a1e-7cc3-9f0e-2f6d1f9f5b3a",
    }
    if status == 402:
        example |= {"cost": 6, "left": 2}
    if status == 422:
        example["errors"] = [{"at": "name", "message": "This is missing."}]
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


_EXAMPLES: Final = {
    401: ("token_invalid", "The access token is not valid; sign in again."),
    402: (
        "no_credits",
        "This run would cost 6 credits, and the workspace has 2 left: it gets more on 2026-12-01, with another plan, or"
        " from the operator.",
    ),
    403: ("role_missing", "This needs the role editor; yours in this workspace is viewer."),
    404: ("run_not_found", "There is no such run in this workspace."),
    409: ("automation_running", "A run of this automation is under way; save a draft or wait for its end."),
    410: ("link_expired", "This link has expired; ask for a new one, or sign in to answer."),
    412: ("stale", "Somebody saved this since you read it; read it again."),
    413: ("body_too_large", "The body is over the limit of 1 MiB."),
    422: ("invalid_request", "The request is not valid; `errors` says where."),
    429: ("too_many_requests", "Too many requests; the header Retry-After says when to come back."),
    500: ("internal_error", "Something went wrong on our side; the log knows it under this request id."),
    502: ("model_failed", "The provider has trouble of its own (status 500)."),
    504: ("model_timeout", "gpt-5-mini did not answer within 60 s (timeout_s of the agent)."),
    503: ("database_away", "The database can't be reached right now; try again."),
}
