"""The application. The folder is the registry: the `router` of every module of this package is part of it."""

import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

import api
from api import openapi, problems
from api.gate import Gate
from api.services import Services
from core.db import Database
from core.keys import Keys
from core.settings import VERSION, Settings

_HOT: Final = "/api/webhooks/"


def create_app(settings: Settings, keys: Keys, db: Database) -> FastAPI:
    """The API over `db`, which it opens and closes itself."""
    services = Services(settings, keys, db)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with services.opened():
            yield

    app = FastAPI(
        title="Vutler",
        version=VERSION,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    app.router.routes.extend(sorted(_routes(), key=_fixed_first))
    app.add_middleware(Gate, settings=settings, rates=services.rates)
    problems.install(app)
    openapi.publish(app)
    return app


def _routes() -> Iterator[BaseRoute]:
    for found in pkgutil.iter_modules(api.__path__, f"{api.__name__}."):
        router = getattr(importlib.import_module(found.name), "router", None)
        if isinstance(router, APIRouter):
            yield from router.routes


def _fixed_first(route: BaseRoute) -> list[bool]:
    """Sorts `/automations/logs` before `/automations/{id}`; the hot path is looked at first of all."""
    path = getattr(route, "path", "")
    return [not path.startswith(_HOT), *("{" in part for part in path.split("/"))]
