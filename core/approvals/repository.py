"""The SQL of questions to people."""

from uuid import UUID

from blocks.values import JsonObject
from core.approvals.model import Question, Sought
from core.db import Connection

# $1 is the reader (null: somebody outside).
_QUESTION = """
SELECT p.id, p.workspace_id, p.rule_id AS automation_id, coalesce(r.name, '') AS automation_name, p.run_id, p.step_id,
    p.iteration, p.action_type, p.kind, p.state, p.message, p.message_code, p.message_args,
    p.who, p.input, p.form, p.deadline, p.on_deadline,
    p.remind_at, p.reminded_at, p.decided_by, p.decided_by_name, p.decided_how, p.decided_at, p.comment, p.answer,
    p.created_at, p.deadline IS NOT NULL AND p.deadline <= clock_timestamp() AS late,
    is_asked(p.workspace_id, p.rule_id, p.who, $1) AS asked, m.role, u.name AS reader_name
FROM approvals p LEFT JOIN automation_rules r ON r.id = p.rule_id
    LEFT JOIN workspace_members m ON m.workspace_id = p.workspace_id AND m.user_id = $1
    LEFT JOIN users u ON u.id = m.user_id
"""


async def one(connection: Connection, question_id: UUID, reader: UUID | None) -> Question | None:
    row = await connection.fetchrow(f"{_QUESTION} WHERE p.id = $2", reader, question_id)
    return None if row is None else Question(**row)


async def listed(
    connection: Connection, workspace_id: UUID, reader: UUID, sought: Sought, limit: int
) -> list[Question]:
    """The newest first."""
    values: list[object] = [reader, workspace_id]
    parts = ["p.workspace_id = $2"]
    for column, value in (("p.state =", sought.state), ("p.run_id =", sought.run_id), ("p.rule_id =", sought.rule_id),
                          ("p.id <", sought.before)):  # fmt: skip
        if value is not None:
            values.append(value)
            parts.append(f"{column} ${len(values)}")
    if sought.mine:
        parts.append("is_asked(p.workspace_id, p.rule_id, p.who, $1)")
    rows = await connection.fetch(
        f"{_QUESTION} WHERE {' AND '.join(parts)} ORDER BY p.id DESC LIMIT {int(limit)}", *values
    )
    return [Question(**row) for row in rows]


async def run_exists(connection: Connection, workspace_id: UUID, run_id: UUID) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM automation_logs WHERE id = $1 AND workspace_id = $2)", run_id, workspace_id
        )
    )


async def lock_run(connection: Connection, run_id: UUID) -> None:
    """The queue row first, as everybody who writes a run does: so nobody waits in a circle."""
    await connection.execute("SELECT FROM run_queue WHERE run_id = $1 FOR UPDATE", run_id)


_DECIDE = """
UPDATE approvals SET state = $2, answer = $3, decided_by = $4, decided_by_name = $5, decided_how = $6,
    decided_at = clock_timestamp(), comment = $7
WHERE id = $1 AND state = 'pending' AND (deadline IS NULL OR deadline > clock_timestamp()) RETURNING id
"""


async def decide(connection: Connection, question_id: UUID, state: str, answer: JsonObject) -> bool:
    """Close the question with this answer; False when it is closed already or its deadline has passed."""
    closed = await connection.fetchval(
        _DECIDE, question_id, state, answer, answer["by"], answer["by_name"], answer["how"], answer["comment"]
    )
    return closed is not None


async def asked_members(connection: Connection, question: Question) -> list[UUID]:
    """Who is to be told of the question; the workspace's owners where those it was put to are all gone."""
    rows = await connection.fetch(
        "SELECT m.user_id, m.role, is_asked(m.workspace_id, $2, $3, m.user_id) AS asked FROM workspace_members m"
        " WHERE m.workspace_id = $1 ORDER BY m.created_at",
        question.workspace_id,
        question.automation_id,
        question.who,
    )
    asked = [row["user_id"] for row in rows if row["asked"]]
    return asked or [row["user_id"] for row in rows if row["role"] == "owner"]


async def asked_outside(connection: Connection, question: Question) -> list[str]:
    """The addresses that the question names and that no member has."""
    rows = await connection.fetch(
        "SELECT DISTINCT w.address FROM unnest($2::text[]) AS w (address) WHERE w.address LIKE '%@%' AND NOT EXISTS ("
        " SELECT FROM users u JOIN workspace_members m ON m.user_id = u.id AND m.workspace_id = $1"
        " WHERE lower(u.email) = lower(w.address))",
        question.workspace_id,
        question.who,
    )
    return [row["address"] for row in rows]


async def due_reminders(connection: Connection, limit: int) -> list[UUID]:
    """Mark the reminders whose time has come as sent, and give their questions."""
    rows = await connection.fetch(
        "UPDATE approvals SET reminded_at = now() WHERE id IN ("
        " SELECT id FROM approvals WHERE state = 'pending' AND reminded_at IS NULL AND remind_at <= now()"
        " ORDER BY remind_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id",
        limit,
    )
    return [row["id"] for row in rows]


async def member_by_mail(connection: Connection, workspace_id: UUID, mail: str) -> UUID | None:
    found: UUID | None = await connection.fetchval(
        "SELECT u.id FROM users u JOIN workspace_members m ON m.user_id = u.id"
        " WHERE m.workspace_id = $1 AND lower(u.email) = $2",
        workspace_id,
        mail,
    )
    return found
