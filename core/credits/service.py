"""A workspace's own view of its plan and credits."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from core.audit import noting as audit
from core.caller import Caller
from core.credits.loading import COLUMNS
from core.credits.plans import Numbers
from core.db import Connection, Database
from core.errors import NotFound

WhenExhausted = Literal["reject", "queue"]

# A workspace that nothing has happened in this month has the row of an earlier one, or none.
_ACCOUNT: Final = f"""
SELECT w.id AS workspace_id, w.name, w.plan, w.when_exhausted, {", ".join(f"p.{name}" for name in COLUMNS)},
    this.month, (this.month + interval '1 month')::date AS next_month,
    coalesce(b.balance, 0) AS balance, coalesce(b.reserved, 0) AS reserved,
    CASE WHEN b.month = this.month THEN b.runs_in_month ELSE 0 END AS runs_in_month,
    (SELECT coalesce(sum(t.amount), 0)::bigint FROM credit_transfers t
     WHERE t.workspace_id = w.id AND t.from_account = 'granted' AND t.created_at >= this.start) AS granted,
    (SELECT coalesce(sum(t.amount), 0)::bigint FROM credit_transfers t
     WHERE t.workspace_id = w.id AND t.to_account = 'spent' AND t.created_at >= this.start) AS spent,
    (SELECT count(*) FROM run_queue q WHERE q.workspace_id = w.id AND q.state = 'blocked'
        AND q.concurrency_key IS NULL) AS runs_waiting
FROM workspaces w JOIN plans p ON p.name = w.plan LEFT JOIN credit_balances b ON b.workspace_id = w.id
CROSS JOIN (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month,
                date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS start) this
WHERE w.id = $1
"""
_TRANSFERS: Final = """
SELECT id, created_at, kind, from_account, to_account, amount, run_id, rule_id AS automation_id, action_type AS action,
    note
FROM credit_transfers WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Credits and runs of a workspace; `granted`, `spent` and `runs_in_month` are of `month` (UTC)."""

    workspace_id: UUID
    name: str
    plan: str
    numbers: Numbers
    when_exhausted: WhenExhausted
    month: date
    next_month: date
    balance: int
    reserved: int
    granted: int
    spent: int
    runs_in_month: int
    runs_waiting: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """A line of the ledger: `amount` credits went from one account to the other."""

    id: UUID
    created_at: datetime
    kind: str
    from_account: str
    to_account: str
    amount: int
    run_id: UUID | None
    automation_id: UUID | None
    action: str | None
    note: str | None


async def account(connection: Connection, workspace_id: UUID) -> Account:
    """Raises `NotFound`."""
    row = await connection.fetchrow(_ACCOUNT, workspace_id)
    if row is None:
        raise NotFound("workspace_not_found", f"There is no workspace {workspace_id}.")
    columns = dict(row)
    numbers = Numbers(**{name: columns.pop(name) for name in COLUMNS})
    return Account(numbers=numbers, **columns)


class Credits:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def account(self, caller: Caller) -> Account:
        async with self._db.connection() as connection:
            return await account(connection, caller.workspace_id)

    async def ledger(self, caller: Caller, *, before: UUID | None, limit: int) -> list[Transfer]:
        """The newest first."""
        async with self._db.connection() as connection:
            rows = await connection.fetch(_TRANSFERS, caller.workspace_id, before, limit)
        return [Transfer(**row) for row in rows]

    async def set_when_exhausted(self, caller: Caller, mode: WhenExhausted) -> Account:
        """What becomes of a run that can't be paid. Runs that wait already go on waiting. Raises `Forbidden`."""
        caller.require("admin")
        async with self._db.transaction() as connection:
            former = (await account(connection, caller.workspace_id)).when_exhausted
            await connection.execute(
                "UPDATE workspaces SET when_exhausted = $2 WHERE id = $1", caller.workspace_id, mode
            )
            await audit.note(
                connection, caller, "credits.mode_changed", "workspace", caller.workspace_id,
                before={"when_exhausted": former}, after={"when_exhausted": mode},
            )  # fmt: skip
            return await account(connection, caller.workspace_id)
