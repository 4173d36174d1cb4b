"""What the ledger needs from time to time, done by whichever worker comes first: grants, leftovers, warnings.

Each piece is a statement or a transaction of its own and may be done by several workers at once: what one has done the
next finds done.
"""

from typing import Any, Final

from blocks.values import JsonObject
from core.alerts.raising import Alarm, raise_alert
from core.db import Connection, Database
from core.notifications.words import Message

EVERY_S: Final = 30.0
_AT_ONCE: Final = 500

_NEW_MONTH = f"""
SELECT w.id FROM workspaces w JOIN plans p ON p.name = w.plan AND p.metered
LEFT JOIN credit_balances b ON b.workspace_id = w.id
CROSS JOIN (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month) this
WHERE b.month IS DISTINCT FROM this.month OR p.monthly_credits > (
    SELECT coalesce(sum(t.amount), 0) FROM credit_transfers t
    WHERE t.workspace_id = w.id AND t.month = this.month AND t.kind IN ('monthly', 'plan_change'))
LIMIT {_AT_ONCE}
"""
# Their run is over, or there is no such run any more.
_LEFT_OVER = f"""
SELECT r.run_id FROM (SELECT run_id FROM credit_reservations UNION SELECT run_id FROM step_charges) r
WHERE NOT EXISTS (SELECT FROM run_queue q WHERE q.run_id = r.run_id AND q.state <> 'done') LIMIT {_AT_ONCE}
"""
_WITH_UNPAID = """
SELECT DISTINCT workspace_id FROM run_queue WHERE state = 'blocked' AND concurrency_key IS NULL
"""
_TO_WARN = f"""
SELECT * FROM (
    SELECT b.workspace_id, b.balance, b.allowance, b.runs_in_month, p.runs_per_month, p.name AS plan,
        b.warned_credits, b.warned_runs, to_char(b.month + interval '1 month', 'YYYY-MM-DD') AS next_month,
        CASE WHEN p.monthly_credits IS NULL THEN 0
            WHEN b.balance = 0 OR (b.refused_at IS NOT NULL
                AND (p.runs_per_month IS NULL OR b.runs_in_month < p.runs_per_month)) THEN 100
            WHEN b.balance <= b.allowance * 0.2 THEN 80 ELSE 0 END AS credits_level,
        CASE WHEN b.runs_in_month >= p.runs_per_month THEN 100
            WHEN b.runs_in_month >= p.runs_per_month * 0.8 THEN 80 ELSE 0 END AS runs_level
    FROM credit_balances b JOIN workspaces w ON w.id = b.workspace_id JOIN plans p ON p.name = w.plan AND p.metered
    WHERE b.month = date_trunc('month', now() AT TIME ZONE 'UTC')::date
        AND (b.warned_credits < 100 OR b.warned_runs < 100)
) levels WHERE credits_level > warned_credits OR runs_level > warned_runs LIMIT {_AT_ONCE}
"""

_WARNED = """
UPDATE credit_balances SET warned_credits = greatest(warned_credits, $4), warned_runs = greatest(warned_runs, $5)
WHERE workspace_id = $1 AND warned_credits = $2 AND warned_runs = $3 RETURNING true
"""


async def keep(db: Database) -> None:
    """Everything at once."""
    await open_months(db)
    await settle_left_over(db)
    await admit_waiting(db)
    await warn(db)


async def open_months(db: Database) -> int:
    """Grant the credits of the month where that has not happened; gives to how many workspaces."""
    async with db.connection() as connection:
        return await _for_each(connection, _NEW_MONTH, "SELECT open_month($1)")


async def settle_left_over(db: Database) -> int:
    """Settle the reservations of runs that have ended or vanished; gives how many."""
    async with db.connection() as connection:
        return await _for_each(connection, _LEFT_OVER, "SELECT settle_credits($1)")


async def admit_waiting(db: Database) -> int:
    """Let runs go on that waited for credits; gives of how many workspaces there are any."""
    async with db.connection() as connection:
        return await _for_each(connection, _WITH_UNPAID, "SELECT admit_unpaid($1)")


async def warn(db: Database) -> int:
    """Tell the owners of workspaces that have used 80 or 100 per cent of their credits or runs, of each once a month;
    gives how many alerts that were."""
    async with db.connection() as connection:
        rows = [dict(row) for row in await connection.fetch(_TO_WARN)]
    raised = 0
    for row in rows:
        async with db.transaction() as connection:
            raised += await _warn_one(connection, row)
    return raised


async def _warn_one(connection: Connection, row: dict[str, Any]) -> int:
    ours = await connection.fetchval(
        _WARNED, row["workspace_id"], row["warned_credits"], row["warned_runs"], row["credits_level"], row["runs_level"]
    )
    due = [what for what in ("credits", "runs") if row[f"{what}_level"] > row[f"warned_{what}"]] if ours else []
    for what in due:
        await raise_alert(connection, _alarm(row, what, row[f"{what}_level"]), tell_again=True)
    return len(due)


async def _for_each(connection: Connection, which: str, statement: str) -> int:
    found = await connection.fetch(which)
    for row in found:
        await connection.execute(statement, row[0])
    return len(found)


def _alarm(row: dict[str, Any], what: str, level: int) -> Alarm:
    over = level == 100
    args: JsonObject = {"next_month": row["next_month"], "plan": row["plan"]}
    if what == "credits":
        said = Message(
            "credits_used" if over else "credits_80",
            {**args, "balance": row["balance"], "allowance": row["allowance"]},
        )
    else:
        said = Message(
            "runs_used" if over else "runs_80",
            {**args, "runs": row["runs_in_month"], "limit": row["runs_per_month"]},
        )
    return Alarm(
        workspace_id=row["workspace_id"],
        kind=f"{what}_used_up" if over else f"{what}_low",
        severity="error" if over else "warning",
        message=said,
        facts={
            "level": level,
            "balance": row["balance"],
            "allowance": row["allowance"],
            "runs_in_month": row["runs_in_month"],
            "plan": row["plan"],
        },
    )
