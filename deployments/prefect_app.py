"""The Prefect server's application with our private routes; imported by uvicorn once the settings stand."""

from functools import cache
from zoneinfo import available_timezones

from fastapi import FastAPI
from prefect.server.api.server import create_app
from prefect.types import _datetime as prefect_datetime
from starlette.routing import Mount

from deployments import prefect_listing, prefect_record


def create() -> FastAPI:
    """The application. Raises `RuntimeError` when Prefect no longer has the parts that we extend."""
    # Prefect reads the folder of all time zones at each validation of a schedule; cached, scheduling costs a fifth.
    if not hasattr(prefect_datetime, "available_timezones"):
        raise RuntimeError("This Prefect looks up time zones elsewhere; look at deployments/prefect_app.py.")
    prefect_datetime.available_timezones = cache(available_timezones)
    app: FastAPI = create_app(final=False, ignore_cache=True)
    for part in (prefect_record, prefect_listing):
        _api(app).include_router(part.router)
    return app


def _api(app: FastAPI) -> FastAPI:
    """The sub-application under /api, which checks the password before any route of it."""
    for route in app.routes:
        if isinstance(route, Mount) and route.path == "/api" and isinstance(route.app, FastAPI):
            return route.app
    raise RuntimeError("This Prefect server has no /api application to extend; look at deployments/prefect_app.py.")
