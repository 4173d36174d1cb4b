-- What a person of the workspace should look at. The same again, while it is open, counts up.
CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    kind varchar NOT NULL,                       -- too_deep, too_many_runs, rate, failing ...
    severity varchar NOT NULL CHECK (severity IN ('warning', 'error')),
    rule_id uuid,                                -- the automation that it is about
    run_id uuid,                                 -- where to look: the newest run concerned
    root_id uuid,                                -- the run that a chain began with
    title text NOT NULL,
    text text NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    count integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    resolved_by uuid
);
CREATE UNIQUE INDEX alerts_same ON alerts (workspace_id, kind, rule_id, root_id) NULLS NOT DISTINCT
    WHERE resolved_at IS NULL;
CREATE INDEX alerts_workspace ON alerts (workspace_id, id DESC);
CREATE INDEX alerts_rule ON alerts (rule_id, kind, id DESC);

-- Switched off by the circuit breaker, and why; switching it on again clears both.
ALTER TABLE automation_rules ADD paused_at timestamptz, ADD paused_reason text,
    ADD resumed_at timestamptz;                  -- when that last was: its rate is counted from then

-- The runs that came out of one: only they stand in the index.
CREATE INDEX automation_logs_root ON automation_logs (root_id) WHERE parent_id IS NOT NULL;

-- What the circuit breaker has to know before a run is made that another run or an event starts: is it there already
-- (then nothing is started), is its automation paused, how many runs has its root, how many of its automation were
-- started that way in the last minute. Whoever asks about the same root or automation waits until the transaction
-- ends, so that what was counted still holds when the run is written; a statement of its own after each lock sees what
-- the one before committed. No root or no rate: neither locked nor counted.
CREATE FUNCTION read_breaker(
    p_rule uuid, p_trigger uuid, p_key text, p_root uuid, p_since uuid, p_root_limit integer,
    p_rate_types text[], p_rate_limit integer
) RETURNS TABLE (known boolean, paused boolean, of_root integer, of_rule integer) LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    resumed timestamptz;
BEGIN
    of_root := 0;
    of_rule := 0;
    IF p_root IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('breaker root ' || p_root, 0));
    END IF;
    IF p_rate_limit IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('breaker rule ' || p_rule, 0));
    END IF;
    known := EXISTS (SELECT FROM run_keys k
                     WHERE k.trigger_id = p_trigger AND k.key = p_key AND k.expires_at > now());
    SELECT NOT r.enabled AND r.paused_at IS NOT NULL, r.resumed_at INTO paused, resumed
        FROM automation_rules r WHERE r.id = p_rule;
    paused := coalesce(paused, false);
    IF p_root IS NOT NULL THEN
        SELECT 1 + count(*) INTO of_root FROM (
            SELECT FROM automation_logs l WHERE l.root_id = p_root AND l.parent_id IS NOT NULL AND l.id >= p_since
            LIMIT p_root_limit) found;
    END IF;
    IF p_rate_limit IS NOT NULL THEN
        -- Ids carry the time of whoever made them, whose clock may be some minutes behind.
        SELECT count(*) INTO of_rule FROM (
            SELECT FROM automation_logs l
            WHERE l.rule_id = p_rule AND l.id >= first_id_at(now() - interval '5 minutes')
                AND l.created_at > greatest(now() - interval '1 minute', resumed)
                AND l.trigger_type = ANY (p_rate_types)
            LIMIT p_rate_limit) found;
    END IF;
    RETURN NEXT;
END $$;

-- Versions that ask for something when a run fails, so that looking for it opens no definition.
CREATE INDEX automation_versions_on_failure ON automation_versions (rule_id, number)
    WHERE definition->'policy'->'on_failure'->>'automation' IS NOT NULL
       OR definition->'policy'->'on_failure'->>'alert_after' IS NOT NULL;

-- The end of a run is also told where its own version asks for it. For a success nothing is looked up that was not
-- before.
CREATE OR REPLACE FUNCTION tell_followers() RETURNS trigger LANGUAGE plpgsql
SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM automation_triggers t
               WHERE t.type = 'automation' AND t.active AND t.config->>'automation' = NEW.rule_id::text) THEN
        INSERT INTO outbox (topic, key) VALUES ('ended', NEW.id);
        PERFORM pg_notify('vutler_outbox', 'ended');
    ELSIF NEW.status = 'failed' THEN
        IF EXISTS (SELECT FROM automation_versions v WHERE v.rule_id = NEW.rule_id AND v.number = NEW.version
                   AND (v.definition->'policy'->'on_failure'->>'automation' IS NOT NULL
                        OR v.definition->'policy'->'on_failure'->>'alert_after' IS NOT NULL)) THEN
            INSERT INTO outbox (topic, key) VALUES ('ended', NEW.id);
            PERFORM pg_notify('vutler_outbox', 'ended');
        END IF;
    END IF;
    RETURN NULL;
END $$;
