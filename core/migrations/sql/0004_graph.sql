-- A waiting step: what it waits for, and what woke it.
ALTER TABLE automation_action_logs ADD wait jsonb, ADD wake jsonb;

-- Waiting does not count against a run's time: what it has worked before its present claim.
ALTER TABLE automation_logs ADD worked_ms bigint NOT NULL DEFAULT 0;

-- A run that Prefect made is found by its id there.
CREATE INDEX automation_logs_prefect ON automation_logs (prefect_run_id) WHERE prefect_run_id IS NOT NULL;

-- When a waiting run is due by itself: `available_at`, infinity where only a person or an event wakes it.
CREATE INDEX run_queue_timers ON run_queue (available_at) WHERE state = 'waiting';
