"""The roles of Vutler: made where we may, and the schema in the hands of its owner.

A role that is missing and may not be made is an administrator's business; the error says what to run.
"""

from typing import Final

import sqlalchemy as sa

# Run by the role of VUTLER_DATABASE_URL. Roles belong to the whole server, so another database's migration may be
# quicker. A superuser needs no membership.
_ROLES: Final = """
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['vutler_owner', 'vutler_app', 'vutler_engine'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I', name);
            END IF;
            IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                EXECUTE format('GRANT %I TO CURRENT_USER', name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN
            NULL;
        END;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname IN ('vutler_owner', 'vutler_app', 'vutler_engine')
               AND (rolsuper OR rolbypassrls)) THEN
        RAISE EXCEPTION 'A role of Vutler stands above row-level security.'
            USING HINT = 'ALTER ROLE ... NOSUPERUSER NOBYPASSRLS for vutler_owner, vutler_app and vutler_engine.';
    END IF;
    BEGIN
        FOREACH name IN ARRAY ARRAY['vutler_owner', 'vutler_app', 'vutler_engine'] LOOP
            EXECUTE format('SET LOCAL ROLE %I', name);
            SET LOCAL ROLE NONE;
        END LOOP;
        IF NOT has_database_privilege('vutler_owner', current_database(), 'CREATE') THEN
            EXECUTE format('GRANT CREATE ON DATABASE %I TO vutler_owner', current_database());
        END IF;
    EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value OR undefined_object THEN
        RAISE EXCEPTION '%', format('the roles of Vutler are missing, and %I may not make them. An administrator runs'
            ' once: CREATE ROLE vutler_owner; CREATE ROLE vutler_app; CREATE ROLE vutler_engine;'
            ' GRANT vutler_owner, vutler_app, vutler_engine TO %I; GRANT CREATE ON DATABASE %I TO vutler_owner;'
            ' Then migrate again.', current_user, current_user, current_database());
    END;
END $$
"""

# What an earlier Vutler made belongs to whoever migrated then.
_HAND_OVER: Final = """
DO $$
DECLARE
    t record;
BEGIN
    IF (SELECT nspowner <> 'vutler_owner'::regrole FROM pg_namespace WHERE nspname = 'tenant_vutler') THEN
        ALTER SCHEMA tenant_vutler OWNER TO vutler_owner;
    END IF;
    FOR t IN
        SELECT format('ALTER %s %s OWNER TO vutler_owner', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
            'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass) AS command
        FROM pg_class c
        WHERE relnamespace = 'tenant_vutler'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
            AND relowner <> 'vutler_owner'::regrole
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')
                            AND d.classid = 'pg_class'::regclass AND c.relkind = 'S')  -- it goes with its table
        UNION ALL
        SELECT format('ALTER ROUTINE %s OWNER TO vutler_owner', p.oid::regprocedure) FROM pg_proc p
        WHERE pronamespace = 'tenant_vutler'::regnamespace AND proowner <> 'vutler_owner'::regrole
    LOOP
        EXECUTE t.command;
    END LOOP;
END $$
"""


def become_owner(connection: sa.Connection) -> None:
    """Make the roles, give the schema (which is there) to its owner, and go on as that owner."""
    connection.exec_driver_sql(_ROLES)
    connection.exec_driver_sql(_HAND_OVER)
    connection.exec_driver_sql("SET ROLE vutler_owner")


def guard(connection: sa.Connection) -> None:
    """Guard the tables that have come since the last time, and be who we were again."""
    connection.exec_driver_sql("SELECT tenant_vutler.guard_tenant_tables()")
    connection.exec_driver_sql("RESET ROLE")
