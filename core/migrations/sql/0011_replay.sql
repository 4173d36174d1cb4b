-- A step that a replay did not run: the record of the former run whose result it took over.
ALTER TABLE automation_action_logs ADD copied_from uuid;

-- What one request for many replays made (`replay_of` names the former run of each).
ALTER TABLE automation_logs ADD replay_id uuid;
CREATE INDEX automation_logs_replays ON automation_logs (replay_of) WHERE replay_of IS NOT NULL;
CREATE INDEX automation_logs_bulk_replays ON automation_logs (replay_id) WHERE replay_id IS NOT NULL;

-- Drafts that were run. A run is pinned to a version; that of a draft is the negative of its revision, and its
-- definition stands here, so that nobody who reads versions ever meets it.
CREATE TABLE draft_snapshots (
    rule_id uuid NOT NULL REFERENCES automation_rules ON DELETE CASCADE,
    number integer NOT NULL CHECK (number < 0),
    definition jsonb NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rule_id, number)
);

-- Take over recorded steps: of each former run, the named steps into the new run, in the order in which they were
-- recorded. `whole` takes a step with everything it did in a loop; otherwise only those items that ended well.
-- Large values are shared. They belong to the newest run that refers to them, so that no retention of old runs takes
-- them away from a younger one.
CREATE FUNCTION copy_steps(p_former uuid[], p_run uuid[], p_step text[], p_index integer[], p_whole boolean[])
RETURNS void LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    INSERT INTO automation_action_logs
        (id, log_id, action_index, action_type, agent_id, input, output, status, duration_ms, error, created_at,
         workspace_id, step_id, iteration, attempt, attempts, effect, error_code, started_at, completed_at, seq,
         copied_from)
    SELECT make_id(), w.run, CASE WHEN a.iteration = '' THEN w.index ELSE a.action_index END, a.action_type, a.agent_id,
           a.input, a.output, a.status, a.duration_ms, a.error, a.created_at, a.workspace_id, a.step_id, a.iteration,
           a.attempt, a.attempts, a.effect, a.error_code, a.started_at, a.completed_at,
           row_number() OVER (PARTITION BY w.run ORDER BY a.seq, a.id), coalesce(a.copied_from, a.id)
    FROM unnest(p_former, p_run, p_step, p_index, p_whole) AS w (former, run, step, index, whole)
    JOIN automation_action_logs a ON a.log_id = w.former AND a.step_id = w.step
    WHERE w.whole OR (a.iteration <> '' AND a.status = 'success');
END $$;

-- Let the large values that these runs refer to belong to them.
CREATE FUNCTION keep_blobs(p_runs uuid[]) RETURNS void LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    UPDATE blobs b SET run_id = f.run
    FROM (
        SELECT (named.reference #>> '{}')::uuid AS id, held.workspace_id, max(held.run::text)::uuid AS run
        FROM (
            SELECT l.id AS run, l.workspace_id, l.trigger_data AS value FROM automation_logs l WHERE l.id = ANY (p_runs)
            UNION ALL
            SELECT a.log_id, a.workspace_id, jsonb_build_array(a.input, a.output)
            FROM automation_action_logs a WHERE a.log_id = ANY (p_runs)
        ) held, LATERAL jsonb_path_query(held.value, 'lax $.**."$blob"', silent => true) AS named (reference)
        WHERE CASE WHEN jsonb_typeof(named.reference) = 'string'
            THEN named.reference #>> '{}' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' ELSE false END
        GROUP BY 1, 2
    ) f
    WHERE b.id = f.id AND b.workspace_id = f.workspace_id AND (b.run_id IS NULL OR b.run_id < f.run);
END $$;
