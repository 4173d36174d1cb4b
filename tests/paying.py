"""Workspaces that pay: on a plan of the file, with as many credits as a test wants."""

from typing import Any
from uuid import UUID

from blocks import registry
from core.credits import loading, plans
from core.db import Database
from core.ids import new_id

PRICES = {"say": 1, "flaky": 1, "agent": 5, "echo": 0, "each": 0, "spend": 5}  # of the actions that exist for tests


async def load_plans(db: Database) -> None:
    """What `vutler migrate` does; and prices for the actions of the tests."""
    async with db.transaction() as connection:
        await loading.load(connection, plans.read(), registry.actions())
        for name, credits in PRICES.items():
            await connection.execute(
                "INSERT INTO action_prices (action_type, credits, contains) VALUES ($1, $2, $3)"
                " ON CONFLICT (action_type) DO NOTHING",
                name, credits, "steps" if name == "each" else None,
            )  # fmt: skip


async def workspace(db: Database, credits: int = 0, *, plan: str = "paying", **numbers: Any) -> UUID:
    """A workspace with `credits` to spend, on a plan that grants none by itself and has these limits."""
    space = new_id()
    async with db.transaction() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Paying')", space)
    await make_pay(db, space, credits, plan=plan, **numbers)
    return space


async def make_pay(db: Database, space: UUID, credits: int = 0, *, plan: str = "paying", **numbers: Any) -> None:
    """Put the workspace on such a plan."""
    columns = {"monthly_credits": 0, **numbers}
    async with db.transaction() as connection:
        await connection.execute(
            f"INSERT INTO plans (name, {', '.join(columns)})"
            f" VALUES ($1, {', '.join(f'${n + 2}' for n in range(len(columns)))})"
            f" ON CONFLICT (name) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in columns)}",
            plan, *columns.values(),
        )  # fmt: skip
        await connection.execute("UPDATE workspaces SET plan = $2 WHERE id = $1", space, plan)
        await grant(connection, space, credits)


async def grant(connection: Any, space: UUID, credits: int) -> None:
    await connection.execute("SELECT open_month($1)", space)
    await connection.execute("SELECT move_credits($1, 'granted', 'balance', $2, 'grant')", space, credits)


async def account(db: Database, space: UUID) -> tuple[int, int]:
    """What can be spent, and what is reserved."""
    async with db.connection() as connection:
        row = await connection.fetchrow("SELECT balance, reserved FROM credit_balances WHERE workspace_id = $1", space)
    assert row is not None
    return row["balance"], row["reserved"]


async def spent(db: Database, space: UUID) -> dict[str, int]:
    """What was spent, by action."""
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT action_type, sum(amount)::int AS credits FROM credit_transfers"
            " WHERE workspace_id = $1 AND to_account = 'spent' GROUP BY 1",
            space,
        )
    return {row["action_type"]: row["credits"] for row in rows}


async def faults(db: Database) -> list[dict[str, Any]]:
    """Where the ledger does not add up."""
    async with db.connection() as connection:
        return [dict(row) for row in await connection.fetch("SELECT * FROM credit_faults()")]
