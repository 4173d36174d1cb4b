"""Requests are read strictly: in JSON bodies no NaN, no endless nesting, no invalid UTF-8; nowhere U+0000, which
PostgreSQL can't hold.

A router takes part with `APIRouter(route_class=StrictRoute)`.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.problems import InvalidRequest
from blocks.values import Json
from core import jsontext


class StrictRequest(Request):
    async def json(self) -> Json:
        """Raises `InvalidRequest`."""
        try:
            return jsontext.parse(await self.body())
        except jsontext.NotJson as error:
            raise InvalidRequest("body", f"This is not valid JSON: {error}.") from error


class StrictRoute(APIRoute):
    """A route whose JSON body is read by `core/jsontext.py`, and whose parameters hold no U+0000."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if b"%00" in request.scope["query_string"]:
                raise InvalidRequest("query", "The character U+0000 is not accepted.")
            return await handler(StrictRequest(request.scope, request.receive))

        return strict
