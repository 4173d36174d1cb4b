"""What an automation asks for when it fails: its error automation, once for each run, and the alert after a streak."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from blocks.values import Json
from core.db import Database
from core.ids import new_id
from core.runs.breaker import Limits
from core.runs.queue import claim
from tests.core.chains import (
    OWNER,
    WORKSPACE,
    alerts,
    automation,
    ended,
    following,
    lines,
    member,
    rule,
    runs,
    started,
    told,
    words,
)
from tests.published import end_run


async def asking(db: Database, **on_failure: Json) -> UUID:
    """A live automation with this `policy.on_failure`."""
    return await automation(db, name="Orders", on_failure=dict(on_failure))


async def failed(db: Database, rule_id: UUID, status: str = "failed") -> UUID:
    """A run of it from its start to its end, and what follows."""
    run_id = await started(db, rule_id)
    assert await ended(db, status) == run_id
    await following(db).drain()
    return run_id


async def test_the_error_automation_is_started_with_the_failed_run(db: Database) -> None:
    target = await automation(db, name="Mend")
    first = await asking(db, automation=str(target))
    run_id = await failed(db, first)
    (run,) = await runs(db, target)
    assert (run["trigger_type"], run["parent_id"], run["root_id"], run["depth"]) == ("automation", run_id, run_id, 2)
    assert (run["trigger_id"], run["version"], run["status"]) == (None, 1, "queued")
    data = run["trigger_data"]
    assert {name: data[name] for name in ("automation", "automation_id", "run_id", "status", "error", "link")} == {
        "automation": "Orders",
        "automation_id": str(first),
        "run_id": str(run_id),
        "status": "failed",
        "error": "It broke.",
        "link": f"https://vutler.test/automations/logs/{run_id}",
    }
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT priority FROM run_queue WHERE run_id = $1", run["id"]) == 1
    assert await words(db) == 0


@pytest.mark.parametrize("status", ["success", "cancelled"])
async def test_other_ends_start_nothing_and_leave_no_word(db: Database, status: str) -> None:
    target = await automation(db)
    await started(db, await asking(db, automation=str(target), alert_after=1))
    await ended(db, status)
    assert await words(db) == 0
    await following(db).drain()
    assert await runs(db, target) == []


async def test_a_failure_that_asks_for_nothing_leaves_no_word(db: Database) -> None:
    await started(db, await asking(db))
    await ended(db, "failed")
    assert await words(db) == 0


async def test_the_version_that_ran_decides(db: Database) -> None:
    target = await automation(db)
    first = await asking(db)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 2, $2)",
            first, {"policy": {"on_failure": {"automation": str(target)}}},
        )  # fmt: skip
        await connection.execute("UPDATE automation_rules SET live_version = 2 WHERE id = $1", first)
    await failed(db, first)  # of version 1
    assert await runs(db, target) == []


async def test_one_that_follows_anyway_is_started_once(db: Database) -> None:
    target = new_id()
    first = await asking(db, automation=str(target))
    await automation(db, first, on=["failed"], rule_id=target)
    await failed(db, first)
    assert len(await runs(db, target)) == 1


async def test_an_end_that_is_worked_off_twice_or_by_many_starts_it_once(db: Database) -> None:
    target = await automation(db)
    first = await asking(db, automation=str(target), alert_after=1)
    for _ in range(8):
        await started(db, first)
    failures = [await ended(db, "failed") for _ in range(8)]
    assert sum(await asyncio.gather(*(following(db).drain() for _ in range(4)))) == 8
    async with db.connection() as connection:
        await connection.execute("INSERT INTO outbox (topic, key) SELECT 'ended', unnest($1::uuid[])", failures)
    await following(db).drain()
    assert sorted(run["parent_id"] for run in await runs(db, target)) == sorted(failures)
    assert len(await alerts(db)) == 1


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("UPDATE automation_rules SET enabled = false WHERE id = $1", "Mend is switched off"),
        ("UPDATE automation_rules SET enabled = false, paused_at = now() WHERE id = $1", "Mend is paused"),
        ("UPDATE automation_rules SET deleted_at = now() WHERE id = $1", "Mend is deleted"),
        ("UPDATE automation_rules SET live_version = NULL WHERE id = $1", "Mend was never published"),
        ("UPDATE automation_rules SET workspace_id = gen_random_uuid() WHERE id = $1", "there is no automation"),
        ("DELETE FROM automation_rules WHERE id = $1", "there is no automation"),
    ],
)
async def test_one_that_can_not_be_started_is_told_in_the_failed_run(db: Database, state: str, said: str) -> None:
    target = await automation(db, name="Mend")
    first = await asking(db, automation=str(target))
    async with db.connection() as connection:
        await connection.execute(state, target)
    run_id = await failed(db, first)
    assert await runs(db, target) == []
    (line,) = await lines(db, run_id)
    assert line.startswith(f"No error automation was started: {said}")
    assert "Mend" not in line or "no automation" not in line  # nothing is told of a foreign one
    assert await words(db) == 0


async def test_the_line_stands_behind_the_others_and_is_numbered(db: Database) -> None:
    first = await asking(db, automation="nonsense")
    run_id = await failed(db, first)
    async with db.connection() as connection:
        run = await connection.fetchrow("SELECT seq, status FROM automation_logs WHERE id = $1", run_id)
        line = await connection.fetchrow("SELECT seq, level, at FROM run_lines WHERE run_id = $1", run_id)
    assert run is not None
    assert line is not None
    assert (run["status"], line["seq"], line["level"]) == ("failed", run["seq"], "warning")
    assert isinstance(line["at"], datetime)


async def test_no_automation_is_its_own_error_automation(db: Database) -> None:
    first = new_id()
    await automation(db, rule_id=first, on_failure={"automation": str(first)})
    run_id = await failed(db, first)
    assert len(await runs(db, first)) == 1
    assert "its own error automation" in (await lines(db, run_id))[0]


async def test_error_automations_that_fail_come_to_rest(db: Database) -> None:
    """Each is the other's error automation, and both fail."""
    first, second = new_id(), new_id()
    await automation(db, rule_id=first, name="Orders", on_failure={"automation": str(second)})
    await automation(db, rule_id=second, name="Mend", on_failure={"automation": str(first)})
    await started(db, first)
    for _ in range(3):
        await ended(db, "failed")
        await following(db).drain()
    async with db.connection() as connection:
        assert await claim(connection, owner=OWNER, lane="warm", limit=9) == []
    assert [len(await runs(db, each)) for each in (first, second)] == [2, 1]
    (alert,) = await alerts(db)
    assert (alert["kind"], alert["title"]) == (
        "too_deep",
        "Automations start each other: Orders -> Mend -> Orders -> Mend",
    )


