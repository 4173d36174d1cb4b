-- A waiting step: what it waits for, and what woke it.
ALTER TABLE automation_action_logs ADD wait jsonb, ADD wake jsonb;

-- Waiting does not count against a run's time: what it has worked before its present claim.
ALTER TABLE automation_logs ADD worked_ms bigint NOT NULL DEFAULT 0;

-- A run that Prefect made is found by its id there.
CREATE INDEX automation_logs_prefect ON automation_logs (prefect_run_id) WHERE prefect_run_id IS NOT NULL;

-- When a waiting run is due by itself: `available_at`, infinity where only a person or an event wakes it.
CREATE INDEX run_queue_timers ON run_queue (available_at) WHERE state = 'waiting';

-- Record what one worker says of several runs: step results, log lines, waits, ends. One call, one commit, many runs.
-- Only runs that the worker holds under the very epoch it names are written; their ids are given back. A step's
-- result is written once: an ended step is never overwritten.
CREATE FUNCTION record_runs(p_owner text, p_runs jsonb, p_steps jsonb, p_lines jsonb, p_events text[])
RETURNS uuid[] LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    held uuid[];
    event text;
BEGIN
    SELECT coalesce(array_agg(q.run_id), '{}') INTO held FROM (
        SELECT q.run_id FROM run_queue q
        JOIN jsonb_to_recordset(p_runs) AS r (run_id uuid, epoch integer) ON q.run_id = r.run_id
        WHERE q.epoch = r.epoch AND q.owner = p_owner AND q.state = 'running'
        ORDER BY q.run_id FOR UPDATE OF q
    ) q;

    INSERT INTO automation_action_logs AS a
        (id, log_id, action_index, action_type, agent_id, input, output, status, duration_ms, error, workspace_id,
         step_id, iteration, attempt, attempts, effect, error_code, started_at, completed_at, epoch, seq, wait)
    SELECT s.id, s.run_id, s.action_index, s.action_type, s.agent_id, s.input, s.output, s.status, s.duration_ms,
           s.error, s.workspace_id, s.step_id, s.iteration, s.attempt, s.attempts, s.effect, s.error_code,
           s.started_at, s.completed_at, s.epoch, s.seq, s.wait
    FROM jsonb_to_recordset(p_steps) AS s
        (id uuid, run_id uuid, action_index integer, action_type varchar, agent_id varchar, input jsonb, output jsonb,
         status varchar, duration_ms integer, error text, workspace_id uuid, step_id varchar, iteration varchar,
         attempt smallint, attempts jsonb, effect varchar, error_code varchar, started_at timestamptz,
         completed_at timestamptz, epoch integer, seq integer, wait jsonb)
    WHERE s.run_id = ANY (held)
    ON CONFLICT (log_id, step_id, iteration) DO UPDATE SET
        input = excluded.input, output = excluded.output, status = excluded.status,
        duration_ms = excluded.duration_ms, error = excluded.error, attempt = excluded.attempt,
        attempts = excluded.attempts, effect = excluded.effect, error_code = excluded.error_code,
        started_at = excluded.started_at, completed_at = excluded.completed_at, epoch = excluded.epoch,
        seq = excluded.seq, wait = excluded.wait,
        wake = CASE WHEN excluded.wait IS DISTINCT FROM a.wait THEN NULL ELSE a.wake END
    WHERE a.status NOT IN ('success', 'failed', 'skipped');

    INSERT INTO run_lines (run_id, seq, at, level, step_id, text)
    SELECT l.run_id, l.seq, l.at, l.level, l.step_id, l.text
    FROM jsonb_to_recordset(p_lines) AS l
        (run_id uuid, seq integer, at timestamptz, level varchar, step_id varchar, text text)
    WHERE l.run_id = ANY (held)
    ON CONFLICT DO NOTHING;

    UPDATE automation_logs g SET
        seq = r.seq, status = coalesce(r.status, g.status), completed_at = r.completed_at, output = r.output,
        error = r.error, error_code = r.error_code, error_step = r.error_step, wait = r.wait,
        worked_ms = coalesce(r.worked_ms, g.worked_ms)
    FROM jsonb_to_recordset(p_runs) AS r
        (run_id uuid, seq integer, status varchar, completed_at timestamptz, output jsonb, error text,
         error_code varchar, error_step varchar, wait jsonb, worked_ms bigint)
    WHERE g.id = r.run_id AND g.id = ANY (held);

    -- A step that was woken while the run still worked on another branch sends the run straight back to the queue.
    UPDATE run_queue q SET owner = NULL, lease_until = NULL, changed_at = now(),
        available_at = CASE WHEN r.status = 'waiting' AND NOT woken THEN coalesce(r.wake_at, 'infinity') ELSE now() END,
        state = CASE WHEN r.status <> 'waiting' THEN 'done' WHEN woken THEN 'queued' ELSE 'waiting' END
    FROM jsonb_to_recordset(p_runs) AS r (run_id uuid, status varchar, wake_at timestamptz),
        LATERAL (SELECT EXISTS (SELECT FROM automation_action_logs a
                 WHERE a.log_id = r.run_id AND a.status = 'waiting' AND a.wake IS NOT NULL) AS woken) w
    WHERE q.run_id = r.run_id AND r.status IS NOT NULL AND q.run_id = ANY (held);

    INSERT INTO automation_stats AS t (rule_id, run_count, last_run_at, last_run_status, last_run_id)
    SELECT e.rule_id, count(*), max(e.completed_at), (array_agg(e.status ORDER BY e.run_id DESC))[1], max(e.run_id::text)::uuid
    FROM jsonb_to_recordset(p_runs) AS e (run_id uuid, rule_id uuid, status varchar, completed_at timestamptz)
    JOIN automation_rules k ON k.id = e.rule_id
    WHERE e.completed_at IS NOT NULL AND e.run_id = ANY (held)
    GROUP BY e.rule_id ORDER BY e.rule_id
    ON CONFLICT (rule_id) DO UPDATE SET
        run_count = t.run_count + excluded.run_count, last_run_at = excluded.last_run_at,
        last_run_status = excluded.last_run_status, last_run_id = excluded.last_run_id;

    FOREACH event IN ARRAY p_events LOOP
        PERFORM pg_notify('vutler_events', event);
    END LOOP;
    RETURN held;
END $$;

-- Wake a waiting step with an answer; false when it does not wait (any more) or was woken before.
CREATE FUNCTION wake_step(p_run uuid, p_step text, p_iteration text, p_wake jsonb) RETURNS boolean LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    held_by text;
    run_lane text;
BEGIN
    -- The queue row first, as everybody who writes a run does.
    SELECT owner, lane INTO held_by, run_lane FROM run_queue WHERE run_id = p_run FOR UPDATE;
    UPDATE automation_action_logs SET wake = p_wake
    WHERE log_id = p_run AND step_id = p_step AND iteration = p_iteration AND status = 'waiting' AND wake IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE run_queue SET state = 'queued', available_at = now(), changed_at = now()
    WHERE run_id = p_run AND state = 'waiting';
    IF FOUND THEN
        PERFORM pg_notify('vutler_runs', run_lane);
    ELSIF held_by IS NOT NULL THEN
        PERFORM pg_notify('vutler_wake', p_run::text);
    END IF;
    RETURN true;
END $$;
