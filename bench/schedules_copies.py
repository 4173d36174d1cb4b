"""Thousands of scheduled automations for `bench/schedules.py`: copies of one, in our database and in Prefect's."""

import json
from typing import Any
from uuid import UUID

import asyncpg

from api.services import Services
from core.caller import Caller
from core.db import Database, connect

_MARK = "Copy "


def definition(name: str, *schedules: Any) -> dict[str, Any]:
    return {
        "name": name,
        "trigger_type": "cron",
        "trigger_config": {"schedules": list(schedules) or [{"cron": "7 3 * * *", "timezone": "UTC"}]},
        "actions": [{"id": "one", "type": "transform", "config": {"value": 1}}],
    }


async def every_minute(services: Services, caller: Caller, number: int) -> None:
    for index in range(number):
        schedule = {"cron": "* * * * *", "timezone": "UTC"}
        await services.automations.create(caller, definition(f"Every minute {index}", schedule))


async def make_due(db: Database, number: int) -> None:
    """The minute that is running is due again for so many automations, as if it had been planned just now."""
    async with db.transaction() as connection:
        triggers: list[UUID] = [
            row["id"]
            for row in await connection.fetch(
                "SELECT t.id FROM automation_triggers t JOIN automation_rules r ON r.id = t.rule_id"
                " WHERE r.name LIKE 'Every minute %' ORDER BY t.id LIMIT $1",
                number,
            )
        ]
        await connection.execute(
            "INSERT INTO schedule_fires (schedule_id, due_at, workspace_id, rule_id, source)"
            " SELECT id, date_trunc('minute', now()), workspace_id, rule_id, 'vutler' FROM automation_triggers"
            " WHERE id = ANY ($1) ON CONFLICT (schedule_id, due_at) DO UPDATE SET state = 'planned', run_id = NULL",
            triggers,
        )


# Daily, spread over the day, so that about seven fire a minute.
_OURS = f"""
WITH n AS (SELECT n, gen_random_uuid() AS rule, gen_random_uuid() AS trigger, gen_random_uuid() AS deployment,
           gen_random_uuid() AS workspace FROM generate_series(1, $1) n),
template AS (SELECT r.* FROM automation_rules r WHERE r.name LIKE 'Bench %' AND r.deployment_id IS NOT NULL LIMIT 1),
rules AS (
    INSERT INTO automation_rules
    SELECT (jsonb_populate_record(NULL::automation_rules, to_jsonb(t) || jsonb_build_object(
        'id', n.rule, 'workspace_id', n.workspace,
        'name', '{_MARK}' || n.n, 'deployment_id', n.deployment))).* FROM template t, n),
versions AS (
    INSERT INTO automation_versions (rule_id, number, definition)
    SELECT n.rule, v.number, v.definition FROM automation_versions v JOIN template t ON t.id = v.rule_id, n),
triggers AS (
    INSERT INTO automation_triggers (id, rule_id, type, config, workspace_id, active, live, deployment_id)
    SELECT n.trigger, n.rule, 'cron', jsonb_build_object('cron', format('%s %s * * *', n.n % 60, n.n / 60 % 24),
        'timezone', 'UTC'), n.workspace, true, true, n.deployment FROM n)
SELECT n.n, n.rule, n.deployment FROM n
"""
_THEIRS = f"""
WITH n AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS x (n integer, rule uuid, deployment uuid)),
template AS (SELECT * FROM deployment WHERE name LIKE 'bench-%' LIMIT 1),
schedule AS (SELECT s.* FROM deployment_schedule s JOIN template t ON t.id = s.deployment_id),
run AS (SELECT f.* FROM flow_run f WHERE f.auto_scheduled AND f.state_type = 'SCHEDULED' LIMIT 1),
deployments AS (
    INSERT INTO deployment SELECT (jsonb_populate_record(NULL::deployment, to_jsonb(t) || jsonb_build_object(
        'id', n.deployment,
        'name', '{_MARK}' || n.n, 'parameters', jsonb_build_object('automation_id', n.rule)))).* FROM template t, n),
schedules AS (
    INSERT INTO deployment_schedule SELECT (jsonb_populate_record(NULL::deployment_schedule, to_jsonb(s) ||
        jsonb_build_object('id', n.rule,
        'deployment_id', n.deployment, 'schedule', s.schedule || jsonb_build_object('cron',
        format('%s %s * * *', n.n % 60, n.n / 60 % 24))))).* FROM schedule s, n)
INSERT INTO flow_run SELECT (jsonb_populate_record(NULL::flow_run, to_jsonb(r) || jsonb_build_object(
    'id', gen_random_uuid(),
    'deployment_id', n.deployment, 'state_id', NULL, 'idempotency_key', format('copy %s %s', n.n, day),
    'created_by', r.created_by || jsonb_build_object('id', n.rule), 'next_scheduled_start_time', due,
    'expected_start_time', due, 'parameters', jsonb_build_object('automation_id', n.rule)))).*
FROM run r, n, generate_series(0, 3) day,
    LATERAL (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + make_interval(days => day,
        mins => n.n % 60, hours => n.n / 60 % 24) AS due) d
WHERE due > now()
"""


