-- The audit log: who did what, when and from where. Rows are added in the transaction of the change and stay as they are.
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    workspace_id uuid,                           -- null: of the installation, such as a sign-in with an unknown address
    at timestamptz NOT NULL DEFAULT now(),
    user_id uuid,
    token_id uuid,                               -- where an API token was used
    actor varchar(320),                          -- the address at that time, which outlives the account
    remote varchar(64),
    request_id varchar(64),
    action varchar(60) NOT NULL,                 -- such as automation.published
    object_type varchar(40) NOT NULL,
    object_id varchar(100),
    before jsonb,
    after jsonb
);
CREATE INDEX audit_log_workspace ON audit_log (workspace_id, id DESC);
CREATE INDEX audit_log_user ON audit_log (workspace_id, user_id, id DESC);
CREATE INDEX audit_log_object ON audit_log (workspace_id, object_id, id DESC);
CREATE INDEX audit_log_age ON audit_log (at);

CREATE FUNCTION note_audit(
    p_id uuid, p_workspace uuid, p_user uuid, p_token uuid, p_actor text, p_remote text, p_request text,
    p_action text, p_type text, p_object text, p_before jsonb, p_after jsonb
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = tenant_vutler, pg_temp AS $$
    INSERT INTO audit_log (id, workspace_id, user_id, token_id, actor, remote, request_id, action, object_type,
        object_id, before, after)
    VALUES (p_id, p_workspace, p_user, p_token, coalesce(p_actor, (SELECT u.email FROM users u WHERE u.id = p_user)),
        p_remote, p_request, p_action, p_type, p_object, p_before, p_after)
$$;

-- Nobody changes what was written, and nobody removes it in its first 30 days, whatever rights they have.
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_rows BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER audit_log_all BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_rows;
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_all;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_log FROM PUBLIC;

CREATE FUNCTION forget_audit(p_days integer, p_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    DELETE FROM audit_log WHERE id IN (
        SELECT id FROM audit_log WHERE at < now() - make_interval(days => greatest(p_days, 30))
        ORDER BY at LIMIT p_most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- What belongs to no workspace, for operators.
CREATE FUNCTION audit_of_installation() RETURNS SETOF audit_log LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = tenant_vutler, pg_temp AS $$ SELECT * FROM audit_log WHERE workspace_id IS NULL $$;

-- Files of a workspace, in parts so that neither storing nor reading one holds it whole in memory.
CREATE TABLE files (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL,
    name varchar(255) NOT NULL,
    media_type varchar(100) NOT NULL,            -- what its bytes say
    said_type varchar(200),                      -- what its sender said
    size bigint NOT NULL,
    sha256 varchar(64) NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX files_workspace ON files (workspace_id, id DESC) INCLUDE (size);

CREATE TABLE file_parts (
    file_id uuid NOT NULL REFERENCES files ON DELETE CASCADE,
    position integer NOT NULL,
    workspace_id uuid NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (file_id, position)
);
ALTER TABLE file_parts ALTER content SET STORAGE EXTERNAL; -- mostly compressed already
