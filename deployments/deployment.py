"""A deployment of ours as Prefect's API takes and gives it. Pure."""

from datetime import datetime
from uuid import UUID

from blocks.schedule import Schedule
from blocks.values import Json
from core.schedules.deployed import Wanted

TAG = "vutler"
ENTRYPOINT = "flows.automation.automation"  # of the installed package: a pool's job copies no folder
DUE_QUEUE = "vutler-due"  # of a pool: paused, so that what Prefect's scheduler makes goes through acceptance first
_EPOCH = "1970-01-01T00:00:00+00:00"

Deployment = dict[str, Json]


def body(item: Wanted, flow_id: UUID, own_tag: str) -> Deployment:
    """What `POST /deployments/` takes: an upsert by flow and name. The warm lane's have no work pool, since a poll
    rewrites every deployment of its pool; those of an isolated lane sit on theirs."""
    wanted = schedule(item.schedule)
    return {
        "name": item.name,
        "flow_id": str(flow_id),
        "description": item.description,
        "tags": tags(item, own_tag),
        "parameters": parameters(item),
        "enforce_parameter_schema": False,
        "paused": item.paused,
        "entrypoint": ENTRYPOINT,
        **({"work_pool_name": item.pool, "work_queue_name": DUE_QUEUE} if item.pool is not None else {}),
        "schedules": [{"schedule": wanted, "active": True, "slug": "schedule"}] if wanted else [],
    }


def tags(item: Wanted, own_tag: str) -> list[Json]:
    return [TAG, own_tag, f"ws:{item.workspace_id}", f"automation:{item.rule_id}"]


def parameters(item: Wanted) -> Deployment:
    """Ids only: Prefect must never hold a payload."""
    return {
        "automation_id": str(item.rule_id),
        **({"trigger_id": str(item.trigger_id)} if item.trigger_id is not None else {}),
    }


def schedule(wanted: Schedule | None) -> Deployment | None:
    if wanted is None or wanted.run_at is not None:
        return None
    if wanted.cron is not None:
        return {"cron": wanted.cron, "timezone": wanted.timezone or "UTC", "day_or": True}
    return {"interval": float(wanted.every_s or 0), "anchor_date": _EPOCH, "timezone": "UTC"}


def key(deployment: Deployment) -> tuple[UUID, UUID | None] | None:
    """Which automation (and further schedule) a deployment says it belongs to; None when it says nothing sensible."""
    given = deployment.get("parameters")
    if not isinstance(given, dict):
        return None
    try:
        trigger_id = given.get("trigger_id")
        return UUID(str(given.get("automation_id"))), None if trigger_id is None else UUID(str(trigger_id))
    except ValueError:
        return None


def agrees(item: Wanted, deployment: Deployment, own_tag: str) -> bool:
    """Whether Prefect's deployment is what we want, down to its schedule."""
    plain = (
        deployment.get("description") == item.description
        and deployment.get("paused") == item.paused
        and deployment.get("tags") == tags(item, own_tag)
        and deployment.get("parameters") == parameters(item)
        and deployment.get("entrypoint") == ENTRYPOINT
        and deployment.get("work_pool_name") == item.pool
        and (item.pool is None or deployment.get("work_queue_name") == DUE_QUEUE)
    )
    schedules = deployment.get("schedules") or []
    if not plain or not isinstance(schedules, list):
        return False
    wanted = schedule(item.schedule)
    if wanted is None or not schedules:
        return wanted is None and not schedules
    first = schedules[0]
    if len(schedules) > 1 or not isinstance(first, dict) or first.get("active") is not True:
        return False
    have = first.get("schedule")
    return isinstance(have, dict) and all(_same(have.get(name), value) for name, value in wanted.items())


def _same(have: Json, want: Json) -> bool:
    if want == _EPOCH and isinstance(have, str):
        return datetime.fromisoformat(have) == datetime.fromisoformat(_EPOCH)
    return have == want