async def grow(db: Database, prefect_dsn: str, number: int) -> None:
    """Add so many copies of a published automation. The reconciler takes note of their deployments."""
    ours = await connect(db.dsn, application="bench")  # the pool's statements end after 30 s
    rows = await ours.fetch(_OURS, number)
    made = [{"n": row["n"], "rule": str(row["rule"]), "deployment": str(row["deployment"])} for row in rows]
    connection = await asyncpg.connect(prefect_dsn)
    try:
        await connection.execute("SET timezone = 'UTC'")
        await connection.execute(_THEIRS, json.dumps(made), timeout=300)
        await connection.execute("ANALYZE")
        rows = await connection.fetch(
            "SELECT d.id, greatest(d.updated, s.updated) AS changed FROM deployment d"
            f" JOIN deployment_schedule s ON s.deployment_id = d.id WHERE d.name LIKE '{_MARK}%'"
        )
    finally:
        await connection.close()
    await ours.execute(_KNOWN, [row["id"] for row in rows], [row["changed"] for row in rows])
    await ours.execute("ANALYZE")
    await ours.close()


async def shrink(db: Database, prefect_dsn: str) -> None:
    """Take the copies away again."""
    connection = await asyncpg.connect(prefect_dsn)
    try:
        await connection.execute(
            "DELETE FROM flow_run WHERE deployment_id IN"
            f" (SELECT id FROM deployment WHERE name LIKE '{_MARK}%')", timeout=300,
        )  # fmt: skip
        await connection.execute(f"DELETE FROM deployment WHERE name LIKE '{_MARK}%'", timeout=300)
        await connection.execute("VACUUM ANALYZE", timeout=300)
    finally:
        await connection.close()
    ours = await connect(db.dsn, application="bench")
    for table in ("schedule_fires", "prefect_deployments"):
        await ours.execute(
            f"DELETE FROM {table} WHERE rule_id IN (SELECT id FROM automation_rules WHERE name LIKE '{_MARK}%')"
        )
    await ours.execute(f"DELETE FROM automation_rules WHERE name LIKE '{_MARK}%'")
    await ours.execute("VACUUM ANALYZE")
    await ours.close()


# As core/schedules/deployed.py writes it when it has made a deployment.
_KNOWN = f"""
INSERT INTO prefect_deployments (deployment_id, rule_id, paused, changed_at, fingerprint)
SELECT d.id, r.id, false, d.changed, md5(jsonb_build_array(r.name, r.description, false, r.workspace_id, t.id, t.config,
    1)::text)
FROM unnest($1::uuid[], $2::timestamptz[]) d (id, changed) JOIN automation_rules r ON r.deployment_id = d.id
JOIN automation_triggers t ON t.rule_id = r.id WHERE r.name LIKE '{_MARK}%'
"""
