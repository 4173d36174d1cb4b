"""From the plans file into the tables: at each migration, and so at each start."""

from collections.abc import Mapping
from typing import Any, Final

from blocks.action import Action
from core.credits.plans import Numbers, PlansFile
from core.db import Connection

COLUMNS: Final = tuple(Numbers.model_fields)

_PLAN = f"""
INSERT INTO plans AS p (name, {", ".join(COLUMNS)})
VALUES ($1, {", ".join(f"${n + 2}" for n in range(len(COLUMNS)))})
ON CONFLICT (name) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS)} WHERE NOT p.pinned
"""
# What nobody has any more and the file does not name; what an operator has set stays.
_DROP = """
DELETE FROM plans p WHERE p.name <> ALL ($1) AND NOT p.pinned
    AND NOT EXISTS (SELECT FROM workspaces w WHERE w.plan = p.name)
"""
_PRICE = """
INSERT INTO action_prices (action_type, credits, contains) VALUES ($1, $2, $3)
ON CONFLICT (action_type) DO UPDATE SET credits = excluded.credits, contains = excluded.contains
"""


async def load(connection: Connection, file: PlansFile, actions: Mapping[str, Action[Any]]) -> None:
    """Let plans and prices be those of the file, in the caller's transaction. A plan that an operator has pinned stays
    as it is, and so does one that the file names no more while a workspace has it."""
    for name, numbers in file.plans.items():
        await connection.execute(_PLAN, name, *(getattr(numbers, column) for column in COLUMNS))
    await connection.execute(_DROP, list(file.plans))
    prices = file.price_list(actions)
    for name, credits in prices.items():
        action = actions.get(name)
        await connection.execute(_PRICE, name, credits, action.contains if action is not None else None)
    await connection.execute("DELETE FROM action_prices WHERE action_type <> ALL ($1)", list(prices))
    for table in ("automation_versions", "draft_snapshots"):  # from before versions were counted
        await connection.execute(f"UPDATE {table} SET charges = step_counts(definition) WHERE charges IS NULL")
