-- What people are told: the bell. Mail and chat take the same news from the outbox (topic "notify").
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind varchar NOT NULL,                       -- approval, alert ...
    title text NOT NULL,
    text text NOT NULL,
    link text NOT NULL,                          -- a path of the user interface
    subject uuid NOT NULL,                       -- what it is about
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz
);
CREATE INDEX notifications_user ON notifications (user_id, workspace_id, id DESC);
CREATE INDEX notifications_subject ON notifications (subject);

-- Wake a waiting step, or one in doubt, with an answer; false when it does not wait (any more) or was woken before.
CREATE OR REPLACE FUNCTION wake_step(p_run uuid, p_step text, p_iteration text, p_wake jsonb) RETURNS boolean
LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    held_by text;
    run_lane text;
BEGIN
    -- Nobody's queue row is locked for a step that waits for nothing: a claim would pass it over.
    IF NOT EXISTS (SELECT FROM automation_action_logs WHERE log_id = p_run AND step_id = p_step
                   AND iteration = p_iteration AND status IN ('waiting', 'unknown') AND wait IS NOT NULL
                   AND wake IS NULL) THEN
        RETURN false;
    END IF;
    -- The queue row first, as everybody who writes a run does.
    SELECT owner, lane INTO held_by, run_lane FROM run_queue WHERE run_id = p_run FOR UPDATE;
    UPDATE automation_action_logs SET wake = p_wake
    WHERE log_id = p_run AND step_id = p_step AND iteration = p_iteration AND status IN ('waiting', 'unknown')
      AND wait IS NOT NULL AND wake IS NULL;
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
