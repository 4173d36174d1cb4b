-- Prefect's deployments as they were when we last wrote or read them: what differs later was an operator.
CREATE TABLE prefect_deployments (
    deployment_id uuid PRIMARY KEY,
    rule_id uuid NOT NULL,
    paused boolean NOT NULL,                     -- starts nothing by itself: it is paused, or its schedule is
    changed_at timestamptz,                      -- Prefect's time of its newest change known here; null while we write
    fingerprint text NOT NULL                    -- of what it was made from
);
CREATE INDEX prefect_deployments_rule ON prefect_deployments (rule_id);

-- A trigger of the live version, also while its automation is switched off: its deployment stays, paused.
ALTER TABLE automation_triggers ADD live boolean NOT NULL DEFAULT false;
UPDATE automation_triggers SET live = active WHERE active;

-- Who is to be planned next is found without a look at those that are planned far ahead.
DROP INDEX automation_triggers_to_plan;
CREATE INDEX automation_triggers_to_plan ON automation_triggers (coalesce(planned_until, '-infinity'))
    WHERE type = 'cron' AND active;

CREATE INDEX automation_rules_deployment ON automation_rules (deployment_id);
CREATE INDEX automation_triggers_deployment ON automation_triggers (deployment_id);
CREATE INDEX schedule_fires_prefect ON schedule_fires (prefect_run_id) WHERE prefect_run_id IS NOT NULL;
CREATE INDEX schedule_fires_settled ON schedule_fires (due_at) WHERE state <> 'planned';

-- Who switched the automation on or off last: a user's id, "operator via Prefect".
ALTER TABLE automation_rules ADD switched_at timestamptz, ADD switched_by varchar;

CREATE INDEX schedule_fires_history ON schedule_fires (rule_id, due_at DESC, schedule_id DESC);

-- What is forgotten by its age.
CREATE INDEX agent_events_age ON agent_events (received_at);
CREATE INDEX notifications_age ON notifications (created_at);
