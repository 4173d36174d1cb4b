-- A database of an older Vutler: its whole schema steps aside under another name, with every table, type and
-- constraint in it, and is never written to. 0002_adopt.sql reads from there.
DO $$
DECLARE
    found text;
BEGIN
    SELECT string_agg(relname, ', ' ORDER BY relname) INTO found FROM pg_class
        WHERE relnamespace = 'tenant_vutler'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
          AND relname <> 'alembic_version';
    IF found IS NULL THEN
        RETURN;
    END IF;
    IF to_regnamespace('tenant_vutler_adopted') IS NOT NULL THEN
        RAISE EXCEPTION 'The schema tenant_vutler holds tables of another Vutler (%), and tenant_vutler_adopted, where'
            ' they would be moved to, exists already.', found
            USING HINT = 'Rename or drop tenant_vutler_adopted when you no longer need it, then migrate again.';
    END IF;
    ALTER SCHEMA tenant_vutler RENAME TO tenant_vutler_adopted;
    CREATE SCHEMA tenant_vutler;
    ALTER TABLE IF EXISTS tenant_vutler_adopted.alembic_version SET SCHEMA tenant_vutler;
END $$;
