"""Many rows for `bench/ui.py`: copies of a real automation and of a real run with its steps, made in the database."""

from typing import Final

import asyncpg

from core.db import SCHEMA
from deployments.postgres import Embedded
from tests.e2e.product import Product

_AUTOMATIONS: Final = """
INSERT INTO automation_rules SELECT made.* FROM automation_rules r, generate_series(1, $2) n,
    LATERAL (SELECT uuidv7(- n * interval '1 minute') AS id) fresh, LATERAL jsonb_populate_record(r,
        jsonb_build_object('id', fresh.id, 'name', 'Lead ' || n || ' -> landing page', 'deployment_id', NULL,
        'legacy_id', NULL)) made WHERE r.id = $1
"""
_RUNS: Final = """
CREATE TEMPORARY TABLE copies AS
    SELECT n, uuidv7(- n * interval '12 seconds') AS id, now() - n * interval '12 seconds' AS at,
    CASE WHEN n % 13 = 0 THEN 'failed' WHEN n % 997 = 0 THEN 'cancelled' ELSE 'success' END AS status
    FROM generate_series(1, $1::int) n
"""
_LOGS: Final = """
INSERT INTO automation_logs SELECT made.* FROM automation_logs l, copies c, LATERAL jsonb_populate_record(l,
    jsonb_build_object('id', c.id, 'root_id', c.id, 'status', c.status, 'created_at', c.at, 'started_at', c.at,
    'completed_at', c.at + interval '40 ms', 'prefect_run_id', NULL, 'trigger_data',
    jsonb_build_object('lead', jsonb_build_object('name', 'Lead ' || c.n, 'budget', c.n * 7 % 5000)),
    'error', CASE c.status WHEN 'failed' THEN 'The answer was 503.' END)) made WHERE l.id = $1
"""
_STEPS: Final = """
INSERT INTO automation_action_logs SELECT made.* FROM automation_action_logs a, copies c,
    LATERAL jsonb_populate_record(a, jsonb_build_object('id', gen_random_uuid(), 'log_id', c.id, 'output',
    jsonb_build_object('name', 'Lead ' || c.n))) made WHERE a.log_id = $1
"""


async def fill(product: Product, rule_id: str, run_id: str, *, automations: int, runs: int) -> None:
    """Copy the automation and the run, which is one of it, spread over the time before now."""
    connection = await asyncpg.connect(
        Embedded(product.home).dsn("vutler"), server_settings={"search_path": SCHEMA}, command_timeout=600
    )
    try:
        await connection.execute(_AUTOMATIONS, rule_id, automations)
        await connection.execute(_RUNS.replace("$1", str(runs)))
        await connection.execute(_LOGS, run_id)
        await connection.execute(_STEPS, run_id)
        await connection.execute("ANALYZE automation_logs, automation_action_logs, automation_rules")
    finally:
        await connection.close()
