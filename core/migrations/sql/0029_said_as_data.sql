-- What the product itself asks or says, as a code with arguments beside its English sentence. A question or a reason
-- without a code is told as it stands: a person wrote it, or an older version.
ALTER TABLE approvals ADD message_code varchar(60), ADD message_args jsonb NOT NULL DEFAULT '{}';
ALTER TABLE automation_rules ADD paused_code varchar(60), ADD paused_args jsonb NOT NULL DEFAULT '{}';

-- Put the questions of recorded waits (`wait.ask`, see blocks/outcomes.py) to people.
CREATE OR REPLACE FUNCTION ask_people(p_steps jsonb, p_held uuid[]) RETURNS void LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    step record;
    question jsonb;
BEGIN
    FOR step IN
        SELECT a.log_id, a.step_id, a.iteration, a.seq, a.workspace_id, a.action_type, a.input, a.wait, l.rule_id
        FROM jsonb_to_recordset(p_steps) AS s (run_id uuid, step_id varchar, iteration varchar, seq integer, wait jsonb)
        JOIN automation_action_logs a
            ON a.log_id = s.run_id AND a.step_id = s.step_id AND a.iteration = s.iteration AND a.seq = s.seq
        JOIN automation_logs l ON l.id = s.run_id
        WHERE s.run_id = ANY (p_held) AND s.wait ? 'ask' AND a.status IN ('waiting', 'unknown')
    LOOP
        question := step.wait->'ask';
        UPDATE approvals p SET state = 'withdrawn', decided_at = now()
        WHERE p.run_id = step.log_id AND p.step_id = step.step_id AND p.iteration = step.iteration
          AND p.state = 'pending' AND p.seq <> step.seq;
        INSERT INTO approvals (id, workspace_id, rule_id, run_id, step_id, iteration, seq, action_type, kind, message,
                               message_code, message_args, who, input, form, deadline, on_deadline, remind_at)
        VALUES (make_id(), step.workspace_id, step.rule_id, step.log_id, step.step_id, step.iteration, step.seq,
                step.action_type, question->>'kind', question->>'message', question->>'code',
                coalesce(nullif(question->'args', 'null'), '{}'),
                coalesce((SELECT jsonb_agg(lower(each)) FROM jsonb_array_elements_text(question->'who') each), '[]'),
                step.input, nullif(question->'form', 'null'), (step.wait->>'until')::timestamptz,
                coalesce(question->>'on_deadline', 'reject'), (question->>'remind_at')::timestamptz)
        ON CONFLICT (run_id, step_id, iteration, seq) DO NOTHING;
    END LOOP;
END $$;
