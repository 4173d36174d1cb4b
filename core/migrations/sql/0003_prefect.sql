-- What the recorder (core/runs/telling.py) has told Prefect of a run.
ALTER TABLE run_queue
    ADD told_at timestamptz,                     -- when what it has been told was read
    ADD told_seq integer NOT NULL DEFAULT 0,     -- up to which recorded change
    ADD telling_until timestamptz;               -- a recorder is at it until then

-- One index for each question that the recorder asks four times a second.
DROP INDEX run_queue_untold;
CREATE INDEX run_queue_finished ON run_queue (changed_at) WHERE state = 'done';
CREATE INDEX run_queue_moved ON run_queue (changed_at)
    WHERE state IN ('running', 'waiting') AND (told IS DISTINCT FROM state OR changed_at > told_at);
CREATE INDEX run_queue_unseen ON run_queue (changed_at) WHERE state = 'queued' AND told IS NULL;

-- The recorder asks whether an automation's deployment is still being made.
CREATE INDEX outbox_key ON outbox (topic, key);

-- The deployment of the automation itself; further schedules have theirs in automation_triggers.deployment_id.
ALTER TABLE automation_rules ADD deployment_id uuid;

-- All due times up to this moment stand in schedule_fires.
ALTER TABLE automation_triggers ADD planned_until timestamptz;
CREATE INDEX automation_triggers_to_plan ON automation_triggers (planned_until) WHERE type = 'cron' AND active;

CREATE INDEX schedule_fires_rule ON schedule_fires (rule_id) WHERE state = 'planned';
