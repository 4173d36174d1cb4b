-- Where people and agents talk: rooms of our own, and those of accounts that somebody listens to.

CREATE TABLE channels (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    connection_id uuid REFERENCES connections ON DELETE CASCADE,  -- null: our own
    external_id text,                           -- the service's id; of our own direct rooms: who is in them
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('room', 'direct', 'mail')),
    topic text NOT NULL DEFAULT '',
    is_open boolean NOT NULL DEFAULT true,      -- every member of the workspace may read and talk
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    archived_at timestamptz,
    UNIQUE (connection_id, external_id)
);
CREATE INDEX channels_of_workspace ON channels (workspace_id, id);
CREATE UNIQUE INDEX channels_own_names ON channels (workspace_id, lower(name))
    WHERE connection_id IS NULL AND kind = 'room' AND archived_at IS NULL;
CREATE UNIQUE INDEX channels_own_direct ON channels (workspace_id, external_id) WHERE connection_id IS NULL;

CREATE TABLE channel_members (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    channel_id uuid NOT NULL REFERENCES channels ON DELETE CASCADE,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    agent_id uuid,
    last_read_at timestamptz,                   -- everything up to this moment was seen
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (user_id IS NULL OR agent_id IS NULL),
    UNIQUE (channel_id, user_id),
    UNIQUE (channel_id, agent_id)
);
CREATE INDEX channel_members_of_user ON channel_members (user_id, workspace_id) WHERE user_id IS NOT NULL;
CREATE INDEX channel_members_of_agent ON channel_members (agent_id) WHERE agent_id IS NOT NULL;

CREATE TABLE messages (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    channel_id uuid NOT NULL REFERENCES channels ON DELETE CASCADE,
    external_id text,
    thread_id uuid,                             -- the message that began the thread; null: the top level
    author_kind text NOT NULL CHECK (author_kind IN ('user', 'agent', 'outside')),
    author_id text,
    author_name text NOT NULL DEFAULT '',
    is_bot boolean NOT NULL DEFAULT false,
    text text NOT NULL,
    attachments jsonb NOT NULL DEFAULT '[]',
    more jsonb NOT NULL DEFAULT '{}',
    sent_at timestamptz,                        -- null: on its way, or known only by the answers to it
    created_at timestamptz NOT NULL DEFAULT now(),
    edited_at timestamptz,
    deleted_at timestamptz,
    run_id uuid,                                -- the run that posted it
    answered_by uuid,                           -- the run that answered it
    key text,                                   -- of the step that posted it: the same over all attempts
    UNIQUE (channel_id, external_id)
);
CREATE INDEX messages_of_channel ON messages (channel_id, id) WHERE thread_id IS NULL;
CREATE INDEX messages_of_thread ON messages (thread_id, id) WHERE thread_id IS NOT NULL;
CREATE INDEX messages_newest ON messages (channel_id, created_at);
CREATE INDEX messages_sent_by_bots ON messages (workspace_id, external_id) WHERE run_id IS NOT NULL;

CREATE UNIQUE INDEX messages_keys ON messages (workspace_id, key) WHERE key IS NOT NULL;

-- Messages that a run answers besides the one that started it.
CREATE TABLE merged_messages (
    run_id uuid NOT NULL,
    message_id uuid NOT NULL REFERENCES messages ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    data jsonb NOT NULL,                        -- as its own run would have got it
    PRIMARY KEY (run_id, message_id)
);

-- The workers that listen: what one of them holds is free when its lease is over.
CREATE TABLE listeners (
    owner text PRIMARY KEY,
    lease_until timestamptz NOT NULL
);

-- One row for each account that is listened to, or was.
CREATE TABLE listening (
    connection_id uuid PRIMARY KEY REFERENCES connections ON DELETE CASCADE,
    workspace_id uuid NOT NULL,
    wanted boolean NOT NULL DEFAULT true,       -- somebody needs it: an agent, or a trigger
    rooms text[] NOT NULL DEFAULT '{}',         -- the service's ids of those that are needed; none: all
    owner text,                                 -- the worker that listens
    cursor jsonb,                               -- the kind's own: where to go on
    state text NOT NULL DEFAULT 'stopped' CHECK (state IN ('stopped', 'starting', 'listening', 'waiting', 'refused')),
    error text,
    since timestamptz NOT NULL DEFAULT now(),   -- of the state
    account text,                               -- the own user there
    revision timestamptz                        -- `updated_at` of the connection that it was started with
);
CREATE INDEX listening_of_owner ON listening (owner) WHERE owner IS NOT NULL;
CREATE INDEX listening_free ON listening (connection_id) WHERE wanted AND owner IS NULL;

-- Workers look again at what they listen to.
CREATE FUNCTION tell_listeners() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    PERFORM pg_notify('vutler_listening', '');
    RETURN NULL;
END $$;
CREATE TRIGGER tell_listeners_changed AFTER UPDATE ON connections FOR EACH ROW
    WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at) EXECUTE FUNCTION tell_listeners();
CREATE TRIGGER tell_listeners_gone AFTER DELETE ON connections FOR EACH ROW
    EXECUTE FUNCTION tell_listeners();
CREATE TRIGGER tell_listeners_joined AFTER INSERT ON channel_members FOR EACH ROW
    WHEN (NEW.agent_id IS NOT NULL) EXECUTE FUNCTION tell_listeners();
CREATE TRIGGER tell_listeners_left AFTER DELETE ON channel_members FOR EACH ROW
    WHEN (OLD.agent_id IS NOT NULL) EXECUTE FUNCTION tell_listeners();
CREATE TRIGGER tell_listeners_archived AFTER UPDATE ON channels FOR EACH ROW
    WHEN (NEW.connection_id IS NOT NULL AND OLD.archived_at IS DISTINCT FROM NEW.archived_at)
    EXECUTE FUNCTION tell_listeners();
CREATE INDEX automation_triggers_hearing ON automation_triggers (type, workspace_id)
    WHERE active AND type IN ('message', 'email');

-- A workspace has a room from the beginning.
CREATE FUNCTION make_general_room() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    INSERT INTO channels (id, workspace_id, name, kind, topic)
    VALUES (make_id(), NEW.id, 'general', 'room', 'For everybody.');
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION make_general_room() FROM PUBLIC;
CREATE TRIGGER make_general_room AFTER INSERT ON workspaces FOR EACH ROW EXECUTE FUNCTION make_general_room();
INSERT INTO channels (id, workspace_id, name, kind, topic)
SELECT make_id(), id, 'general', 'room', 'For everybody.' FROM workspaces;
