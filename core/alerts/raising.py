"""Raising an alert: a row, a notification to those who answer for the automation, a line in the log of the process.

All in the transaction of whoever noticed; the notices on the event stream leave at its commit.
"""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import structlog

from blocks.values import JsonObject
from core.db import Connection
from core.ids import new_id
from core.notifications.sending import News, notify, owners
from core.notifications.words import Message
from core.runs.channels import EVENTS

_RAISE = """
INSERT INTO alerts AS a (id, workspace_id, kind, severity, rule_id, run_id, root_id, title, text, facts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (workspace_id, kind, rule_id, root_id) WHERE resolved_at IS NULL DO UPDATE
    SET count = a.count + 1, last_at = now(), run_id = excluded.run_id, text = excluded.text, facts = excluded.facts
RETURNING a.id, a.count
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is to be raised. The same kind about the same automation and root is the same alert while it is open.

    `message` is what people are told, `run_id` the run to look at, `facts` are for programs.
    """

    workspace_id: UUID
    kind: str
    severity: Literal["warning", "error"]
    message: Message
    rule_id: UUID | None = None
    run_id: UUID | None = None
    root_id: UUID | None = None
    facts: JsonObject = field(default_factory=dict)


async def raise_alert(connection: Connection, alarm: Alarm, *, tell_again: bool = False) -> UUID:
    """Raise it, or count up the one that is open; gives its id.

    People are told of a new one; of one that is counted up only when they are to be told again.
    """
    stored = alarm.message.told("en")
    row = await connection.fetchrow(
        _RAISE,
        new_id(), alarm.workspace_id, alarm.kind, alarm.severity, alarm.rule_id, alarm.run_id, alarm.root_id,
        stored.title, stored.text, alarm.facts,
    )  # fmt: skip
    if row is None:
        raise LookupError("an alert that was raised gave no row")
    alert_id: UUID = row["id"]
    if row["count"] == 1 or tell_again:
        news = News(kind="alert", message=alarm.message, link=f"/alerts/{alert_id}", subject=alert_id)
        await notify(connection, alarm.workspace_id, await owners(connection, alarm.workspace_id, alarm.rule_id), news)
        log.warning(
            "alert.raised", alert=str(alert_id), kind=alarm.kind, title=stored.title,
            workspace=str(alarm.workspace_id), automation=str(alarm.rule_id), run=str(alarm.run_id),
            root=str(alarm.root_id),
        )  # fmt: skip
    await tell_stream(connection, alarm.workspace_id, alert_id, alarm.kind, count=row["count"], is_open=True)
    return alert_id


async def tell_stream(
    connection: Connection, workspace_id: UUID, alert_id: UUID, kind: str, *, count: int, is_open: bool
) -> None:
    """A notice for the live stream of the workspace: `{"kind": "alert", "workspace", "id", "alert", "count", "open"}`,
    `alert` being the alert's kind."""
    event: JsonObject = {
        "workspace": str(workspace_id), "kind": "alert", "id": str(alert_id), "alert": kind, "count": count,
        "open": is_open,
    }  # fmt: skip
    await connection.execute("SELECT pg_notify($1, jsonb_build_array($2::jsonb)::text)", EVENTS, event)
