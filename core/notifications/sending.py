"""Telling people of a workspace something: a row under their bell, and a row of the outbox for mail and chat.

Both are written in the transaction of whoever decided it; the notice on the event stream leaves at its commit.
"""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from blocks.values import JsonObject
from core import outbox
from core.db import Connection
from core.ids import new_id
from core.notifications.words import Message
from core.runs.channels import EVENTS

TOPIC = "notify"


@dataclass(frozen=True, slots=True)
class News:
    """What is told. `kind` is a word such as "approval" or "alert", `subject` the id of what it is about.

    `link` is a path of the user interface, e.g. `/automations/logs/<id>`.
    """

    kind: str
    message: Message
    link: str
    subject: UUID


async def notify(connection: Connection, workspace_id: UUID, users: Collection[UUID], news: News) -> list[UUID]:
    """Tell each of `users` once; gives the ids of the notifications."""
    made: list[UUID] = []
    message, stored = news.message, news.message.told("en")
    for user in dict.fromkeys(users):
        notification = new_id()
        await connection.execute(
            "INSERT INTO notifications"
            " (id, workspace_id, user_id, kind, title, text, link, subject, what, args, reminder)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            notification, workspace_id, user, news.kind, stored.title, stored.text, news.link, news.subject,
            message.what, message.args, message.reminder,
        )  # fmt: skip
        await outbox.put(connection, topic=TOPIC, key=notification, payload={"user": str(user), "kind": news.kind})
        event: JsonObject = {
            "workspace": str(workspace_id), "kind": "notification", "user": str(user), "id": str(notification),
        }  # fmt: skip
        await connection.execute("SELECT pg_notify($1, jsonb_build_array($2::jsonb)::text)", EVENTS, event)
        made.append(notification)
    return made


async def owners(connection: Connection, workspace_id: UUID, rule_id: UUID | None) -> list[UUID]:
    """Who answers for an automation: whoever made it, as long as they are members, else the workspace's owners."""
    rows = await connection.fetch(
        "SELECT m.user_id, m.user_id = r.created_by AS made, m.role FROM workspace_members m"
        " LEFT JOIN automation_rules r ON r.id = $2 WHERE m.workspace_id = $1 ORDER BY m.created_at",
        workspace_id,
        rule_id,
    )
    return [row["user_id"] for row in rows if row["made"]] or [row["user_id"] for row in rows if row["role"] == "owner"]
