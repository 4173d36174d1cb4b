"""What an older Vutler left runs again: its automations are published, its keys sealed, and nothing is taken twice."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from core.adoption import NOTE, adopt
from core.db import connect
from core.ids import new_id
from core.legacy import hand_over, resolve
from core.migrations.run import head, migrate
from core.outgoing.addresses import Policy
from core.seal import Sealer
from tests.core import older

OLD = older.OLD
ROOT = Path(__file__).parents[2]
SEALER = Sealer([Fernet.generate_key()])
POLICY = Policy.of((), "http://127.0.0.1:8000")


def rule(name: str, trigger_type: str, trigger_config: str, actions: str) -> str:
    return (
        "INSERT INTO tenant_vutler.automation_rules (workspace_id, name, trigger_type, trigger_config, actions)"
        f" VALUES ('{older.WORKSPACE}', '{name}', '{trigger_type}', '{trigger_config}', '{actions}');"
    )


GET = '[{"type": "http_request", "url": "https://example.com/a"}]'


@pytest.mark.proves("RISK-1", "DOD-9")
async def test_a_sound_automation_is_live_as_version_1_under_its_old_address() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        before = await connection.fetchrow("SELECT * FROM automation_rules WHERE legacy_id = $1", older.HOOKED)
        await adopt(dsn, SEALER, POLICY)
        row = await connection.fetchrow("SELECT * FROM automation_rules WHERE legacy_id = $1", older.HOOKED)
        assert row is not None
        assert before is not None
        assert (row["live_version"], row["draft_changed"], row["updated_at"]) == (1, False, before["updated_at"])
        version = await connection.fetchrow("SELECT * FROM automation_versions WHERE rule_id = $1", row["id"])
        assert version is not None
        assert (version["number"], version["note"]) == (1, NOTE)
        first, second = version["definition"]["actions"]
        assert (first["id"], first["type"], first["needs"]) == ("s1", "http", [])
        assert first["config"]["json"] == {"lead": "{{trigger.data}}"}
        assert (second["id"], second["needs"]) == ("s2", ["s1"])
        hook = await connection.fetchrow("SELECT * FROM automation_triggers WHERE rule_id = $1", row["id"])
        assert hook is not None
        assert (hook["active"], hook["webhook_id"]) == (True, "hook-of-old")
        assert hook["webhook_secret"] is not None
        told = await connection.fetch("SELECT key FROM outbox WHERE topic = 'deployment'")
        assert row["id"] in {each["key"] for each in told}


async def test_a_switched_off_schedule_is_adopted_switched_off() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        row = await connection.fetchrow(
            "SELECT r.enabled, r.live_version, t.active, t.type, t.config FROM automation_rules r"
            " JOIN automation_triggers t ON t.rule_id = r.id WHERE r.legacy_id = $1",
            older.TIMED,
        )
        assert row is not None
        assert (row["enabled"], row["live_version"], row["active"]) == (False, 1, False)
        assert (row["type"], row["config"]) == ("cron", {"cron": "0 9 * * *", "timezone": "UTC"})


async def test_an_automation_with_mistakes_stays_a_draft_with_a_note() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        told = await adopt(dsn, SEALER, POLICY)
        [sentence] = [each for each in told if "Never worked" in each]
        assert "teleport" in sentence
        row = await connection.fetchrow(
            "SELECT r.live_version, r.actions, t.active, a.note FROM automation_rules r"
            " JOIN automation_triggers t ON t.rule_id = r.id JOIN adoptions a ON a.legacy_id = r.legacy_id"
            " WHERE r.legacy_id = $1",
            older.BROKEN,
        )
        assert row is not None
        assert (row["live_version"], row["active"]) == (None, False)
        assert row["actions"][0]["type"] == "teleport"
        assert "teleport" in row["note"]


async def test_a_secret_in_a_step_is_not_kept_in_the_draft() -> None:
    slack = rule("Tells", "manual", "{}", '[{"type": "slack", "token": "xoxb-canary", "text": "hi"}]')
    async with older.migrated(OLD + slack) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        actions = await connection.fetchval("SELECT actions FROM automation_rules WHERE name = 'Tells'")
        assert "xoxb-canary" not in str(actions)
        assert actions[0]["config"] == {"text": "hi"}


async def test_schedules_that_only_the_triggers_knew_are_kept_all() -> None:
    timed = rule("Twice a day", "schedule", "null", GET) + "".join(
        "INSERT INTO tenant_vutler.automation_triggers (rule_id, type, config) SELECT id, 'cron',"
        f" '{{\"cron\": \"0 {hour} * * *\"}}' FROM tenant_vutler.automation_rules WHERE name = 'Twice a day';"
        for hour in (8, 20)
    )
    async with older.migrated(OLD + timed) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        rows = await connection.fetch(
            "SELECT t.config, t.active FROM automation_triggers t JOIN automation_rules r ON r.id = t.rule_id"
            " WHERE r.name = 'Twice a day' ORDER BY t.position"
        )
        assert sorted(row["config"]["cron"] for row in rows if row["active"]) == ["0 20 * * *", "0 8 * * *"]


async def test_a_hook_that_only_its_automation_knew_keeps_its_secret() -> None:
    only = rule("Only me", "webhook", '{"secret": "twelve-chars"}', GET)
    mute = rule("Mute", "webhook", "{}", GET)
    async with older.migrated(OLD + only + mute) as (dsn, connection):
        told = await adopt(dsn, SEALER, POLICY)
        rows = await connection.fetch(
            "SELECT r.legacy_id, r.live_version, t.active, t.webhook_id, t.webhook_secret FROM automation_triggers t"
            " JOIN automation_rules r ON r.id = t.rule_id WHERE r.name IN ('Only me', 'Mute') ORDER BY r.name"
        )
        silent, known = rows
        assert (known["webhook_id"], known["live_version"], known["active"]) == (str(known["legacy_id"]), 1, True)
        assert known["webhook_secret"] is not None
        assert silent["webhook_secret"] is None
        assert any("Mute" in each and "no secret" in each for each in told)


async def test_a_second_adoption_changes_and_says_nothing() -> None:
    state = (
        "SELECT (SELECT json_agg(r ORDER BY id) FROM automation_rules r)::text,"
        " (SELECT json_agg(t ORDER BY id) FROM automation_triggers t)::text,"
        " (SELECT json_agg(c ORDER BY id) FROM connections c)::text,"
        " (SELECT json_agg(a ORDER BY source, legacy_id) FROM adoptions a)::text,"
        " (SELECT count(*) FROM automation_versions)"
    )
    async with older.migrated(OLD) as (dsn, connection):
        assert await adopt(dsn, SEALER, POLICY)
        before = await connection.fetchrow(state)
        await asyncio.to_thread(migrate, dsn)
        assert await adopt(dsn, SEALER, POLICY) == []
        assert await connection.fetchrow(state) == before


async def test_what_was_deleted_here_does_not_come_back() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        await connection.execute("DELETE FROM connections; UPDATE automation_rules SET deleted_at = now()")
        assert await adopt(dsn, SEALER, POLICY) == []
        assert await connection.fetchval("SELECT count(*) FROM connections") == 0


async def test_a_draft_that_nobody_touched_is_published_once_it_can_run() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        await connection.execute(
            "UPDATE automation_rules SET actions = $1 WHERE legacy_id = $2",
            [{"type": "transform", "config": {"value": 1}}],
            older.BROKEN,
        )
        await adopt(dsn, SEALER, POLICY)
        assert await connection.fetchval("SELECT live_version FROM automation_rules WHERE legacy_id = $1", older.BROKEN)
        assert await connection.fetchval("SELECT note FROM adoptions WHERE legacy_id = $1", older.BROKEN) is None


async def test_a_draft_that_somebody_touched_is_left_alone() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        await connection.execute(
            "UPDATE automation_rules SET actions = $1, updated_by = $3 WHERE legacy_id = $2",
            [{"type": "transform", "config": {"value": 1}}],
            older.BROKEN,
            new_id(),
        )
        await adopt(dsn, SEALER, POLICY)
        live = await connection.fetchval("SELECT live_version FROM automation_rules WHERE legacy_id = $1", older.BROKEN)
        assert live is None


@pytest.mark.proves("DEP-3")
async def test_llm_providers_become_sealed_connections() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        told = await adopt(dsn, SEALER, POLICY)
        rows = await connection.fetch("SELECT * FROM connections ORDER BY lower(name)")
        assert [(row["name"], row["kind"]) for row in rows] == [
            ("anthropic", "anthropic"), ("mistral", "llm_mistral"), ("OpenAI", "openai"), ("openai 2", "openai"),
        ]  # fmt: skip
        claude, mistral, _, own = rows
        assert claude["settings"] == {"model": "claude", "default": True}
        assert own["settings"] == {"base_url": "https://llm.example.com/v1", "default": False}
        opened = SEALER.open(claude["workspace_id"], claude["id"], claude["sealed"])
        assert opened == {"api_key": older.API_KEY}
        assert mistral["sealed"] is None
        assert any("mistral" in each for each in told)
        assert older.API_KEY.encode() not in b"".join(row["sealed"] or b"" for row in rows)


async def test_without_a_key_the_providers_wait() -> None:
    async with older.migrated(OLD) as (dsn, connection):
        told = await adopt(dsn, None, POLICY)
        assert any("4 LLM providers wait" in each for each in told)
        assert await connection.fetchval("SELECT count(*) FROM connections") == 0
        await adopt(dsn, SEALER, POLICY)
        assert await connection.fetchval("SELECT count(*) FROM connections") == 4


async def test_providers_of_another_shape_are_taken_as_far_as_they_go() -> None:
    script = (
        "CREATE SCHEMA tenant_vutler; CREATE TABLE tenant_vutler.workspace_llm_providers (provider text, api_key text);"
        "INSERT INTO tenant_vutler.workspace_llm_providers VALUES ('openai', 'sk-1');"
    )
    async with older.migrated(script) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        await adopt(dsn, SEALER, POLICY)
        row = await connection.fetchrow(
            "SELECT c.*, w.name AS home FROM connections c JOIN workspaces w ON w.id = workspace_id"
        )
        assert row is not None
        assert (row["kind"], row["settings"], row["home"]) == ("openai", {"default": False}, "Adopted workspace")
        assert await connection.fetchval("SELECT count(*) FROM connections") == 1


async def test_old_ids_still_find_their_rows() -> None:
    async with older.migrated(OLD) as (_, connection):
        rule_id = await connection.fetchval("SELECT id FROM automation_rules WHERE legacy_id = $1", older.HOOKED)
        run_id = await connection.fetchval("SELECT id FROM automation_logs WHERE legacy_id = $1", older.DONE)
        assert await resolve(connection, "automation_rules", older.HOOKED) == rule_id
        assert await resolve(connection, "automation_logs", older.DONE) == run_id
        assert await resolve(connection, "automation_rules", rule_id) == rule_id
        unknown = older.DONE
        assert await resolve(connection, "automation_rules", unknown) == unknown


async def test_the_first_user_gets_the_workspaces_that_nobody_owns() -> None:
    async with older.migrated(OLD) as (_, connection):
        operator, other = new_id(), new_id()
        for user in (operator, other):
            await connection.execute(
                "INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, 'x', 'x')",
                user,
                f"{user}@x.example",
            )
        assert await hand_over(connection, operator) == 1
        assert await hand_over(connection, other) == 0
        member = await connection.fetchrow("SELECT * FROM workspace_members")
        assert member is not None
        assert (member["workspace_id"], member["user_id"], member["role"]) == (older.WORKSPACE, operator, "owner")


ODD = [  # name, trigger_type, trigger_config, actions
    ("config is a text", "webhook", '"hello"', GET),
    ("config is a list", "webhook", '["secret"]', GET),
    ("config is a number", "cron", "7", GET),
    ("actions is an object", "webhook", "{}", '{"type": "http"}'),
    ("actions is null", "webhook", "{}", "null"),
    ("actions hold numbers", "webhook", "{}", "[1, null, []]"),
    ("actions are nested deep", "webhook", "{}", "[" * 300 + "]" * 300),
    ("actions are many", "webhook", "{}", json.dumps([{"type": "http"}] * 1000)),
    ("x" * 5000, "webhook", "{}", GET),
    ("line\nbreak", "webhook", "{}", GET),
    ("no such trigger", "telepathy", "{}", GET),
    ("no such cron", "cron", '{"cron": "61 * * * *"}', GET),
    ("metadata address", "webhook", "{}", '[{"type": "http", "url": "http://169.254.169.254/"}]'),
]


async def test_odd_rows_become_drafts_and_stop_nobody() -> None:
    async with older.migrated(OLD + "".join(rule(*odd) for odd in ODD)) as (dsn, connection):
        told = await adopt(dsn, SEALER, POLICY)
        live = await connection.fetch("SELECT name FROM automation_rules WHERE live_version IS NOT NULL ORDER BY id")
        assert [row["name"] for row in live] == ["Lead to page", "Every morning"]
        assert [name for name, *_ in ODD if not any(repr(name) in sentence for sentence in told)] == []
        broken = await connection.fetchval("SELECT trigger_config FROM automation_rules WHERE name = 'no such cron'")
        assert broken == {"cron": "61 * * * *"}


async def test_text_that_holds_json_is_taken_as_what_it_says() -> None:
    twice = rule("Twice encoded", "webhook", json.dumps('{"webhook_id": "w"}'), json.dumps(GET))
    async with older.migrated(OLD + twice) as (dsn, connection):
        await adopt(dsn, SEALER, POLICY)
        live = await connection.fetchval("SELECT live_version FROM automation_rules WHERE name = 'Twice encoded'")
        assert live == 1


async def test_the_command_migrates_adopts_and_says_what_needs_a_person(tmp_path: Path) -> None:
    with older.database(OLD) as dsn:
        environment = {"PATH": os.defpath, "VUTLER_HOME": str(tmp_path), "VUTLER_DATABASE_URL": dsn}
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "deployments.migrate"],
            env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "Automation 'Never worked'" in done.stdout
        assert done.stdout.endswith(f"The schema is up to date: {head()}.\n")
        connection = await connect(dsn, application="test")
        assert await connection.fetchval("SELECT count(*) FROM connections WHERE sealed IS NOT NULL") == 3
        await connection.close()


async def test_a_fresh_database_has_nothing_to_adopt(dsn: str) -> None:
    assert await adopt(dsn, None, POLICY) == []
