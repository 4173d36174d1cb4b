"""What operators do with plans and with the credits of a workspace."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from blocks.values import JsonObject
from core import idempotency
from core.audit import noting as audit
from core.caller import Caller
from core.credits import service
from core.credits.loading import COLUMNS
from core.credits.plans import Numbers
from core.credits.service import Account
from core.db import Connection, Database
from core.errors import Finding, Forbidden, Invalid
from core.idempotency import Once

_PLANS: Final = f"""
SELECT p.name, p.pinned, {", ".join(f"p.{name}" for name in COLUMNS)},
    (SELECT count(*) FROM workspaces w WHERE w.plan = p.name) AS workspaces
FROM plans p
"""
_PUT: Final = f"""
INSERT INTO plans (name, pinned, {", ".join(COLUMNS)})
VALUES ($1, $2, {", ".join(f"${n + 3}" for n in range(len(COLUMNS)))})
ON CONFLICT (name) DO UPDATE SET pinned = excluded.pinned, {", ".join(f"{name} = excluded.{name}" for name in COLUMNS)}
"""
_GRANT: Final = """
SELECT move_credits($1, 'granted', 'balance', $2, 'grant', p_note => $3, p_by => $4,
    p_month => date_trunc('month', now() AT TIME ZONE 'UTC')::date)
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """`pinned`: set by an operator, and the plans file leaves it alone. `workspaces`: how many have it."""

    name: str
    pinned: bool
    numbers: Numbers
    workspaces: int


@dataclass(frozen=True, slots=True)
class Change:
    """Of a workspace; None leaves it as it is."""

    plan: str | None = None
    grant: int | None = None
    note: str | None = None


def _require_operator(caller: Caller) -> None:
    if not caller.is_operator:
        raise Forbidden("operator_only", "This is for the operators of this installation.")


class Administration:
    """The service of one process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def plans(self, caller: Caller) -> tuple[list[Plan], dict[str, int]]:
        """Every plan, the smallest first, and what a step of each action costs. Raises `Forbidden`."""
        _require_operator(caller)
        async with self._db.connection() as connection:
            rows = await connection.fetch(f"{_PLANS} ORDER BY p.runs_per_month NULLS LAST, p.name")
            prices = await connection.fetch("SELECT action_type, credits FROM action_prices ORDER BY 1")
        return [_plan(dict(row)) for row in rows], {row["action_type"]: row["credits"] for row in prices}

    async def put_plan(self, caller: Caller, name: str, numbers: Numbers, *, pinned: bool) -> Plan:
        """Change a plan, or make one. Without `pinned` the plans file has its own again at the next start. Raises
        `Forbidden`."""
        _require_operator(caller)
        async with self._db.transaction() as connection:
            former = await connection.fetchrow(f"{_PLANS} WHERE p.name = $1", name)
            await connection.execute(_PUT, name, pinned, *(getattr(numbers, column) for column in COLUMNS))
            row = await connection.fetchrow(f"{_PLANS} WHERE p.name = $1", name)
            if row is None:
                raise LookupError("a plan that was put is not there")
            before: JsonObject | None = None
            if former is not None:
                before = {"pinned": former["pinned"], **_plan(dict(former)).numbers.model_dump(mode="json")}
            after: JsonObject = {"pinned": pinned, **numbers.model_dump(mode="json")}
            actor = audit.Actor(None, caller.user_id, caller.token_id)
            await audit.note_as(connection, actor, "plan.changed", "plan", name, before=before, after=after)
        return _plan(dict(row))

    async def change_workspace(
        self, caller: Caller, workspace_id: UUID, change: Change, once: Once | None = None
    ) -> Account:
        """Give it another plan, credits, or both; runs that waited for credits go on. Raises `Forbidden`, `NotFound`,
        `Invalid` (`plan_not_found`), and what `core.idempotency.once` raises."""
        _require_operator(caller)
        async with self._db.transaction() as connection:
            await service.account(connection, workspace_id)

            async def work() -> JsonObject:
                await _change(connection, caller, workspace_id, change)
                return {}

            await idempotency.once(connection, once, 200, work)
            return await service.account(connection, workspace_id)


async def _change(connection: Connection, caller: Caller, workspace_id: UUID, change: Change) -> None:
    actor = audit.Actor(workspace_id, caller.user_id, caller.token_id)
    if change.plan is not None:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM plans WHERE name = $1)", change.plan):
            message = f"There is no plan {change.plan!r}; GET /api/admin/plans lists them."
            raise Invalid("plan_not_found", message, (Finding("plan", message),))
        former = await connection.fetchval("SELECT plan FROM workspaces WHERE id = $1 FOR UPDATE", workspace_id)
        await connection.execute("UPDATE workspaces SET plan = $2 WHERE id = $1", workspace_id, change.plan)
        await audit.note_as(
            connection, actor, "workspace.plan_changed", "workspace", workspace_id,
            before={"plan": former}, after={"plan": change.plan},
        )  # fmt: skip
    await connection.execute("SELECT open_month($1)", workspace_id)
    if change.grant is not None:
        await connection.execute(_GRANT, workspace_id, change.grant, change.note, caller.user_id)
        after: JsonObject = {"credits": change.grant, "note": change.note}
        await audit.note_as(connection, actor, "credits.granted", "workspace", workspace_id, after=after)
    await connection.execute("SELECT admit_unpaid($1)", workspace_id)


def _plan(row: JsonObject) -> Plan:
    numbers = Numbers.model_validate({name: row.pop(name) for name in COLUMNS})
    return Plan(str(row["name"]), bool(row["pinned"]), numbers, int(str(row["workspaces"])))
