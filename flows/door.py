"""Prefect as a door: a run made there by hand is taken in, and one that is cancelled there stops here."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import structlog

from blocks.values import Json
from core.db import AWAY, Database
from core.installation import installation_id
from core.runs import door
from core.runs.door import QuickRun
from core.turns import take_turn
from flows.prefect_api import FLOW, PrefectApi, PrefectAway

LOOK_S = 2.0
_PAUSE_S = 5.0
_PAGE = 100
_SCHEDULERS = frozenset({"auto-scheduled", "run-at"})  # tags of runs that a scheduler made; imported elsewhere

log = structlog.get_logger(__name__)


class Door:
    """`run(stop)` until `stop` is set, in every worker; they take turns. `prefect` is open and stays the caller's."""

    def __init__(self, db: Database, prefect: PrefectApi) -> None:
        self._db = db
        self._prefect = prefect

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            pause = LOOK_S
            try:
                async with self._db.connection() as connection:
                    ours = await take_turn(connection, "door", every_s=LOOK_S)
                if ours:
                    await self.take_in()
                    await self.cancel()
            except (PrefectAway, *AWAY):
                pause = _PAUSE_S
            except Exception:
                pause = _PAUSE_S
                log.exception("door.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def take_in(self) -> int:
        """Accept the due runs that an operator made in Prefect; refused ones are cancelled there with the reason."""
        async with self._db.connection() as connection:
            own_tag = f"installation:{await installation_id(connection)}"
        found = await self._prefect.read("/flow_runs/filter", _by_hand(own_tag, datetime.now(UTC)))
        runs = [_quick_run(run) for run in found if _made_by_hand(run)]
        async with self._db.connection() as connection:
            runs = await door.unknown(connection, runs) if runs else []
        for run in runs:
            async with self._db.transaction() as connection:
                refusal = await door.take_in(connection, run)
            if refusal is not None:
                await self._prefect.cancel(run.prefect_run_id, refusal)
        return len(runs)

    async def cancel(self) -> int:
        """Stop the runs that an operator cancelled in Prefect; gives how many."""
        stopped = 0
        for run in await self._prefect.read("/flow_runs/filter", _in_state("CANCELLING")):
            async with self._db.transaction() as connection:
                stopped += await door.cancel(connection, UUID(str(run["id"])))
        return stopped


def _in_state(state: str) -> dict[str, Json]:
    return {
        "flows": {"name": {"any_": [FLOW]}},
        "flow_runs": {"state": {"type": {"any_": [state]}}},
        "sort": "EXPECTED_START_TIME_ASC",
        "limit": _PAGE,
    }


def _by_hand(own_tag: str, now: datetime) -> Json:
    runs: Json = {
        "state": {"type": {"any_": ["SCHEDULED"]}},
        "next_scheduled_start_time": {"before_": now.isoformat()},
        "tags": {"all_": [own_tag]},  # of the deployment; what the recorder tells of carries other tags
    }
    return {**_in_state("SCHEDULED"), "flow_runs": runs, "sort": "EXPECTED_START_TIME_DESC"}


def _quick_run(run: dict[str, Json]) -> QuickRun:
    parameters = run.get("parameters")
    return QuickRun(
        UUID(str(run["id"])), UUID(str(run["deployment_id"])), parameters if isinstance(parameters, dict) else {}
    )


def _made_by_hand(run: dict[str, Json]) -> bool:
    tags = run.get("tags")
    return (
        run.get("deployment_id") is not None
        and isinstance(tags, list)
        and not _SCHEDULERS.intersection(tag for tag in tags if isinstance(tag, str))
    )
