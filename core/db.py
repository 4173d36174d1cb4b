"""PostgreSQL: one pool, one place where transactions begin and commit, and where it is said for which workspace.

`jsonb` columns are Python values on both sides. All SQL stands in the repositories of `core/`, always with the
schema `tenant_vutler` on the search path, always with bound values.
"""

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias, cast
from uuid import UUID

import asyncpg

from core import jsontext, tenancy
from core.errors import Unavailable

if TYPE_CHECKING:
    _PlainConnection = asyncpg.Connection[asyncpg.Record]
else:
    _PlainConnection = asyncpg.Connection

SCHEMA = "tenant_vutler"

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]"

# What says that PostgreSQL is away or restarting, as opposed to a fault of ours.
AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement met a connection that was just breaking
    TimeoutError,
)
# What was not done, and can be done again as a whole: also by the victim of a deadlock.
AGAIN = (*AWAY, asyncpg.TransactionRollbackError)


async def prepare_connection(connection: Connection) -> None:
    """Make `jsonb` and `json` columns plain Python values."""
    for kind in ("jsonb", "json"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=jsontext.dump_text, decoder=jsontext.load, format="text"
        )


async def connect(
    dsn: str, *, application: str, workspace: str = tenancy.NOBODY
) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection of its own, for LISTEN and advisory locks, which asks for one workspace all its life."""
    settings = {"search_path": SCHEMA, "application_name": application, "timezone": "UTC", "app.workspace": workspace}
    connection = await asyncpg.connect(dsn, timeout=10, server_settings=settings)
    await prepare_connection(connection)
    return connection


async def _keep(connection: Connection) -> None:
    """What outlives its transaction is the workspace, and the next user of the connection sets that anew: so a returned
    connection needs no round trip to be reset."""


class _Scoped(_PlainConnection):
    """A connection that knows for which workspace its session and its next transaction ask.

    A transaction is told in the round trip of its BEGIN; a session only when it is another workspace's turn.
    """

    session_workspace: str | None = tenancy.NOBODY  # None: not known, since setting it was broken off
    next_workspace: str = tenancy.NOBODY

    async def ask_for(self, workspace: str) -> None:
        if self.session_workspace != workspace:
            self.session_workspace = None
            await self.execute(f"SET app.workspace = '{workspace}'")
            self.session_workspace = workspace

    def begin_for(self, workspace: str) -> None:
        self.next_workspace = workspace

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:
        if query == _BEGIN:
            query = f"BEGIN; SET LOCAL app.workspace = '{self.next_workspace}'"
        return await super().execute(query, *args, timeout=timeout)


def _scoped(connection: Connection) -> _Scoped:
    """What stands behind the proxy that the pool hands out."""
    return cast(_Scoped, connection)


_BEGIN = "BEGIN;"  # as asyncpg writes it


class _Held:
    """The pool of one process, once it is open; the views of a `Database` share it."""

    pool: "asyncpg.Pool[asyncpg.Record] | None" = None


class Database:
    """The pool of one process, asking for the workspace of the context (core/tenancy.py) unless it is narrowed.

    The role of its sessions stands in the dsn (`deployments/databases.py`).
    """

    def __init__(self, dsn: str, *, application: str, size: int = 10) -> None:
        self.dsn = dsn
        self.application = application
        self.size = size
        self._held = _Held()
        self._workspace: str | None = None
        self._joined: Connection | None = None

    def for_workspace(self, workspace_id: UUID) -> "Database":
        """The same pool, asking for this workspace wherever it is used."""
        return self._view(str(workspace_id))

    def for_everyone(self) -> "Database":
        """The same pool, asking across all workspaces. For what works before there is a caller, or for all of them at
        once; tests/test_architecture.py holds the list of those who may."""
        return self._view(tenancy.EVERYONE)

    def within(self, connection: Connection) -> "Database":
        """The same database inside of a transaction that is under way: services over it take part, and what they do is
        committed or undone with it. For one task alone, as long as the transaction lasts."""
        view = copy.copy(self)
        view._joined = connection
        return view

    def _view(self, workspace: str) -> "Database":
        view = copy.copy(self)
        view._workspace = workspace
        return view

    @property
    def workspace(self) -> str:
        """For whom it asks now: a workspace's id as text, `NOBODY` or `EVERYONE`."""
        return tenancy.current() if self._workspace is None else self._workspace

    async def open(self) -> None:
        self._held.pool = await asyncpg.create_pool(
            self.dsn,
            min_size=1,
            max_size=self.size,
            init=prepare_connection,
            reset=_keep,
            connection_class=_Scoped,
            command_timeout=30,
            timeout=10,
            max_inactive_connection_lifetime=300,
            server_settings={"search_path": SCHEMA, "application_name": self.application, "timezone": "UTC"},
        )

    async def close(self) -> None:
        if self._held.pool is not None:
            self._held.pool.terminate()
            self._held.pool = None

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._held.pool is None:
            raise Unavailable("database_away", "The database connection is not open yet.", after=2)
        return self._held.pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One short transaction: committed when the block ends well, rolled back when it raises."""
        if self._joined is not None:
            async with self._joined.transaction():
                yield self._joined
            return
        async with self.pool.acquire(timeout=10) as connection:
            _scoped(connection).begin_for(self.workspace)
            async with connection.transaction():
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single statements, each its own transaction."""
        if self._joined is not None:
            yield self._joined
            return
        async with self.pool.acquire(timeout=10) as connection:
            await _scoped(connection).ask_for(self.workspace)
            yield connection

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[Connection]:
        """A connection on which nothing is done but to call functions that run as the owner, for whom no workspace is
        set: it asks for whichever it served last. For the hot paths that serve all workspaces."""
        async with self.pool.acquire(timeout=10) as connection:
            yield connection
