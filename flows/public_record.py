"""Recording through Prefect's public API, for a Prefect server that is not ours and so lacks our route.

Much dearer (20 - 200 ms of server CPU a run) and in real time: the states carry the time at which they are told, and
the true one in their message. Every request may be repeated: runs and task runs are found again by their keys, and
a run that has ended is left alone.
"""

from uuid import UUID

from blocks.values import Json
from flows.prefect_api import PrefectApi, PrefectRefused

_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})


class PublicRecord:
    def __init__(self, prefect: PrefectApi) -> None:
        self._prefect = prefect
        self._flow_id: UUID | None = None

    async def record(self, runs: list[Json]) -> None:
        """Record runs as `core/runs/telling.py` tells them. Raises `PrefectTrouble`."""
        if self._flow_id is None:
            self._flow_id = await self._prefect.flow_id()
        for run in runs:
            if isinstance(run, dict):
                await self._record_run(run)

    async def _record_run(self, run: dict[str, Json]) -> None:
        found = await self._flow_run(run)
        flow_run_id, ended = str(found["id"]), found.get("state_type") in _ENDED
        tasks = {task["id"]: await self._record_task(task, flow_run_id) for task in _objects(run["tasks"])}
        if ended:
            return
        await self._log(_objects(run["lines"]), flow_run_id, tasks)
        for state in _ordered(run["states"]):
            if state["type"] != "SCHEDULED" and state["type"] != found.get("state_type"):
                await self._set_state(f"/flow_runs/{flow_run_id}", state)

    async def _flow_run(self, run: dict[str, Json]) -> dict[str, Json]:
        """Prefect's own run where its scheduler made it, else ours, made when it is missing."""
        try:
            found = await self._prefect.call("GET", f"/flow_runs/{run['id']}")
        except PrefectRefused as error:
            if error.status != 404:
                raise
            found = await self._prefect.call("POST", "/flow_runs/", self._new_run(run))
        if not isinstance(found, dict):
            raise PrefectRefused(200, "no flow run in the answer")
        return found

    def _new_run(self, run: dict[str, Json]) -> Json:
        return {
            "flow_id": str(self._flow_id),
            "deployment_id": run["deployment"],
            "name": run["name"],
            "idempotency_key": run["id"],
            "parameters": run["parameters"],
            "tags": run["tags"],
            "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": run["expected"]}},
        }

    async def _record_task(self, task: dict[str, Json], flow_run_id: str) -> Json:
        made = await self._prefect.call(
            "POST",
            "/task_runs/",
            {
                "flow_run_id": flow_run_id,
                "name": f"{task['key']}-{task['dynamic_key']}",
                "task_key": task["key"],
                "dynamic_key": task["dynamic_key"],
            },
        )
        if not isinstance(made, dict):
            raise PrefectRefused(200, "no task run in the answer")
        if made.get("state_type") not in _ENDED:
            for state in _ordered(task["states"]):
                await self._set_state(f"/task_runs/{made['id']}", state)
        return made["id"]

    async def _set_state(self, path: str, state: dict[str, Json]) -> None:
        told = {
            "type": state["type"],
            "name": state["name"],
            "message": " ".join(str(part) for part in (state["message"], f"({state['at']})") if part),
        }
        await self._prefect.call("POST", f"{path}/set_state", {"state": told, "force": True})

    async def _log(self, lines: list[dict[str, Json]], flow_run_id: str, tasks: dict[Json, Json]) -> None:
        if lines:
            told: Json = [
                {
                    "name": "vutler",
                    "level": line["level"],
                    "message": line["text"],
                    "timestamp": line["at"],
                    "flow_run_id": flow_run_id,
                    "task_run_id": tasks.get(line["task"]),
                }
                for line in lines
            ]
            await self._prefect.call("POST", "/logs/", told)


def _objects(value: Json) -> list[dict[str, Json]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _ordered(states: Json) -> list[dict[str, Json]]:
    return sorted(_objects(states), key=lambda state: str(state["at"]))
