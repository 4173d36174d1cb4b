-- What became of old rows that need more than SQL (core/adoption.py): each is taken once, also when it is deleted here
-- later. A note says what needs a person; `vutler migrate` tells it.
CREATE TABLE adoptions (
    source varchar NOT NULL,                     -- the table in tenant_vutler_adopted
    legacy_id uuid NOT NULL,
    note text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, legacy_id)
);

-- Automations and their runs in the words of the CrucibAI plan (its R-USR-2, R-OBS-1 and I-1), to be read.
-- No secret is shown. `duration` is null until the run has ended.
CREATE VIEW user_agents WITH (security_invoker = true) AS
SELECT id, created_by AS user_id, name, description,
       CASE trigger_type WHEN 'cron' THEN 'schedule' ELSE trigger_type END AS trigger_type,
       trigger_config, actions, enabled, created_at, updated_at
FROM automation_rules
WHERE deleted_at IS NULL;

CREATE VIEW agent_runs WITH (security_invoker = true) AS
SELECT run.id, run.rule_id AS agent_id, rule.created_by AS user_id, run.created_at AS triggered_at,
       CASE run.trigger_type WHEN 'cron' THEN 'schedule' ELSE run.trigger_type END AS triggered_by,
       CASE run.status WHEN 'queued' THEN 'running' WHEN 'waiting' THEN 'waiting_approval'
                       WHEN 'skipped' THEN 'cancelled' ELSE run.status END AS status,
       run.started_at, run.completed_at AS finished_at, run.completed_at - run.started_at AS duration,
       run.error AS error_message, left(run.output::text, 500) AS output_summary,
       '/api/automations/logs/' || run.id || '/lines' AS logs_ref
FROM automation_logs run JOIN automation_rules rule ON rule.id = run.rule_id;

CREATE FUNCTION refuse_view_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The view % is read-only; write through the API (/api/automations).', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state';
END $$;
CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON user_agents
    FOR EACH ROW EXECUTE FUNCTION refuse_view_write();
CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON agent_runs
    FOR EACH ROW EXECUTE FUNCTION refuse_view_write();
