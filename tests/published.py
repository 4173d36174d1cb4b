"""Automations and runs put straight into the database, for tests of what follows behind them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from blocks.values import Json
from core.db import Database
from core.ids import new_id


@dataclass(frozen=True, slots=True)
class Published:
    rule_id: UUID
    workspace_id: UUID
    triggers: list[UUID] = field(default_factory=list)


async def publish(
    db: Database,
    *schedules: Json,
    name: str = "Lead -> landing page",
    policy: Json = None,
    enabled: bool = True,
    ask: bool = True,
    workspace_id: UUID | None = None,
) -> Published:
    """An automation with these schedules (`{"cron", "timezone"}`, `{"every_s"}`, `{"run_at"}`), live.

    Without `workspace_id` it is in a workspace of its own.
    """
    made = Published(new_id(), workspace_id or new_id(), [new_id() for _ in schedules])
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO automation_rules (id, workspace_id, name, description, trigger_type, live_version, enabled)"
            " VALUES ($1, $2, $3, 'What it does.', 'cron', 1, $4)",
            made.rule_id, made.workspace_id, name, enabled,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO automation_versions (rule_id, number, definition) VALUES ($1, 1, $2)",
            made.rule_id,
            {
                "name": name,
                "trigger_type": "cron" if schedules else "manual",
                "trigger_config": {"schedules": list(schedules)} if schedules else {},
                "actions": [{"id": "one", "type": "transform", "config": {"value": 1}}],
                "policy": policy or {},
            },
        )
        for position, (trigger_id, config) in enumerate(zip(made.triggers, schedules, strict=True)):
            await connection.execute(
                "INSERT INTO automation_triggers (id, rule_id, type, config, workspace_id, position, active,"
                " live) VALUES ($1, $2, 'cron', $3, $4, $5, $6, true)",
                trigger_id, made.rule_id, config, made.workspace_id, position, enabled,
            )  # fmt: skip
        if ask:
            await connection.execute("INSERT INTO outbox (topic, key) VALUES ('deployment', $1)", made.rule_id)
    return made


async def record_run(
    db: Database,
    made: Published,
    *,
    status: str = "success",
    error: str | None = None,
    steps: tuple[str, ...] = ("success", "success"),
    ago_s: float = 2.0,
    prefect_run_id: UUID | None = None,
) -> UUID:
    """A run with its steps and lines as an executing worker leaves them, not told to Prefect yet."""
    run_id = new_id()
    created = datetime.now(UTC) - timedelta(seconds=ago_s)
    ended = status not in ("queued", "running", "waiting")
    async with db.transaction() as connection:
        await connection.execute(
            "INSERT INTO automation_logs (id, rule_id, trigger_type, trigger_data, status, workspace_id, version,"
            " root_id, created_at, started_at, completed_at, error, seq, prefect_run_id)"
            " VALUES ($1, $2, 'webhook', '{}', $3, $4, 1, $1, $5, $6, $7, $8, $9, $10)",
            run_id, made.rule_id, status, made.workspace_id, created,
            None if status in ("queued", "skipped") else created + timedelta(milliseconds=7),
            created + timedelta(seconds=1) if ended else None, error, 2 + 2 * len(steps), prefect_run_id,
        )  # fmt: skip
        for index, step in enumerate(steps):
            await connection.execute(
                "INSERT INTO automation_action_logs (id, log_id, action_index, action_type, status, workspace_id,"
                " step_id, started_at, completed_at, error, seq, duration_ms)"
                " VALUES ($1, $2, $3, 'http', $4, $5, $6, $7, $8, $9, $10, 200)",
                new_id(), run_id, index, step, made.workspace_id, f"s{index + 1}",
                created + timedelta(milliseconds=100 + 300 * index),
                created + timedelta(milliseconds=300 + 300 * index) if step != "running" else None,
                "HTTP 500" if step == "failed" else None, 2 + 2 * index,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO run_lines (run_id, seq, at, level, step_id, text) VALUES ($1, $2, $3, 'info', $4, $5)",
                run_id, 3 + 2 * index, created + timedelta(milliseconds=150 + 300 * index), f"s{index + 1}",
                f"Step s{index + 1} began.",
            )  # fmt: skip
        await connection.execute(
            "INSERT INTO run_queue (run_id, workspace_id, rule_id, version, state, epoch, changed_at)"
            " VALUES ($1, $2, $3, 1, $4, $5, $6)",
            run_id, made.workspace_id, made.rule_id, "done" if ended else status, int(status != "queued"), created,
        )  # fmt: skip
    return run_id


async def end_run(db: Database, run_id: UUID, status: str = "success", error: str | None = None) -> None:
    """What the worker records at the end."""
    async with db.transaction() as connection:
        await connection.execute(
            "UPDATE automation_logs SET status = $2, completed_at = clock_timestamp(), error = $3, seq = seq + 1"
            " WHERE id = $1",
            run_id, status, error,
        )  # fmt: skip
        await connection.execute("UPDATE run_queue SET state = 'done', changed_at = now() WHERE run_id = $1", run_id)
