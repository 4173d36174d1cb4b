"""Whether Vutler is up: a word for probes, the parts for the supervisor, details for operators."""

from datetime import datetime
from typing import Any, Final, Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.caller import OperatorDep
from api.problems import documented
from api.services import ServicesDep
from core.settings import VERSION

router = APIRouter(tags=["health"])

_READY: Final[JsonDict] = {"database": "ready", "worker": "ready", "prefect": "coming"}
_OK: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "It lives.", "content": {"text/plain": {"schema": {"type": "string"}, "example": "ok"}}},
}


class ReadyView(BaseModel):
    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _READY})

    database: Literal["ready", "away"]
    worker: Literal["ready", "coming", "unknown"]
    prefect: Literal["ready", "coming", "away"] = Field(description="runs are accepted and executed without it")


class WorkerView(BaseModel):
    owner: str
    host: str
    slot: str
    concurrency: int
    started_at: datetime
    seen_at: datetime


class HealthView(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": "0.1.0",
                "database": {"version": "18.6", "ms": 0.4, "listening": True},
                "prefect": "ready",
                "workers": [],
                "queue": {"queued": 0, "running": 2, "waiting": 1, "untold": 0, "oldest_queued_s": 0.0},
                "scheduler_lag_s": 0.0,
            }
        }
    )

    version: str
    database: dict[str, str | float | bool]
    prefect: Literal["ready", "coming", "away"]
    workers: list[WorkerView]
    queue: dict[str, float] = Field(description="runs by state; `untold` are not in Prefect yet")
    scheduler_lag_s: float = Field(description="how long the oldest due time has not been fired, seconds")


@router.get("/healthz", summary="Is it alive", response_class=PlainTextResponse, responses=_OK)
async def alive() -> str:
    """The process answers. Says nothing about the parts."""
    return "ok"


@router.get(
    "/readyz",
    summary="Is it ready",
    response_model=ReadyView,
    responses={
        503: {
            "description": "The database or every worker is away.",
            "content": {"application/json": {"example": _READY | {"worker": "coming"}}},
        }
    },
)
async def ready(services: ServicesDep, response: Response) -> ReadyView:
    """Ready means that events are accepted and runs executed. Prefect may still be coming, and says so."""
    readiness = await services.health.readiness()
    if not readiness.ready:
        response.status_code = 503
        response.headers["Retry-After"] = "1"
    return ReadyView.model_validate(readiness)


@router.get("/api/health", summary="How are the parts", responses=documented(401, 403))
async def health(_operator: OperatorDep, services: ServicesDep) -> HealthView:
    """Every part in detail, for operators."""
    details = await services.health.details()
    return HealthView.model_validate(
        {
            "version": VERSION,
            "database": {
                "version": details.database_version,
                "ms": details.database_ms,
                "listening": details.listening,
            },
            "prefect": await services.health.prefect(),
            "workers": details.workers,
            "queue": details.queue,
            "scheduler_lag_s": details.scheduler_lag_s,
        }
    )
