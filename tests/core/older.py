"""A database of an older Vutler: the tables of the sprint plan, as they were, with rows in them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache

from core.db import Connection, connect
from core.migrations.run import migrate
from tests import postgres

# Section 3.1 of the plan, foreign keys and v4 ids included; timestamps without a zone, as its own ALTERs write them.
TABLES = """
CREATE SCHEMA tenant_vutler;
SET search_path = tenant_vutler;
CREATE TABLE workspaces (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar);
CREATE TABLE automation_rules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid REFERENCES workspaces, name varchar NOT NULL,
    description text, trigger_type varchar, trigger_config jsonb, actions jsonb, enabled boolean DEFAULT true,
    created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now());
CREATE TABLE automation_triggers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), rule_id uuid REFERENCES automation_rules ON DELETE CASCADE,
    type varchar, config jsonb, created_at timestamp DEFAULT now());
CREATE TABLE automation_logs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), rule_id uuid REFERENCES automation_rules ON DELETE CASCADE,
    trigger_type varchar, trigger_data jsonb, status varchar, started_at timestamp DEFAULT now(),
    completed_at timestamp, error text);
CREATE TABLE automation_action_logs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), log_id uuid REFERENCES automation_logs ON DELETE CASCADE,
    action_index int, action_type varchar, agent_id varchar, input jsonb, output jsonb, status varchar,
    error text, created_at timestamp DEFAULT now());
CREATE TABLE automation_suggestions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid, title varchar, description text,
    suggested_config jsonb, score float, created_at timestamp DEFAULT now());
CREATE INDEX automation_logs_rule ON automation_logs (rule_id);
CREATE TABLE workspace_llm_providers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid, provider varchar, api_key text, base_url text,
    default_model varchar, is_default boolean, created_at timestamp DEFAULT now());
"""

# Section 3.2 of the plan.
LATER_COLUMNS = """
SET search_path = tenant_vutler;
ALTER TABLE automation_rules ADD COLUMN last_run_at timestamp;
ALTER TABLE automation_triggers ADD COLUMN webhook_id varchar(64) UNIQUE;
ALTER TABLE automation_triggers ADD COLUMN webhook_secret varchar(128);
ALTER TABLE automation_action_logs ADD COLUMN duration_ms integer;
ALTER TABLE automation_suggestions ADD COLUMN dismissed boolean DEFAULT false;
"""

WORKSPACE = uuid.UUID("0b9b7a2e-6a53-4d0c-9d52-3f8f3a3b1f01")
HOOKED, TIMED, BROKEN = (uuid.UUID(f"5d2c1f6e-8a0b-4c3d-9e4f-0000000000{n:02}") for n in (1, 2, 3))
DONE, HANGING, ANCIENT = (uuid.UUID(f"7e3d2a7f-9b1c-4d4e-8f50-0000000000{n:02}") for n in (1, 2, 3))
SECRET = "s3cret-of-the-hook"
HEXLIKE = "deadbeef" * 8  # a plain secret that looks like a hash
API_KEY = "sk-test-canary-0001"

ROWS = f"""
SET search_path = tenant_vutler;
INSERT INTO workspaces VALUES ('{WORKSPACE}', 'Starbox');
INSERT INTO automation_rules (id, workspace_id, name, description, trigger_type, trigger_config, actions, enabled,
                              created_at, updated_at, last_run_at) VALUES
 ('{HOOKED}', '{WORKSPACE}', 'Lead to page', 'Tells the shop', 'webhook', '{{"webhook_id": "hook-of-old"}}',
  '[{{"type": "webhook", "url": "https://example.com/a", "method": "POST", "body": {{"lead": "{{{{trigger.data}}}}"}}}},
    {{"type": "http_request", "url": "https://example.com/b", "method": "GET"}}]',
  true, '2026-02-01 08:00', '2026-02-02 08:00', '2026-02-03 09:00'),
 ('{TIMED}', '{WORKSPACE}', 'Every morning', NULL, 'cron', '{{"cron": "0 9 * * *"}}',
  '[{{"type": "http_request", "url": "https://example.com/c", "method": "GET"}}]',
  false, '2026-02-01 08:00:01', '2026-02-01 08:00:01', NULL),
 ('{BROKEN}', '{WORKSPACE}', 'Never worked', NULL, 'webhook', '{{}}', '[{{"type": "teleport"}}]',
  true, '2026-02-01 08:00:02', '2026-02-01 08:00:02', NULL);