async def test_many_failures_pause_the_error_automation_and_go_on_failing_themselves(db: Database) -> None:
    target = await automation(db, name="Mend")
    first = await asking(db, automation=str(target))
    for _ in range(5):
        await started(db, first)
    service = following(db, Limits(runs_per_min=2))
    for _ in range(5):
        await ended(db, "failed")
        await service.drain()
        async with db.connection() as connection:  # what was started waits for nobody here
            await connection.execute("UPDATE run_queue SET available_at = 'infinity' WHERE rule_id = $1", target)
    assert len(await runs(db, target)) == 2
    assert not (await rule(db, target))["enabled"]
    assert (await rule(db, first))["enabled"]
    (alert,) = await alerts(db)
    assert (alert["kind"], alert["count"]) == ("rate", 1)  # from then on it is switched off, and not asked for
    last = (await runs(db, first))[-1]
    assert "is paused" in (await lines(db, last["id"]))[0]


# an alert after a streak ----------------------------------------------------------------------------------------------


async def streak(db: Database, rule_id: UUID, ends: str) -> list[dict[str, Any]]:
    """Runs that fail (f), succeed (s) or are cancelled (c), one after the other; gives the alerts."""
    for end in ends:
        await failed(db, rule_id, {"f": "failed", "s": "success", "c": "cancelled"}[end])
    return await alerts(db)


@pytest.mark.parametrize(
    ("ends", "counts", "news"),
    [
        ("ff", [], 0),
        ("ffsf", [], 0),
        ("fff", [1], 1),
        ("ffcf", [1], 1),  # a cancelled run is neither
        ("sfff", [1], 1),
        ("ffffff", [4], 1),
        ("fffsff", [1], 1),
        ("fffsfff", [2], 2),
        ("fffsffffsfff", [4], 3),
    ],
)
@pytest.mark.proves("R-OBS-4")
async def test_the_alert_after_three_failures_in_a_row(db: Database, ends: str, counts: list[int], news: int) -> None:
    owner = await member(db, WORKSPACE)
    found = await streak(db, await asking(db, alert_after=3), ends)
    assert [alert["count"] for alert in found] == counts
    assert {alert["kind"] for alert in found} <= {"failing"}
    assert len(await told(db, owner)) == news


async def test_a_resolved_alert_comes_back_only_after_a_success(db: Database) -> None:
    rule_id = await asking(db, alert_after=2)
    (alert,) = await streak(db, rule_id, "ff")
    assert (alert["severity"], alert["title"]) == ("error", "Orders keeps failing")
    assert alert["text"] == "The last 2 runs of Orders failed. The newest error: It broke."
    assert "failure 2 in a row" in (await lines(db, alert["run_id"]))[0]
    async with db.connection() as connection:
        await connection.execute("UPDATE alerts SET resolved_at = now()")
    assert [each["count"] for each in await streak(db, rule_id, "ff")] == [1]
    assert [each["count"] for each in await streak(db, rule_id, "sff")] == [1, 1]


async def test_runs_at_the_same_time_end_in_any_order(db: Database) -> None:
    rule_id = await asking(db, alert_after=3)
    ids = [await started(db, rule_id) for _ in range(6)]
    for run_id in reversed(ids[:3]):
        await end_run(db, run_id, "failed", "It broke.")
        await following(db).drain()
    (alert,) = await alerts(db)
    assert (alert["run_id"], alert["count"]) == (ids[2], 1)
    for run_id, status in ((ids[5], "failed"), (ids[3], "success"), (ids[4], "failed")):
        await end_run(db, run_id, status)
        await following(db).drain()
    assert [row["count"] for row in await alerts(db)] == [2]


async def test_runs_of_others_do_not_count(db: Database) -> None:
    rule_id, other = await asking(db, alert_after=2), await asking(db, alert_after=2)
    await failed(db, rule_id)
    await failed(db, other, "success")
    await failed(db, other)
    assert await alerts(db) == []
    await failed(db, rule_id)
    assert [alert["rule_id"] for alert in await alerts(db)] == [rule_id]
