"""The schema on a fresh database, and on one that an older Vutler left."""

import asyncio
import hashlib
import subprocess
import sys
from datetime import UTC, datetime

import asyncpg
import pytest

from core.db import connect
from core.ids import first_id_at
from core.migrations.run import migrate
from tests.core import older

SHAPE = """
SELECT format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
FROM information_schema.columns WHERE table_schema = 'tenant_vutler'
UNION ALL
SELECT indexdef FROM pg_indexes WHERE schemaname = 'tenant_vutler'
UNION ALL
SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'tenant_vutler'::regnamespace
ORDER BY line
"""
CONTENT = """
SELECT (SELECT json_agg(r ORDER BY id) FROM automation_rules r)::text,
       (SELECT json_agg(t ORDER BY id) FROM automation_triggers t)::text,
       (SELECT json_agg(l ORDER BY id) FROM automation_logs l)::text,
       (SELECT json_agg(a ORDER BY id) FROM automation_action_logs a)::text,
       (SELECT json_agg(s ORDER BY id) FROM automation_suggestions s)::text,
       (SELECT json_agg(n ORDER BY legacy_id) FROM adoptions n)::text,
       (SELECT json_agg(w ORDER BY id) FROM workspaces w)::text
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OLD = older.OLD


@pytest.mark.proves("RISK-1", "DOD-9")
async def test_rules_keep_their_old_id_and_get_a_sortable_one() -> None:
    async with older.migrated(OLD) as (_, connection):
        rule = await connection.fetchrow("SELECT * FROM automation_rules WHERE legacy_id = $1", older.HOOKED)
        assert rule is not None
        assert rule["workspace_id"] == older.WORKSPACE
        assert (rule["name"], rule["description"], rule["enabled"]) == ("Lead to page", "Tells the shop", True)
        assert (rule["created_at"], rule["last_run_at"]) == (at("2026-02-01T08:00"), at("2026-02-03T09:00"))
        assert rule["id"].version == 7
        assert first_id_at(at("2026-02-01T08:00")) <= rule["id"] < first_id_at(at("2026-02-01T08:00:00.001"))
        order = await connection.fetch("SELECT legacy_id FROM automation_rules ORDER BY id")
        assert [row["legacy_id"] for row in order] == [older.HOOKED, older.TIMED, older.BROKEN]
        assert await connection.fetchval("SELECT name FROM workspaces WHERE id = $1", older.WORKSPACE) == "Starbox"


@pytest.mark.proves("RISK-1", "DOD-9")
async def test_webhooks_keep_their_address_and_their_secret_as_a_hash() -> None:
    async with older.migrated(OLD) as (_, connection):
        rows = await connection.fetch(
            "SELECT webhook_id, webhook_secret, config, r.legacy_id FROM automation_triggers t"
            " JOIN automation_rules r ON r.id = rule_id WHERE webhook_id IS NOT NULL ORDER BY webhook_id"
        )
        hooks = {row["webhook_id"]: row for row in rows}
        assert set(hooks) == {"hook-of-old", "hook-of-broken"}
        assert hooks["hook-of-old"]["legacy_id"] == older.HOOKED
        assert hooks["hook-of-old"]["webhook_secret"] == hashlib.sha256(older.SECRET.encode()).hexdigest()
        # A plain secret that looks like a hash is hashed as well: nothing adopted is a hash yet.
        assert hooks["hook-of-broken"]["webhook_secret"] == hashlib.sha256(older.HEXLIKE.encode()).hexdigest()
        for text in await connection.fetchrow(CONTENT) or ():
            assert not any(secret in str(text) for secret in (older.SECRET, older.HEXLIKE, "in-clear"))


@pytest.mark.proves("RISK-1", "DOD-9")
async def test_history_comes_along_with_its_relations() -> None:
    async with older.migrated(OLD) as (_, connection):
        rule = await connection.fetchval("SELECT id FROM automation_rules WHERE legacy_id = $1", older.HOOKED)
        runs = await connection.fetch("SELECT *, tableoid::regclass::text AS part FROM automation_logs ORDER BY id")
        assert [run["legacy_id"] for run in runs] == [older.ANCIENT, older.DONE, older.HANGING]
        assert {run["rule_id"] for run in runs} == {rule}
        ancient, done, hanging = runs
        assert (ancient["status"], ancient["error"], ancient["part"]) == ("failed", "boom", "automation_logs_default")
        assert (done["status"], done["trigger_data"], done["part"]) == (
            "success",
            {"lead": 1},
            "automation_logs_202602",
        )
        assert (done["started_at"], done["completed_at"]) == (at("2026-02-03T09:00"), at("2026-02-03T09:00:02"))
        assert done["root_id"] == done["id"]
        assert (hanging["status"], hanging["error"]) == ("failed", "adopted while running")
        assert hanging["completed_at"] == at("2026-02-04T09:00:03")
        assert await connection.fetchval("SELECT count(*) FROM run_queue") == 0

        steps = await connection.fetch(
            "SELECT * FROM automation_action_logs WHERE log_id = $1 ORDER BY action_index", done["id"]
        )
        first, second = steps
        assert (first["step_id"], first["status"], first["attempt"], first["output"]) == (
            "s1",
            "success",
            2,
            {"ok": True},
        )
        assert [(one["attempt"], one["error"]) for one in first["attempts"]] == [(1, "HTTP 503")]
        assert (second["step_id"], second["agent_id"], second["duration_ms"]) == ("s2", "code_bot", 700)
        assert (second["input"], second["output"], second["attempts"]) == ("prompt", "text", [])

        stats = await connection.fetchrow("SELECT * FROM automation_stats WHERE rule_id = $1", rule)
        assert stats is not None
        assert (stats["run_count"], stats["last_run_at"]) == (3, at("2026-02-03T09:00"))
        assert (stats["last_run_id"], stats["last_run_status"]) == (hanging["id"], "failed")


async def test_history_nested_too_deep_to_be_read_is_kept_as_text() -> None:
    deep = "[" * 300 + "]" * 300
    script = OLD + f"UPDATE automation_logs SET trigger_data = '{deep}' WHERE id = '{older.DONE}';"
    async with older.migrated(script) as (_, connection):
        data = await connection.fetchval("SELECT trigger_data FROM automation_logs WHERE legacy_id = $1", older.DONE)
        assert data == deep


@pytest.mark.proves("US-4.2 (2)")
async def test_suggestions_come_along() -> None:
    async with older.migrated(OLD) as (_, connection):
        row = await connection.fetchrow("SELECT * FROM automation_suggestions")
        assert row is not None
        assert (row["title"], row["score"], row["dismissed"]) == ("Leads", 0.8, True)
        assert row["suggested_config"] == {"trigger": {}, "actions": []}


async def test_the_old_tables_stay_as_they_were() -> None:
    async with older.migrated(OLD) as (_, connection):
        for table, rows in (("automation_rules", 3), ("automation_logs", 3), ("workspace_llm_providers", 4)):
            assert await connection.fetchval(f"SELECT count(*) FROM tenant_vutler_adopted.{table}") == rows
        assert (
            await connection.fetchval(
                "SELECT webhook_secret FROM tenant_vutler_adopted.automation_triggers WHERE webhook_id = 'hook-of-old'"
            )
            == older.SECRET
        )


async def test_a_second_migration_changes_nothing() -> None:
    with older.database(OLD) as dsn:
        contents = []
        for _ in range(2):
            await asyncio.to_thread(migrate, dsn)
            connection = await connect(dsn, application="test")
            contents.append(tuple(await connection.fetchrow(CONTENT) or ()))
            await connection.close()
        assert contents[0] == contents[1]


@pytest.mark.proves("RISK-1", "DOD-9")
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(older.TABLES, id="without the later columns"),
        pytest.param(
            "CREATE SCHEMA tenant_vutler; CREATE TABLE tenant_vutler.automation_rules (id uuid, name text);"
            "INSERT INTO tenant_vutler.automation_rules VALUES (gen_random_uuid(), 'Alone');",
            id="rules alone",
        ),
        pytest.param(
            "CREATE SCHEMA tenant_vutler; CREATE TABLE tenant_vutler.workspace_llm_providers (id uuid, api_key text);",
            id="providers alone",
        ),
        pytest.param(
            "CREATE SCHEMA tenant_vutler; CREATE TABLE tenant_vutler.automation_logs (id uuid, rule_id uuid);"
            "INSERT INTO tenant_vutler.automation_logs VALUES (gen_random_uuid(), gen_random_uuid());",
            id="runs of nothing",
        ),
        pytest.param("CREATE SCHEMA tenant_vutler; CREATE TABLE tenant_vutler.users (email int);", id="other tables"),
        pytest.param("CREATE SCHEMA tenant_vutler;", id="an empty schema"),
    ],
)
async def test_whatever_part_of_the_old_tables_is_there_the_new_schema_is_whole(script: str, dsn: str) -> None:
    fresh = await connect(dsn, application="test")
    wanted = [row["line"] for row in await fresh.fetch(SHAPE)]
    await fresh.close()
    async with older.migrated(script) as (_, connection):
        assert [row["line"] for row in await connection.fetch(SHAPE)] == wanted


async def test_a_rule_alone_gets_a_workspace() -> None:
    script = (
        "CREATE SCHEMA tenant_vutler; CREATE TABLE tenant_vutler.automation_rules (id uuid, name text);"
        "INSERT INTO tenant_vutler.automation_rules VALUES (gen_random_uuid(), 'Alone');"
    )
    async with older.migrated(script) as (_, connection):
        row = await connection.fetchrow(
            "SELECT r.name, w.name AS workspace FROM automation_rules r JOIN workspaces w ON w.id = r.workspace_id"
        )
        assert row is not None
        assert tuple(row) == ("Alone", "Adopted workspace")


async def test_a_run_without_its_automation_is_named() -> None:
    script = (
        "CREATE SCHEMA tenant_vutler; CREATE TABLE tenant_vutler.automation_logs (id uuid, rule_id uuid);"
        f"INSERT INTO tenant_vutler.automation_logs VALUES ('{older.DONE}', gen_random_uuid());"
    )
    async with older.migrated(script) as (_, connection):
        row = await connection.fetchrow("SELECT source, legacy_id, note FROM adoptions")
        assert row is not None
        assert (row["source"], row["legacy_id"]) == ("automation_logs", older.DONE)


async def test_a_fresh_database_has_nothing_to_adopt(dsn: str) -> None:
    connection = await connect(dsn, application="test")
    assert await connection.fetchval("SELECT to_regnamespace('tenant_vutler_adopted')") is None
    assert await connection.fetchval("SELECT count(*) FROM adoptions") == 0
    await connection.close()


async def test_a_failed_adoption_leaves_the_database_as_it_was() -> None:
    broken = (
        OLD
        + "ALTER TABLE automation_action_logs ALTER duration_ms TYPE text;"
        + ("UPDATE automation_action_logs SET duration_ms = 'long';")
    )
    with older.database(broken) as dsn:
        with pytest.raises(Exception, match="numeric"):
            await asyncio.to_thread(migrate, dsn)
        connection = await connect(dsn, application="test")
        assert await connection.fetchval("SELECT to_regnamespace('tenant_vutler_adopted')") is None
        assert await connection.fetchval("SELECT count(*) FROM tenant_vutler.automation_rules") == 3
        await connection.close()


async def test_an_adopted_schema_in_the_way_is_said() -> None:
    taken = OLD + "CREATE SCHEMA tenant_vutler_adopted;"
    with older.database(taken) as dsn, pytest.raises(Exception, match="exists already"):
        await asyncio.to_thread(migrate, dsn)


def test_two_migrations_at_once_are_one() -> None:
    program = "import sys; from core.migrations.run import migrate; migrate(sys.argv[1])"
    with older.database(OLD) as dsn:
        both = [subprocess.Popen([sys.executable, "-c", program, dsn], stderr=subprocess.PIPE) for _ in range(2)]
        assert [(process.communicate(timeout=60)[1], process.returncode) for process in both] == [(b"", 0)] * 2


@pytest.mark.proves("I-1", "I-20", "R-USR-2", "R-OBS-1")
async def test_the_views_speak_the_words_of_the_other_plan(dsn: str) -> None:
    connection = await connect(dsn, application="test")
    columns = await connection.fetch(
        "SELECT table_name, string_agg(column_name, ',' ORDER BY ordinal_position) AS names"
        " FROM information_schema.columns WHERE table_name IN ('user_agents', 'agent_runs') GROUP BY 1"
    )
    assert {row["table_name"]: row["names"] for row in columns} == {
        "user_agents": "id,user_id,name,description,trigger_type,trigger_config,actions,enabled,created_at,updated_at",
        "agent_runs": "id,agent_id,user_id,triggered_at,triggered_by,status,started_at,finished_at,duration,"
        "error_message,output_summary,logs_ref",
    }
    await connection.close()


@pytest.mark.proves("I-1", "I-20", "R-USR-2", "R-OBS-1")
async def test_the_views_show_adopted_rows_and_refuse_writes() -> None:
    async with older.migrated(OLD) as (_, connection):
        agent = await connection.fetchrow("SELECT * FROM user_agents WHERE name = 'Every morning'")
        assert agent is not None
        assert (agent["trigger_type"], agent["enabled"]) == ("schedule", False)
        run = await connection.fetchrow("SELECT * FROM agent_runs WHERE status = 'success'")
        assert run is not None
        assert (run["triggered_by"], run["duration"].total_seconds()) == ("webhook", 2)
        assert run["logs_ref"] == f"/api/automations/logs/{run['id']}/lines"
        for statement in (
            "DELETE FROM user_agents",
            "UPDATE agent_runs SET error_message = 'x'",
            "UPDATE user_agents SET name = 'x'",
            "INSERT INTO user_agents (name) VALUES ('x')",
        ):
            with pytest.raises(asyncpg.PostgresError, match="read-only"):
                await connection.execute(statement)
