"""What of Prefect's many rows we look at every few seconds, as JSON for PostgreSQL to compare.

Our own Prefect server answers in one statement (`deployments/prefect_listing.py`); any other is read page by page.
"""

from datetime import UTC, datetime, timedelta

from blocks.values import Json
from core import jsontext
from flows.prefect_api import FLOW, PrefectApi, PrefectRefused

_PAGE = 200
_NEWEST = 50
_SCHEDULERS: list[Json] = ["auto-scheduled", "run-at"]  # tags of the runs that a scheduler made

Deployment = dict[str, Json]


async def deployments(prefect: PrefectApi, tag: str, *, within_s: float | None = None) -> bytes:
    """The deployments with the tag, an array of `{"id", "changed", "paused"}`; with `within_s` those that changed in
    the last so many seconds (elsewhere than on our server: the newest). Raises `PrefectTrouble`."""
    asked: Deployment = {"tag": tag, **({"within": within_s} if within_s is not None else {})}
    try:
        return await prefect.send("POST", "/vutler/deployments", jsontext.dump(asked))
    except PrefectRefused as error:
        if error.status not in (404, 405):
            raise
    chosen: Deployment = {"deployments": {"tags": {"all_": [tag]}}}
    if within_s is not None:
        found = await prefect.read("/deployments/filter", {**chosen, "sort": "UPDATED_DESC", "limit": _NEWEST})
    else:
        found = await _pages(prefect, "/deployments/filter", {**chosen, "sort": "NAME_ASC"})
    return jsontext.dump(
        [{"id": each["id"], "changed": changed_at(each).isoformat(), "paused": is_paused(each)} for each in found]
    )


async def scheduled(prefect: PrefectApi, tag: str, ahead: timedelta, *, within_s: float | None = None) -> bytes:
    """The runs that a scheduler made for the time up to `ahead` from now, an array of `{"id", "deployment", "due"}`;
    with `within_s` those made in the last so many seconds. Raises `PrefectTrouble`."""
    asked: Deployment = {"tag": tag, "ahead": ahead.total_seconds()}
    if within_s is not None:
        asked["within"] = within_s
    try:
        return await prefect.send("POST", "/vutler/scheduled", jsontext.dump(asked))
    except PrefectRefused as error:
        if error.status not in (404, 405):
            raise
    chosen: Deployment = {
        "flows": {"name": {"any_": [FLOW]}},
        "flow_runs": {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "tags": {"any_": _SCHEDULERS},
            "next_scheduled_start_time": {"before_": (datetime.now(UTC) + ahead).isoformat()},
        },
        "sort": "NEXT_SCHEDULED_START_TIME_ASC",
    }
    found = await _pages(prefect, "/flow_runs/filter", chosen)
    return jsontext.dump(
        [
            {"id": run["id"], "deployment": run["deployment_id"], "due": due}
            for run in found
            if run.get("deployment_id") is not None
            and (due := run.get("next_scheduled_start_time") or run.get("expected_start_time")) is not None
        ]
    )


def changed_at(deployment: Deployment) -> datetime:
    """When Prefect last changed the deployment or a schedule of it."""
    schedules = deployment.get("schedules")
    parts = [deployment, *(schedules if isinstance(schedules, list) else [])]
    return max(datetime.fromisoformat(str(part["updated"])) for part in parts if isinstance(part, dict))


def is_paused(deployment: Deployment) -> bool:
    """Whether it starts nothing by itself: it is paused, or its schedule is."""
    schedules = deployment.get("schedules")
    resting = any(isinstance(each, dict) and each.get("active") is False for each in schedules or ())  # type: ignore[union-attr]
    return deployment.get("paused") is True or resting


async def _pages(prefect: PrefectApi, path: str, chosen: Deployment) -> list[Deployment]:
    found: list[Deployment] = []
    while True:
        page = await prefect.read(path, {**chosen, "limit": _PAGE, "offset": len(found)})
        found += page
        if len(page) < _PAGE:
            return found
