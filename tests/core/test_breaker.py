"""Loops and storms: where the circuit opens, exactly, and what it leaves behind."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from core.agent_events.service import AgentEvents, Event
from core.db import Database
from core.ids import new_id
from core.listen import Listener
from core.runs import breaker
from core.runs.accept import NewRun, accept
from core.runs.breaker import DEFAULT, Limits
from core.runs.channels import CONFIG
from core.settings import load
from tests.core.chains import (
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
)
from tests.waiting import until

ERROR = Event("agent.error", "sales_pro", "It broke.", None)
LISTENING = {"event": "agent.error"}


async def listener(db: Database, name: str = "Answer") -> UUID:
    """An automation that an agent event starts."""
    return await automation(db, trigger_type="agent_event", config=dict(LISTENING), name=name)


async def emit(db: Database, limits: Limits = DEFAULT, times: int = 1) -> int:
    """Tell of an event; gives how many runs it started."""
    service, count = AgentEvents(db, limits=limits), 0
    for _ in range(times):
        async with db.transaction() as connection:
            count += len((await service.record(connection, WORKSPACE, ERROR)).runs)
    return count


def child(root: UUID, parent: UUID, rule_id: UUID, depth: int = 2) -> NewRun:
    return NewRun(WORKSPACE, rule_id, 1, "automation", None, root_id=root, parent_id=parent, depth=depth)


async def triggers_active(db: Database, rule_id: UUID) -> list[bool]:
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT active FROM automation_triggers WHERE rule_id = $1", rule_id)
    return [row["active"] for row in rows]


def test_the_limits_are_the_settings_own() -> None:
    assert Limits(runs_per_min=load({}).breaker_runs_per_min) == DEFAULT == Limits(3, 200, 300)
    assert load({"VUTLER_BREAKER_RUNS_PER_MIN": "7"}).breaker_runs_per_min == 7


@pytest.mark.parametrize(("depth", "code"), [(1, None), (3, None), (4, "too_deep"), (9, "too_deep")])
async def test_how_deep_a_chain_may_be(db: Database, depth: int, code: str | None) -> None:
    first = await automation(db, name="Orders")
    parent = await started(db, first)
    async with db.transaction() as connection:
        refusal = await breaker.check(connection, child(parent, parent, first, depth))
    assert (refusal and refusal.code) == code
    assert len(await alerts(db)) == int(code is not None)
    assert await lines(db, parent) == []  # the parent goes on and writes its own log
    if refusal is not None:
        assert refusal.alert_id is not None
        assert f"run {depth} of a chain" in refusal.reason


async def test_the_last_run_of_a_root_is_made_and_none_after_it(db: Database) -> None:
    owner = await member(db, WORKSPACE)
    first = await automation(db, name="Orders")
    followers = [await automation(db, first, name=f"F{number}") for number in range(5)]
    parent = await started(db, first)
    await ended(db)
    await following(db, Limits(runs_per_root=4)).drain()
    made = [each for each in followers if await runs(db, each)]
    left = [each for each in followers if each not in made]
    assert len(made) == 3  # and their root
    assert len(left) == 2
    for each in left:
        row = await rule(db, each)
        assert (row["enabled"], row["paused_at"] is not None) == (False, True)
        assert "led to 4 runs" in row["paused_reason"]
        assert await triggers_active(db, each) == [False]
    for each in made:
        assert (await rule(db, each))["enabled"]
    assert {(row["kind"], row["rule_id"], row["root_id"], row["count"]) for row in await alerts(db)} == {
        ("too_many_runs", each, parent, 1) for each in left
    }
    assert len([line for line in await lines(db, parent) if "was not started" in line]) == 2
    assert len(await told(db, owner)) == 2


@pytest.mark.proves("RISK-6")
async def test_a_storm_of_one_root_is_one_alert(db: Database) -> None:
    owner = await member(db, WORKSPACE)
    rule_id = await automation(db, name="Child")
    root = await started(db, await automation(db))
    codes: list[str | None] = []
    for _ in range(1000):
        async with db.transaction() as connection:
            refusal = await breaker.check(connection, child(root, root, rule_id))
            codes.append(refusal and refusal.code)
            if refusal is None:
                await accept(connection, child(root, root, rule_id))
    assert codes == [None] * 199 + ["too_many_runs"] * 801
    assert len(await runs(db, rule_id)) == 199
    (alert,) = await alerts(db)
    assert alert["count"] == 801
    assert len(await told(db, owner)) == 1


async def test_two_processes_make_no_run_too_many(db: Database) -> None:
    rules = [await automation(db, name=f"R{number}") for number in range(4)]
    root = await started(db, await automation(db))
    limits = Limits(runs_per_root=21)

    async def start(number: int) -> bool:
        run = child(root, root, rules[number % 4])
        async with db.transaction() as connection:
            if await breaker.check(connection, run, limits) is not None:
                return False
            await accept(connection, run)
        return True

    assert sum(await asyncio.gather(*(start(number) for number in range(60)))) == 20
    assert sum([len(await runs(db, each)) for each in rules]) == 20


async def emitted_once(db: Database, rule_id: UUID, limits: Limits) -> bool:
    run = NewRun(WORKSPACE, rule_id, 1, "agent_event", None)
    async with db.transaction() as connection:
        if await breaker.check(connection, run, limits) is not None:
            return False
        await accept(connection, run)
    return True


async def test_the_rate_is_exact_across_processes(db: Database) -> None:
    rule_id = await listener(db)
    made = await asyncio.gather(*(emitted_once(db, rule_id, Limits(runs_per_min=10)) for _ in range(40)))
    assert sum(made) == len(await runs(db, rule_id)) == 10
    (alert,) = await alerts(db)
    assert (alert["kind"], alert["rule_id"], alert["count"]) == ("rate", rule_id, 30)


async def test_events_beyond_the_rate_pause_the_automation_and_no_other(db: Database) -> None:
    owner, limits = await member(db, WORKSPACE), Limits(runs_per_min=3)
    storm, calm = await listener(db, "Answer"), await automation(db, trigger_type="agent_event", config=LISTENING)
    changed: list[str] = []
    listening = Listener(db.dsn, application="test")
    listening.on(CONFIG, changed.append)
    task = asyncio.create_task(listening.run())
    try:

        async def connected() -> bool:
            return listening.connected

        await until(connected)
        async with db.connection() as connection:  # the other one has not been started in this minute
            await connection.execute("UPDATE automation_rules SET enabled = false WHERE id = $1", calm)
            assert await emit(db, limits, times=3) == 3
            await connection.execute("UPDATE automation_rules SET enabled = true WHERE id = $1", calm)
        assert await emit(db, limits) == 1  # the calm one's

        async def heard() -> bool:
            return str(storm) in changed  # so that caches and deployments learn of it

        await until(heard)
    finally:
        task.cancel()
    row = await rule(db, storm)
    assert (row["enabled"], row["revision"]) == (False, 2)
    assert "3 times within a minute" in row["paused_reason"]
    assert await triggers_active(db, storm) == [False]
    async with db.connection() as connection:
        topics = await connection.fetch("SELECT topic FROM outbox WHERE key = $1", storm)
    assert [each["topic"] for each in topics] == ["deployment"]
    assert (await rule(db, calm))["enabled"]
    assert len(await runs(db, calm)) == 1
    assert await emit(db, limits) == 1
    (alert,) = await alerts(db)
    assert (alert["kind"], alert["severity"], alert["count"], alert["facts"]["limit"]) == ("rate", "error", 1, 3)
    assert await told(db, owner) == ["Answer was paused"]


@pytest.mark.parametrize("trigger_type", ["manual", "webhook", "cron"])
async def test_people_clocks_and_webhooks_do_not_count(db: Database, trigger_type: str) -> None:
    rule_id, limits = await listener(db), Limits(runs_per_min=2)
    for _ in range(5):
        run = NewRun(WORKSPACE, rule_id, 1, trigger_type, None)
        async with db.transaction() as connection:
            assert await breaker.check(connection, run, limits) is None
            await accept(connection, run)
    assert await emit(db, limits, times=2) == 2
    async with db.transaction() as connection:
        assert await breaker.check(connection, NewRun(WORKSPACE, rule_id, 1, trigger_type, None), limits) is None


async def test_the_rate_looks_back_one_minute(db: Database) -> None:
    rule_id, limits = await listener(db), Limits(runs_per_min=2)
    assert await emit(db, limits, times=2) == 2
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_logs SET created_at = now() - interval '61 seconds'")
    assert await emit(db, limits, times=2) == 2
    assert await emit(db, limits) == 0
    assert not (await rule(db, rule_id))["enabled"]


async def test_what_exists_already_is_not_refused(db: Database) -> None:
    """A step that is repeated after a crash finds the run that it started."""
    root, other = await started(db, await automation(db)), await automation(db)
    run = replace(child(root, root, other), trigger_id=new_id(), key="run/step")
    limits = Limits(runs_per_root=2, runs_per_min=1)
    async with db.transaction() as connection:
        assert await breaker.check(connection, run, limits) is None
        first = await accept(connection, run)
    async with db.transaction() as connection:
        assert await breaker.check(connection, run, limits) is None
        assert await accept(connection, run) == replace(first, duplicate=True)
        refusal = await breaker.check(connection, replace(run, key="run/other"), limits)
    assert refusal is not None
    assert refusal.code == "too_many_runs"


async def test_a_paused_automation_is_not_started_by_other_roots_either(db: Database) -> None:
    limits = Limits(runs_per_root=1)
    rule_id = await automation(db, name="Child")
    first, second = await started(db, await automation(db)), await started(db, await automation(db))
    async with db.transaction() as connection:
        refusal = await breaker.check(connection, child(first, first, rule_id), limits)
        assert refusal is not None
        again = await breaker.check(connection, child(second, second, rule_id))
    assert again is not None
    assert (again.code, again.alert_id) == ("paused", None)
    assert len(await alerts(db)) == 1


async def test_an_automation_that_follows_itself_comes_to_rest(db: Database) -> None:
    """None can be saved; one that is there all the same is a circle like others."""
    first = new_id()
    await automation(db, first, rule_id=first)
    await started(db, first)
    for _ in range(3):
        await ended(db)
        await following(db).drain()
    assert [run["depth"] for run in await runs(db, first)] == [1, 2, 3]
    assert [row["kind"] for row in await alerts(db)] == ["too_deep"]


async def test_the_alert_goes_to_whoever_made_the_automation(db: Database) -> None:
    owner, maker = await member(db, WORKSPACE), await member(db, WORKSPACE, "editor")
    stranger = await member(db, new_id())
    rule_id = await listener(db)
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_rules SET created_by = $2 WHERE id = $1", rule_id, maker)
    await emit(db, Limits(runs_per_min=1), times=3)
    assert [len(await told(db, each)) for each in (owner, maker, stranger)] == [0, 1, 0]
