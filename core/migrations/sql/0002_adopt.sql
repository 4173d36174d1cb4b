-- Takes the rows of an older Vutler from tenant_vutler_adopted (see 0001_move_aside.sql), where there is one.
-- An old row is read as JSON, so that a missing column is null, whatever state the old tables are in.
-- Automations arrive as drafts; core/adoption.py reads their definitions and publishes them as version 1.
SET LOCAL timezone = 'UTC';  -- what old times without a zone mean

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['workspaces', 'automation_rules', 'automation_triggers', 'automation_logs',
                                'automation_action_logs', 'automation_suggestions', 'workspace_llm_providers'] LOOP
        IF to_regclass('tenant_vutler_adopted.' || name) IS NULL THEN
            EXECUTE format('CREATE TEMP VIEW %I AS SELECT NULL::jsonb AS r WHERE false', 'old_' || name);
        ELSE
            EXECUTE format('CREATE TEMP VIEW %I AS SELECT to_jsonb(t) AS r FROM tenant_vutler_adopted.%I t',
                'old_' || name, name);
        END IF;
    END LOOP;
END $$;

-- A UUIDv7 of that moment (of now, where the moment is missing or absurd).
CREATE FUNCTION pg_temp.id_at(moment timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT (left(replace(tenant_vutler.first_id_at(
                CASE WHEN moment BETWEEN '1970-01-01' AND now() THEN moment ELSE now() END)::text, '-', ''), 13)
            || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;

-- JSON nested deeper than our own reader goes (200 levels) is kept as its text.
CREATE FUNCTION pg_temp.readable(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_path_exists(value, 'strict $.**{150}') THEN to_jsonb(value::text) ELSE value END
$$;

-- Readable, and JSON that was stored as the text of JSON is taken as what it says.
CREATE FUNCTION pg_temp.unwrapped(value jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^\s*[\[{]' THEN
        RETURN pg_temp.readable((value #>> '{}')::jsonb);
    END IF;
    RETURN nullif(pg_temp.readable(value), 'null');
EXCEPTION WHEN invalid_text_representation THEN
    RETURN value;
END $$;

-- new ids ----------------------------------------------------------------------------------------------------------

CREATE TEMP TABLE home_for_lost_rows ON COMMIT DROP AS SELECT pg_temp.id_at(now()) AS id;

CREATE TEMP TABLE rule_ids ON COMMIT DROP AS
SELECT (r->>'id')::uuid AS old, pg_temp.id_at((r->>'created_at')::timestamptz) AS new,
       coalesce((r->>'workspace_id')::uuid, (SELECT id FROM home_for_lost_rows)) AS workspace
FROM old_automation_rules;
CREATE UNIQUE INDEX ON rule_ids (old);

CREATE TEMP TABLE run_ids ON COMMIT DROP AS
SELECT (r->>'id')::uuid AS old, rule_ids.new AS rule, rule_ids.workspace,
       pg_temp.id_at((r->>'started_at')::timestamptz) AS new
FROM old_automation_logs JOIN rule_ids ON rule_ids.old = (r->>'rule_id')::uuid;
CREATE UNIQUE INDEX ON run_ids (old);
ANALYZE rule_ids, run_ids;

-- workspaces -------------------------------------------------------------------------------------------------------

INSERT INTO workspaces (id, name)
SELECT wanted.id, coalesce(nullif(trim(old.r->>'name'), ''), 'Adopted workspace')
FROM (SELECT workspace AS id FROM rule_ids
      UNION SELECT coalesce((r->>'workspace_id')::uuid, (SELECT id FROM home_for_lost_rows)) FROM old_automation_suggestions
      UNION SELECT coalesce((r->>'workspace_id')::uuid, (SELECT id FROM home_for_lost_rows)) FROM old_workspace_llm_providers
     ) wanted
LEFT JOIN old_workspaces old ON old.r->>'id' = wanted.id::text;

-- automations and their triggers -----------------------------------------------------------------------------------

INSERT INTO automation_rules (id, workspace_id, name, description, trigger_type, trigger_config, actions, enabled,
                              created_at, updated_at, last_run_at, legacy_id)
SELECT new, workspace, coalesce(nullif(trim(r->>'name'), ''), 'Adopted automation'), r->>'description',
       r->>'trigger_type', pg_temp.unwrapped(r->'trigger_config'), pg_temp.unwrapped(r->'actions'),
       coalesce((r->>'enabled')::boolean, true),
       coalesce((r->>'created_at')::timestamptz, now()),
       coalesce((r->>'updated_at')::timestamptz, (r->>'created_at')::timestamptz, now()),
       (r->>'last_run_at')::timestamptz, old
FROM old_automation_rules JOIN rule_ids ON old = (r->>'id')::uuid;

INSERT INTO automation_triggers (id, rule_id, workspace_id, type, config, webhook_id, webhook_secret, created_at,
                                 position, active, legacy_id)
SELECT pg_temp.id_at((r->>'created_at')::timestamptz), rule_ids.new, workspace,
       replace(coalesce(r->>'type', rule.trigger_type, 'manual'), 'schedule', 'cron'),
       CASE WHEN jsonb_typeof(pg_temp.unwrapped(r->'config')) = 'object' THEN pg_temp.unwrapped(r->'config') ELSE '{}' END,
       nullif(r->>'webhook_id', ''),
       encode(sha256(convert_to(nullif(r->>'webhook_secret', ''), 'UTF8')), 'hex'),  -- the old ones are plain
       coalesce((r->>'created_at')::timestamptz, now()),
       row_number() OVER (PARTITION BY rule_ids.new ORDER BY r->>'created_at', r->>'id') - 1, false, (r->>'id')::uuid
FROM old_automation_triggers
JOIN rule_ids ON old = (r->>'rule_id')::uuid JOIN automation_rules rule ON rule.id = rule_ids.new;

-- A hook that only its automation knew of; where no address was written either, it was the automation's old id.
INSERT INTO automation_triggers (id, rule_id, workspace_id, type, webhook_id, created_at, active)
SELECT pg_temp.id_at(created_at), id, workspace_id, 'webhook',
       coalesce(nullif(left(trigger_config->>'webhook_id', 64), ''), legacy_id::text), created_at, false
FROM automation_rules rule
WHERE trigger_type = 'webhook' AND legacy_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM automation_triggers t WHERE t.rule_id = rule.id AND t.webhook_id IS NOT NULL)
ON CONFLICT (webhook_id) DO NOTHING;

-- A trigger without a secret of its own takes the one that stood in a configuration; then none stays there readable.
UPDATE automation_triggers t
SET webhook_secret = coalesce(t.webhook_secret, encode(sha256(convert_to(nullif(coalesce(
        t.config->>'webhook_secret', t.config->>'secret',
        rule.trigger_config->>'webhook_secret', rule.trigger_config->>'secret'), ''), 'UTF8')), 'hex'))
FROM automation_rules rule
WHERE rule.id = t.rule_id AND rule.legacy_id IS NOT NULL AND t.webhook_id IS NOT NULL;
UPDATE automation_triggers SET config = config - 'secret' - 'webhook_secret' WHERE config ?| '{secret,webhook_secret}';
UPDATE automation_rules SET trigger_config = trigger_config - 'secret' - 'webhook_secret'
WHERE jsonb_typeof(trigger_config) = 'object' AND trigger_config ?| '{secret,webhook_secret}';

-- What an automation says of its trigger: where its triggers know better (the schedules) or it says nothing, theirs.
UPDATE automation_rules rule
SET trigger_type = coalesce(rule.trigger_type, t.type),
    trigger_config = CASE WHEN coalesce(rule.trigger_config, '{}') = '{}' THEN t.config ELSE rule.trigger_config END
FROM automation_triggers t
WHERE t.rule_id = rule.id AND t.position = 0 AND t.type = coalesce(rule.trigger_type, t.type)
  AND rule.legacy_id IS NOT NULL;
UPDATE automation_rules rule SET trigger_config = jsonb_build_object('schedules', own.schedules)
FROM (SELECT rule_id, jsonb_agg(config ORDER BY position) AS schedules
      FROM (SELECT rule_id, config, min(position) AS position FROM automation_triggers
            WHERE type = 'cron' AND config <> '{}' GROUP BY 1, 2) once GROUP BY 1) own
WHERE own.rule_id = rule.id AND rule.trigger_type IN ('cron', 'schedule') AND rule.legacy_id IS NOT NULL;
UPDATE automation_triggers SET config = '{}' WHERE type = 'webhook';

-- history ----------------------------------------------------------------------------------------------------------

-- A partition for each month that has old runs, so that it can be cut off like any other.
SELECT make_partition(kind, month)
FROM (SELECT DISTINCT date_trunc('month', (r->>'started_at')::timestamptz) AS month FROM old_automation_logs) months,
     unnest(ARRAY['automation_logs', 'automation_action_logs']) kind
WHERE month BETWEEN now() - interval '10 years' AND now();

INSERT INTO automation_logs (id, rule_id, workspace_id, trigger_type, trigger_data, status, started_at, completed_at,
                             error, created_at, version, root_id, legacy_id)
SELECT new, rule, workspace, coalesce(r->>'trigger_type', 'manual'), pg_temp.readable(r->'trigger_data'),
       CASE WHEN r->>'status' IN ('success', 'failed', 'cancelled', 'skipped') THEN r->>'status'
            WHEN r->>'status' = 'completed' THEN 'success' ELSE 'failed' END,
       (r->>'started_at')::timestamptz,
       -- of a run that nobody will finish, the last moment at which it left a trace
       coalesce((r->>'completed_at')::timestamptz, last_step.at, (r->>'started_at')::timestamptz, now()),
       CASE WHEN r->>'status' = 'running' THEN 'adopted while running' ELSE r->>'error' END,
       coalesce((r->>'started_at')::timestamptz, now()), 1, new, old
FROM old_automation_logs JOIN run_ids ON old = (r->>'id')::uuid
LEFT JOIN (SELECT s.r->>'log_id' AS log, max((s.r->>'created_at')::timestamptz) AS at
           FROM old_automation_action_logs s GROUP BY 1) last_step ON log = old::text;

-- One record a step: where the old engine left a row for each attempt, the last one stands for the step and the
-- earlier ones are its attempts.
INSERT INTO automation_action_logs (id, log_id, workspace_id, action_index, action_type, agent_id, input, output,
                                    status, duration_ms, error, created_at, step_id, attempt, attempts, legacy_id)
SELECT pg_temp.id_at((r->>'created_at')::timestamptz), run, workspace, index, coalesce(r->>'action_type', 'agent'),
       r->>'agent_id', pg_temp.readable(r->'input'), pg_temp.readable(r->'output'),
       CASE WHEN r->>'status' IN ('success', 'failed', 'skipped') THEN r->>'status'
            WHEN r->>'status' = 'completed' THEN 'success' ELSE 'failed' END,
       (r->>'duration_ms')::numeric::integer,
       CASE WHEN r->>'status' = 'running' THEN 'adopted while running' ELSE r->>'error' END,
       coalesce((r->>'created_at')::timestamptz, now()), 's' || index + 1, attempt, coalesce(earlier, '[]'),
       (r->>'id')::uuid
FROM (
    SELECT r, run, workspace, index, row_number() OVER attempts AS attempt,
           row_number() OVER (PARTITION BY run, index ORDER BY r->>'created_at' DESC, r->>'id' DESC) AS from_last,
           jsonb_agg(jsonb_build_object('attempt', number, 'started_at', NULL, 'completed_at', r->>'created_at',
                                        'code', NULL, 'error', r->>'error'))
               OVER (attempts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier
    FROM (SELECT r, run_ids.new AS run, workspace, index,
                 row_number() OVER (PARTITION BY run_ids.new, index ORDER BY r->>'created_at', r->>'id') AS number
          FROM old_automation_action_logs JOIN run_ids ON old = (r->>'log_id')::uuid,
               LATERAL (SELECT coalesce((r->>'action_index')::integer, 0) AS index) position) numbered
    WINDOW attempts AS (PARTITION BY run, index ORDER BY r->>'created_at', r->>'id')
) steps
WHERE from_last = 1;

INSERT INTO automation_stats (rule_id, run_count, last_run_at, last_run_status, last_run_id)
SELECT rule.id, coalesce(counted.runs, 0), coalesce(rule.last_run_at, newest.started_at), newest.status, newest.id
FROM automation_rules rule
LEFT JOIN (SELECT rule_id, count(*) AS runs FROM automation_logs GROUP BY 1) counted ON counted.rule_id = rule.id
LEFT JOIN LATERAL (SELECT id, status, started_at FROM automation_logs log WHERE log.rule_id = rule.id
                   ORDER BY id DESC LIMIT 1) newest ON true
WHERE rule.legacy_id IS NOT NULL;

INSERT INTO automation_suggestions (id, workspace_id, title, description, suggested_config, score, dismissed,
                                    created_at, legacy_id)
SELECT pg_temp.id_at((r->>'created_at')::timestamptz),
       coalesce((r->>'workspace_id')::uuid, (SELECT id FROM home_for_lost_rows)), coalesce(r->>'title', ''),
       r->>'description', coalesce(pg_temp.unwrapped(r->'suggested_config'), '{}'), coalesce((r->>'score')::float, 0),
       coalesce((r->>'dismissed')::boolean, false), coalesce((r->>'created_at')::timestamptz, now()), (r->>'id')::uuid
FROM old_automation_suggestions;

-- what could not be taken ------------------------------------------------------------------------------------------

INSERT INTO adoptions (source, legacy_id, note)
SELECT 'automation_triggers', (r->>'id')::uuid, 'Its automation does not exist; it stays in tenant_vutler_adopted.'
FROM old_automation_triggers WHERE NOT EXISTS (SELECT FROM rule_ids WHERE old::text = r->>'rule_id')
UNION ALL
SELECT 'automation_logs', (r->>'id')::uuid, 'Its automation does not exist; it stays in tenant_vutler_adopted.'
FROM old_automation_logs WHERE NOT EXISTS (SELECT FROM rule_ids WHERE old::text = r->>'rule_id');

DROP VIEW old_workspaces, old_automation_rules, old_automation_triggers, old_automation_logs, old_automation_action_logs,
    old_automation_suggestions, old_workspace_llm_providers;
