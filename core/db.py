"""PostgreSQL: one pool, one place where transactions begin and commit.

`jsonb` columns are Python values on both sides. All SQL stands in the repositories of `core/`, always with the
schema `tenant_vutler` on the search path, always with bound values.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from core import jsontext
from core.errors import Unavailable

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


async def prepare_connection(connection: Connection) -> None:
    """Make `jsonb` and `json` columns plain Python values."""
    for kind in ("jsonb", "json"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=jsontext.dump_text, decoder=jsontext.load, format="text"
        )


async def connect(dsn: str, *, application: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection of its own, for LISTEN and advisory locks."""
    connection = await asyncpg.connect(
        dsn, timeout=10, server_settings={"search_path": SCHEMA, "application_name": application, "timezone": "UTC"}
    )
    await prepare_connection(connection)
    return connection


async def _keep(connection: Connection) -> None:
    """Nothing of ours outlives its transaction, so a returned connection needs no round trip to be reset."""


class Database:
    """The pool of one process."""

    def __init__(self, dsn: str, *, application: str, size: int = 10) -> None:
        self.dsn = dsn
        self.application = application
        self.size = size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(
            self.dsn,
            min_size=1,
            max_size=self.size,
            init=prepare_connection,
            reset=_keep,
            command_timeout=30,
            timeout=10,
            max_inactive_connection_lifetime=300,
            server_settings={"search_path": SCHEMA, "application_name": self.application, "timezone": "UTC"},
        )

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None

    @property
    def pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise Unavailable("database_away", "The database connection is not open yet.", after=2)
        return self._pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One short transaction: committed when the block ends well, rolled back when it raises."""
        async with self.pool.acquire(timeout=10) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single statements, each its own transaction."""
        async with self.pool.acquire(timeout=10) as connection:
            yield connection
