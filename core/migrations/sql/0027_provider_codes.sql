-- Why a provider fails, for programs: the code of the error beside its sentence.
ALTER TABLE provider_health ADD error_code varchar(100);

DROP FUNCTION note_provider(uuid, uuid, text, boolean);
-- Note what a call or a look found (null: it works), and tell of every agent that the change concerns.
CREATE FUNCTION note_provider(p_workspace uuid, p_connection uuid, p_error text, p_used boolean,
    p_code varchar DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    former provider_health;
BEGIN
    SELECT * INTO former FROM provider_health WHERE connection_id = p_connection FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO provider_health (connection_id, workspace_id, failing_since, error, error_code)
        SELECT c.id, c.workspace_id, CASE WHEN p_error IS NOT NULL THEN now() END, left(p_error, 500), p_code
        FROM connections c WHERE c.id = p_connection AND c.workspace_id = p_workspace
        ON CONFLICT DO NOTHING;
    ELSE
        UPDATE provider_health SET error = left(p_error, 500), error_code = p_code, checked_at = now(),
            failing_since = CASE WHEN p_error IS NOT NULL THEN coalesce(failing_since, now()) END,
            used_at = CASE WHEN p_used THEN now() ELSE used_at END
        WHERE connection_id = p_connection;
    END IF;
    IF (p_error IS NULL) <> (former.failing_since IS NULL) THEN
        PERFORM tell_agent(p_workspace, a.id) FROM agents a
        WHERE a.workspace_id = p_workspace AND a.deleted_at IS NULL
            AND (a.connection_id = p_connection OR a.connection_id IS NULL);
    END IF;
END $$;