INSERT INTO automation_triggers (rule_id, type, config, webhook_id, webhook_secret, created_at) VALUES
 ('{HOOKED}', 'webhook', '{{}}', 'hook-of-old', '{SECRET}', '2026-02-01 08:00'),
 ('{TIMED}', 'cron', '{{"cron": "0 9 * * *"}}', NULL, NULL, '2026-02-01 08:00:01'),
 ('{BROKEN}', 'webhook', '{{"secret": "in-clear"}}', 'hook-of-broken', '{HEXLIKE}', '2026-02-01 08:00:02');
INSERT INTO automation_logs (id, rule_id, trigger_type, trigger_data, status, started_at, completed_at, error) VALUES
 ('{ANCIENT}', '{HOOKED}', 'webhook', '{{"lead": 0}}', 'failed', '2001-05-01 00:00', '2001-05-01 00:01', 'boom'),
 ('{DONE}', '{HOOKED}', 'webhook', '{{"lead": 1}}', 'success', '2026-02-03 09:00', '2026-02-03 09:00:02', NULL),
 ('{HANGING}', '{HOOKED}', 'manual', NULL, 'running', '2026-02-04 09:00', NULL, NULL);
INSERT INTO automation_action_logs (log_id, action_index, action_type, agent_id, input, output, status, duration_ms,
                                    error, created_at) VALUES
 ('{DONE}', 0, 'webhook', NULL, '{{"n": 1}}', NULL, 'failed', 900, 'HTTP 503', '2026-02-03 09:00:00.5'),
 ('{DONE}', 0, 'webhook', NULL, '{{"n": 1}}', '{{"ok": true}}', 'success', 120, NULL, '2026-02-03 09:00:01'),
 ('{DONE}', 1, 'agent', 'code_bot', '"prompt"', '"text"', 'success', 700, NULL, '2026-02-03 09:00:02'),
 ('{HANGING}', 0, 'webhook', NULL, NULL, NULL, 'running', NULL, NULL, '2026-02-04 09:00:03');
INSERT INTO automation_suggestions (workspace_id, title, suggested_config, score, dismissed, created_at) VALUES
 ('{WORKSPACE}', 'Leads', '{{"trigger": {{}}, "actions": []}}', 0.8, true, '2026-02-01 10:00');
INSERT INTO workspace_llm_providers (workspace_id, provider, api_key, base_url, default_model, is_default,
                                     created_at) VALUES
 ('{WORKSPACE}', 'anthropic', '{API_KEY}', NULL, 'claude', true, '2026-02-01 10:00'),
 ('{WORKSPACE}', 'OpenAI', 'sk-second', NULL, 'gpt', false, '2026-02-01 10:01'),
 ('{WORKSPACE}', 'openai', 'sk-third', 'https://llm.example.com/v1', NULL, false, '2026-02-01 10:02'),
 ('{WORKSPACE}', 'mistral', NULL, NULL, NULL, NULL, '2026-02-01 10:03');
"""

OLD = TABLES + LATER_COLUMNS + ROWS


@contextmanager
def database(script: str) -> Iterator[str]:
    """A database that holds what `script` makes, and nothing of ours; gives its address."""
    name = f"old_{uuid.uuid4().hex}"
    dsn = postgres.create(name, template="template0")
    try:
        postgres.run(name, script)
        yield dsn
    finally:
        postgres.drop(name)


@cache
def _template(script: str) -> str:
    """The name of a migrated database to copy; it goes with the server of the test run."""
    name = f"old_{uuid.uuid4().hex}"
    dsn = postgres.create(name, template="template0")
    postgres.run(name, script)
    migrate(dsn)
    return name


@asynccontextmanager
async def migrated(script: str) -> AsyncIterator[tuple[str, Connection]]:
    """The address of a database that was migrated but not adopted yet, and a connection to it."""
    name = f"old_{uuid.uuid4().hex}"
    dsn = postgres.create(name, template=await asyncio.to_thread(_template, script))
    connection = await connect(dsn, application="test")
    try:
        yield dsn, connection
    finally:
        await connection.close()
        postgres.drop(name)
