"""Plans and the ledger: the file, grants, the month, warnings, and what can't be done to the ledger."""

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from core.clock import now
from core.credits import housekeeping, plans
from core.credits.plans import BadPlans
from core.db import Database
from core.ids import first_id_at, new_id
from core.runs import retention
from core.runs.accept import Accepted, NewRun, accept
from core.schedules import fires
from tests import paying
from tests.published import publish


@pytest.fixture(autouse=True)
async def loaded(db: Database) -> None:
    await paying.load_plans(db)


async def accepted(db: Database, space: UUID, rule: UUID | None = None, **more: object) -> Accepted:
    async with db.connection() as connection:
        return await accept(connection, NewRun(space, rule or new_id(), 1, "manual", None, **more))  # type: ignore[arg-type]


async def put_on(db: Database, space: UUID, plan: str) -> None:
    async with db.connection() as connection:
        await connection.execute("UPDATE workspaces SET plan = $2 WHERE id = $1", space, plan)


async def next_month(superuser: Database) -> None:
    """All that was granted and counted becomes that of the month before."""
    async with superuser.transaction() as connection:
        await connection.execute("ALTER TABLE credit_transfers DISABLE TRIGGER append_only")
        await connection.execute("UPDATE credit_transfers SET month = month - 31 WHERE month IS NOT NULL")
        await connection.execute("ALTER TABLE credit_transfers ENABLE TRIGGER append_only")
        await connection.execute("UPDATE credit_balances SET month = month - 31")


async def alerts(db: Database) -> list[str]:
    async with db.connection() as connection:
        return [row["kind"] for row in await connection.fetch("SELECT kind FROM alerts ORDER BY created_at, kind")]


async def test_the_month_is_granted_once_however_many_ask(db: Database, superuser: Database) -> None:
    space = await paying.workspace(db)
    await put_on(db, space, "free")
    await asyncio.gather(*(housekeeping.open_months(db) for _ in range(8)))
    assert await paying.account(db, space) == (500, 0)
    assert await housekeeping.open_months(db) == 0

    async def again() -> None:
        async with db.connection() as connection:
            await connection.execute("SELECT open_month($1)", space)

    await asyncio.gather(*(again() for _ in range(8)))
    assert await paying.account(db, space) == (500, 0)
    await next_month(superuser)
    assert await housekeeping.open_months(db) == 1
    assert await paying.account(db, space) == (1000, 0)
    assert await paying.faults(db) == []


async def test_the_first_run_of_a_month_does_not_wait_for_the_housekeeping(db: Database, superuser: Database) -> None:
    space = new_id()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name, plan) VALUES ($1, 'New', 'free')", space)
    await accepted(db, space)
    assert await paying.account(db, space) == (500, 0)
    async with db.connection() as connection:
        await connection.execute("UPDATE credit_balances SET runs_in_month = 100")
    await next_month(superuser)
    await accepted(db, space)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT runs_in_month FROM credit_balances") == 1


async def test_the_ledger_can_not_be_changed(db: Database, superuser: Database) -> None:
    await paying.workspace(db, 5)
    for statement in (
        "UPDATE credit_transfers SET amount = 6", "DELETE FROM credit_transfers", "TRUNCATE credit_transfers",
    ):  # fmt: skip
        async with superuser.connection() as connection:  # whoever has all rights
            with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
                await connection.execute(statement)
        async with db.connection() as connection:
            with pytest.raises((asyncpg.IntegrityConstraintViolationError, asyncpg.InsufficientPrivilegeError)):
                await connection.execute(statement)
    async with db.connection() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("UPDATE credit_balances SET balance = -1")


