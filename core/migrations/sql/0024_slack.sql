-- Questions to people, put into a channel of a chat service, with buttons.

-- Where a workspace wants them.
CREATE TABLE approval_chats (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces ON DELETE CASCADE,
    connection_id uuid NOT NULL REFERENCES connections ON DELETE CASCADE,
    channel varchar(200) NOT NULL,               -- the service's id or name of it
    updated_by uuid,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Where each of them stands. `closed_at`: its buttons are gone.
CREATE TABLE approval_posts (
    approval_id uuid PRIMARY KEY REFERENCES approvals ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    channel varchar(200) NOT NULL,               -- the service's id of it
    message_id varchar(200) NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);
CREATE INDEX approval_posts_open ON approval_posts (connection_id) WHERE closed_at IS NULL;

ALTER TABLE approvals DROP CONSTRAINT approvals_decided_how_check;
ALTER TABLE approvals ADD CONSTRAINT approvals_decided_how_check
    CHECK (decided_how IN ('api', 'link', 'chat', 'deadline'));

-- However a question ends, what stands in the channel is to follow (core/approvals/in_chat.py).
CREATE FUNCTION follow_closed_approval() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    INSERT INTO outbox (topic, key, payload)
    SELECT 'approval_chat', NEW.id, '{}' FROM approval_posts p WHERE p.approval_id = NEW.id;
    IF FOUND THEN
        PERFORM pg_notify('vutler_outbox', 'approval_chat');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER approvals_closed AFTER UPDATE OF state ON approvals FOR EACH ROW
    WHEN (OLD.state = 'pending' AND NEW.state <> 'pending') EXECUTE FUNCTION follow_closed_approval();
