"""The header `Idempotency-Key` of POSTs that make something. The rules are in `core/idempotency.py`."""

from typing import Annotated

from fastapi import Depends, Header, Request

from api.caller import CallerDep
from api.services import ServicesDep
from core.idempotency import Once


async def _once(
    request: Request,
    caller: CallerDep,
    services: ServicesDep,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="the same key with the same body within 24 h is answered as the first time",
        ),
    ] = None,
) -> Once | None:
    if key is None:
        return None
    return Once(caller, f"{request.method} {request.url.path}", key, await request.body(), services.answers)


OnceDep = Annotated[Once | None, Depends(_once)]
