"""Automations that start each other, and error automations, with a real engine at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from core.automations.following import Following
from core.ids import new_id
from tests.flows.conftest import Workshop
from tests.waiting import until


@asynccontextmanager
async def at_work(workshop: Workshop) -> AsyncIterator[None]:
    """An engine, and two who work off the ends of runs."""
    stop = asyncio.Event()
    services = [
        asyncio.create_task(Following(workshop.db, public_url="http://vutler.test").run(stop)) for _ in range(2)
    ]
    try:
        async with workshop.engine():
            yield
    finally:
        stop.set()
        await asyncio.gather(*services)


async def follow(workshop: Workshop, follower: UUID, followed: UUID) -> None:
    async with workshop.db.connection() as connection:
        await connection.execute(
            "INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config)"
            " VALUES ($1, $2, $3, 'automation', $4)",
            new_id(), follower, workshop.workspace, {"automation": str(followed), "on": ["success", "failed"]},
        )  # fmt: skip


async def rows(workshop: Workshop, table: str) -> list[dict[str, Any]]:
    async with workshop.db.connection() as connection:
        return [dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY id")]


async def at_rest(workshop: Workshop) -> bool:
    async with workshop.db.connection() as connection:
        busy: bool = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM outbox WHERE topic = 'ended')"
            " OR EXISTS (SELECT FROM run_queue WHERE state <> 'done')"
        )
    return not busy


@pytest.mark.proves("RISK-6")
async def test_a_circle_ends_in_three_runs_and_one_alert(workshop: Workshop) -> None:
    first = await workshop.automation({"id": "a", "type": "say", "config": {"value": "a"}})
    second = await workshop.automation({"id": "b", "type": "say", "config": {"value": "b"}})
    await follow(workshop, second, first)
    await follow(workshop, first, second)
    root = await workshop.start(first)
    async with at_work(workshop):

        async def alerted() -> bool:
            return len(await rows(workshop, "alerts")) > 0

        await until(alerted)
        await until(lambda: at_rest(workshop))
    runs = await rows(workshop, "automation_logs")
    assert [(run["rule_id"], run["status"], run["depth"]) for run in runs] == [
        (first, "success", 1),
        (second, "success", 2),
        (first, "success", 3),
    ]
    (alert,) = await rows(workshop, "alerts")
    assert (alert["kind"], alert["root_id"], alert["run_id"], alert["count"]) == ("too_deep", root, runs[2]["id"], 1)
    texts = await workshop.lines(runs[2]["id"])
    assert "was not started: it would be run 4" in texts[-1]
    assert len(texts) > 1


async def test_a_failed_run_is_mended_by_the_error_automation(workshop: Workshop) -> None:
    mend = await workshop.automation({"id": "note", "type": "say", "config": {"value": "noted"}})
    broken = await workshop.automation(
        {"id": "x", "type": "flaky", "config": {"times": 9, "fatal": True}},
        on_failure={"automation": str(mend), "alert_after": 2},
    )
    async with at_work(workshop):
        failed = [await workshop.start(broken) for _ in range(2)]
        for run_id in failed:
            assert (await workshop.ended(run_id))["status"] == "failed"

        async def mended() -> bool:
            runs = await rows(workshop, "automation_logs")
            return len([run for run in runs if run["rule_id"] == mend and run["status"] == "success"]) == 2

        await until(mended)
        await until(lambda: at_rest(workshop))
    children = [run for run in await rows(workshop, "automation_logs") if run["rule_id"] == mend]
    assert sorted(run["parent_id"] for run in children) == sorted(failed)
    assert {run["trigger_data"]["error_step"] for run in children} == {"x"}
    assert {run["trigger_data"]["link"] for run in children} == {
        f"http://vutler.test/automations/logs/{run_id}" for run_id in failed
    }
    (alert,) = await rows(workshop, "alerts")
    assert (alert["kind"], alert["rule_id"]) == ("failing", broken)
