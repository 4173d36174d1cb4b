"""The doors of jobs: what a run in a process of its own says and asks, with the token of that one run.

No part of the public contract: jobs and API are of one version. Bodies are read after the token was checked.
"""

import base64
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.services import ServicesDep
from core import jsontext
from core.errors import Invalid, Unauthenticated
from core.jobs import service
from core.jobs.tokens import RunToken

router = APIRouter(prefix="/api/internal/runs/{run_id:uuid}", include_in_schema=False)

_BEARER: Final = HTTPBearer(auto_error=False)
_MOST_CREDITS: Final = 1_000_000  # at once


async def _job(
    run_id: UUID,
    services: ServicesDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
) -> RunToken:
    if credentials is None:
        raise Unauthenticated("token_missing", "This needs the header Authorization: Bearer <token of the run>.")
    return services.jobs.admit(run_id, credentials.credentials)


JobDep = Annotated[RunToken, Depends(_job)]


def _answer(value: object) -> Response:
    return Response(jsontext.dump(value), media_type="application/json")


@router.post("/claim")
async def claim(job: JobDep, services: ServicesDep) -> Response:
    """Take the run: everything that its execution needs. 409 when it is not to be had."""
    return _answer(await services.jobs.claim(job))


@router.post("/renew")
async def renew(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Keep the lease; the answer says whether it is held still and whether the run is to stop."""
    said = service.load(await request.body())
    return _answer(await services.jobs.renew(job, said.get("hints") if isinstance(said, dict) else None))


@router.post("/record")
async def record(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Write steps, lines, events and the end. `held` is false when nothing was written."""
    return _answer({"held": await services.jobs.record(job, service.load(await request.body()))})


@router.post("/steps")
async def steps(job: JobDep, services: ServicesDep) -> Response:
    """Everything that the run's steps recorded, whole."""
    return _answer(await services.jobs.steps(job))


@router.post("/woken")
async def woken(job: JobDep, services: ServicesDep) -> Response:
    """The answers that waiting steps have got."""
    return _answer(await services.jobs.woken(job))


@router.post("/deadline")
async def deadline(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """What counts as the answer of a step whose time to be answered is over."""
    asked = service.load(await request.body())
    if not isinstance(asked, dict):
        raise Invalid("invalid_request", "A deadline is an object with step and iteration.")
    answer = await services.jobs.at_deadline(job, str(asked.get("step")), str(asked.get("iteration") or ""))
    return _answer({"answer": answer})


@router.post("/keep")
async def keep(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Store the body beside the run; gives the reference that stands for it."""
    media_type = request.headers.get("content-type", "")[:200] or "application/octet-stream"
    return _answer(await services.jobs.keep(job, await request.body(), media_type))


@router.post("/file")
async def file(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """A file or a blob of the run's workspace, its content in base64."""
    asked = service.load(await request.body())
    reference, most = (asked.get("reference"), asked.get("most")) if isinstance(asked, dict) else (None, None)
    if not isinstance(reference, dict) or not isinstance(most, int):
        raise Invalid("invalid_request", "A file is asked for by its reference and the most bytes it may have.")
    found = await services.jobs.file(job, reference, most)
    content = base64.b64encode(found.content).decode()
    return _answer({"name": found.name, "media_type": found.media_type, "content": content})


@router.post("/credits")
async def credits(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Reserve more credits for a run that needs them: `most`, or what is left, but nothing below `least`."""
    asked = service.load(await request.body())
    least, most = (asked.get("least"), asked.get("most")) if isinstance(asked, dict) else (None, None)
    if not isinstance(least, int) or not isinstance(most, int) or not 0 < least <= most <= _MOST_CREDITS:
        raise Invalid("invalid_request", "Credits are asked for with least and most, two whole numbers.")
    return _answer({"reserved": await services.jobs.reserve(job, least, most)})


@router.post("/charge")
async def charge(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Charge a step of the run with what it has cost beyond its price."""
    return _answer(await services.jobs.charge(job, service.load(await request.body())))


@router.post("/prepare")
async def prepare(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Make the run of another automation ready, to be recorded with the step that calls it."""
    call = service.load(await request.body())
    if not isinstance(call, dict):
        raise Invalid("invalid_request", "A call is an object.")
    return _answer(await services.jobs.prepare(job, call))


@router.post("/connection")
async def connection(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """A connection that the run's version names, its secrets in clear, for who holds the run."""
    asked = service.load(await request.body())
    if not isinstance(asked, dict):
        raise Invalid("invalid_request", "A request for a connection is an object with its reference.")
    opened = await services.jobs.connection(job, str(asked.get("reference")))
    return Response(jsontext.dump(opened), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post("/connection-failed", status_code=204)
async def connection_failed(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Note that the credentials of a connection were refused."""
    said = service.load(await request.body())
    if not isinstance(said, dict):
        raise Invalid("invalid_request", "A failure is an object with the connection's id and why.")
    await services.jobs.connection_failed(job, str(said.get("id")), str(said.get("why")))
    return Response(status_code=204)


@router.post("/piece")
async def piece(job: JobDep, services: ServicesDep, request: Request) -> Response:
    """Some bytes of a file of the run's workspace, in base64."""
    asked = service.load(await request.body())
    reference, start, length = (
        (asked.get("reference"), asked.get("start"), asked.get("length")) if isinstance(asked, dict) else (None,) * 3
    )
    if not isinstance(reference, dict) or not isinstance(start, int) or not isinstance(length, int):
        raise Invalid("invalid_request", "A piece is asked for with reference, start and length.")
    found = await services.jobs.piece(job, reference, start, length)
    content = base64.b64encode(found.content).decode()
    return _answer({"name": found.name, "media_type": found.media_type, "size": found.size, "content": content})


@router.post("/release", status_code=204)
async def release(job: JobDep, services: ServicesDep) -> Response:
    """Give the run back unfinished: it is queued again at once."""
    await services.jobs.release(job)
    return Response(status_code=204)
