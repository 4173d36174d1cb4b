-- The second wall between workspaces. The roles are made by core/migrations/roles.py; `guard_tenant_tables` runs after
-- every upgrade, so that the tables of later migrations are guarded as well.

-- The workspace a session asks for; null where it asks for nobody, or for everybody.
CREATE FUNCTION current_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN current_setting('app.workspace', true) <> '*'
        THEN nullif(current_setting('app.workspace', true), '')::uuid END
$$;

-- Whether a session asks across all workspaces (core/db.py, `for_everyone`).
CREATE FUNCTION asks_for_everyone() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('app.workspace', true) = '*', false)
$$;

-- Which rows of a table are a workspace's: by its column workspace_id, else by the row that it belongs to (a foreign
-- key to a table that is guarded itself). Null: the table has no tenant rows.
CREATE FUNCTION tenant_condition(p_table regclass) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    parent record;
BEGIN
    IF p_table = 'workspaces'::regclass THEN
        RETURN 'id = (SELECT current_workspace())';
    END IF;
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = p_table AND attname = 'workspace_id' AND NOT attisdropped) THEN
        RETURN 'workspace_id = (SELECT current_workspace())';
    END IF;
    -- Their tables are partitioned or outlive the row they belong to, so that they have no foreign key.
    IF p_table = 'run_lines'::regclass THEN
        RETURN 'EXISTS (SELECT FROM automation_logs p WHERE p.id = run_lines.run_id)';
    ELSIF p_table = 'run_keys'::regclass THEN
        RETURN 'EXISTS (SELECT FROM automation_triggers p WHERE p.id = run_keys.trigger_id)';
    END IF;
    SELECT c.confrelid::regclass AS name, own.attname AS own, other.attname AS other INTO parent
    FROM pg_constraint c
    JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attnum = c.conkey[1]
    JOIN pg_attribute other ON other.attrelid = c.confrelid AND other.attnum = c.confkey[1]
    WHERE c.conrelid = p_table AND c.contype = 'f' AND c.confrelid <> p_table AND own.attnotnull
        AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.confrelid AND a.attname = 'workspace_id')
    ORDER BY c.conkey LIMIT 1;
    IF parent IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN format('EXISTS (SELECT FROM %s p WHERE p.%I = %s.%I)', parent.name, parent.other, p_table, parent.own);
END $$;

-- Guard every table that has tenant rows, and give the roles what they need of all. What is guarded already stays as
-- it is, also rights that a migration took away again. To be run by the owner.
CREATE FUNCTION guard_tenant_tables() RETURNS void LANGUAGE plpgsql SET search_path = tenant_vutler, pg_temp AS $$
DECLARE
    t record;
    rows_of text;
BEGIN
    IF NOT has_schema_privilege('vutler_app', 'tenant_vutler', 'USAGE') THEN
        GRANT USAGE ON SCHEMA tenant_vutler TO vutler_app, vutler_engine;
    END IF;
    FOR t IN
        SELECT c.oid::regclass AS name, c.relname, c.relispartition, c.relkind, c.relforcerowsecurity AS forced
        FROM pg_class c WHERE c.relnamespace = 'tenant_vutler'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
    LOOP
        IF t.relkind = 'S' THEN
            IF NOT has_sequence_privilege('vutler_app', t.name, 'USAGE') THEN
                EXECUTE format('GRANT USAGE ON SEQUENCE %s TO vutler_app, vutler_engine', t.name);
            END IF;
            CONTINUE;
        END IF;
        -- A partition is reached through its table alone: nobody has rights on it.
        IF NOT t.relispartition AND NOT has_table_privilege('vutler_app', t.name, 'SELECT') THEN
            EXECUTE format('GRANT %s ON %s TO vutler_app, vutler_engine', CASE
                WHEN t.relkind = 'v' OR t.relname IN ('alembic_version', 'adoptions') THEN 'SELECT'
                ELSE 'SELECT, INSERT, UPDATE, DELETE' END, t.name);
        END IF;
        CONTINUE WHEN t.relkind = 'v' OR t.forced;
        rows_of := tenant_condition(t.name);
        CONTINUE WHEN rows_of IS NULL AND NOT t.relispartition;
        EXECUTE format('CREATE POLICY owner ON %s TO vutler_owner USING (true)', t.name);
        IF NOT t.relispartition THEN
            EXECUTE format('CREATE POLICY workspace ON %s TO vutler_app, vutler_engine
                USING ((SELECT asks_for_everyone()) OR %s)', t.name, rows_of);
        END IF;
        IF t.relname = 'run_queue' THEN  -- workers claim for everybody
            EXECUTE 'CREATE POLICY queue ON run_queue TO vutler_engine USING (true)';
        END IF;
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t.name);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.name);
    END LOOP;

    -- The doors through the wall: what is accepted, claimed and recorded is many workspaces' at once, and needs no round
    -- trip to say whose. A migration that replaces one of them shuts it, so this opens it again.
    FOR t IN
        SELECT p.oid::regprocedure AS name, p.proname IN ('accept_run', 'record_runs', 'read_breaker') AS both
        FROM pg_proc p WHERE p.pronamespace = 'tenant_vutler'::regnamespace
            AND p.proname IN ('accept_run', 'record_runs', 'read_breaker', 'claim_runs', 'settle_overlap',
                              'make_partitions') AND NOT p.prosecdef
    LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', t.name);
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', t.name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO vutler_engine', t.name);
        IF t.both THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO vutler_app', t.name);
        END IF;
    END LOOP;
END $$;

-- Make the monthly partitions from this month to `ahead` months on, guarded; gives the names of the new ones.
CREATE OR REPLACE FUNCTION make_partitions(ahead integer) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = tenant_vutler, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    made text[];
BEGIN
    SELECT array_agg(name) INTO made
    FROM unnest(ARRAY['automation_logs', 'automation_action_logs', 'deliveries', 'run_lines']) kind,
         generate_series(0, ahead) step,
         make_partition(kind, date_trunc('month', now()) + make_interval(months => step)) name
    WHERE name IS NOT NULL;
    IF made IS NOT NULL THEN
        PERFORM guard_tenant_tables();
    END IF;
    RETURN QUERY SELECT unnest(made);
END $$;
REVOKE ALL ON FUNCTION make_partitions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_partitions(integer) TO vutler_engine;