async def test_the_check_finds_what_does_not_add_up(db: Database) -> None:
    space = await paying.workspace(db, 5)
    assert await paying.faults(db) == []
    async with db.connection() as connection:
        await connection.execute("UPDATE credit_balances SET balance = 6")
    assert await paying.faults(db) == [{"workspace_id": space, "fault": "the balance is 6 and its entries sum to 5"}]
    async with db.connection() as connection:
        await connection.execute("UPDATE credit_balances SET balance = 5")
        await connection.execute(
            "INSERT INTO credit_reservations (run_id, workspace_id, rule_id, amount) VALUES ($1, $1, $1, 3)", space
        )
    assert [fault["fault"] for fault in await paying.faults(db)] == ["0 are reserved and the runs under way hold 3"]


async def test_owners_are_told_at_80_and_at_100_per_cent_once_a_month(db: Database) -> None:
    space = await paying.workspace(db, 10, runs_per_month=5)
    rule = (await publish(db, workspace_id=space)).rule_id
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_versions SET charges = '{\"http\": 4}' WHERE rule_id = $1", rule)
    assert await housekeeping.warn(db) == 0
    await accepted(db, space, rule)
    assert await housekeeping.warn(db) == 0
    await accepted(db, space, rule)
    assert await housekeeping.warn(db) == 1
    assert await alerts(db) == ["credits_low"]
    skipped = await accepted(db, space, rule, refused="kept")
    assert skipped.skipped
    assert sum(await asyncio.gather(housekeeping.warn(db), housekeeping.warn(db))) == 1
    assert await alerts(db) == ["credits_low", "credits_used_up"]
    for _ in range(2):
        await accepted(db, space)
    assert await housekeeping.warn(db) == 1
    await accepted(db, space)
    assert await housekeeping.warn(db) == 1
    assert await housekeeping.warn(db) == 0
    assert await alerts(db) == ["credits_low", "credits_used_up", "runs_low", "runs_used_up"]


async def test_a_due_time_that_can_not_be_paid_is_a_skipped_run_with_the_reason(db: Database) -> None:
    made = await publish(db, {"every_s": 60})
    async with db.transaction() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Paying')", made.workspace_id)
        await connection.execute("UPDATE automation_versions SET charges = '{\"agent\": 1}'")
        await connection.execute(
            "INSERT INTO schedule_fires (schedule_id, due_at, workspace_id, rule_id, source)"
            " SELECT id, date_trunc('minute', now()), workspace_id, rule_id, 'vutler' FROM automation_triggers"
        )
        await connection.execute("UPDATE automation_triggers SET planned_until = now() + interval '1 minute'")
    await paying.make_pay(db, made.workspace_id, 4)
    assert await fires.fire_due(db) == 1
    async with db.connection() as connection:
        run = await connection.fetchrow(
            "SELECT l.status, l.error_code, l.error, l.trigger_type, q.state, f.run_id = l.id AS linked"
            " FROM automation_logs l JOIN run_queue q ON q.run_id = l.id JOIN schedule_fires f ON f.run_id = l.id"
        )
    assert run is not None
    assert (run["status"], run["error_code"], run["trigger_type"]) == ("skipped", "no_credits", "cron")
    assert "would cost 5 credits, and the workspace has 4 left" in run["error"]
    assert (run["state"], run["linked"]) == ("done", True)
    assert await paying.account(db, made.workspace_id) == (4, 0)


async def test_a_run_that_waits_for_credits_keeps_its_turn_among_runs_with_keys(db: Database) -> None:
    space = await paying.workspace(db)
    rule = (await publish(db, policy={"overlap": "queue"}, workspace_id=space)).rule_id
    async with db.connection() as connection:
        await connection.execute("UPDATE automation_versions SET charges = '{\"http\": 1}' WHERE rule_id = $1", rule)
        await connection.execute("UPDATE workspaces SET when_exhausted = 'queue' WHERE id = $1", space)
    runs = [(await accepted(db, space, rule)).run_id for _ in range(3)]
    await housekeeping.admit_waiting(db)
    async with db.transaction() as connection:
        await paying.grant(connection, space, 2)
    await housekeeping.admit_waiting(db)
    async with db.connection() as connection:
        await connection.execute("SELECT settle_overlap()")
        states = {
            row["run_id"]: (row["state"], row["concurrency_key"])
            for row in await connection.fetch("SELECT run_id, state, concurrency_key FROM run_queue")
        }
    assert [states[run] for run in runs] == [("queued", ""), ("blocked", ""), ("blocked", None)]
    assert await paying.account(db, space) == (0, 2)
    assert await paying.faults(db) == []


