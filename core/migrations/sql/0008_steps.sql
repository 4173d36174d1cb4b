-- Loops, called automations and questions: what a step's record may bring with it.

DROP FUNCTION IF EXISTS record_runs(text, jsonb, jsonb, jsonb, text[]);  -- of an earlier version of 0004

-- Record what one worker says of several runs: step results, log lines, waits, ends. One call, one commit, many runs.
-- Only runs that the worker holds under the very epoch it names are written; their ids are given back. A step's
-- result is written once: an ended step is never overwritten. A run that a step calls is taken in by the same commit.
CREATE FUNCTION record_runs(
    p_owner text, p_runs jsonb, p_steps jsonb, p_lines jsonb, p_events text[], p_calls jsonb
)
RETURNS uuid[] LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    held uuid[];
    event text;
    call jsonb;
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

    IF jsonb_path_exists(p_steps, '$[*].wait.ask') THEN
        PERFORM ask_people(p_steps, held);  -- 0009_approvals.sql
    END IF;

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
                 WHERE a.log_id = r.run_id AND a.status IN ('waiting', 'unknown') AND a.wake IS NOT NULL) AS woken) w
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

    FOR call IN
        SELECT c.value FROM jsonb_array_elements(p_calls) c
        WHERE (c.value->'called_by'->>'run')::uuid = ANY (held)
          AND NOT EXISTS (SELECT FROM automation_logs l WHERE l.id = (c.value->>'id')::uuid)
    LOOP
        PERFORM accept_run(
            p_run => (call->>'id')::uuid, p_workspace => (call->>'workspace_id')::uuid,
            p_rule => (call->>'rule_id')::uuid, p_version => (call->>'version')::integer, p_trigger => NULL,
            p_trigger_type => 'automation', p_data => nullif(call->'data', 'null'),
            p_context => jsonb_build_object('called_by', call->'called_by'), p_lane => call->>'lane',
            p_priority => (call->>'priority')::smallint, p_root => (call->>'root_id')::uuid,
            p_parent => (call->'called_by'->>'run')::uuid, p_depth => (call->>'depth')::smallint);
    END LOOP;

    FOREACH event IN ARRAY p_events LOOP
        PERFORM pg_notify('vutler_events', event);
    END LOOP;
    RETURN held;
END $$;

-- The end of a called run is told to the step that called it, in the same commit.
CREATE FUNCTION tell_caller() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    INSERT INTO outbox (topic, key) VALUES ('called', NEW.id);
    PERFORM pg_notify('vutler_outbox', 'called');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_caller AFTER UPDATE OF status ON automation_logs
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.trigger_context ? 'called_by'
        AND NEW.status IN ('success', 'failed', 'cancelled', 'skipped'))
    EXECUTE FUNCTION tell_caller();
CREATE TRIGGER tell_caller_at_once AFTER INSERT ON automation_logs
    FOR EACH ROW WHEN (NEW.status = 'skipped' AND NEW.trigger_context ? 'called_by')
    EXECUTE FUNCTION tell_caller();
