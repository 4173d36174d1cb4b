-- The secrets of signed webhooks. A signature can't be checked against a hash, so they are sealed (core/seal.py); two
-- are live while rotating.
CREATE TABLE webhook_secrets (
    id uuid PRIMARY KEY,
    trigger_id uuid NOT NULL REFERENCES automation_triggers ON DELETE CASCADE,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    live_until timestamptz                       -- null: until it is rotated out
);
CREATE INDEX webhook_secrets_trigger ON webhook_secrets (trigger_id);

-- "Capture the next request": armed until then, for one request; afterwards the sample it took.
CREATE TABLE webhook_captures (
    trigger_id uuid PRIMARY KEY REFERENCES automation_triggers ON DELETE CASCADE,
    armed_until timestamptz NOT NULL,
    armed_by uuid NOT NULL,
    delivery_id uuid,
    authentic boolean                            -- of the sample: its secret or signature was right
);

ALTER TABLE deliveries DROP CONSTRAINT deliveries_verdict_check;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_verdict_check
    CHECK (verdict IN ('accepted', 'duplicate', 'filtered', 'refused', 'captured', 'confirmed'));
ALTER TABLE deliveries ADD redelivery_of uuid;

-- What happened to an agent, told by the agent itself or from outside.
CREATE TABLE agent_events (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    type varchar NOT NULL,
    agent varchar,
    content text,
    data jsonb,
    runs integer NOT NULL,                       -- how many it started
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX agent_events_workspace ON agent_events (workspace_id, id DESC);

-- The live triggers of a workspace by their kind, and those that follow an automation.
CREATE INDEX automation_triggers_kind ON automation_triggers (workspace_id, type) WHERE active;
CREATE INDEX automation_triggers_following ON automation_triggers ((config->>'automation'))
    WHERE type = 'automation' AND active;

-- However a run ends well or badly, the automations that follow it learn of it in the same commit. Where nobody
-- follows, this costs one look into an index that is empty or small.
CREATE FUNCTION tell_followers() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM automation_triggers t
               WHERE t.type = 'automation' AND t.active AND t.config->>'automation' = NEW.rule_id::text) THEN
        INSERT INTO outbox (topic, key) VALUES ('ended', NEW.id);
        PERFORM pg_notify('vutler_outbox', 'ended');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_followers AFTER UPDATE OF status ON automation_logs
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN ('success', 'failed'))
    EXECUTE FUNCTION tell_followers();
