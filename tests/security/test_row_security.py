"""The second wall: what the sessions of the API and of a worker see, whatever a query forgets to ask.

Every guarded table is filled with one row of each of two workspaces, tables of later migrations included: all ids in a
workspace's row are the workspace's own, so that whatever belongs together does.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from core.db import Connection, Database
from core.ids import new_id
from core.migrations.run import migrate
from core.runs import partitions
from core.runs.accept import NewRun, accept
from core.runs.queue import claim
from core.settings import load
from core.tenancy import APP, ENGINE, EVERYONE, NOBODY, OWNER
from deployments.databases import dsn_as
from deployments.postgres import SUPERUSER
from deployments.worker import _open_database
from flows.engine import Identity
from tests import postgres
from tests.api.conftest import Served

# Tables without rows of a workspace, and why.
WITHOUT_TENANT_ROWS = {
    "action_prices": "the same for everybody",
    "adoptions": "what became of an older database; read by operators",
    "alembic_version": "the schema's version",
    "installation": "facts of the installation",
    "listeners": "the workers that listen to accounts",
    "outbox": "errands: a topic and an id, taken away by the workers",
    "overlap_changes": "which keys of which automations are to be settled",
    "plans": "the same for everybody",
    "prefect_deployments": "what was written to Prefect, by deployment",
    "sessions": "a person's, in whatever workspace; read by id only",
    "user_identities": "a person's at another issuer; read by issuer and subject only",
    "user_links": "a person's; read by the hash of the link only",
    "users": "a person may belong to several workspaces; read by address or id only",
    "workers": "the processes that execute",
}
OURS, THEIRS = (UUID(f"01a00000-0000-7000-8000-00000000000{n}") for n in (1, 2))
QUEUE = "run_queue"  # workers claim for everybody

_TABLES = """
SELECT c.relname AS name, c.relispartition AS part, c.relrowsecurity AND c.relforcerowsecurity AS guarded,
    pg_get_userbyid(c.relowner) AS owner, ARRAY(SELECT polname FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
    has_table_privilege('vutler_app', c.oid, 'SELECT') OR has_table_privilege('vutler_engine', c.oid, 'SELECT') AS read
FROM pg_class c WHERE c.relnamespace = 'tenant_vutler'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
_COLUMNS = """
SELECT a.attname AS name, a.atttypid::regtype::text AS type,
    CASE WHEN a.atttypid = 'varchar'::regtype AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS most,
    coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k
              WHERE k.conrelid = a.attrelid AND k.contype = 'c' AND a.attnum = ANY (k.conkey)), '') AS checks
FROM pg_attribute a
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
  AND a.attgenerated = '' AND (a.attnotnull AND NOT a.atthasdef OR a.attname IN ('workspace_id', 'trigger_id'))
"""


def _value(column: asyncpg.Record, workspace: UUID) -> str:
    """A value, as SQL, that the column takes."""
    if column["type"] == "uuid":
        return f"'{workspace}'"
    if column["type"].endswith("[]"):
        return "'{}'"
    if allowed := re.search(r"'([^']*)'", column["checks"]):
        return f"'{allowed[1]}'"
    if column["type"] in ("integer", "bigint", "smallint", "numeric", "double precision"):
        return "-1" if "< 0" in column["checks"] else "1"
    return {"jsonb": "'{}'", "timestamp with time zone": "now()", "date": "now()", "boolean": "false"}.get(
        column["type"], f"'{str(workspace)[: column['most']]}'"
    )


async def _fill(connection: Connection, table: str, workspace: UUID) -> None:
    columns = await connection.fetch(_COLUMNS, table)
    await connection.execute(
        f"INSERT INTO {table} ({', '.join(each['name'] for each in columns)})"
        f" VALUES ({', '.join(_value(each, workspace) for each in columns)})"
    )


@pytest.fixture
async def tables(superuser: Database) -> list[str]:
    """The guarded tables, each with a row of ours and one of theirs."""
    async with superuser.connection() as connection:
        found = [each["name"] for each in await connection.fetch(_TABLES) if each["guarded"] and not each["part"]]
    async with superuser.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")  # no triggers, no order of insertion
        await connection.execute("DELETE FROM plans; INSERT INTO plans (name) VALUES ('unlimited')")
        for table in found:
            for workspace in (OURS, THEIRS):
                await _fill(connection, table, workspace)
    return found


@asynccontextmanager
async def _opened(database: Database) -> AsyncIterator[Database]:
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def pools(app_dsn: str, worker_db: Database) -> AsyncIterator[dict[str, Database]]:
    async with _opened(Database(app_dsn, application="test api", size=2)) as app:
        yield {APP: app, ENGINE: worker_db}


async def _who(database: Database) -> tuple[Any, ...]:
    async with database.connection() as connection:
        return tuple(
            await connection.fetchrow(
                "SELECT current_user::text, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            )
        )


@pytest.mark.proves("R-PROD-1")
async def test_live_connections_stand_below_the_wall(served: Served, dsn: str, superuser: Database) -> None:
    """The API's and a worker's, on a server of somebody else, where both log in as one user."""
    settings = load({"VUTLER_DATABASE_URL": dsn})
    async with _opened(Database(dsn_as(settings, APP), application="test api")) as app:
        assert await _who(app) == (APP, False, False)
    worker = await _open_database(settings, Identity("host", "1", "x"), asyncio.Event())
    assert worker is not None
    assert await _who(worker) == (ENGINE, False, False)
    await worker.close()
    assert await _who(served.app.state.services.db) == (APP, False, False)
    async with superuser.connection() as connection:  # where the role itself logs in
        live = await connection.fetch(
            "SELECT DISTINCT usename::text AS name, rolsuper, rolbypassrls FROM pg_stat_activity JOIN pg_roles"
            " ON rolname = usename WHERE datname = current_database() AND application_name LIKE 'test api%'"
        )
    assert [tuple(each) for each in live] == [(APP, False, False)], "the pool and its listener"


async def test_a_role_that_logs_in_can_become_no_other(pools: dict[str, Database]) -> None:
    for role, pool in pools.items():
        async with pool.connection() as connection:
            for other in {APP, ENGINE, OWNER, SUPERUSER} - {role}:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(f"SET ROLE {other}")
            await connection.execute("RESET ROLE")
            assert await connection.fetchval("SELECT current_user::text") == role


async def test_every_table_is_guarded_or_has_a_reason(superuser: Database) -> None:
    async with superuser.connection() as connection:
        await connection.execute("SELECT make_partitions(5)")
        found = await connection.fetch(_TABLES)
    assert {each["owner"] for each in found} == {OWNER}
    for each in found:
        name = each["name"]
        if each["part"]:
            assert each["guarded"], f"{name} is a partition without row-level security"
            assert not each["read"], f"{name} is a partition that can be read past its table"
        elif name in WITHOUT_TENANT_ROWS:
            assert not each["guarded"], f"{name} is guarded: take it off the list"
        else:
            assert each["guarded"], f"{name} has tenant rows or needs a reason in WITHOUT_TENANT_ROWS"
            assert {"owner", "workspace"} <= set(each["policies"]), name


@pytest.mark.proves("R-PROD-1")
async def test_a_query_without_a_condition_sees_ones_own_rows_only(
    pools: dict[str, Database], tables: list[str]
) -> None:
    for role, pool in pools.items():
        for table in tables:
            seen = {view: await _seen(database, table) for view, database in _views(pool).items()}
            across = 2 if (role, table) == (ENGINE, QUEUE) else 0
            assert len(seen[NOBODY]) == across, f"{role} {table} without a workspace"
            assert len(seen[EVERYONE]) == 2, f"{role} {table} for everyone"
            if not across:
                assert len(seen["ours"]) == 1, f"{role} {table}"
                assert str(OURS) in seen["ours"][0]
                assert str(THEIRS) not in seen["ours"][0], f"{role} {table}"


def _views(pool: Database) -> dict[str, Database]:
    return {NOBODY: pool, "ours": pool.for_workspace(OURS), EVERYONE: pool.for_everyone()}


async def _seen(database: Database, table: str) -> list[str]:
    """What a statement and a transaction see; they agree."""
    query = f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1"
    async with database.connection() as connection:
        alone = [row[0] for row in await connection.fetch(query)]
    async with database.transaction() as connection:
        within = [row[0] for row in await connection.fetch(query)]
    assert alone == within
    return alone


async def test_rows_of_others_are_neither_written_nor_changed(
    pools: dict[str, Database], tables: list[str], superuser: Database
) -> None:
    async with superuser.connection() as connection:
        theirs = {table: await connection.fetchval(_THEIRS.format(table=table), f"%{THEIRS}%") for table in tables}
    for role, pool in pools.items():
        for table in tables:
            if (role, table) == (ENGINE, QUEUE):
                continue
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with pool.for_workspace(OURS).transaction() as connection:
                    await connection.execute(
                        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"
                        f" SELECT * FROM jsonb_populate_record(NULL::{table}, $1)",
                        theirs[table],
                    )
    async with superuser.connection() as connection:
        for table in tables:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 2


async def test_rows_are_not_moved_to_others(pools: dict[str, Database], tables: list[str], superuser: Database) -> None:
    """What says whose a row is, its workspace or the row it belongs to, can't be made another workspace's."""
    async with superuser.connection() as connection:
        before = {table: await connection.fetchval(_ALL.format(table=table)) for table in tables}
        columns = {table: await connection.fetchval(_WHOSE, table) for table in tables}
    for role, pool in pools.items():
        for table, column in columns.items():
            if (role, table) == (ENGINE, QUEUE):
                continue
            with pytest.raises(_REFUSED) as refused:
                async with pool.for_workspace(OURS).transaction() as connection:
                    await connection.execute(f"UPDATE {table} SET {column} = $1", THEIRS)
            append_only = table in APPEND_ONLY
            assert append_only or "row-level security" in str(refused.value), f"{role} {table}: {refused.value}"
    async with superuser.connection() as connection:
        for table in tables:
            assert await connection.fetchval(_ALL.format(table=table)) == before[table], table


_REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.RaiseError, asyncpg.IntegrityConstraintViolationError)
APPEND_ONLY = {"audit_log", "credit_transfers"}
_ALL = "SELECT jsonb_agg(to_jsonb(t) ORDER BY t::text) FROM {table} t"
_WHOSE = """
SELECT (regexp_match(tenant_condition($1::text::regclass), '(?:^|= [a-z_]+\\.)([a-z_]+)(?: =|\\)$)'))[1]
"""
_THEIRS = "SELECT to_jsonb(t) FROM {table} t WHERE to_jsonb(t)::text LIKE $1"


async def test_deleting_everything_deletes_ones_own(
    pools: dict[str, Database], tables: list[str], superuser: Database
) -> None:
    for table in tables:
        try:
            async with pools[APP].for_workspace(OURS).transaction() as connection:
                assert await connection.execute(f"DELETE FROM {table}") in ("DELETE 1", "DELETE 0"), table
        except _REFUSED:
            pass  # of a table that nobody deletes from
    async with superuser.connection() as connection:
        for table in tables:
            left = [row[0] for row in await connection.fetch(f"SELECT to_jsonb(t)::text FROM {table} t")]
            assert any(str(THEIRS) in each for each in left), f"theirs in {table} is gone"


async def test_a_pool_forgets_whom_it_served(pools: dict[str, Database], tables: list[str]) -> None:
    """One connection, handed from one to the next."""
    pool = Database(pools[APP].dsn, application="test", size=1)
    async with _opened(pool):
        for database, count in (
            (pool.for_workspace(OURS), 1), (pool, 0), (pool.for_everyone(), 2), (pool, 0),
            (pool.for_workspace(new_id()), 0), (pool.for_workspace(THEIRS), 1), (pool, 0),
        ):  # fmt: skip
            assert len(await _seen(database, "automation_rules")) == count
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with pool.for_workspace(OURS).transaction() as connection:
                await connection.execute("SELECT 1 / 0")
        assert await _seen(pool, "automation_rules") == []
        async with pool.calling() as connection:
            assert await connection.fetchval("SELECT count(*) FROM automation_rules") == 0


async def test_what_the_wall_costs_in_round_trips(pools: dict[str, Database]) -> None:
    """None in a transaction or on the hot paths, one where a statement alone is another workspace's than the last."""
    asked: list[str] = []
    async with _opened(Database(pools[APP].dsn, application="test", size=1)) as pool:
        async with pool.calling() as connection:
            connection.add_query_logger(lambda record: asked.append(record.query.partition(" ")[0]))
        for database, wanted in (
            (pool, ["SELECT"]),
            (pool.for_workspace(OURS), ["SET", "SELECT"]),
            (pool.for_workspace(OURS), ["SELECT"]),
            (pool.for_workspace(THEIRS), ["SET", "SELECT"]),
        ):
            asked.clear()
            async with database.connection() as connection:
                await connection.fetch("SELECT 1")
            assert asked == wanted
            asked.clear()
            async with database.transaction() as connection:
                await connection.fetch("SELECT 1")
            assert asked == ["BEGIN;", "SELECT", "COMMIT;"]
            asked.clear()
            async with database.calling() as connection:
                await connection.fetch("SELECT 1")
            assert asked == ["SELECT"]


async def test_runs_are_accepted_and_claimed_without_a_workspace(pools: dict[str, Database]) -> None:
    async with pools[APP].connection() as connection:
        made = await accept(connection, NewRun(OURS, new_id(), 1, "manual", None))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM claim_runs('x', 'warm', 1, 15, NULL)")
    async with pools[ENGINE].connection() as connection:
        (run,) = await claim(connection, owner="host/1/x", lane="warm", limit=1)
    assert (run.id, run.workspace_id) == (made.run_id, OURS)
    assert await partitions.ensure(pools[ENGINE]) == []


async def test_no_run_is_accepted_of_another_workspace(
    pools: dict[str, Database], tables: list[str], superuser: Database
) -> None:
    """The door runs as the owner, whom no policy keeps from anything: so it looks itself."""
    wrong = {
        "their automation": NewRun(OURS, THEIRS, 1, "manual", None),
        "their trigger": NewRun(OURS, OURS, 1, "webhook", None, trigger_id=THEIRS, key="x"),
        "their workspace": NewRun(THEIRS, OURS, 1, "manual", None),
    }
    theirs = NewRun(THEIRS, THEIRS, 1, "manual", None)
    for pool in pools.values():
        for view, run in [
            *((view, run) for view in _views(pool).values() for run in wrong.values()),
            (pool.for_workspace(OURS), theirs),
        ]:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="another workspace"):
                async with view.connection() as connection:
                    await accept(connection, run)
    async with superuser.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM automation_logs") == len((OURS, THEIRS))
    async with pools[APP].for_workspace(THEIRS).connection() as connection:
        await accept(connection, theirs)


