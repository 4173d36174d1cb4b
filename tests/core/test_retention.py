"""What is forgotten by its age, and that nothing younger goes with it."""

from datetime import timedelta

import pytest

from core.db import Database
from core.ids import new_id
from core.runs.retention import forget_expired

ADD = {
    "agent_events": "INSERT INTO agent_events (id, workspace_id, type, runs, received_at)"
    " VALUES (gen_random_uuid(), $1, 'agent.error', 0, now() - $2::interval)",
    "notifications": "INSERT INTO notifications (id, workspace_id, user_id, kind, title, text, link, subject,"
    " created_at) VALUES (gen_random_uuid(), $1, $1, 'alert', 't', 't', '/', $1, now() - $2::interval)",
    "outbox": "INSERT INTO outbox (topic, key, created_at) VALUES ('notify', $1, now() - $2::interval)",
}


@pytest.mark.parametrize(("table", "days"), [("agent_events", 30), ("notifications", 30), ("outbox", 7)])
async def test_old_rows_go_in_bites_and_young_ones_stay(db: Database, table: str, days: int) -> None:
    ages = [timedelta(days=days + 1)] * 1500 + [timedelta(days=days - 1)] * 3
    async with db.transaction() as connection:
        await connection.executemany(ADD[table], [(new_id(), age) for age in ages])
        await connection.execute(
            "INSERT INTO outbox (topic, key, created_at) VALUES ('deployment', $1, now() - interval '90 days')",
            new_id(),
        )
    assert await forget_expired(db) == 1500
    async with db.connection() as connection:
        left = await connection.fetchval(f"SELECT count(*) FROM {table}")
        kept = await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'deployment'")
    assert (left, kept) == (3 + (table == "outbox"), 1)
