"""Workspaces with people in them, and runs that ask: recorded as a worker does, without one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from blocks.outcomes import Ask
from blocks.values import Json, JsonObject
from core.db import Database
from core.ids import new_id
from core.runs.accept import NewRun, accept
from core.runs.queue import ClaimedRun, claim
from core.runs.record import Entry, RunRecord, StepRecord, Writer

OWNER = "host/1/test"


async def add_workspace(db: Database) -> UUID:
    workspace = new_id()
    async with db.connection() as connection:
        await connection.execute("INSERT INTO workspaces (id, name) VALUES ($1, 'Lab')", workspace)
    return workspace


async def add_member(db: Database, workspace: UUID, role: str, name: str | None = None) -> UUID:
    """A new user `<name>@example.org` with that role."""
    user = new_id()
    called = name or f"{role}{user.hex[-8:]}"
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, $3, '')",
            user, f"{called}@Example.org", called,
        )  # fmt: skip
    await join(db, workspace, user, role)
    return user


async def join(db: Database, workspace: UUID, user: UUID, role: str) -> None:
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO workspace_members (workspace_id, user_id, role) VALUES ($1, $2, $3)"
            " ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role",
            workspace, user, role,
        )  # fmt: skip


async def add_automation(db: Database, workspace: UUID, created_by: UUID | None = None) -> UUID:
    rule = new_id()
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO automation_rules (id, workspace_id, name, live_version, created_by)"
            " VALUES ($1, $2, 'Offer', 1, $3)",
            rule, workspace, created_by,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, '{}')", rule
        )
    return rule


@dataclass
class Asked:
    """A run of which a worker recorded waits."""

    db: Database
    run: ClaimedRun
    seq: int = 0

    async def write(self, *steps: StepRecord, status: str | None = None, repeat: int = 1) -> None:
        """Record these steps, as often as `repeat` says with the very same numbers, and what the run does."""
        self.seq += len(steps) + 1
        for number, each in enumerate(steps):
            each.seq = each.seq or self.seq - len(steps) + number
        async with Writer(self.db, OWNER) as writer:
            for _ in range(repeat):
                run = RunRecord(self.run.id, self.run.rule_id, self.run.epoch, self.seq)
                assert await writer.write(Entry(run, [*steps]))
            if status is not None:
                assert await writer.write(Entry(RunRecord(run.run_id, run.rule_id, run.epoch, self.seq, status)))

    def step(
        self, step: str = "ask", status: str = "waiting", *, ask: Ask | None = None, until: datetime | None = None,
        **more: Any,
    ) -> StepRecord:  # fmt: skip
        wait: JsonObject = {"reason": "Waits.", "until": until and until.isoformat(), "details": {}}
        if ask is not None:
            wait["ask"] = ask.recorded
        given: dict[str, Any] = {"action_type": "approval", "input": {"message": "Publish?"}, **more}
        return StepRecord(
            id=new_id(), run_id=self.run.id, workspace_id=self.run.workspace_id, step_id=step, action_index=0,
            status=status, epoch=self.run.epoch, seq=0, wait=wait if status in ("waiting", "unknown") else None,
            started_at=datetime.now(UTC), **given,
        )  # fmt: skip


async def begin(db: Database, workspace: UUID, rule: UUID) -> Asked:
    """A new run, claimed."""
    async with db.connection() as connection:
        run_id = (await accept(connection, NewRun(workspace, rule, 1, "manual", None))).run_id
        claimed = await claim(connection, owner=OWNER, lane="warm", limit=10)
    return Asked(db, next(run for run in claimed if run.id == run_id))


def question(
    kind: Any = "approval", *who: str, message: str = "Publish?", form: Json = None, **more: Any
) -> Ask:  # fmt: skip
    return Ask(kind=kind, message=message, who=who, form=form if isinstance(form, dict) else None, **more)


async def ask(
    db: Database, workspace: UUID, rule: UUID, wanted: Ask | None = None, *, until: datetime | None = None, **step: Any
) -> UUID:
    """A run that waits with this question; gives the question's id."""
    asked = await begin(db, workspace, rule)
    wanted = wanted or question()
    status = "unknown" if wanted.kind == "doubt" else "waiting"
    await asked.write(asked.step(status=status, ask=wanted, until=until, **step), status="waiting")
    async with db.connection() as connection:
        found: UUID = await connection.fetchval("SELECT id FROM approvals WHERE run_id = $1", asked.run.id)
    return found