async def test_no_more_than_a_thousand_runs_wait(db: Database) -> None:
    space = await paying.workspace(db, runs_per_month=1)
    async with db.connection() as connection:
        await connection.execute("UPDATE workspaces SET when_exhausted = 'queue' WHERE id = $1", space)
        await connection.execute(
            "INSERT INTO run_queue (run_id, workspace_id, rule_id, version, state)"
            " SELECT gen_random_uuid(), $1, $1, 1, 'blocked' FROM generate_series(1, 999)",
            space,
        )
    first, waits, too_many = [await accepted(db, space, refused="kept") for _ in range(3)]
    assert [each.skipped for each in (first, waits, too_many)] == [False, False, True]


async def test_steps_inside_loops_are_counted_once(db: Database) -> None:
    async with db.connection() as connection:
        counts = await connection.fetchval(
            "SELECT step_counts($1)",
            {"actions": [
                {"type": "http", "config": {"body": {"type": "agent"}}},
                {"type": "for_each", "config": {"items": [1, 2], "steps": [
                    {"type": "http", "config": {}}, {"type": "for_each", "config": {"steps": [{"type": "agent"}]}},
                ]}},
            ]},
        )  # fmt: skip
    assert counts == {"http": 2, "for_each": 2, "agent": 1}


async def test_history_is_kept_as_long_as_the_plan_says(db: Database) -> None:
    free, unlimited = await paying.workspace(db), await paying.workspace(db)
    await put_on(db, free, "free")
    await put_on(db, unlimited, "unlimited")
    numbers = itertools.count(1)
    async with db.transaction() as connection:
        for space in (free, unlimited):
            for days, status in ((8, "success"), (8, "waiting"), (6, "failed")):
                moment = first_id_at(now() - timedelta(days=days))
                run = UUID(int=moment.int | next(numbers))
                await connection.execute(
                    "INSERT INTO automation_logs (id, rule_id, trigger_type, status, workspace_id, version, root_id)"
                    " VALUES ($1, $1, 'manual', $2, $3, 1, $1)",
                    run, status, space,
                )  # fmt: skip
                await connection.execute(
                    "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id,"
                    " step_id) VALUES ($1, $1, 0, 'http', 'success', $2, 'a')",
                    run, space,
                )  # fmt: skip
                await connection.execute(
                    "INSERT INTO run_lines (run_id, seq, at, level, text) VALUES ($1, 1, now(), 'info', 'x')", run
                )
    assert await retention.forget_history(db) == 1
    async with db.connection() as connection:
        left = await connection.fetch(
            "SELECT l.workspace_id, count(*) AS runs, count(a.id) AS steps FROM automation_logs l"
            " LEFT JOIN automation_action_logs a ON a.log_id = l.id GROUP BY 1"
        )
        lines = await connection.fetchval("SELECT count(*) FROM run_lines")
    assert {row["workspace_id"]: (row["runs"], row["steps"]) for row in left} == {free: (2, 2), unlimited: (3, 3)}
    assert lines == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[plans.free]\nruns = 3\n[plans.unlimited]\n", "plans.free.runs: There is no such field"),
        ("[plans.free]\n", "has no plan 'unlimited'"),
        ("plans = ", "is no TOML"),
        ("[plans.unlimited]\n[prices]\nhttp = -1\n", "prices.http: This must be at least 0."),
    ],
)
def test_a_wrong_plans_file_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "plans.toml").write_text(text)
    with pytest.raises(BadPlans, match=r"plans\.toml") as error:
        plans.read(tmp_path / "plans.toml")
    assert said in str(error.value)
    with pytest.raises(BadPlans, match="can't be read"):
        plans.read(tmp_path / "none.toml")
