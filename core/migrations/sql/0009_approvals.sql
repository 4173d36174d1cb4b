-- What people are asked: a step that waits for an approval, for leave to act (a gate), or to hear whether its effect
-- happened (doubt). One row a question; a step that asks again gets another one.
CREATE TABLE approvals (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    run_id uuid NOT NULL,
    step_id varchar NOT NULL,
    iteration varchar NOT NULL DEFAULT '',
    seq integer NOT NULL,                        -- of the record that asked: a repeated write asks nothing new
    action_type varchar NOT NULL,
    kind varchar NOT NULL CHECK (kind IN ('approval', 'gate', 'doubt')),
    state varchar NOT NULL DEFAULT 'pending' CHECK
        (state IN ('pending', 'approved', 'rejected', 'done', 'repeat', 'cancel', 'expired', 'withdrawn')),
    message text NOT NULL,
    who jsonb NOT NULL DEFAULT '[]',             -- "owner", "role:<role>", user ids, mail addresses; all in small letters
    input jsonb,                                 -- the step's own, templates filled in, as people see it
    form jsonb,                                  -- JSON Schema of the values of an answer
    deadline timestamptz,
    on_deadline varchar NOT NULL,
    remind_at timestamptz,
    reminded_at timestamptz,
    answer jsonb,                                -- what woke the step
    decided_by varchar,                          -- user id or mail address; null where the deadline decided
    decided_by_name varchar,
    decided_how varchar CHECK (decided_how IN ('api', 'link', 'deadline')),
    decided_at timestamptz,
    comment text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (run_id, step_id, iteration, seq)
);
CREATE UNIQUE INDEX approvals_open ON approvals (run_id, step_id, iteration) WHERE state = 'pending';
CREATE INDEX approvals_workspace ON approvals (workspace_id, id DESC);
CREATE INDEX approvals_inbox ON approvals (workspace_id, id DESC) WHERE state = 'pending';
CREATE INDEX approvals_reminders ON approvals (remind_at) WHERE state = 'pending' AND reminded_at IS NULL;

CREATE INDEX notifications_unread ON notifications (user_id, workspace_id, id DESC) WHERE read_at IS NULL;

-- A UUIDv7 of this moment (PostgreSQL has its own from 18 on).
CREATE FUNCTION make_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT overlay(replace(gen_random_uuid()::text, '-', '')
        PLACING lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' FROM 1 FOR 13)::uuid
$$;

-- Whether this member is among those a question is put to. Viewers never are: they only read. "owner", or nobody at
-- all, is whoever made the automation, or the workspace's owners where that person can't answer any more.
CREATE FUNCTION is_asked(p_workspace uuid, p_rule uuid, p_who jsonb, p_user uuid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = tenant_vutler, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM workspace_members m JOIN users u ON u.id = m.user_id
        WHERE m.workspace_id = p_workspace AND m.user_id = p_user AND m.role <> 'viewer' AND (
            p_who ?| (ARRAY[u.id::text, lower(u.email), 'role:viewer', 'role:editor']
                || CASE WHEN m.role IN ('admin', 'owner') THEN ARRAY['role:admin'] END
                || CASE WHEN m.role = 'owner' THEN ARRAY['role:owner'] END)
            OR (p_who = '[]' OR p_who ? 'owner') AND CASE WHEN EXISTS (
                    SELECT FROM automation_rules r JOIN workspace_members c
                        ON c.workspace_id = p_workspace AND c.user_id = r.created_by AND c.role <> 'viewer'
                    WHERE r.id = p_rule)
                THEN EXISTS (SELECT FROM automation_rules r WHERE r.id = p_rule AND r.created_by = p_user)
                ELSE m.role = 'owner' END))
$$;

-- Put the questions of recorded waits (`wait.ask`, see blocks/outcomes.py) to people.
CREATE FUNCTION ask_people(p_steps jsonb, p_held uuid[]) RETURNS void LANGUAGE plpgsql
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
                               who, input, form, deadline, on_deadline, remind_at)
        VALUES (make_id(), step.workspace_id, step.rule_id, step.log_id, step.step_id, step.iteration, step.seq,
                step.action_type, question->>'kind', question->>'message',
                coalesce((SELECT jsonb_agg(lower(each)) FROM jsonb_array_elements_text(question->'who') each), '[]'),
                step.input, nullif(question->'form', 'null'), (step.wait->>'until')::timestamptz,
                coalesce(question->>'on_deadline', 'reject'), (question->>'remind_at')::timestamptz)
        ON CONFLICT (run_id, step_id, iteration, seq) DO NOTHING;
    END LOOP;
END $$;

-- However a step stops waiting, its open question goes with it.
CREATE FUNCTION withdraw_question() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    UPDATE approvals SET state = 'withdrawn', decided_at = now()
    WHERE run_id = NEW.log_id AND step_id = NEW.step_id AND iteration = NEW.iteration AND state = 'pending';
    RETURN NULL;
END $$;
CREATE TRIGGER withdraw_question AFTER UPDATE OF status ON automation_action_logs
    FOR EACH ROW WHEN (OLD.status IN ('waiting', 'unknown')
                       AND (NEW.status NOT IN ('waiting', 'unknown') OR NEW.completed_at IS NOT NULL))
    EXECUTE FUNCTION withdraw_question();

-- A new question goes to the outbox, from where people are told; every change shows on the live pages.
CREATE FUNCTION tell_question() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO outbox (topic, key) VALUES ('asked', NEW.id);
        PERFORM pg_notify('vutler_outbox', 'asked');
    END IF;
    PERFORM pg_notify('vutler_events', jsonb_build_array(jsonb_build_object(
        'workspace', NEW.workspace_id, 'kind', 'approval', 'id', NEW.id, 'run', NEW.run_id, 'rule', NEW.rule_id,
        'step', NEW.step_id, 'status', NEW.state))::text);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_question_asked AFTER INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION tell_question();
CREATE TRIGGER tell_question_closed AFTER UPDATE OF state ON approvals
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION tell_question();