async def test_a_table_of_a_later_migration_is_guarded(
    dsn: str, superuser: Database, pools: dict[str, Database]
) -> None:
    async with superuser.connection() as connection:
        await connection.execute("CREATE TABLE notes (id uuid PRIMARY KEY, workspace_id uuid NOT NULL)")
        await connection.execute("CREATE TABLE note_lines (note_id uuid NOT NULL REFERENCES notes, text text)")
        await connection.execute("INSERT INTO notes VALUES ($1, $2), ($3, $4)", OURS, OURS, THEIRS, THEIRS)
        await connection.execute("INSERT INTO note_lines VALUES ($1), ($2)", OURS, THEIRS)
    await asyncio.to_thread(migrate, dsn)
    for table in ("notes", "note_lines"):
        assert await _seen(pools[APP], table) == []
        assert len(await _seen(pools[APP].for_workspace(OURS), table)) == 1


async def test_roles_that_are_missing_and_may_not_be_made_are_an_administrators_business(dsn: str) -> None:
    name = f"limited_{uuid4().hex[:8]}"
    database = postgres.name_of(dsn)
    postgres.run(database, f'CREATE ROLE {name} LOGIN; GRANT ALL ON DATABASE "{database}" TO {name}')
    try:
        with pytest.raises(Exception, match="An administrator runs once: CREATE ROLE vutler_owner"):
            await asyncio.to_thread(migrate, postgres.dsn_as(name, dsn))
        postgres.run(database, f"GRANT {OWNER}, {APP}, {ENGINE} TO {name}")
        await asyncio.to_thread(migrate, postgres.dsn_as(name, dsn))
        async with _opened(Database(f"{postgres.dsn_as(name, dsn)}&role={APP}", application="test")) as pool:
            assert await _who(pool) == (APP, False, False)
    finally:
        postgres.run(database, f"DROP OWNED BY {name}; DROP ROLE {name}")
