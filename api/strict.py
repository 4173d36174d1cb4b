"""JSON bodies are read strictly: no NaN, no U+0000, no endless nesting, no invalid UTF-8.

A router takes part with `APIRouter(route_class=StrictRoute)`.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.problems import InvalidBody
from blocks.values import Json
from core import jsontext


class StrictRequest(Request):
    async def json(self) -> Json:
        """Raises `InvalidBody`."""
        try:
            return jsontext.parse(await self.body())
        except jsontext.NotJson as error:
            raise InvalidBody(f"This is not valid JSON: {error}.") from error


class StrictRoute(APIRoute):
    """A route whose JSON body is read by `core/jsontext.py`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strict
